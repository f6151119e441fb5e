"""Asking for access: from the button on a refusal to those who manage the server, and their answer back."""

from collections.abc import Sequence
from datetime import datetime
from typing import Self

import aiohttp
import discord

from herwa_bot.access.guard import Guard, get_actor, get_guard
from herwa_bot.access.invocation import build_invocation, build_member_invocation, resolve_channel_ids
from herwa_bot.access.targets import RULE_CONTROL_WARNING, can_change_rules
from herwa_bot.ui.direct_messages import send_dm
from herwa_bot.ui.mentions import MENTIONS, format_relative_time
from herwa_bot.ui.replies import escape, reply_ephemeral
from herwa_bot.ui.views import GuardedButton
from herwa_shared.catalog import Surface, SurfaceKind
from herwa_shared.clock import utc_now
from herwa_shared.errors import Forbidden, NotFound
from herwa_shared.log import get_logger
from herwa_shared.services.access_requests import (
    ALLOW_DURATION,
    RequestAlreadyDecided,
    RequestOutcome,
    allow_request,
    create_request,
    dismiss_request,
    get_request,
    list_managers_to_notify,
    list_open_requests,
)

log = get_logger(__name__)

MAX_NOTIFIED_PER_GUILD = 10  # open questions of a server; beyond them no more direct messages, they wait in the list
MAX_NOTIFIED_PER_MEMBER = 3  # open questions of one member, likewise

ALREADY_ALLOWED = "-# You may use it now."
REQUEST_SENT = "-# Asked. Those who manage this server have a message from me, and I tell you when one of them answers."
REQUEST_LISTED = (
    "-# Asked. Those who manage this server find it in `/permissions list`. I tell you when one of them answers."
)
ALREADY_REQUESTED = "-# You have asked already. I tell you when somebody who manages this server answers."


class RequestAccessButton(GuardedButton, template=r"herwa:ask:(?P<kind>command|menu):(?P<key>.+)"):
    """On a refusal. Whoever may read the refusal may ask."""

    async def interaction_check(self, interaction: discord.Interaction) -> bool:
        return interaction.guild_id is not None

    async def on_press(self, interaction: discord.Interaction) -> None:
        """Note the question, pass it on, and say so under the refusal."""
        surface = get_guard(interaction).surfaces.find(SurfaceKind(self.match["kind"]), self.match["key"])
        if surface is None:
            raise NotFound("This command is gone.")
        await interaction.response.defer()
        guard = get_guard(interaction)
        if await guard.is_allowed(build_invocation(interaction, surface, at=guard.get_time())):
            note = ALREADY_ALLOWED
        else:
            note = await _request_access(interaction, surface)
        content = interaction.message.content if interaction.message else ""
        await interaction.edit_original_response(content=f"{content}\n{note}", view=None)


class RequestDecisionButton(
    GuardedButton, template=r"herwa:request:(?P<guild>\d+):(?P<request>\d+):(?P<decision>allow|dismiss)"
):
    """On the question: in a direct message, or in the server's own list of open questions."""

    command = "permissions allow"

    @classmethod
    def make(cls, guild_id: int, request_id: int, *, allow: bool) -> Self:
        label = "Allow for 24 hours" if allow else "No"
        style = discord.ButtonStyle.success if allow else discord.ButtonStyle.secondary
        decision = "allow" if allow else "dismiss"
        return cls(
            discord.ui.Button(label=label, style=style, custom_id=f"herwa:request:{guild_id}:{request_id}:{decision}")
        )

    async def interaction_check(self, interaction: discord.Interaction) -> bool:
        """In a direct message `pressed` asks the guard, as Discord does not say there what somebody is in a server."""
        if interaction.guild_id is None:
            return True
        return interaction.guild_id == int(self.match["guild"]) and await super().interaction_check(interaction)

    async def on_press(self, interaction: discord.Interaction) -> None:
        """Note the answer, say so, and tell the member who had asked."""
        is_direct = interaction.guild_id is None
        await interaction.response.defer(ephemeral=not is_direct, thinking=not is_direct)
        guild = await _fetch_guild(interaction, int(self.match["guild"]))
        if is_direct:
            await _require_manager(interaction, guild)
        try:
            text = await self._apply_decision(interaction, guild)
        except (RequestAlreadyDecided, NotFound) as error:  # the button has done its duty
            text = str(error)
        if is_direct:
            content = interaction.message.content if interaction.message else ""
            await interaction.edit_original_response(content=f"{content}\n\n{text}", view=None)
        else:
            await reply_ephemeral(interaction, text)

    async def _apply_decision(self, interaction: discord.Interaction, guild: discord.Guild) -> str:
        actor, request_id = get_actor(interaction), int(self.match["request"])
        until = utc_now() + ALLOW_DURATION if self.match["decision"] == "allow" else None
        async with get_guard(interaction).database.transaction() as session:
            if until is None:
                await dismiss_request(session, guild_id=guild.id, request_id=request_id, actor=actor)
            else:
                await allow_request(session, guild_id=guild.id, request_id=request_id, actor=actor, until=until)
            access_request = await get_request(session, guild_id=guild.id, request_id=request_id)
        await send_dm(
            interaction.client, access_request.user_id, _format_decision(guild, access_request.command, until)
        )
        if until is None:
            return "**No**: nothing has changed, and they know."
        return f"**Yes**: {escape(access_request.user_name)} may use `/{access_request.command}` until {_format_time(until)}."


