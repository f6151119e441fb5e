"""`/help`: what this member may use in this channel, and nothing else."""

from dataclasses import replace
from itertools import groupby

import discord
from discord import app_commands
from discord.ext import commands

from herwa_bot.access.guard import NO_POLICY, Guard, answers_always, guard_of, surface_of
from herwa_bot.access.invocation import invocation_from
from herwa_bot.ui.replies import whisper
from herwa_shared.catalog import FEATURES, MODULES, FeatureKey, ModuleKey, Surface, SurfaceKind
from herwa_shared.guardrail.compiler import CompiledPolicy
from herwa_shared.guardrail.decide import decide
from herwa_shared.stores import Stores

LONGEST = 2000  # characters, as Discord has it
HEADING = "**What you may use here**"
ALL = "-# This is all there is."
NOT_ALL = "-# All else is switched off or not for you in this channel. `/why` tells the reason for any command."


class Help(commands.Cog):
    """The way in for everybody."""

    def __init__(self, stores: Stores) -> None:
        del stores

    @app_commands.command(name="help", description="What you may use here", extras={"feature": FeatureKey.HELP})
    async def help(self, interaction: discord.Interaction) -> None:
        """Commands by module, each with what it does."""
        guard = guard_of(interaction)
        assert interaction.guild_id is not None
        compiled = await guard.policy(interaction.guild_id)
        if compiled is None:
            await whisper(interaction, NO_POLICY)
            return
        usable = _usable(interaction, guard, compiled)
        end = ALL if len(usable) == len(guard.surfaces.all) else NOT_ALL
        text = "\n".join([HEADING, *_lines(usable, long=True), "", end])
        if len(text) > LONGEST:
            text = "\n".join([HEADING, *_lines(usable, long=False), "", end])
        await whisper(interaction, text)


def _usable(interaction: discord.Interaction, guard: Guard, compiled: CompiledPolicy) -> list[Surface]:
    asked = surface_of(interaction)
    invocation = invocation_from(interaction, asked, at=guard.now())
    return [
        surface
        for surface in guard.surfaces.all
        if answers_always(surface) or decide(replace(invocation, surface=surface), compiled).allowed
    ]


def _lines(surfaces: list[Surface], *, long: bool) -> list[str]:
    """A heading a module, and a line a command; if not long, its commands in one line."""
    order = list(ModuleKey)
    lines = []
    ordered = sorted(surfaces, key=lambda one: (order.index(FEATURES[one.feature].module), one.key))
    for module, members in groupby(ordered, key=lambda one: FEATURES[one.feature].module):
        lines.append(f"\n**{MODULES[module].title}**")
        if long:
            lines += [f"- {shown(one)}: {one.title}" for one in members]
        else:
            lines.append(" · ".join(shown(one) for one in members))
    return lines


def shown(surface: Surface) -> str:
    """A command as one types it; a context menu as one finds it."""
    return f"`/{surface.key}`" if surface.kind == SurfaceKind.COMMAND else f"Apps > **{surface.key}**"
