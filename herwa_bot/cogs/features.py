"""`/features`: list the features of the server, and switch features and modules on and off."""

from collections.abc import Sequence
from itertools import groupby
from typing import ClassVar

import discord
from discord import app_commands
from discord.ext import commands
from sqlalchemy.ext.asyncio import AsyncSession

from herwa_bot.access.guard import get_guard
from herwa_bot.access.targets import (
    Target,
    find_target,
    format_commands,
    list_commands,
    list_feature_targets,
    list_module_targets,
    list_target_choices,
)
from herwa_bot.ui.confirmation import (
    NO_CHANGE,
    Change,
    ChangeResult,
    ConfirmOption,
    UndoButton,
    apply_and_reply,
    ask_confirmation,
)
from herwa_bot.ui.pagination import send_pages, split_pages
from herwa_bot.ui.replies import defer_if_slow, escape
from herwa_shared.catalog import FEATURES, Audience, Essential, FeatureKey, SurfaceRegistry
from herwa_shared.clock import utc_now
from herwa_shared.guardrail.policy import GuildPolicy, TargetKind
from herwa_shared.services.audit import Actor
from herwa_shared.services.features import FeatureStatus, list_features, set_feature, set_module
from herwa_shared.services.policies import load_global_policy, load_policy
from herwa_shared.stores import Stores

ESSENTIAL_KINDS = (Essential.PROTECTED, Essential.ALWAYS)
COMMAND_GROUP = "features"
TOGGLE_TARGETS = (*list_module_targets(), *list_feature_targets())
LIST_HELP = "-# `/features enable` and `/features disable` switch a feature, or a whole module."

Choices = list[app_commands.Choice[str]]


class FeaturesCog(commands.Cog):
    """Commands for feature and module toggles, within what the server's tier includes."""

    persistent_buttons: ClassVar = (UndoButton,)
    group = app_commands.Group(
        name="features",
        description="What is on in this server",
        extras={"feature": FeatureKey.FEATURES, "audience": Audience.MANAGERS},
    )

    def __init__(self, stores: Stores) -> None:
        self._stores = stores

    @group.command(name="list", description="Show what is on, what is off and what a higher tier adds")
    async def show(self, interaction: discord.Interaction) -> None:
        """Show every feature with its status, by module."""
        assert interaction.guild is not None
        statuses = await defer_if_slow(interaction, self._load_statuses(interaction.guild.id), ephemeral=True)
        await send_pages(
            interaction, format_feature_pages(interaction.guild.name, statuses, get_guard(interaction).surfaces)
        )

    @group.command(name="enable", description="Switch a feature or a whole module on")
    @app_commands.describe(what="A feature, or a module with all of its features")
    async def enable(self, interaction: discord.Interaction, what: str) -> None:
        """Switch a target on.

        The service refuses features that the tier lacks and names the tier that has them.
        """
        assert interaction.guild_id is not None
        change = build_toggle_change(
            interaction.guild_id, find_target(what, TOGGLE_TARGETS), get_guard(interaction).surfaces, enabled=True
        )
        await apply_and_reply(interaction, self._stores, change, command_group=COMMAND_GROUP)

    @group.command(name="disable", description="Switch a feature or a whole module off")
    @app_commands.describe(what="A feature, or a module with all of its features")
    async def disable(self, interaction: discord.Interaction, what: str) -> None:
        """Switch a target off; a module that is on needs a confirmation."""
        assert interaction.guild_id is not None
        target, guard = find_target(what, TOGGLE_TARGETS), get_guard(interaction)
        change = build_toggle_change(interaction.guild_id, target, guard.surfaces, enabled=False)
        policy = await self._load_policy(interaction.guild_id)
        if target.kind == TargetKind.MODULE and can_toggle(target, policy, enabled=False):
            option = ConfirmOption(f"Switch {target.name} off", change, discord.ButtonStyle.danger)
            await ask_confirmation(
                interaction,
                self._stores,
                format_disable_question(target, policy, guard.surfaces),
                [option],
                command_group=COMMAND_GROUP,
            )
        else:
            await apply_and_reply(interaction, self._stores, change, command_group=COMMAND_GROUP)

    @enable.autocomplete("what")
    async def _autocomplete_enable(self, interaction: discord.Interaction, current: str) -> Choices:
        return await _list_toggle_choices(interaction, current, enabled=True)

    @disable.autocomplete("what")
    async def _autocomplete_disable(self, interaction: discord.Interaction, current: str) -> Choices:
        return await _list_toggle_choices(interaction, current, enabled=False)

    async def _load_policy(self, guild_id: int) -> GuildPolicy:
        async with self._stores.database.transaction() as session:
            return await load_policy(session, guild_id=guild_id, global_policy=await load_global_policy(session))

    async def _load_statuses(self, guild_id: int) -> tuple[FeatureStatus, ...]:
        async with self._stores.database.transaction() as session:
            return await list_features(session, guild_id=guild_id, now=utc_now())