async def _request_access(interaction: discord.Interaction, surface: Surface) -> str:
    """Note it and pass it on; what to tell the member."""
    guild, guard = interaction.guild, get_guard(interaction)
    assert guild is not None
    async with guard.database.transaction() as session:
        outcome = await create_request(
            session,
            guild_id=guild.id,
            user_id=interaction.user.id,
            user_name=interaction.user.display_name,
            command=surface.key,
            channel_id=interaction.channel_id or 0,
        )
        if not outcome.is_new:
            return _format_repeat_request(outcome)
        pending_requests = await list_open_requests(session, guild_id=guild.id)
        manager_ids = await list_managers_to_notify(session, guild_id=guild.id)
    own_count = sum(pending_request.user_id == interaction.user.id for pending_request in pending_requests)
    if len(pending_requests) > MAX_NOTIFIED_PER_GUILD or own_count > MAX_NOTIFIED_PER_MEMBER:
        return REQUEST_LISTED
    return (
        REQUEST_SENT if await _notify_managers(interaction, guild, surface, outcome.id, manager_ids) else REQUEST_LISTED
    )


def _format_repeat_request(outcome: RequestOutcome) -> str:
    if outcome.retry_at is None:
        return ALREADY_REQUESTED
    return f"-# You have asked, and the answer was no. You may ask again {format_relative_time(outcome.retry_at.timestamp())}."


async def _notify_managers(
    interaction: discord.Interaction,
    guild: discord.Guild,
    surface: Surface,
    request_id: int,
    manager_ids: Sequence[int],
) -> bool:
    """A direct message to each of them; False when none can be reached."""
    text = (
        f"**{escape(interaction.user.display_name)}** ({MENTIONS.format_member(interaction.user.id)}) asks to use"
        f" `/{surface.key}` in **{escape(guild.name)}**: {surface.title}.\n"
        f"They tried it in **{_format_channel_name(interaction)}**."
        " You can change your answer at any time with `/permissions` there."
        + (f"\n{RULE_CONTROL_WARNING}" if can_change_rules([surface]) else "")
    )
    deliveries = [
        await send_dm(interaction.client, manager_id, text, view=_build_decision_view(guild.id, request_id))
        for manager_id in manager_ids
        if await _can_be_notified(get_guard(interaction), guild, manager_id)
    ]
    return any(deliveries)


async def _can_be_notified(guard: Guard, guild: discord.Guild, user_id: int) -> bool:
    """Whether a question may be shown to them, as what they last were may be long ago. In doubt it may not."""
    try:
        return await _can_decide(guard, guild, user_id)
    except (discord.HTTPException, aiohttp.ClientError, OSError) as failure:
        log.info("what somebody is in a server cannot be told", user=user_id, error=repr(failure)[:200])
        return False


def _format_channel_name(interaction: discord.Interaction) -> str:
    """As text: in a direct message a mention of a channel has no name for those who do not see it.

    Not all who manage the server see all of it: only what everyone sees is named, and a thread by its channel.
    """
    guild = interaction.guild
    assert guild is not None
    channel = guild.get_channel(resolve_channel_ids(guild, interaction.channel)[0])
    if channel is None or not channel.permissions_for(guild.default_role).view_channel:
        return "a channel that not everyone sees"
    return f"#{escape(channel.name)}"


def _build_decision_view(guild_id: int, request_id: int) -> discord.ui.View:
    view = discord.ui.View(timeout=None)
    view.add_item(RequestDecisionButton.make(guild_id, request_id, allow=True))
    view.add_item(RequestDecisionButton.make(guild_id, request_id, allow=False))
    return view


async def _fetch_guild(interaction: discord.Interaction, guild_id: int) -> discord.Guild:
    """Direct messages come to one shard; the guild may belong to another process."""
    try:
        return interaction.client.get_guild(guild_id) or await interaction.client.fetch_guild(guild_id)
    except (discord.NotFound, discord.Forbidden):
        raise NotFound("I am not in that server any more.") from None


async def _require_manager(interaction: discord.Interaction, guild: discord.Guild) -> None:
    """Raises Forbidden."""
    if not await _can_decide(get_guard(interaction), guild, interaction.user.id):
        raise Forbidden(f"You may not answer this: who may use what in {escape(guild.name)} is not yours to decide.")


async def _can_decide(guard: Guard, guild: discord.Guild, user_id: int) -> bool:
    """The guardrail says whether they may answer, by what they are in that server at this moment."""
    surface = guard.surfaces.find(SurfaceKind.COMMAND, RequestDecisionButton.command)
    try:
        member = await guild.fetch_member(user_id)
    except (discord.NotFound, discord.Forbidden):
        return False
    return surface is not None and await guard.is_allowed(
        build_member_invocation(guild, member, None, surface, at=guard.get_time())
    )


def _format_decision(guild: discord.Guild, command: str, until: datetime | None) -> str:
    if until is None:
        return f"Those who manage **{escape(guild.name)}** said no to `/{command}` for you."
    return f"You may use `/{command}` in **{escape(guild.name)}** until {_format_time(until)}."


def _format_time(at: datetime) -> str:
    return MENTIONS.format_time(at.timestamp())
