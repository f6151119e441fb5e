"""State of the overview of the operator's panel."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import reflex as rx
from sqlalchemy.ext.asyncio import AsyncSession

from herwa_shared.charts.formatting import format_int
from herwa_shared.charts.sparkline import build_sparkline_paths
from herwa_shared.operators.days import GrowthSteps
from herwa_shared.operators.overview import DayNumbers, PanelOverview, load_overview
from herwa_shared.services.tiers import list_tiers
from herwa_web.pages.admin import texts as panel_texts
from herwa_web.pages.admin.overview import texts
from herwa_web.pages.admin.panel_state import PanelPageState
from herwa_web.pages.admin.server.view_models import TextRow, build_log_row

MAX_PERCENT = 100
TILE_HEIGHT = 44


@dataclass(frozen=True, slots=True)
class PanelTile:
    """A number with its course: SVG paths in a box of 100 by `TILE_HEIGHT`."""

    label: str
    value: str
    note: str
    line: str
    area: str


@dataclass(frozen=True, slots=True)
class ShareBar:
    """A bar: its length in percent of the longest."""

    label: str
    text: str
    percent: int


@dataclass(frozen=True, slots=True)
class GrowthView:
    """The steps of servers from one source."""

    label: str
    steps: list[ShareBar] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class PanelOverviewView:
    """The overview; without numbers before they have been counted once."""

    counted: str = ""
    tiles: list[PanelTile] = field(default_factory=list)
    tiers: list[ShareBar] = field(default_factory=list)
    growth: list[GrowthView] = field(default_factory=list)
    acts: list[TextRow] = field(default_factory=list)


class AdminOverviewState(PanelPageState, rx.State):
    """State of the overview."""

    view: PanelOverviewView = rx.field(default_factory=PanelOverviewView)

    async def _fetch(self, session: AsyncSession, _url: Any) -> tuple[PanelOverview, Mapping[str, str]]:
        titles = {tier.key: tier.title for tier in await list_tiers(session)}
        return await load_overview(session), titles

    def _present(self, data: tuple[PanelOverview, Mapping[str, str]]) -> None:
        self.view = build_overview(*data)


def build_overview(overview: PanelOverview, tier_titles: Mapping[str, str]) -> PanelOverviewView:
    """Build the view."""
    acts = [build_log_row(entry) for entry in overview.acts]
    if overview.today is None or overview.refreshed_at is None:
        return PanelOverviewView(acts=acts)
    tiers = {tier_titles.get(key, key): overview.tiers.get(key, 0) for key in tier_titles}
    return PanelOverviewView(
        texts.format_counted(panel_texts.format_moment(overview.refreshed_at)),
        _build_tiles(overview.days),
        [
            ShareBar(title, texts.format_servers(count), _get_percent(count, sum(tiers.values())))
            for title, count in tiers.items()
        ],
        [_build_growth(steps) for steps in overview.growth],
        acts,
    )


def _build_tiles(days: Sequence[DayNumbers]) -> list[PanelTile]:
    today = days[-1]
    added = texts.format_added(today.added, today.removed)
    return [
        _build_tile(texts.SERVERS, days, lambda day: day.servers, note=added),
        _build_tile(texts.MEMBERS, days, lambda day: day.members),
        _build_tile(texts.EVENTS, days, lambda day: day.events),
        _build_tile(texts.COMMANDS, days, lambda day: day.commands),
        _build_tile(texts.REFUSED, days, lambda day: day.refused),
    ]


def _build_tile(
    label: str, days: Sequence[DayNumbers], read: Callable[[DayNumbers], int | None], *, note: str = ""
) -> PanelTile:
    values = [read(day) for day in days]
    earlier = values[-2] if len(values) > 1 else None
    detail = note or (texts.FIRST_DAY if earlier is None else texts.format_yesterday(earlier))
    return PanelTile(label, format_int(values[-1] or 0), detail, *build_sparkline_paths(values, height=TILE_HEIGHT))


def _build_growth(steps: GrowthSteps) -> GrowthView:
    return GrowthView(
        texts.SOURCES.get(steps.source, steps.source),
        [
            ShareBar(texts.INSTALLED, format_int(steps.installed), MAX_PERCENT),
            ShareBar(
                texts.WITH_NUMBERS,
                texts.format_share(steps.with_numbers, steps.installed),
                _get_percent(steps.with_numbers, steps.installed),
            ),
            ShareBar(
                texts.ACTIVE_LATER,
                texts.format_share(steps.active_later, steps.old_enough) if steps.old_enough else texts.NOT_OLD_ENOUGH,
                _get_percent(steps.active_later, steps.old_enough),
            ),
        ],
    )


def _get_percent(count: int, total: int) -> int:
    return round(MAX_PERCENT * count / total) if total else 0