def can_toggle(target: Target, policy: GuildPolicy, *, enabled: bool) -> bool:
    """Whether the target can be switched to `enabled` and is not in that state yet."""
    if target.kind == TargetKind.MODULE:
        has_toggleable = any(spec.module == target.key and spec.essential == Essential.NO for spec in FEATURES.values())
        return has_toggleable and policy.module_toggles.get(target.key, True) is not enabled
    spec = FEATURES[FeatureKey(target.key)]
    is_enabled = policy.feature_toggles.get(spec.key, spec.on_by_default)
    return spec.essential == Essential.NO and is_enabled is not enabled


def format_stopped_commands(target: Target, policy: GuildPolicy, surfaces: SurfaceRegistry) -> str:
    """Format the commands that are on now and would stop if the target were switched off."""
    return format_commands(
        command
        for command in list_commands(target, surfaces, excluded=ESSENTIAL_KINDS)
        if policy.module_toggles.get(FEATURES[command.feature].module, True)
        and policy.feature_toggles.get(command.feature, FEATURES[command.feature].on_by_default)
    )


def format_disable_question(target: Target, policy: GuildPolicy, surfaces: SurfaceRegistry) -> str:
    """Format the confirmation of switching off a module."""
    commands = format_stopped_commands(target, policy, surfaces)
    lines = [
        f"**Switch off the whole module {target.name}?**",
        "Now: on. Afterwards: off, for everybody, administrators included.",
        f"These commands stop: {commands}." if commands else "No command stops.",
    ]
    if any(spec.module == target.key and spec.essential != Essential.NO for spec in FEATURES.values()):
        lines.append("What is essential in it stays on.")
    return "\n".join([*lines, "-# What each feature in it is set to is kept for the day you switch it on again."])


def build_toggle_change(guild_id: int, target: Target, surfaces: SurfaceRegistry, *, enabled: bool) -> Change:
    """Build the change that switches a feature or module on or off."""

    async def apply(session: AsyncSession, actor: Actor) -> ChangeResult:
        if target.kind == TargetKind.MODULE:
            entry_id = await set_module(session, guild_id=guild_id, module=target.key, enabled=enabled, actor=actor)
        else:
            entry_id = await set_feature(session, guild_id=guild_id, feature=target.key, enabled=enabled, actor=actor)
        all_statuses = await list_features(session, guild_id=guild_id, now=utc_now())
        statuses = [feature for feature in all_statuses if target.key in (feature.key, feature.module)]
        text = _format_toggle_result(target, statuses, surfaces, enabled=enabled, changed=entry_id is not None)
        return ChangeResult(text, () if entry_id is None else (entry_id,))

    return apply


def format_feature_pages(
    guild_name: str, statuses: Sequence[FeatureStatus], surfaces: SurfaceRegistry
) -> tuple[str, ...]:
    """Format the list of features with one entry per module, usually one page."""
    statuses_by_module = groupby(statuses, key=lambda feature: (feature.module_title, feature.module_enabled))
    entries = [
        "\n".join(
            [
                format_module_heading(title, enabled=enabled),
                *(_format_feature(feature, surfaces) for feature in module_statuses),
            ]
        )
        for (title, enabled), module_statuses in statuses_by_module
    ]
    return split_pages(f"**What is on in {escape(guild_name)}**\n{LIST_HELP}", entries)


