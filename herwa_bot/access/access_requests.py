"""Access requests: the button on a refusal, the managers' decision and the notification."""

from collections.abc import Sequence
from typing import Self

import aiohttp
import discord

from herwa_bot.access.current_members import may_be_messaged, may_use
from herwa_bot.access.guard import Guard, get_actor, get_guard
from herwa_bot.access.invocation import build_invocation
from herwa_bot.texts import buttons, errors
from herwa_bot.texts import requests as texts
from herwa_bot.texts.names import format_at
from herwa_bot.texts.permissions import RULE_CONTROL_WARNING
from herwa_bot.ui.direct_messages import send_dm
from herwa_bot.ui.escaping import escape
from herwa_bot.ui.names import MESSAGE_NAMES, format_public_channel, format_user
from herwa_bot.ui.replies import defer, reply_ephemeral
from herwa_bot.ui.views import GuardedButton
from herwa_bot.ui.writes import run_to_completion
from herwa_shared.catalog import Surface, SurfaceKind
from herwa_shared.clock import utc_now
from herwa_shared.errors import Forbidden, NotFound, format_reason
from herwa_shared.guardrail.targets import can_change_rules
from herwa_shared.log import get_logger
from herwa_shared.services.access_requests import (
    ALLOW_DURATION,
    RequestAlreadyDecided,
    RequestOutcome,
    allow_request,
    create_request,
    dismiss_request,
    get_request,
    list_open_requests,
)
from herwa_shared.services.direct_messages import is_muted
from herwa_shared.services.guild_settings import load_guild_settings
from herwa_shared.services.message_subscribers import MessageTopic, list_subscribers
from herwa_shared.services.notices import mark_notified
from herwa_shared.services.write_transaction import open_write_transaction

log = get_logger(__name__)

# Managers get direct messages up to this number of open requests. Further ones are only listed in `/permissions list`.
MAX_NOTIFIED_PER_GUILD = 10
MAX_NOTIFIED_PER_MEMBER = 3


class RequestAccessButton(GuardedButton, template=r"herwa:ask:(?P<kind>command|menu):(?P<key>.+)"):
    """Button on a refusal that requests access. Every member who can see the refusal may press it."""

    async def interaction_check(self, interaction: discord.Interaction) -> bool:
        return interaction.guild_id is not None

    @run_to_completion
    async def on_press(self, interaction: discord.Interaction) -> None:
        """Create the request, notify the managers and append the outcome to the refusal."""
        surface = get_guard(interaction).surfaces.find(SurfaceKind(self.match["kind"]), self.match["key"])
        if surface is None:
            raise NotFound(errors.COMMAND_REMOVED)
        await interaction.response.defer()
        guard = get_guard(interaction)
        if await guard.is_allowed(build_invocation(interaction, surface, at=guard.get_time())):
            note = texts.ALREADY_ALLOWED
        else:
            note = await _request_access(interaction, surface)
        content = interaction.message.content if interaction.message else ""
        await interaction.edit_original_response(content=f"{content}\n{note}", view=None)


