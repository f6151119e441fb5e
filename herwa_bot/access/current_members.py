"""What a user may use now, outside an interaction: their roles and permissions are fetched from Discord."""

import aiohttp
import discord

from herwa_bot.access.guard import Guard
from herwa_bot.access.invocation import build_member_invocation
from herwa_shared.catalog import Surface
from herwa_shared.errors import format_reason
from herwa_shared.log import get_logger

log = get_logger(__name__)


async def may_use(guard: Guard, guild: discord.Guild, user_id: int, surface: Surface) -> bool:
    """Whether the guardrail lets a user use a surface; False for a user who is no member.

    Raises what discord.py raises if Discord cannot be reached.
    """
    try:
        member = await guild.fetch_member(user_id)
    except (discord.NotFound, discord.Forbidden):
        return False
    return await guard.is_allowed(build_member_invocation(guild, member, None, surface, at=guard.get_time()))


async def may_be_messaged(guard: Guard, guild: discord.Guild, user_id: int, surface: Surface) -> bool:
    """Whether a message that shows something of a surface may be sent to a user; False without an answer of Discord."""
    try:
        return await may_use(guard, guild, user_id, surface)
    except (discord.HTTPException, aiohttp.ClientError, OSError) as error:
        log.info("member permissions unavailable", user=user_id, error=format_reason(error))
        return False
