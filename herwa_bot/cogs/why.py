"""`/why`: may this run, and every step that led to the answer."""

from collections.abc import Iterator

import discord
from discord import app_commands
from discord.ext import commands

from herwa_bot.access.guard import NO_POLICY, Guard, guard_of
from herwa_bot.access.invocation import invocation_for, invocation_from
from herwa_bot.ui.mentions import MENTIONS, safe_trace
from herwa_bot.ui.replies import whisper
from herwa_shared.catalog import FeatureKey, Surface, SurfaceKind
from herwa_shared.errors import BadRequest, Forbidden
from herwa_shared.guardrail.compiler import CompiledPolicy
from herwa_shared.guardrail.explain import explain
from herwa_shared.guardrail.invocation import Invocation
from herwa_shared.guardrail.texts import refusal, trace_lines
from herwa_shared.guardrail.verdict import Said, Trace
from herwa_shared.stores import Stores

CHOICES = 25  # Discord's limit

Channel = discord.TextChannel | discord.VoiceChannel | discord.StageChannel | discord.Thread
Place = discord.abc.GuildChannel | discord.Thread | None


class Why(commands.Cog):
    """Explains the guardrail's verdicts."""

    def __init__(self, stores: Stores) -> None:
        del stores

    @app_commands.command(name="why", description="Why a command runs, or does not", extras={"feature": FeatureKey.WHY})
    @app_commands.describe(
        command="The command in question",
        member="Somebody else than you, for those who manage the server",
        channel="Another channel than this one",
    )
    async def why(
        self,
        interaction: discord.Interaction,
        command: str,
        member: discord.Member | None = None,
        channel: Channel | None = None,
    ) -> None:
        """Answer yes or no, what decided, and the eight steps."""
        guard = guard_of(interaction)
        surface = _surface(guard, command)
        whom = _whom(interaction, member)
        where = _where(interaction, channel)
        assert interaction.guild is not None
        compiled = await guard.policy(interaction.guild.id)
        if compiled is None:
            await whisper(interaction, NO_POLICY)
            return
        left = guard.left(compiled, whom.id)
        if whom is interaction.user and channel is None:
            invocation = invocation_from(interaction, surface, at=guard.now(), left=left)
        else:
            invocation = invocation_for(interaction.guild, whom, where, surface, at=guard.now(), left=left)
        await whisper(interaction, _answer(invocation, compiled, is_self=whom.id == interaction.user.id, where=where))

    @why.autocomplete("command")
    async def commands(self, interaction: discord.Interaction, typed: str) -> list[app_commands.Choice[str]]:
        """Every command there is, those that begin with what was typed first."""
        wanted = typed.strip().removeprefix("/").lower()
        found = [one for one in guard_of(interaction).surfaces.all if wanted in f"{one.key} {one.title}".lower()]
        found.sort(key=lambda one: (not one.key.lower().startswith(wanted), one.key))
        return [app_commands.Choice(name=f"{_typed(one)}: {one.title}"[:100], value=one.key) for one in found[:CHOICES]]


def _surface(guard: Guard, command: str) -> Surface:
    key = " ".join(command.strip().removeprefix("/").split())
    for kind in (SurfaceKind.COMMAND, SurfaceKind.MENU):
        if surface := guard.surfaces.get(kind, key):
            return surface
    raise BadRequest("There is no such command. Choose one from the list that comes up while you type.")


def _whom(interaction: discord.Interaction, member: discord.Member | None) -> discord.Member:
    assert isinstance(interaction.user, discord.Member)
    if member is None or member.id == interaction.user.id:
        return interaction.user
    if not interaction.permissions.manage_guild:
        raise Forbidden(
            "What others may do is shown to those who manage this server. Leave the member out to ask for yourself."
        )
    return member


def _where(interaction: discord.Interaction, channel: Channel | None) -> Place:
    """The place in question; one that the asker does not see is not explained."""
    place = interaction.channel if channel is None else channel
    if not isinstance(place, discord.abc.GuildChannel | discord.Thread):
        return None
    assert isinstance(interaction.user, discord.Member)
    if channel is not None and not place.permissions_for(interaction.user).view_channel:
        raise Forbidden("You do not see that channel, so it is not explained to you.")
    return place


def _answer(invocation: Invocation, compiled: CompiledPolicy, *, is_self: bool, where: Place) -> str:
    trace = safe_trace(explain(invocation, compiled.policy))
    who = "you" if is_self else MENTIONS.member(invocation.member_id)
    place = "" if where is None else f" in {MENTIONS.channel(where.id)}"
    runs = "runs" if trace.verdict.allowed else "does not run"
    lines = [f"**{'Yes' if trace.verdict.allowed else 'No'}: {_typed(invocation.surface)} {runs}** for {who}{place}."]
    if not trace.verdict.allowed:
        told = refusal(trace, MENTIONS)
        lines += [told.who] if trace.rule else [told.headline, told.who]  # a rule stands among the steps
    return "\n".join([*lines, "", *_steps(trace)])


def _steps(trace: Trace) -> Iterator[str]:
    """A line each: the one that decided stands out, those that were not asked step back."""
    for step, line in zip(trace.steps, trace_lines(trace, MENTIONS), strict=True):
        if step.said == Said.NOT_ASKED:
            yield f"-# {line}"
        else:
            yield f"**{line}**" if step.step == trace.verdict.reason else line


def _typed(surface: Surface) -> str:
    return f"/{surface.key}" if surface.kind == SurfaceKind.COMMAND else surface.key
