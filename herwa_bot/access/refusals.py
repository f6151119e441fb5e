"""A refusal as the member reads it: what objected, who can change it, where it does work, and a way to ask."""

from itertools import islice

import aiohttp
import discord

from herwa_bot.access.invocation import invocation_for
from herwa_bot.ui.mentions import MENTIONS, safe_trace, soon
from herwa_bot.ui.replies import say_failure, whisper
from herwa_shared.catalog import Surface
from herwa_shared.guardrail.compiler import CompiledPolicy
from herwa_shared.guardrail.decide import decide
from herwa_shared.guardrail.explain import explain
from herwa_shared.guardrail.invocation import Invocation
from herwa_shared.guardrail.texts import refusal
from herwa_shared.guardrail.verdict import Reason
from herwa_shared.log import get_logger

log = get_logger(__name__)

MAY_BE_ASKED_FOR = (Reason.ACCESS_RULE, Reason.DEFAULT_AUDIENCE)
DEPENDS_ON_THE_PLACE = (*MAY_BE_ASKED_FOR, Reason.CHANNEL_LIST)
PLACES_NAMED = 3
CUSTOM_ID_LIMIT = 100  # Discord's


async def refuse(
    interaction: discord.Interaction, invocation: Invocation, compiled: CompiledPolicy, *, wait: float
) -> None:
    """Say no, only to the member; `wait` are the seconds until their rate allows the next one."""
    if interaction.type is discord.InteractionType.autocomplete:
        await interaction.response.autocomplete([])
        return
    words, reason = refused_in_words(interaction, invocation, compiled, wait=wait)
    try:
        await whisper(interaction, words, view=_ask_view(invocation.surface) if reason in MAY_BE_ASKED_FOR else None)
    except (discord.HTTPException, aiohttp.ClientError, OSError) as failure:
        log.warning("a refusal could not be told", error=repr(failure)[:200])


def refused_in_words(
    interaction: discord.Interaction, invocation: Invocation, compiled: CompiledPolicy, *, wait: float
) -> tuple[str, Reason]:
    """The refusal at a glance, and its reason."""
    trace = safe_trace(explain(invocation, compiled.policy))
    reason = trace.verdict.reason
    told = refusal(trace, MENTIONS)
    if reason == Reason.COOLDOWN:
        return f"**{told.headline}**\nThe next one may run {soon(invocation.at + wait + 1)}.", reason
    lines = [f"**{told.headline}**", told.who]
    if reason in DEPENDS_ON_THE_PLACE and (places := _where_it_works(interaction, invocation, compiled)):
        lines.append(f"You may use it in {places}.")
    return "\n".join(line for line in lines if line), reason


async def say_unavailable(interaction: discord.Interaction, sentence: str) -> None:
    """Say it only to the member, if Discord still lets us; whoever types an option gets an empty list."""
    try:
        if interaction.type is discord.InteractionType.autocomplete:
            await interaction.response.autocomplete([])
        else:
            await say_failure(interaction, sentence)
    except (discord.HTTPException, aiohttp.ClientError, OSError) as failure:
        log.warning("a failure could not be told", error=repr(failure)[:200])


def _where_it_works(interaction: discord.Interaction, invocation: Invocation, compiled: CompiledPolicy) -> str:
    """Up to three channels which the member sees and where the answer is yes; empty where there is none."""
    guild, member = interaction.guild, interaction.user
    assert guild is not None
    assert isinstance(member, discord.Member)
    works = (
        MENTIONS.channel(channel.id)
        for channel in guild.text_channels
        if _may_write(channel, member)
        and decide(invocation_for(guild, member, channel, invocation.surface, at=invocation.at), compiled).allowed
    )
    named = list(islice(works, PLACES_NAMED + 1))
    if len(named) > PLACES_NAMED:
        return f"{', '.join(named[:PLACES_NAMED])} and others"
    return " and ".join(filter(None, (", ".join(named[:-1]), *named[-1:])))


def _may_write(channel: discord.abc.GuildChannel, member: discord.Member) -> bool:
    """A channel that the member sees and may run commands in."""
    permissions = channel.permissions_for(member)
    return permissions.view_channel and permissions.send_messages and permissions.use_application_commands


def _ask_view(surface: Surface) -> discord.ui.View | None:
    """The button that asks for access; `asking.AskButton` answers it, also after a restart."""
    custom_id = f"herwa:ask:{surface.kind}:{surface.key}"
    if len(custom_id) > CUSTOM_ID_LIMIT:
        return None
    view = discord.ui.View(timeout=None)
    view.add_item(discord.ui.Button(label="Ask for access", custom_id=custom_id))
    view.stop()  # what is pressed goes to `asking.AskButton`, not to this view
    return view
