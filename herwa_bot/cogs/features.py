"""Switching a feature or a module, and the words for what comes of it.

The list of features in words: each under its module, its state at a glance.

`/features`: what of Herwa is on in this server, and switching it.
"""

from collections.abc import Sequence
from itertools import groupby
from typing import ClassVar

import discord
from discord import app_commands
from discord.ext import commands
from sqlalchemy.ext.asyncio import AsyncSession

from herwa_bot.access.guard import guard_of
from herwa_bot.access.targets import Target, features, find_target, modules, named, served, target_choices
from herwa_bot.ui.confirmation import ALREADY, Change, Done, UndoButton, Way, ask, change
from herwa_bot.ui.pagination import pages_of, show_pages
from herwa_bot.ui.replies import patiently, plain
from herwa_shared.catalog import FEATURES, Audience, Essential, FeatureKey, Surfaces
from herwa_shared.clock import utc_now
from herwa_shared.guardrail.policy import GuildPolicy, TargetKind
from herwa_shared.services.audit import Actor
from herwa_shared.services.features import FeatureStatus, feature_list, set_feature, set_module
from herwa_shared.services.policies import load_offer, load_policy
from herwa_shared.stores import Stores

ESSENTIAL = (Essential.KEPT, Essential.ALWAYS)


def can_be_switched(target: Target, policy: GuildPolicy, *, on: bool) -> bool:
    """Whether it is the other way at the moment: only then is it offered."""
    if target.kind == TargetKind.MODULE:
        some = any(spec.module == target.key and spec.essential == Essential.NO for spec in FEATURES.values())
        return some and policy.module_toggles.get(target.key, True) is not on
    spec = FEATURES[FeatureKey(target.key)]
    is_on = policy.feature_toggles.get(spec.key, spec.on_by_default)
    return spec.essential == Essential.NO and is_on is not on


def stopping(target: Target, policy: GuildPolicy, surfaces: Surfaces) -> str:
    """The commands that answer now and no longer would, were the target off."""
    return named(
        one
        for one in served(target, surfaces, but=ESSENTIAL)
        if policy.module_toggles.get(FEATURES[one.feature].module, True)
        and policy.feature_toggles.get(one.feature, FEATURES[one.feature].on_by_default)
    )


def question(target: Target, policy: GuildPolicy, surfaces: Surfaces) -> str:
    """What switching a whole module off would do."""
    commands = stopping(target, policy, surfaces)
    lines = [
        f"**Switch off the whole module {target.name}?**",
        "Now: on. Afterwards: off, for everybody, administrators included.",
        f"These commands stop: {commands}." if commands else "No command stops.",
    ]
    if any(spec.module == target.key and spec.essential != Essential.NO for spec in FEATURES.values()):
        lines.append("What is essential in it stays on.")
    return "\n".join([*lines, "-# What each feature in it is set to is kept for the day you switch it on again."])


def switching(guild_id: int, target: Target, surfaces: Surfaces, *, on: bool) -> Change:
    """The change, to be made once the member has had their say."""

    async def work(session: AsyncSession, actor: Actor) -> Done:
        if target.kind == TargetKind.MODULE:
            entry = await set_module(session, guild_id=guild_id, module=target.key, enabled=on, actor=actor)
        else:
            entry = await set_feature(session, guild_id=guild_id, feature=target.key, enabled=on, actor=actor)
        found = await feature_list(session, guild_id=guild_id, now=utc_now())
        of_it = [feature for feature in found if target.key in (feature.key, feature.module)]
        words = _switched(target, of_it, surfaces, on=on, anew=entry is not None)
        return Done(words, () if entry is None else (entry,))

    return work


def _switched(target: Target, of_it: Sequence[FeatureStatus], surfaces: Surfaces, *, on: bool, anew: bool) -> str:
    is_now = "on" if on else "off"
    what = f"The module **{target.name}**" if target.kind == TargetKind.MODULE else f"**{target.name}**"
    if not anew:
        return "\n".join([f"{what} is {is_now} already. {ALREADY}", *_still_off(target, of_it, on=on)])
    lines = [f"{what} is {is_now} now; before, it was {'off' if on else 'on'}."]
    running = {feature.key for feature in of_it if feature.enabled and feature.in_tier and not feature.kill_switch}
    commands = served(target, surfaces, but=ESSENTIAL)
    if on and (starting := named(one for one in commands if one.feature in running)):
        lines.append(f"Back to work: {starting}.")
    elif not on and commands:
        lines.append(f"Stopped: {named(commands)}.")
    return "\n".join([*lines, *_still_off(target, of_it, on=on)])


def _still_off(target: Target, of_it: Sequence[FeatureStatus], *, on: bool) -> list[str]:
    """Why something does not run although it was switched on."""
    lines: list[str] = []
    for feature in of_it if on else ():
        if feature.kill_switch is not None:
            lines.append(
                f"⛔ **{feature.title}** is switched off everywhere by Herwa for now: {plain(feature.kill_switch)}"
            )
        elif not feature.in_tier:
            lines.append(f"💎 **{feature.title}** is part of {plain(feature.lowest_tier)}. `/premium` tells more.")
        elif not feature.module_enabled:
            lines.append(f"⚪ Its module **{feature.module_title}** is off: switch that on, too.")
        elif not feature.enabled and target.kind == TargetKind.MODULE:
            lines.append(f"⚪ **{feature.title}** was off by itself and stays so.")
    return lines


