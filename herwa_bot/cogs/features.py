"""`/features`: list the features of the server, and switch features and modules on and off."""

from collections.abc import Sequence
from itertools import groupby
from typing import ClassVar

import discord
from discord import app_commands
from discord.ext import commands
from sqlalchemy.ext.asyncio import AsyncSession

from herwa_bot.access.guard import get_guard
from herwa_bot.access.targets import find_target, format_surfaces, list_target_choices
from herwa_bot.texts import buttons
from herwa_bot.texts import features as texts
from herwa_bot.ui.confirmation import (
    Change,
    ChangeResult,
    ConfirmOption,
    UndoButton,
    apply_and_reply,
    ask_confirmation,
)
from herwa_bot.ui.escaping import escape
from herwa_bot.ui.pagination import send_pages, split_pages
from herwa_bot.ui.replies import defer_if_slow
from herwa_shared.catalog import FEATURES, Audience, Essential, FeatureKey, SurfaceRegistry
from herwa_shared.clock import utc_now
from herwa_shared.guardrail.policy import GuildPolicy, TargetKind
from herwa_shared.guardrail.targets import Target, list_commands, list_feature_targets, list_module_targets
from herwa_shared.services.audit import Actor
from herwa_shared.services.features import FeatureStatus, list_features, set_feature, set_module
from herwa_shared.services.policies import load_global_policy, load_policy
from herwa_shared.stores import Stores

ESSENTIAL_KINDS = (Essential.PROTECTED, Essential.ALWAYS)
COMMAND_GROUP = "features"
TOGGLE_TARGETS = (*list_module_targets(), *list_feature_targets())

Choices = list[app_commands.Choice[str]]


class FeaturesCog(commands.Cog):
    """Commands for feature and module toggles, within what the server's tier includes."""

    persistent_buttons: ClassVar = (UndoButton,)
    group = app_commands.Group(
        name="features",
        description=texts.DESCRIPTION,
        extras={"feature": FeatureKey.FEATURES, "audience": Audience.MANAGERS},
    )

    def __init__(self, stores: Stores) -> None:
        self._stores = stores

    @group.command(name="list", description=texts.LIST_DESCRIPTION)
    async def show(self, interaction: discord.Interaction) -> None:
        """Show every feature with its status, by module."""
        assert interaction.guild is not None
        statuses = await defer_if_slow(interaction, self._load_statuses(interaction.guild.id), ephemeral=True)
        await send_pages(
            interaction, format_feature_pages(interaction.guild.name, statuses, get_guard(interaction).surfaces)
        )

    @group.command(name="enable", description=texts.ENABLE_DESCRIPTION)
    @app_commands.describe(what=texts.OPTION_TARGET)
    async def enable(self, interaction: discord.Interaction, what: str) -> None:
        """Switch a target on.

        The service refuses features that the tier lacks and names the tier that has them.
        """
        assert interaction.guild_id is not None
        change = build_toggle_change(
            interaction.guild_id, find_target(what, TOGGLE_TARGETS), get_guard(interaction).surfaces, enabled=True
        )
        await apply_and_reply(interaction, self._stores, change, command_group=COMMAND_GROUP)

    @group.command(name="disable", description=texts.DISABLE_DESCRIPTION)
    @app_commands.describe(what=texts.OPTION_TARGET)
    async def disable(self, interaction: discord.Interaction, what: str) -> None:
        """Switch a target off; a module that is on needs a confirmation."""
        assert interaction.guild_id is not None
        target, guard = find_target(what, TOGGLE_TARGETS), get_guard(interaction)
        change = build_toggle_change(interaction.guild_id, target, guard.surfaces, enabled=False)
        policy = await self._load_policy(interaction.guild_id)
        if target.kind == TargetKind.MODULE and can_toggle(target, policy, enabled=False):
            option = ConfirmOption(buttons.format_turn_off(target.name), change, discord.ButtonStyle.danger)
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
    return format_surfaces(
        command
        for command in list_commands(target, surfaces, excluded=ESSENTIAL_KINDS)
        if policy.module_toggles.get(FEATURES[command.feature].module, True)
        and policy.feature_toggles.get(command.feature, FEATURES[command.feature].on_by_default)
    )


def format_disable_question(target: Target, policy: GuildPolicy, surfaces: SurfaceRegistry) -> str:
    """Format the confirmation of switching off a module."""
    has_essential = any(spec.module == target.key and spec.essential != Essential.NO for spec in FEATURES.values())
    return texts.format_disable_question(
        target.name, format_stopped_commands(target, policy, surfaces), has_essential=has_essential
    )


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
                texts.format_module_heading(title, enabled=enabled),
                *(_format_feature(feature, surfaces) for feature in module_statuses),
            ]
        )
        for (title, enabled), module_statuses in statuses_by_module
    ]
    return split_pages(texts.format_list_heading(escape(guild_name)), entries)


def describe_status(feature: FeatureStatus) -> tuple[str, str]:
    """Return the icon and text of a feature's status.

    If several reasons apply, the text names the one that the guardrail checks first.
    """
    if feature.essential != Essential.NO:
        return "🔒", texts.ALWAYS_ON
    if feature.kill_switch is not None:
        return "⛔", texts.format_turned_off_everywhere(escape(feature.kill_switch))
    if not feature.in_tier:
        return "💎", texts.format_needs_tier(escape(feature.lowest_tier))
    return ("🟢", texts.ON) if feature.enabled else ("⚪", texts.OFF)


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
    blockers = texts.format_blockers(_list_blockers(target, statuses, enabled=enabled))
    if not changed:
        return texts.format_unchanged(target.name, enabled=enabled) + blockers
    running_keys = {
        feature.key for feature in statuses if feature.enabled and feature.in_tier and not feature.kill_switch
    }
    commands = list_commands(target, surfaces, excluded=ESSENTIAL_KINDS)
    affected_commands = [command for command in commands if not enabled or command.feature in running_keys]
    return texts.format_result(target.name, format_surfaces(affected_commands), enabled=enabled) + blockers


def _list_blockers(target: Target, statuses: Sequence[FeatureStatus], *, enabled: bool) -> list[str]:
    """List why features do not run although they were switched on; empty after switching off."""
    lines: list[str] = []
    for feature in statuses if enabled else ():
        if feature.kill_switch is not None:
            lines.append(texts.format_killed_blocker(feature.title, escape(feature.kill_switch)))
        elif not feature.in_tier:
            lines.append(texts.format_tier_blocker(feature.title, escape(feature.lowest_tier)))
        elif not feature.module_enabled:
            lines.append(texts.format_module_blocker(feature.module_title))
        elif not feature.enabled and target.kind == TargetKind.MODULE:
            lines.append(texts.format_feature_blocker(feature.title))
    return lines


def _format_feature(feature: FeatureStatus, surfaces: SurfaceRegistry) -> str:
    icon, description = describe_status(feature)
    commands = format_surfaces(list_commands(Target(TargetKind.FEATURE, feature.key), surfaces, excluded=()))
    return texts.format_entry(icon, feature.title, description, commands)
