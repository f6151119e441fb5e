"""State of the editor of tiers: a draft, its effect, save."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import reflex as rx
from sqlalchemy.ext.asyncio import AsyncSession

from herwa_shared.catalog import Limit, TierKey
from herwa_shared.clock import utc_now
from herwa_shared.errors import BadRequest, NotFound
from herwa_shared.operators.tier_editor import (
    INHERITED,
    LimitChoice,
    TierDraft,
    add_tier,
    count_servers_by_tier,
    preview_tier_change,
    remove_tier,
    save_tier,
)
from herwa_shared.services.audit import Actor
from herwa_shared.services.tiers import TierStatus, list_tiers, load_feature_titles
from herwa_web.pages.admin.panel_state import PanelPageState, get_text, parse_number
from herwa_web.pages.admin.server.texts import LIMIT_TITLES, format_limit
from herwa_web.pages.admin.servers.state import PanelOption
from herwa_web.pages.admin.tiers import texts
from herwa_web.panel import PANEL_URL

TIERS_URL = f"{PANEL_URL}/tiers"
FEATURE_PREFIX, LIMIT_PREFIX, INHERIT_PREFIX = "feature:", "limit:", "inherit:"


@dataclass(frozen=True, slots=True)
class FeatureBox:
    """A feature of the tier; `inherited`: it comes from another tier."""

    name: str
    label: str
    checked: bool
    inherited: bool


@dataclass(frozen=True, slots=True)
class LimitField:
    """A limit of the tier. `can_inherit`: there is a tier to inherit it from."""

    name: str
    inherit_name: str
    label: str
    value: str
    inherited: bool
    can_inherit: bool


@dataclass(frozen=True, slots=True)
class TierTab:
    """A tier in the row of tabs."""

    href: str
    label: str
    selected: bool


@dataclass(frozen=True, slots=True)
class TierView:
    """The tier that is edited. `others` are all tiers."""

    key: str = ""
    servers: str = ""
    sku: str = ""
    can_be_sold: bool = False
    can_delete: bool = False
    others: list[PanelOption] = field(default_factory=list)
    parents: list[PanelOption] = field(default_factory=list)
    features: list[FeatureBox] = field(default_factory=list)
    limits: list[LimitField] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class TiersData:
    """The data of the page. `servers` are counts by tier, `features` titles by key."""

    tiers: tuple[TierStatus, ...]
    selected: TierStatus
    servers: Mapping[str, int]
    features: Mapping[str, str]


class AdminTiersState(PanelPageState, rx.State):
    """State of the editor. While `asking`, the effect of the draft is shown, and the form waits behind it."""

    tabs: list[TierTab] = rx.field(default_factory=list)
    view: TierView = rx.field(default_factory=TierView)
    asking: bool = False
    effects: list[str] = rx.field(default_factory=list)
    _draft: TierDraft | None = None
    _reason: str = ""

    @rx.event(background=True, temporal=True)
    async def preview(self, form: dict[str, Any]) -> Any:
        """Show what the draft changes."""
        view, reason = self.view, get_text(form, "reason")
        found: list[str] = []
        drafts: list[TierDraft] = []

        async def change(session: AsyncSession, actor: Actor) -> None:
            draft = parse_draft(view, form)
            effects = await preview_tier_change(
                session, lambda inner: save_tier(inner, draft, reason=reason, actor=actor)
            )
            drafts.append(draft)
            found.extend(texts.format_effects(effects))

        result = await self._change(change, recent_login=True, done="")
        async with self:
            if drafts:
                self._draft, self._reason = drafts[0], reason
                self.asking, self.effects = True, found or [texts.NO_EFFECT]
        return result

    @rx.event(background=True, temporal=True)
    async def save(self) -> Any:
        """Save the draft whose effect is shown."""
        draft, reason = self._draft, self._reason

        async def change(session: AsyncSession, actor: Actor) -> None:
            if draft is None:
                raise NotFound
            await save_tier(session, draft, reason=reason, actor=actor)

        return await self._change(change, recent_login=True, done=texts.SAVED)

    @rx.event(background=True, temporal=True)
    async def create(self, form: dict[str, Any]) -> Any:
        """Create a tier and go to it."""
        key, created = get_text(form, "key"), []

        async def change(session: AsyncSession, actor: Actor) -> None:
            title, above, reason = (get_text(form, name) for name in ("title", "above", "reason"))
            await add_tier(session, key=key, title=title, above=above, reason=reason, actor=actor)
            created.append(key)

        result = await self._change(change, recent_login=True, done=texts.CREATED)
        return rx.redirect(f"{TIERS_URL}?tier={created[0]}") if created else result

    @rx.event(background=True, temporal=True)
    async def delete(self, form: dict[str, Any]) -> Any:
        """Delete the tier that is shown."""
        tier, reason = self.view.key, get_text(form, "reason")

        async def change(session: AsyncSession, actor: Actor) -> None:
            await remove_tier(session, tier=tier, reason=reason, actor=actor)

        return await self._change(change, recent_login=True, done=texts.DELETED)

    @rx.event(background=True, temporal=True)
    async def cancel(self) -> Any:
        """Go back to the form."""
        if await self._find_operator() is None:
            return
        async with self:
            self._forget_draft()

    async def _fetch(self, session: AsyncSession, url: Any) -> TiersData:
        tiers = await list_tiers(session)
        key = str(url.query_parameters.get("tier") or "")
        selected = next((tier for tier in tiers if tier.key == key), tiers[-1])
        servers = await count_servers_by_tier(session, now=utc_now())
        return TiersData(tiers, selected, servers, await load_feature_titles(session))

    def _present(self, data: TiersData) -> None:
        tier = data.selected
        self.tabs = [TierTab(f"{TIERS_URL}?tier={other.key}", other.title, other is tier) for other in data.tiers]
        if tier.key != self.view.key:
            self._forget_draft()
        self.view = build_tier_view(data)

    def _show_done(self) -> None:
        self._forget_draft()

    def _forget_draft(self) -> None:
        self.asking, self.effects, self._draft, self._reason = False, [], None, ""


def build_tier_view(data: TiersData) -> TierView:
    """Build the view of the tier that is edited."""
    tier = data.selected
    parent = next((other for other in data.tiers if other.key == tier.inherits), None)
    inherited = parent.features if parent else frozenset()
    return TierView(
        tier.key,
        texts.format_servers(data.servers.get(tier.key, 0)),
        "" if tier.sku_id is None else str(tier.sku_id),
        tier.key != TierKey.FREE,
        _is_unused(tier, data),
        [PanelOption(other.key, other.title, other is tier) for other in data.tiers],
        [PanelOption("", texts.NOTHING, tier.inherits is None)]
        + [
            PanelOption(other.key, other.title, other.key == tier.inherits)
            for other in data.tiers
            if other.key != tier.key
        ],
        [
            FeatureBox(f"{FEATURE_PREFIX}{key}", title, key in tier.features, key in inherited)
            for key, title in data.features.items()
        ],
        [_build_limit(limit, tier, parent) for limit in Limit],
    )


def _is_unused(tier: TierStatus, data: TiersData) -> bool:
    """Return whether the tier may be one that can be deleted; `delete_tier` knows also what was in the past."""
    is_parent = any(other.inherits == tier.key for other in data.tiers)
    return tier.key != TierKey.FREE and tier.sku_id is None and not data.servers.get(tier.key) and not is_parent


def parse_draft(view: TierView, form: Any) -> TierDraft:
    """Parse the form of the tier that is shown. Raises BadRequest for a limit or SKU that is no number."""
    inherits = get_text(form, "inherits")
    features = frozenset(
        box.name.removeprefix(FEATURE_PREFIX) for box in view.features if get_text(form, box.name) and not box.inherited
    )
    limits: dict[Limit, LimitChoice] = {}
    for entry in view.limits:
        limit = Limit(entry.name.removeprefix(LIMIT_PREFIX))
        text = get_text(form, entry.name)
        number = parse_number(text)
        if text and number is None:
            raise BadRequest(texts.INVALID_LIMIT, field=entry.name)
        limits[limit] = INHERITED if get_text(form, entry.inherit_name) else number
    sku = get_text(form, "sku")
    sku_id = parse_number(sku)
    if sku and sku_id is None:
        raise BadRequest(texts.INVALID_SKU, field="sku")
    return TierDraft(view.key, features, limits, inherits or None, sku_id)


def _build_limit(limit: Limit, tier: TierStatus, parent: TierStatus | None) -> LimitField:
    value = tier.limits.get(limit, 0)
    is_inherited = limit not in tier.own_limits
    return LimitField(
        f"{LIMIT_PREFIX}{limit.value}",
        f"{INHERIT_PREFIX}{limit.value}",
        f"{LIMIT_TITLES[limit]} ({format_limit(value)})",
        "" if value is None else str(value),
        is_inherited,
        parent is not None,
    )
