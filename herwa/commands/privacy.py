"""`herwa privacy`: erase a user, or delete a server that the bot left, for the operator."""

from collections.abc import Callable

from sqlalchemy.ext.asyncio import AsyncSession

from herwa.commands.operator_session import get_shell_actor, open_operator_session, replace_unprintable, resolve_guild
from herwa.texts import privacy as texts
from herwa_shared.config import Settings
from herwa_shared.models import Guild
from herwa_shared.privacy.erasure import request_erasure
from herwa_shared.privacy.guild_deletion import count_guild_rows, delete_guild
from herwa_shared.services.audit import record

Confirm = Callable[[str], bool]
"""Asks the operator a question and returns whether they agree."""


async def erase_user(settings: Settings, *, user_id: int, guild: str | None, confirm: Confirm) -> str:
    """Erase a user from one server or from all. Returns a sentence about the result.

    The operator's audit entry does not name the user.
    """
    async with open_operator_session(settings) as session:
        target = None if guild is None else await resolve_guild(session, guild)
        name = None if target is None else replace_unprintable(target.name)
        if not confirm(texts.format_erase_question(user_id, name)):
            return texts.CANCELLED
        guild_id = None if target is None else target.id
        await request_erasure(session, guild_id=guild_id, user_id=user_id)
        await record(session, get_shell_actor(), "member.erase", guild_id=None, target=str(guild_id or ""))
        return texts.format_erased(user_id, name)


async def delete_left_guild(settings: Settings, *, guild: str, dry_run: bool, confirm: Confirm) -> str:
    """Delete a server that the bot left. Returns a sentence about the result. Raises GuildNotLeft."""
    async with open_operator_session(settings) as session:
        target = await resolve_guild(session, guild)
        if dry_run:
            return await _describe_contents(session, target)
        name = replace_unprintable(target.name)
        if not confirm(texts.format_delete_question(name)):
            return texts.CANCELLED
        await delete_guild(session, guild_id=target.id, actor=get_shell_actor(), at_once=True)
        return texts.format_guild_deleted(name)


async def _describe_contents(session: AsyncSession, guild: Guild) -> str:
    rows = await count_guild_rows(session, guild_id=guild.id)
    return texts.format_guild_contents(
        replace_unprintable(guild.name),
        guild.id,
        guild.left_at,
        members=rows.members,
        channels=rows.channels,
        audit_entries=rows.audit_entries,
    )