def format_module_heading(module: str, *, enabled: bool) -> str:
    """Format the heading of a module, which says if the module is off."""
    return f"**{module}**" if enabled else f"**{module}** · the whole module is off"


def describe_status(feature: FeatureStatus) -> tuple[str, str]:
    """Return the icon and text of a feature's status.

    If several reasons apply, the text names the one that the guardrail checks first.
    """
    if feature.essential != Essential.NO:
        return "🔒", "always on"
    if feature.kill_switch is not None:
        return "⛔", f"switched off everywhere by Herwa: {escape(feature.kill_switch)}"
    if not feature.in_tier:
        return "💎", f"part of {escape(feature.lowest_tier)}"
    return ("🟢", "on") if feature.enabled else ("⚪", "off")


async def _list_toggle_choices(interaction: discord.Interaction, query: str, *, enabled: bool) -> Choices:
    """List autocomplete choices of targets that can be switched to `enabled`.

    The list is empty if the policy cannot be loaded.
    """
    assert interaction.guild_id is not None
    compiled = await get_guard(interaction).find_policy(interaction.guild_id)
    if compiled is None:
        return []
    policy = compiled.policy
    return list_target_choices(
        query, (target for target in TOGGLE_TARGETS if can_toggle(target, policy, enabled=enabled))
    )


def _format_toggle_result(
    target: Target, statuses: Sequence[FeatureStatus], surfaces: SurfaceRegistry, *, enabled: bool, changed: bool
) -> str:
    """Format the result of a toggle: the new state and its effect on commands.

    After switching on it also names what still blocks a feature.
    """
    status = "on" if enabled else "off"
    label = f"The module **{target.name}**" if target.kind == TargetKind.MODULE else f"**{target.name}**"
    if not changed:
        return "\n".join(
            [f"{label} is {status} already. {NO_CHANGE}", *_list_blockers(target, statuses, enabled=enabled)]
        )
    lines = [f"{label} is {status} now; before, it was {'off' if enabled else 'on'}."]
    running_keys = {
        feature.key for feature in statuses if feature.enabled and feature.in_tier and not feature.kill_switch
    }
    commands = list_commands(target, surfaces, excluded=ESSENTIAL_KINDS)
    if enabled and (
        started_commands := format_commands(command for command in commands if command.feature in running_keys)
    ):
        lines.append(f"Back to work: {started_commands}.")
    elif not enabled and commands:
        lines.append(f"Stopped: {format_commands(commands)}.")
    return "\n".join([*lines, *_list_blockers(target, statuses, enabled=enabled)])


def _list_blockers(target: Target, statuses: Sequence[FeatureStatus], *, enabled: bool) -> list[str]:
    """List why features do not run although they were switched on; empty after switching off."""
    lines: list[str] = []
    for feature in statuses if enabled else ():
        if feature.kill_switch is not None:
            lines.append(
                f"⛔ **{feature.title}** is switched off everywhere by Herwa for now: {escape(feature.kill_switch)}"
            )
        elif not feature.in_tier:
            lines.append(f"💎 **{feature.title}** is part of {escape(feature.lowest_tier)}. `/premium` tells more.")
        elif not feature.module_enabled:
            lines.append(f"⚪ Its module **{feature.module_title}** is off: switch that on, too.")
        elif not feature.enabled and target.kind == TargetKind.MODULE:
            lines.append(f"⚪ **{feature.title}** was off by itself and stays so.")
    return lines


def _format_feature(feature: FeatureStatus, surfaces: SurfaceRegistry) -> str:
    icon, description = describe_status(feature)
    commands = format_commands(list_commands(Target(TargetKind.FEATURE, feature.key), surfaces, excluded=()))
    return " · ".join(part for part in (f"{icon} {feature.title}", description, commands) if part)
