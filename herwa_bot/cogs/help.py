"""`/help`: list exactly the commands that this member may use in this channel."""

from dataclasses import replace
from itertools import groupby

import discord
from discord import app_commands
from discord.ext import commands

from herwa_bot.access.guard import POLICY_UNAVAILABLE, Guard, get_command_surface, get_guard, is_always_allowed
from herwa_bot.access.invocation import build_invocation
from herwa_bot.texts import help as texts
from herwa_bot.texts.policies import format_policy_links
from herwa_bot.ui.escaping import escape
from herwa_bot.ui.replies import get_dashboard_url, reply_ephemeral
from herwa_shared.catalog import FEATURES, MODULES, FeatureKey, ModuleKey, Surface, SurfaceKind
from herwa_shared.discord.constants import MAX_MESSAGE_LENGTH
from herwa_shared.guardrail.compiler import CompiledPolicy
from herwa_shared.guardrail.decide import decide
from herwa_shared.stores import Stores


class HelpCog(commands.Cog):
    """Command that lists the usable commands."""

    def __init__(self, stores: Stores) -> None:
        del stores

    @app_commands.command(name="help", description=texts.DESCRIPTION, extras={"feature": FeatureKey.HELP})
    async def show_help(self, interaction: discord.Interaction) -> None:
        """List the usable commands by module; without descriptions if the reply is too long."""
        guard = get_guard(interaction)
        assert interaction.guild_id is not None
        compiled = await guard.find_policy(interaction.guild_id)
        if compiled is None:
            await reply_ephemeral(interaction, POLICY_UNAVAILABLE)
            return
        usable_surfaces = _list_usable_surfaces(interaction, guard, compiled)
        heading = [*map(texts.format_announcement, _list_announcements(compiled, guard)), texts.HEADING]
        links = format_policy_links(get_dashboard_url(interaction))
        hidden_note = "" if len(usable_surfaces) == len(guard.surfaces.all) else texts.SOME_HIDDEN
        notes = [*filter(None, (hidden_note, links))]
        footer = ["", *notes] if notes else []
        text = "\n".join([*heading, *_format_lines(usable_surfaces, detailed=True), *footer])
        if len(text) > MAX_MESSAGE_LENGTH:
            text = "\n".join([*heading, *_format_lines(usable_surfaces, detailed=False), *footer])
        await reply_ephemeral(interaction, text)


def _list_announcements(compiled: CompiledPolicy, guard: Guard) -> list[str]:
    tier = compiled.entitlement.tier
    return [escape(text) for text in compiled.policy.global_policy.list_announcements(tier, guard.get_time())]


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
        lines.append(texts.format_module_heading(MODULES[module].title))
        if detailed:
            lines += [texts.format_entry(_format_surface(surface), surface.title) for surface in module_surfaces]
        else:
            lines.append(" · ".join(_format_surface(surface) for surface in module_surfaces))
    return lines


def _format_surface(surface: Surface) -> str:
    is_command = surface.kind == SurfaceKind.COMMAND
    return texts.format_command(surface.key) if is_command else texts.format_menu(surface.key)