class RequestDecisionButton(
    GuardedButton, template=r"herwa:request:(?P<guild>\d+):(?P<request>\d+):(?P<decision>allow|dismiss)"
):
    """Button that allows or dismisses an access request.

    It is shown in direct messages, in the channel that the server chose, and in the list of open requests.
    """

    command = "permissions allow"

    @classmethod
    def build(cls, guild_id: int, request_id: int, *, allow: bool) -> Self:
        label = buttons.ALLOW_REQUEST if allow else buttons.DECLINE_REQUEST
        style = discord.ButtonStyle.success if allow else discord.ButtonStyle.secondary
        decision = "allow" if allow else "dismiss"
        return cls(
            discord.ui.Button(label=label, style=style, custom_id=f"herwa:request:{guild_id}:{request_id}:{decision}")
        )

    async def interaction_check(self, interaction: discord.Interaction) -> bool:
        """Check the guard in a server; in a direct message `on_press` does that.

        Discord does not send a user's roles and permissions in a server with an interaction in a direct message.
        """
        if interaction.guild_id is None:
            return True
        return interaction.guild_id == int(self.match["guild"]) and await super().interaction_check(interaction)

    @run_to_completion
    async def on_press(self, interaction: discord.Interaction) -> None:
        """Apply the decision, confirm it and notify the member who made the request."""
        is_direct = interaction.guild_id is None
        is_own_message = is_direct or not (interaction.message and interaction.message.flags.ephemeral)
        await (interaction.response.defer() if is_own_message else defer(interaction, ephemeral=True))
        guild = await _fetch_guild(interaction, int(self.match["guild"]))
        if is_direct:
            await _require_manager(interaction, guild)
        try:
            text = await self._apply_decision(interaction, guild)
        except (RequestAlreadyDecided, NotFound) as error:  # shown as the result: these buttons are obsolete
            text = str(error)
        if is_own_message:
            content = interaction.message.content if interaction.message else ""
            await interaction.edit_original_response(content=f"{content}\n\n{text}", view=None)
        else:
            await reply_ephemeral(interaction, text)

    async def _apply_decision(self, interaction: discord.Interaction, guild: discord.Guild) -> str:
        """Save the decision, notify the member and return the confirmation text."""
        actor, request_id = get_actor(interaction), int(self.match["request"])
        until = utc_now() + ALLOW_DURATION if self.match["decision"] == "allow" else None
        async with open_write_transaction(get_guard(interaction).database) as session:
            if until is None:
                await dismiss_request(session, guild_id=guild.id, request_id=request_id, actor=actor)
            else:
                await allow_request(session, guild_id=guild.id, request_id=request_id, actor=actor, until=until)
            access_request = await get_request(session, guild_id=guild.id, request_id=request_id)
            await mark_notified(session, request_id=request_id)
        command, server = access_request.command, escape(guild.name)
        end = MESSAGE_NAMES.format_time(until.timestamp()) if until else ""
        message = (
            texts.format_allowed_message(command, server, end)
            if end
            else texts.format_declined_message(command, server)
        )
        database = get_guard(interaction).database
        is_notified = await send_dm(interaction.client, database, access_request.user_id, message)
        if interaction.guild_id is None:  # in a direct message Discord may not know the member's name
            member = format_at(escape(access_request.user_name))
        else:
            member = MESSAGE_NAMES.format_member(access_request.user_id)
        return texts.format_decision(member, command, end, is_notified=is_notified)


async def _request_access(interaction: discord.Interaction, surface: Surface) -> str:
    """Create a request and notify the managers. Returns the text for the member."""
    guild, guard = interaction.guild, get_guard(interaction)
    assert guild is not None
    async with open_write_transaction(guard.database) as session:
        outcome = await create_request(
            session,
            guild_id=guild.id,
            user_id=interaction.user.id,
            user_name=interaction.user.display_name,
            command=surface.key,
            channel_id=interaction.channel_id or 0,
        )
        decision_note = (
            texts.DECISION_NOT_SENT if await is_muted(session, user_id=interaction.user.id) else texts.DECISION_BY_DM
        )
        if not outcome.is_new:
            return _format_repeat_request(outcome, decision_note)
        pending_requests = await list_open_requests(session, guild_id=guild.id)
        manager_ids = await list_subscribers(session, guild_id=guild.id, topic=MessageTopic.REQUESTS)
        channel_id = (await load_guild_settings(session, guild_id=guild.id)).request_channel_id
    own_count = sum(pending_request.user_id == interaction.user.id for pending_request in pending_requests)
    if len(pending_requests) > MAX_NOTIFIED_PER_GUILD or own_count > MAX_NOTIFIED_PER_MEMBER:
        return f"{texts.REQUEST_LISTED} {decision_note}"
    is_posted = channel_id is not None and await _post_request(interaction, surface, outcome.id, channel_id)
    is_notified = await _notify_managers(interaction, guild, surface, outcome.id, manager_ids)
    return f"{texts.REQUEST_SENT if is_posted or is_notified else texts.REQUEST_LISTED} {decision_note}"


