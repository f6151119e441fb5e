"""Carry out what was decided on the web: send decisions and messages about exports, welcome new servers once.

Servers that are deleted on request are left.
"""

import asyncio

import aiohttp
import discord

from herwa_bot.access.current_members import may_be_messaged
from herwa_bot.access.guard import Guard
from herwa_bot.texts import exports as export_texts
from herwa_bot.texts import requests as request_texts
from herwa_bot.texts import welcome as welcome_texts
from herwa_bot.texts.policies import format_policy_links
from herwa_bot.ui.direct_messages import send_dm
from herwa_bot.ui.escaping import escape
from herwa_bot.ui.names import MESSAGE_NAMES
from herwa_shared.errors import format_reason
from herwa_shared.exports.events import ExportMessage, claim_messages
from herwa_shared.log import RateLimitedLogger, get_logger
from herwa_shared.privacy.guild_deletion import list_guilds_to_leave
from herwa_shared.services.notices import DecisionNotice, claim_decisions, claim_welcomes
from herwa_shared.settings_surfaces import EXPORTS_PAGE

log = get_logger(__name__)
limited_log = RateLimitedLogger(log)

POLL_SECONDS = 2.0


async def send_notices(client: discord.Client, guard: Guard, dashboard_url: str | None) -> None:
    """Send notices until cancelled. Failures, such as an unavailable database, are retried."""

    def has_guild(guild_id: int) -> bool:
        return client.get_guild(guild_id) is not None

    while True:
        try:
            async with guard.database.transaction() as session:
                decisions = await claim_decisions(session)
                guild_ids = await claim_welcomes(session, has_guild=has_guild)
                messages = await claim_messages(session, has_guild=has_guild)
                left_guild_ids = await list_guilds_to_leave(session)
            for notice in decisions:
                await send_dm(client, guard.database, notice.user_id, _format_decision(notice))
            for guild_id in guild_ids:
                await _welcome(client, guild_id, dashboard_url)
            for message in messages:
                await _send_export_message(client, guard, message, dashboard_url)
            for guild_id in left_guild_ids:
                await _leave(client, guild_id)
        except Exception as error:  # noqa: BLE001 - any failure may be temporary, the next round retries
            limited_log.warning("notices failed", kind=type(error).__name__, error=format_reason(error))
        await asyncio.sleep(POLL_SECONDS)


def _format_decision(notice: DecisionNotice) -> str:
    server = escape(notice.guild_name)
    if notice.until is None:
        return request_texts.format_declined_message(notice.command, server)
    end = MESSAGE_NAMES.format_time(notice.until.timestamp())
    return request_texts.format_allowed_message(notice.command, server, end)


async def _send_export_message(
    client: discord.Client, guard: Guard, message: ExportMessage, dashboard_url: str | None
) -> None:
    """Send a message about an export, if the person may still open the page Exports."""
    guild = client.get_guild(message.guild_id)
    if guild is None or not await may_be_messaged(guard, guild, message.user_id, EXPORTS_PAGE):
        return
    server = escape(message.guild_name)
    url = f"{dashboard_url}/g/{message.guild_id}/exports" if dashboard_url else ""
    if message.expires_at is None or message.error is not None:
        text = export_texts.format_failed(server, message.error or "", url)
    else:
        text = export_texts.format_ready(server, MESSAGE_NAMES.format_time(message.expires_at.timestamp()), url)
    await send_dm(client, guard.database, message.user_id, text)


async def _leave(client: discord.Client, guild_id: int) -> None:
    """Leave a guild that this process is in. The worker deletes it afterwards."""
    if client.get_guild(guild_id) is None:
        return
    try:
        await client.http.leave_guild(guild_id)
        log.info("left a server that is deleted on request", guild=guild_id)
    except (discord.HTTPException, aiohttp.ClientError, OSError) as error:
        limited_log.warning("server not left", kind=type(error).__name__, error=format_reason(error))


async def _welcome(client: discord.Client, guild_id: int, dashboard_url: str | None) -> None:
    """Post the welcome in the channel where Discord posts its own system messages; without one, post nothing."""
    guild = client.get_guild(guild_id)
    channel_id = guild._system_channel_id if guild else None  # noqa: SLF001 - the bot's channels are not in the cache
    if channel_id is None:
        return
    url = f"{dashboard_url}/g/{guild_id}/start" if dashboard_url else ""
    links = format_policy_links(dashboard_url)
    try:
        await client.get_partial_messageable(channel_id, guild_id=guild_id).send(
            welcome_texts.format_welcome(url, links)
        )
    except (discord.HTTPException, aiohttp.ClientError, OSError) as error:
        log.info("welcome not posted", guild=guild_id, error=format_reason(error))
