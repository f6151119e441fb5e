"""`/help`: list exactly the commands that this member may use in this channel."""

from dataclasses import replace
from itertools import groupby

import discord
from discord import app_commands
from discord.ext import commands

from herwa_bot.access.guard import POLICY_UNAVAILABLE, Guard, get_command_surface, get_guard, is_always_allowed
from herwa_bot.access.invocation import build_invocation
from herwa_bot.ui.replies import MAX_MESSAGE_LENGTH, reply_ephemeral
from herwa_shared.catalog import FEATURES, MODULES, FeatureKey, ModuleKey, Surface, SurfaceKind
from herwa_shared.guardrail.compiler import CompiledPolicy
from herwa_shared.guardrail.decide import decide
from herwa_shared.stores import Stores

HEADING = "**What you may use here**"
ALL_SHOWN = "-# This is all there is."
SOME_HIDDEN = "-# All else is switched off or not for you in this channel. `/why` tells the reason for any command."


class HelpCog(commands.Cog):
    """Command that lists the usable commands."""

    def __init__(self, stores: Stores) -> None:
        del stores

    @app_commands.command(name="help", description="What you may use here", extras={"feature": FeatureKey.HELP})
    async def show_help(self, interaction: discord.Interaction) -> None:
        """List the usable commands by module; without descriptions if the reply is too long."""
        guard = get_guard(interaction)
        assert interaction.guild_id is not None
        compiled = await guard.find_policy(interaction.guild_id)
        if compiled is None:
            await reply_ephemeral(interaction, POLICY_UNAVAILABLE)
            return
        usable_surfaces = _list_usable_surfaces(interaction, guard, compiled)
        footer = ALL_SHOWN if len(usable_surfaces) == len(guard.surfaces.all) else SOME_HIDDEN
        text = "\n".join([HEADING, *_format_lines(usable_surfaces, detailed=True), "", footer])
        if len(text) > MAX_MESSAGE_LENGTH:
            text = "\n".join([HEADING, *_format_lines(usable_surfaces, detailed=False), "", footer])
        await reply_ephemeral(interaction, text)


def _list_usable_surfaces(interaction: discord.Interaction, guard: Guard, compiled: CompiledPolicy) -> list[Surface]:
    """List the surfaces that the guardrail allows for this member in this channel."""
    help_surface = get_command_surface(interaction)
    invocation = build_invocation(interaction, help_surface, at=guard.get_time())
    return [
        surface
        for surface in guard.surfaces.all
        if is_always_allowed(surface) or decide(replace(invocation, surface=surface), compiled).allowed
    ]


def _format_lines(surfaces: list[Surface], *, detailed: bool) -> list[str]:
    """Format commands by module: a line per command if `detailed`, else a line per module."""
    module_order = list(ModuleKey)
    lines = []
    sorted_surfaces = sorted(
        surfaces, key=lambda surface: (module_order.index(FEATURES[surface.feature].module), surface.key)
    )
    for module, module_surfaces in groupby(sorted_surfaces, key=lambda surface: FEATURES[surface.feature].module):
        lines.append(f"\n**{MODULES[module].title}**")
        if detailed:
            lines += [f"- {format_command(surface)}: {surface.title}" for surface in module_surfaces]
        else:
            lines.append(" · ".join(format_command(surface) for surface in module_surfaces))
    return lines


def format_command(surface: Surface) -> str:
    """Format a command as it is typed, and a context menu as its path in Discord's menu."""
    return f"`/{surface.key}`" if surface.kind == SurfaceKind.COMMAND else f"Apps > **{surface.key}**"