def _format_repeat_request(outcome: RequestOutcome, decision_note: str) -> str:
    if outcome.retry_at is None:
        return f"{texts.ALREADY_REQUESTED} {decision_note}"
    return texts.format_declined_recently(MESSAGE_NAMES.format_time(outcome.retry_at.timestamp()))


async def _notify_managers(
    interaction: discord.Interaction,
    guild: discord.Guild,
    surface: Surface,
    request_id: int,
    manager_ids: Sequence[int],
) -> bool:
    """Send a direct message to each manager who wants them. Returns False if none was delivered."""
    channel = format_public_channel(guild, interaction.channel)
    text = texts.format_request_message(format_user(interaction.user), surface.key, escape(guild.name), channel)
    text = _add_warning(text, surface)
    guard = get_guard(interaction)
    decision_surface = _get_decision_surface(guard)
    deliveries = [
        await send_dm(
            interaction.client, guard.database, manager_id, text, view=_build_decision_view(guild.id, request_id)
        )
        for manager_id in manager_ids
        if await may_be_messaged(guard, guild, manager_id, decision_surface)
    ]
    return any(deliveries)


async def _post_request(interaction: discord.Interaction, surface: Surface, request_id: int, channel_id: int) -> bool:
    """Post the request in the channel that the server chose. Returns False if the bot cannot write there."""
    guild = interaction.guild
    assert guild is not None
    channel = format_public_channel(guild, interaction.channel)
    text = texts.format_posted_request(format_user(interaction.user), surface.key, channel)
    view = _build_decision_view(guild.id, request_id)
    try:
        posts = interaction.client.get_partial_messageable(channel_id, guild_id=guild.id)
        await posts.send(_add_warning(text, surface), view=view)
    except (discord.HTTPException, aiohttp.ClientError, OSError) as error:
        log.info("request not posted", guild=guild.id, channel=channel_id, error=format_reason(error))
        return False
    return True


def _add_warning(text: str, surface: Surface) -> str:
    """Add a warning to a request for a command that changes rules."""
    return f"{text}\n{RULE_CONTROL_WARNING}" if can_change_rules([surface]) else text


def _build_decision_view(guild_id: int, request_id: int) -> discord.ui.View:
    view = discord.ui.View(timeout=None)
    view.add_item(RequestDecisionButton.build(guild_id, request_id, allow=True))
    view.add_item(RequestDecisionButton.build(guild_id, request_id, allow=False))
    return view


async def _fetch_guild(interaction: discord.Interaction, guild_id: int) -> discord.Guild:
    """Get the guild from the cache or fetch it. Raises NotFound if the bot is not in it.

    Direct messages arrive at one shard; the guild may belong to another process.
    """
    try:
        return interaction.client.get_guild(guild_id) or await interaction.client.fetch_guild(guild_id)
    except (discord.NotFound, discord.Forbidden):
        raise NotFound(errors.BOT_NOT_IN_SERVER) from None


async def _require_manager(interaction: discord.Interaction, guild: discord.Guild) -> None:
    """Raise Forbidden if the user may not decide access requests in the guild."""
    guard = get_guard(interaction)
    if not await may_use(guard, guild, interaction.user.id, _get_decision_surface(guard)):
        raise Forbidden(texts.format_managers_only(escape(guild.name)))


def _get_decision_surface(guard: Guard) -> Surface:
    """Get the surface that people need who decide requests."""
    surface = guard.surfaces.find(SurfaceKind.COMMAND, RequestDecisionButton.command)
    assert surface is not None
    return surface
