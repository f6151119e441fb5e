"""`/why`: explain whether a command may run, with Discord's own step and every step of the guardrail."""

from collections.abc import Iterator
from typing import Any

import discord
from discord import app_commands
from discord.ext import commands

from herwa_bot.access.channels import find_rule_channel
from herwa_bot.access.guard import POLICY_UNAVAILABLE, Guard, get_guard
from herwa_bot.access.invocation import build_invocation, build_member_invocation
from herwa_bot.access.targets import MAX_QUERY_LENGTH, truncate
from herwa_bot.texts import why as texts
from herwa_bot.texts.errors import format_no_match
from herwa_bot.ui.escaping import escape
from herwa_bot.ui.names import MESSAGE_NAMES, escape_trace_notes
from herwa_bot.ui.replies import defer_if_slow, reply_ephemeral
from herwa_shared.catalog import FeatureKey, Surface, SurfaceKind
from herwa_shared.discord.command_permissions import DiscordBlock
from herwa_shared.discord.constants import MAX_CHOICES
from herwa_shared.discord.guild_reader import GuildReader
from herwa_shared.errors import BadRequest, Forbidden
from herwa_shared.guardrail.explain import explain
from herwa_shared.guardrail.refusal_texts import build_refusal
from herwa_shared.guardrail.texts import format_command, format_discord_step, format_trace
from herwa_shared.guardrail.verdict import StepOutcome, Trace
from herwa_shared.services.access_trial import TrialResult, find_discord_block
from herwa_shared.stores import Stores

AnyChannel = app_commands.AppCommandChannel | app_commands.AppCommandThread


class ChannelOrThreadOption(app_commands.Transformer):
    """Option for a channel or thread in which commands run.

    It returns the interaction's resolved data: discord.py would look in its cache, which holds no channels.
    """

    @property
    def type(self) -> discord.AppCommandOptionType:
        return discord.AppCommandOptionType.channel

    @property
    def channel_types(self) -> list[discord.ChannelType]:
        return [
            discord.ChannelType.text,
            discord.ChannelType.voice,
            discord.ChannelType.stage_voice,
            discord.ChannelType.news_thread,
            discord.ChannelType.private_thread,
            discord.ChannelType.public_thread,
        ]

    async def transform(self, _interaction: discord.Interaction, value: AnyChannel, /) -> AnyChannel:
        return value


class WhyCog(commands.Cog):
    """Command that explains the guardrail's verdicts."""

    def __init__(self, stores: Stores) -> None:
        del stores

    @app_commands.command(name="why", description=texts.DESCRIPTION, extras={"feature": FeatureKey.WHY})
    @app_commands.describe(command=texts.OPTION_COMMAND, member=texts.OPTION_MEMBER, channel=texts.OPTION_CHANNEL)
    async def show_verdict(
        self,
        interaction: discord.Interaction,
        command: str,
        member: discord.Member | None = None,
        channel: app_commands.Transform[AnyChannel, ChannelOrThreadOption] | None = None,
    ) -> None:
        """Reply with yes or no, the deciding reason, whether Discord shows the command, and the eight steps."""
        guard = get_guard(interaction)
        surface = _get_surface(guard, command)
        subject = _resolve_member(interaction, member)
        target_channel = _resolve_channel(interaction, channel)
        assert interaction.guild is not None
        compiled = await guard.find_policy(interaction.guild.id)
        if compiled is None:
            await reply_ephemeral(interaction, POLICY_UNAVAILABLE)
            return
        remaining = guard.count_remaining_commands(compiled, subject.id)
        if subject is interaction.user and channel is None:
            invocation = build_invocation(interaction, surface, at=guard.get_time(), remaining=remaining)
        else:
            invocation = build_member_invocation(
                interaction.guild, subject, target_channel, surface, at=guard.get_time(), remaining=remaining
            )
        work = find_discord_block(invocation, _get_guild_reader(interaction))
        block = await defer_if_slow(interaction, work, ephemeral=True)
        result = TrialResult(escape_trace_notes(explain(invocation, compiled.policy)), block)
        is_self = subject.id == interaction.user.id
        await reply_ephemeral(interaction, _format_result(result, is_self=is_self, channel=target_channel))

    @show_verdict.autocomplete("command")
    async def _autocomplete_command(
        self, interaction: discord.Interaction, current: str
    ) -> list[app_commands.Choice[str]]:
        """List matching commands; those that begin with the query come first."""
        search_text = current.strip().removeprefix("/").lower()
        matches = [
            surface
            for surface in get_guard(interaction).surfaces.all
            if search_text in f"{surface.key} {surface.title}".lower()
        ]
        matches.sort(key=lambda surface: (not surface.key.lower().startswith(search_text), surface.key))
        return [
            app_commands.Choice(name=_format_choice(surface), value=surface.key) for surface in matches[:MAX_CHOICES]
        ]


