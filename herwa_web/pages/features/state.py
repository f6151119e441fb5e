"""State of the features page: toggles of modules and features."""

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

import reflex as rx

from herwa_shared.analytics.command_uses import load_command_uses
from herwa_shared.analytics.metric_definitions import Metric
from herwa_shared.analytics.query import ActivityQuery
from herwa_shared.auth.guild_access import UserGuildInfo
from herwa_shared.catalog import Surface
from herwa_shared.clock import utc_now
from herwa_shared.errors import ServiceUnavailable
from herwa_shared.services.discovery import load_surfaces
from herwa_shared.services.features import list_features
from herwa_shared.services.policies import load_global_policy, load_policy
from herwa_shared.services.setting_changes import SettingChange, SettingType
from herwa_shared.settings_surfaces import FEATURE_COMMANDS, FEATURES_PAGE
from herwa_web import app_context, auth
from herwa_web.pages.features.view_models import FeaturesData, ModuleCard, build_modules, describe_effects
from herwa_web.saving.state import SettingsPageState

USAGE_PERIOD = timedelta(days=30)


class FeaturesState(SettingsPageState, rx.State):
    """State of the features page."""

    modules: list[ModuleCard] = rx.field(default_factory=list)
    _data: FeaturesData | None = None

    @rx.event(background=True, temporal=True)
    async def toggle_feature(self, key: str) -> Any:
        """Turn a feature on or off, without saving."""
        return await self._edit(lambda: self._toggle(SettingType.FEATURE, str(key)))

    @rx.event(background=True, temporal=True)
    async def toggle_module(self, key: str) -> Any:
        """Turn a module on or off, without saving."""
        return await self._edit(lambda: self._toggle(SettingType.MODULE, str(key)))

    def _get_surface(self) -> Surface:
        return FEATURES_PAGE

    def _list_write_surfaces(self, _changes: Sequence[SettingChange]) -> tuple[Surface, ...]:
        return FEATURE_COMMANDS

    async def _fetch(self, _visitor: auth.Visitor, guild: UserGuildInfo, _url: Any) -> FeaturesData:
        now = utc_now()
        command_counts = await _count_commands(guild.id, now)
        async with app_context.get_stores().database.transaction() as session:
            return FeaturesData(
                await list_features(session, guild_id=guild.id, now=now),
                await load_policy(session, guild_id=guild.id, global_policy=await load_global_policy(session)),
                await load_surfaces(session),
                guild.member_count,
                now.timestamp(),
                command_counts,
            )

    def _present(self, data: FeaturesData) -> None:
        self._data = data
        self._show_draft()

    def _present_draft(self) -> None:
        if self._data is None:
            return
        toggles = {
            (change.type, change.target): bool(change.after and change.after["enabled"])
            for change in self._draft.values()
        }
        modules = build_modules(self._data, toggles)
        if modules != self.modules:
            self.modules = modules

    def _describe_effects(self, changes: Sequence[SettingChange]) -> list[str]:
        return describe_effects(self._data, changes) if self._data else []

    def _toggle(self, type_: SettingType, key: str) -> None:
        """Flip a switch as the page shows it. Unknown and locked ones are ignored."""
        if type_ is SettingType.MODULE:
            switch = next((module for module in self.modules if module.key == key and module.has_switch), None)
        else:
            rows = (feature for module in self.modules for feature in module.features)
            switch = next((feature for feature in rows if feature.key == key and not feature.locked), None)
        if switch is None or self._data is None:
            return
        before = next(
            (status.module_enabled if type_ is SettingType.MODULE else status.own_toggle)
            for status in self._data.statuses
            if key == (status.module if type_ is SettingType.MODULE else status.key)
        )
        self._put_change(SettingChange(type_, key, _build_value(before), _build_value(not switch.on)))


async def _count_commands(guild_id: int, now: datetime) -> Mapping[str, int] | None:
    """Count the uses of each command in the last days, clicks in replies apart; None without ClickHouse."""
    query = ActivityQuery(guild_id, now - USAGE_PERIOD, now, Metric.COMMANDS)
    try:
        uses = await load_command_uses(app_context.get_stores().clickhouse, query, now=now)
    except ServiceUnavailable:
        return None
    counts: Counter[str] = Counter()
    for use in uses.items:
        counts[use.command] += 0 if use.is_click else use.count
    return counts


def _build_value(enabled: bool) -> dict[str, Any]:
    return {"enabled": enabled, "by_default": False}
