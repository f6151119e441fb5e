"""State of the features in the operator's panel: kill switches, lowest tiers."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import reflex as rx
from sqlalchemy.ext.asyncio import AsyncSession

from herwa_shared.catalog import FEATURES, Essential
from herwa_shared.operators.tier_editor import preview_tier_change, save_lowest_tier
from herwa_shared.services.audit import Actor
from herwa_shared.services.kill_switches import KillSwitchStatus, list_kill_switches, set_kill_switch
from herwa_shared.services.tiers import TierStatus, list_tiers, load_feature_titles
from herwa_web.pages.admin import texts as panel_texts
from herwa_web.pages.admin.features import texts
from herwa_web.pages.admin.panel_state import PanelPageState, get_text
from herwa_web.pages.admin.servers.state import PanelOption
from herwa_web.pages.admin.tiers.texts import format_effects

SWITCH, MOVE = "switch", "move"


@dataclass(frozen=True, slots=True)
class PanelFeatureRow:
    """A feature. `switch` describes its kill switch, empty without one; `can_switch`: it may be turned off."""

    key: str
    label: str
    tier: str
    switch: str
    can_switch: bool


@dataclass(frozen=True, slots=True)
class FeaturesPanelData:
    """The data of the page. `features` are titles by key."""

    features: Mapping[str, str]
    tiers: tuple[TierStatus, ...]
    switches: tuple[KillSwitchStatus, ...]


class AdminFeaturesState(PanelPageState, rx.State):
    """State of the page. `action` is `switch:KEY` or `move:KEY` while a form is open."""

    rows: list[PanelFeatureRow] = rx.field(default_factory=list)
    tiers: list[PanelOption] = rx.field(default_factory=list)
    action: str = ""
    asking: bool = False
    effects: list[str] = rx.field(default_factory=list)
    _tier: str = ""
    _reason: str = ""

    @rx.event(background=True, temporal=True)
    async def start_action(self, action: str, key: str) -> Any:
        """Open a form of a feature; an empty action closes it."""
        if await self._find_operator() is None:
            return
        async with self:
            self.action = f"{action}:{key}" if action in (SWITCH, MOVE) else ""
            self.asking, self.effects = False, []

    @rx.event(background=True, temporal=True)
    async def switch_off(self, form: dict[str, Any]) -> Any:
        """Turn the feature of the form off everywhere."""
        return await self._set_switch(self._get_key(SWITCH), active=True, reason=get_text(form, "reason"))

    @rx.event(background=True, temporal=True)
    async def switch_on(self, key: str) -> Any:
        """Turn a feature on again."""
        return await self._set_switch(str(key), active=False, reason="")

    @rx.event(background=True, temporal=True)
    async def preview(self, form: dict[str, Any]) -> Any:
        """Show what another lowest tier changes."""
        feature, tier, reason = self._get_key(MOVE), get_text(form, "tier"), get_text(form, "reason")
        found: list[list[str]] = []

        async def change(session: AsyncSession, actor: Actor) -> None:
            effects = await preview_tier_change(
                session,
                lambda inner: save_lowest_tier(inner, feature=feature, tier=tier, reason=reason, actor=actor),
            )
            found.append(format_effects(effects))

        result = await self._change(change, recent_login=True, done="")
        async with self:
            if found:
                self.asking, self.effects = True, found[0] or [texts.NO_EFFECT]
                self._tier, self._reason, self.action = tier, reason, f"{MOVE}:{feature}"
        return result

    @rx.event(background=True, temporal=True)
    async def save(self) -> Any:
        """Save the lowest tier whose effect is shown."""
        feature, tier, reason = self._get_key(MOVE), self._tier, self._reason

        async def change(session: AsyncSession, actor: Actor) -> None:
            await save_lowest_tier(session, feature=feature, tier=tier, reason=reason, actor=actor)

        return await self._change(change, recent_login=True, done=texts.MOVED)

    async def _set_switch(self, feature: str, *, active: bool, reason: str) -> Any:
        async def change(session: AsyncSession, actor: Actor) -> None:
            await set_kill_switch(session, feature=feature, active=active, reason=reason, actor=actor)

        done = texts.SWITCHED_OFF if active else texts.SWITCHED_ON
        return await self._change(change, recent_login=True, done=done)

    async def _fetch(self, session: AsyncSession, _url: Any) -> FeaturesPanelData:
        return FeaturesPanelData(
            await load_feature_titles(session), await list_tiers(session), await list_kill_switches(session)
        )

    def _present(self, data: FeaturesPanelData) -> None:
        switches = {switch.feature: switch for switch in data.switches}
        self.rows = [_build_row(key, title, data.tiers, switches.get(key)) for key, title in data.features.items()]
        self.tiers = [PanelOption(tier.key, tier.title, False) for tier in data.tiers]

    def _show_done(self) -> None:
        self.action, self.asking, self.effects = "", False, []

    def _get_key(self, action: str) -> str:
        """Return the feature whose form is open, if it is this form."""
        name, _, key = self.action.partition(":")
        return key if name == action else ""


def _build_row(key: str, title: str, tiers: tuple[TierStatus, ...], switch: KillSwitchStatus | None) -> PanelFeatureRow:
    lowest = next((tier.title for tier in tiers if key in tier.features), None)
    is_essential = any(spec.key == key and spec.essential is not Essential.NO for spec in FEATURES.values())
    return PanelFeatureRow(
        key,
        title,
        texts.IN_NO_TIER if lowest is None else texts.format_tier(lowest),
        "" if switch is None else texts.format_switch(switch.reason, switch.by, panel_texts.format_moment(switch.at)),
        not is_essential,
    )
