"""Asking for access: from the button on a refusal to those who manage the server, and their answer back."""

from collections.abc import Sequence
from datetime import datetime
from typing import Self

import aiohttp
import discord

from herwa_bot.access.guard import Guard, actor_of, guard_of
from herwa_bot.access.invocation import invocation_for, invocation_from, place_of
from herwa_bot.access.targets import HANDS_OVER, hands_over
from herwa_bot.ui.direct_messages import message_to
from herwa_bot.ui.mentions import MENTIONS, soon
from herwa_bot.ui.replies import plain, whisper
from herwa_bot.ui.views import GuardedButton
from herwa_shared.catalog import Surface, SurfaceKind
from herwa_shared.clock import utc_now
from herwa_shared.errors import Forbidden, NotFound
from herwa_shared.log import get_logger
from herwa_shared.services.access_requests import (
    ALLOWED_FOR,
    AlreadyAnswered,
    Asked,
    allow,
    ask,
    dismiss,
    managers_to_ask,
    open_requests,
    request,
)

log = get_logger(__name__)

TOLD_AT_MOST = 10  # open questions of a server; beyond them no more direct messages, they wait in the list
TOLD_OF_ONE = 3  # open questions of one member, likewise

MAY_NOW = "-# You may use it now."
ASKED = "-# Asked. Those who manage this server have a message from me, and I tell you when one of them answers."
LISTED = "-# Asked. Those who manage this server find it in `/permissions list`. I tell you when one of them answers."
ASKED_BEFORE = "-# You have asked already. I tell you when somebody who manages this server answers."


class AskButton(GuardedButton, template=r"herwa:ask:(?P<kind>command|menu):(?P<key>.+)"):
    """On a refusal. Whoever may read the refusal may ask."""

    async def interaction_check(self, interaction: discord.Interaction) -> bool:
        return interaction.guild_id is not None

    async def pressed(self, interaction: discord.Interaction) -> None:
        """Note the question, pass it on, and say so under the refusal."""
        surface = guard_of(interaction).surfaces.get(SurfaceKind(self.match["kind"]), self.match["key"])
        if surface is None:
            raise NotFound("This command is gone.")
        await interaction.response.defer()
        guard = guard_of(interaction)
        if await guard.allows(invocation_from(interaction, surface, at=guard.now())):
            note = MAY_NOW
        else:
            note = await _ask(interaction, surface)
        told = interaction.message.content if interaction.message else ""
        await interaction.edit_original_response(content=f"{told}\n{note}", view=None)


class AnswerButton(GuardedButton, template=r"herwa:request:(?P<guild>\d+):(?P<request>\d+):(?P<answer>allow|dismiss)"):
    """On the question: in a direct message, or in the server's own list of open questions."""

    command = "permissions allow"

    @classmethod
    def make(cls, guild_id: int, request_id: int, *, allow: bool) -> Self:
        label = "Allow for 24 hours" if allow else "No"
        style = discord.ButtonStyle.success if allow else discord.ButtonStyle.secondary
        answer = "allow" if allow else "dismiss"
        return cls(
            discord.ui.Button(label=label, style=style, custom_id=f"herwa:request:{guild_id}:{request_id}:{answer}")
        )

    async def interaction_check(self, interaction: discord.Interaction) -> bool:
        """In a direct message `pressed` asks the guard, as Discord does not say there what somebody is in a server."""
        if interaction.guild_id is None:
            return True
        return interaction.guild_id == int(self.match["guild"]) and await super().interaction_check(interaction)

    async def pressed(self, interaction: discord.Interaction) -> None:
        """Note the answer, say so, and tell the member who had asked."""
        is_direct = interaction.guild_id is None
        await interaction.response.defer(ephemeral=not is_direct, thinking=not is_direct)
        guild = await _guild(interaction, int(self.match["guild"]))
        if is_direct:
            await _require_manager(interaction, guild)
        try:
            words = await self._answer(interaction, guild)
        except (AlreadyAnswered, NotFound) as over:  # the button has done its duty
            words = str(over)
        if is_direct:
            told = interaction.message.content if interaction.message else ""
            await interaction.edit_original_response(content=f"{told}\n\n{words}", view=None)
        else:
            await whisper(interaction, words)

    async def _answer(self, interaction: discord.Interaction, guild: discord.Guild) -> str:
        actor, request_id = actor_of(interaction), int(self.match["request"])
        until = utc_now() + ALLOWED_FOR if self.match["answer"] == "allow" else None
        async with guard_of(interaction).database.transaction() as session:
            if until is None:
                await dismiss(session, guild_id=guild.id, request_id=request_id, actor=actor)
            else:
                await allow(session, guild_id=guild.id, request_id=request_id, actor=actor, until=until)
            asked = await request(session, guild_id=guild.id, request_id=request_id)
        await message_to(interaction.client, asked.user_id, _told(guild, asked.command, until))
        if until is None:
            return "**No**: nothing has changed, and they know."
        return f"**Yes**: {plain(asked.user_name)} may use `/{asked.command}` until {_moment(until)}."