HOW = "-# `/features enable` and `/features disable` switch a feature, or a whole module."


def feature_pages(server: str, found: Sequence[FeatureStatus], surfaces: Surfaces) -> tuple[str, ...]:
    """One entry a module, mostly all of them on one page."""
    modules = groupby(found, key=lambda feature: (feature.module_title, feature.module_enabled))
    entries = [
        "\n".join([heading(title, on=on), *(_line(feature, surfaces) for feature in features)])
        for (title, on), features in modules
    ]
    return pages_of(f"**What is on in {plain(server)}**\n{HOW}", entries)


def heading(module: str, *, on: bool) -> str:
    return f"**{module}**" if on else f"**{module}** · the whole module is off"


def state(feature: FeatureStatus) -> tuple[str, str]:
    """A mark and the words for it. What decides first in the guardrail is said first."""
    if feature.essential != Essential.NO:
        return "🔒", "always on"
    if feature.kill_switch is not None:
        return "⛔", f"switched off everywhere by Herwa: {plain(feature.kill_switch)}"
    if not feature.in_tier:
        return "💎", f"part of {plain(feature.lowest_tier)}"
    return ("🟢", "on") if feature.enabled else ("⚪", "off")


def _line(feature: FeatureStatus, surfaces: Surfaces) -> str:
    mark, words = state(feature)
    commands = named(served(Target(TargetKind.FEATURE, feature.key), surfaces, but=()))
    return " · ".join(part for part in (f"{mark} {feature.title}", words, commands) if part)


NOUN = "features"
SWITCHED = (*modules(), *features())

Choices = list[app_commands.Choice[str]]


class Features(commands.Cog):
    """Toggles, within what the server's tier includes."""

    persistent: ClassVar = (UndoButton,)
    group = app_commands.Group(
        name="features",
        description="What is on in this server",
        extras={"feature": FeatureKey.FEATURES, "audience": Audience.MANAGERS},
    )

    def __init__(self, stores: Stores) -> None:
        self._stores = stores

    @group.command(name="list", description="Show what is on, what is off and what a higher tier adds")
    async def show(self, interaction: discord.Interaction) -> None:
        """Every feature under its module, its state at a glance."""
        assert interaction.guild is not None
        found = await patiently(interaction, self._found(interaction.guild.id), ephemeral=True)
        await show_pages(interaction, feature_pages(interaction.guild.name, found, guard_of(interaction).surfaces))

    @group.command(name="enable", description="Switch a feature or a whole module on")
    @app_commands.describe(what="A feature, or a module with all of its features")
    async def enable(self, interaction: discord.Interaction, what: str) -> None:
        """Within the tier: what is not part of it is refused by the service, which names the tier that has it."""
        assert interaction.guild_id is not None
        work = switching(interaction.guild_id, find_target(what, SWITCHED), guard_of(interaction).surfaces, on=True)
        await change(interaction, self._stores, work, noun=NOUN)

    @group.command(name="disable", description="Switch a feature or a whole module off")
    @app_commands.describe(what="A feature, or a module with all of its features")
    async def disable(self, interaction: discord.Interaction, what: str) -> None:
        """A module that commands would stop with is asked about first."""
        assert interaction.guild_id is not None
        target, guard = find_target(what, SWITCHED), guard_of(interaction)
        work = switching(interaction.guild_id, target, guard.surfaces, on=False)
        policy = await self._policy(interaction.guild_id)
        if target.kind == TargetKind.MODULE and can_be_switched(target, policy, on=False):
            way = Way(f"Switch {target.name} off", work, discord.ButtonStyle.danger)
            await ask(interaction, self._stores, question(target, policy, guard.surfaces), [way], noun=NOUN)
        else:
            await change(interaction, self._stores, work, noun=NOUN)

    @enable.autocomplete("what")
    async def _off(self, interaction: discord.Interaction, typed: str) -> Choices:
        return await _switchable(interaction, typed, on=True)

    @disable.autocomplete("what")
    async def _on(self, interaction: discord.Interaction, typed: str) -> Choices:
        return await _switchable(interaction, typed, on=False)

    async def _policy(self, guild_id: int) -> GuildPolicy:
        async with self._stores.database.transaction() as session:
            return await load_policy(session, guild_id=guild_id, offer=await load_offer(session))

    async def _found(self, guild_id: int) -> tuple[FeatureStatus, ...]:
        async with self._stores.database.transaction() as session:
            return await feature_list(session, guild_id=guild_id, now=utc_now())


async def _switchable(interaction: discord.Interaction, typed: str, *, on: bool) -> Choices:
    assert interaction.guild_id is not None
    compiled = await guard_of(interaction).policy(interaction.guild_id)
    if compiled is None:
        return []
    policy = compiled.policy
    return target_choices(typed, (target for target in SWITCHED if can_be_switched(target, policy, on=on)))