def _get_guild_reader(interaction: discord.Interaction) -> GuildReader:
    bot: Any = interaction.client
    reader: GuildReader = bot.guild_reader
    return reader


def _get_surface(guard: Guard, command: str) -> Surface:
    """Get the surface of a typed command or context menu. Raises BadRequest for an unknown one."""
    key = " ".join(command.strip().removeprefix("/").split())
    for kind in (SurfaceKind.COMMAND, SurfaceKind.MENU):
        if surface := guard.surfaces.find(kind, key):
            return surface
    raise BadRequest(format_no_match(escape(command.strip()[:MAX_QUERY_LENGTH]), ()))


def _resolve_member(interaction: discord.Interaction, member: discord.Member | None) -> discord.Member:
    """Get the member in question, by default the caller.

    Raises Forbidden for another member if the caller lacks Manage Server.
    """
    assert isinstance(interaction.user, discord.Member)
    if member is None or member.id == interaction.user.id:
        return interaction.user
    if not interaction.permissions.manage_guild:
        raise Forbidden(texts.MANAGERS_ONLY)
    return member


def _resolve_channel(interaction: discord.Interaction, channel: AnyChannel | None) -> discord.abc.Snowflake | None:
    """Get the channel in question, by default the current one.

    Returns None if it is not a guild channel. Raises Forbidden for a channel that the caller cannot see.
    """
    if channel is None:
        is_guild_channel = isinstance(interaction.channel, discord.abc.GuildChannel | discord.Thread)
        return interaction.channel if is_guild_channel else None
    assert interaction.guild is not None
    assert isinstance(interaction.user, discord.Member)
    rule_channel = find_rule_channel(interaction.guild, channel)
    if rule_channel is None or not rule_channel.permissions_for(interaction.user).view_channel:
        raise Forbidden(texts.CHANNEL_HIDDEN)
    return channel


def _format_result(result: TrialResult, *, is_self: bool, channel: discord.abc.Snowflake | None) -> str:
    """Format the verdict, the reason and remedy if it is a refusal, and all steps."""
    trace, block = result.trace, result.discord_block
    member = None if is_self else MESSAGE_NAMES.format_member(trace.invocation.member_id)
    place = "" if channel is None else MESSAGE_NAMES.format_channel(channel.id)
    command = format_command(trace.invocation.surface.key)
    lines = [texts.format_verdict(command, member, place, allowed=result.is_allowed)]
    if block is None and not trace.verdict.allowed:
        refusal_text = build_refusal(trace, MESSAGE_NAMES)
        # The steps below show the deciding rule, so its headline would repeat it.
        lines += [refusal_text.remedy] if trace.rule else [refusal_text.headline, refusal_text.remedy]
    return "\n".join([*lines, "", *_format_steps(trace, block)])


def _format_steps(trace: Trace, block: DiscordBlock | None) -> Iterator[str]:
    """Format a line per step, Discord's own first: the deciding one in bold, skipped ones as small text."""
    discord_line = format_discord_step(block)
    yield discord_line if block is None else f"**{discord_line}**"
    for step, line in zip(trace.steps, format_trace(trace, MESSAGE_NAMES), strict=True):
        if step.outcome == StepOutcome.SKIPPED:
            yield f"-# {line}"
        else:
            yield f"**{line}**" if block is None and step.step == trace.verdict.reason else line


def _format_choice(surface: Surface) -> str:
    return truncate(texts.format_choice(format_command(surface.key), surface.title))