async def _ask(interaction: discord.Interaction, surface: Surface) -> str:
    """Note it and pass it on; what to tell the member."""
    guild, guard = interaction.guild, guard_of(interaction)
    assert guild is not None
    async with guard.database.transaction() as session:
        asked = await ask(
            session,
            guild_id=guild.id,
            user_id=interaction.user.id,
            user_name=interaction.user.display_name,
            command=surface.key,
            channel_id=interaction.channel_id or 0,
        )
        if not asked.is_new:
            return _asked_before(asked)
        waiting = await open_requests(session, guild_id=guild.id)
        managers = await managers_to_ask(session, guild_id=guild.id)
    theirs = sum(one.user_id == interaction.user.id for one in waiting)
    if len(waiting) > TOLD_AT_MOST or theirs > TOLD_OF_ONE:
        return LISTED
    return ASKED if await _tell(interaction, guild, surface, asked.id, managers) else LISTED


def _asked_before(asked: Asked) -> str:
    if asked.again_from is None:
        return ASKED_BEFORE
    return f"-# You have asked, and the answer was no. You may ask again {soon(asked.again_from.timestamp())}."


async def _tell(
    interaction: discord.Interaction, guild: discord.Guild, surface: Surface, request_id: int, managers: Sequence[int]
) -> bool:
    """A direct message to each of them; False when none can be reached."""
    words = (
        f"**{plain(interaction.user.display_name)}** ({MENTIONS.member(interaction.user.id)}) asks to use"
        f" `/{surface.key}` in **{plain(guild.name)}**: {surface.title}.\n"
        f"They tried it in **{_channel_name(interaction)}**."
        " You can change your answer at any time with `/permissions` there."
        + (f"\n{HANDS_OVER}" if hands_over([surface]) else "")
    )
    reached = [
        await message_to(interaction.client, manager, words, view=_answers(guild.id, request_id))
        for manager in managers
        if await _still_decides(guard_of(interaction), guild, manager)
    ]
    return any(reached)


async def _still_decides(guard: Guard, guild: discord.Guild, user_id: int) -> bool:
    """Whether a question may be shown to them, as what they last were may be long ago. In doubt it may not."""
    try:
        return await _decides(guard, guild, user_id)
    except (discord.HTTPException, aiohttp.ClientError, OSError) as failure:
        log.info("what somebody is in a server cannot be told", user=user_id, error=repr(failure)[:200])
        return False


def _channel_name(interaction: discord.Interaction) -> str:
    """As text: in a direct message a mention of a channel has no name for those who do not see it.

    Not all who manage the server see all of it: only what everyone sees is named, and a thread by its channel.
    """
    guild = interaction.guild
    assert guild is not None
    channel = guild.get_channel(place_of(guild, interaction.channel)[0])
    if channel is None or not channel.permissions_for(guild.default_role).view_channel:
        return "a channel that not everyone sees"
    return f"#{plain(channel.name)}"


def _answers(guild_id: int, request_id: int) -> discord.ui.View:
    view = discord.ui.View(timeout=None)
    view.add_item(AnswerButton.make(guild_id, request_id, allow=True))
    view.add_item(AnswerButton.make(guild_id, request_id, allow=False))
    return view


async def _guild(interaction: discord.Interaction, guild_id: int) -> discord.Guild:
    """Direct messages come to one shard; the guild may belong to another process."""
    try:
        return interaction.client.get_guild(guild_id) or await interaction.client.fetch_guild(guild_id)
    except (discord.NotFound, discord.Forbidden):
        raise NotFound("I am not in that server any more.") from None


async def _require_manager(interaction: discord.Interaction, guild: discord.Guild) -> None:
    """Raises Forbidden."""
    if not await _decides(guard_of(interaction), guild, interaction.user.id):
        raise Forbidden(f"You may not answer this: who may use what in {plain(guild.name)} is not yours to decide.")


async def _decides(guard: Guard, guild: discord.Guild, user_id: int) -> bool:
    """The guardrail says whether they may answer, by what they are in that server at this moment."""
    surface = guard.surfaces.get(SurfaceKind.COMMAND, AnswerButton.command)
    try:
        member = await guild.fetch_member(user_id)
    except (discord.NotFound, discord.Forbidden):
        return False
    return surface is not None and await guard.allows(invocation_for(guild, member, None, surface, at=guard.now()))


def _told(guild: discord.Guild, command: str, until: datetime | None) -> str:
    if until is None:
        return f"Those who manage **{plain(guild.name)}** said no to `/{command}` for you."
    return f"You may use `/{command}` in **{plain(guild.name)}** until {_moment(until)}."


def _moment(at: datetime) -> str:
    return MENTIONS.moment(at.timestamp())
