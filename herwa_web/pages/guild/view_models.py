"""What the overview shows, as plain words and shares: answers of analytics become rows that a page only lays out."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from herwa_shared.analytics.intervals import happened
from herwa_shared.analytics.kpis import Kpi
from herwa_shared.analytics.metric_definitions import definition, measure_of
from herwa_shared.analytics.results import Cell, Metric, Ranked, Series
from herwa_shared.charts.axes import called
from herwa_shared.charts.formatting import WEEKDAYS, exact, percent, short
from herwa_shared.charts.web_figure import sparkline
from herwa_shared.dashboard_query import View
from herwa_shared.services.channels import Place
from herwa_web.avatars import hue_of, initial_of
from herwa_web.pages.guild.links import with_channel, with_metric
from herwa_web.pages.guild.queries import Changes

NOTHING = "\N{EM DASH}"
SPARK = (100, 32)


@dataclass(frozen=True, slots=True)
class Change:
    """A change as text, and whether it is `good`, `bad` or neither for the server."""

    text: str = ""
    tone: str = ""


@dataclass(frozen=True, slots=True)
class KpiShown:
    """One cell of the strip."""

    title: str
    value: str
    change: str
    tone: str
    tip: str
    href: str
    chosen: bool
    counted: bool
    line: str
    area: str


@dataclass(frozen=True, slots=True)
class RowShown:
    """One line of a top list, its bar a share of the longest."""

    name: str
    value: str
    share: float
    change: str
    tone: str
    href: str = ""
    chosen: bool = False
    hue: int = 0
    initial: str = ""


@dataclass(frozen=True, slots=True)
class DayShown:
    """One weekday's 24 hours."""

    name: str
    short: str
    rest: str
    hours: list[int]


@dataclass(frozen=True, slots=True)
class PlaceShown:
    """A channel in the filter menu."""

    name: str
    within: str
    href: str
    voice: bool
    chosen: bool


def change_shown(grown: float | None, *, rising_is_good: bool | None = True) -> Change:
    """`▲ 12%`; empty where nothing can be said."""
    if grown is None:
        return Change()
    if abs(grown) < 0.0005:
        return Change("as before")
    tone = "" if rising_is_good is None else "good" if (grown > 0) == rising_is_good else "bad"
    return Change(f"{'▲' if grown > 0 else '▼'} {percent(grown)}", tone)


def kpi_shown(kpi: Kpi, view: View, why_not: Mapping[Metric, str]) -> KpiShown:
    """A cell; where nothing was counted its tip says why."""
    change = change_shown(kpi.change, rising_is_good=kpi.rising_is_good)
    line, area = sparkline(kpi.points, width=SPARK[0], height=SPARK[1])
    missing = why_not.get(kpi.metric, "Nothing was counted in this period.") if kpi.total is None else ""
    before = f"\nBefore: {exact(kpi.earlier)}" if kpi.earlier is not None and kpi.change is not None else ""
    value = NOTHING if kpi.total is None else short(kpi.total)
    return KpiShown(
        title=measure_of(kpi.metric).title,
        value=value,
        change=change.text,
        tone=change.tone,
        tip=f"{definition(kpi.metric)}{before}" + (f"\n{missing}" if missing else ""),
        href=with_metric(view, kpi.metric),
        chosen=kpi.metric is view.metric,
        counted=kpi.total is not None,
        line=line,
        area=area,
    )


def channel_rows(items: Sequence[Ranked], changes: Changes | None, view: View) -> list[RowShown]:
    """Channels; each leads to the view narrowed to it, the chosen one back."""
    top = max((item.value for item in items), default=0) or 1
    rows = []
    for item in items:
        change, chosen = _change_of(item, changes), item.id == view.channel_id
        rows.append(
            RowShown(
                name=item.name or f"deleted channel {item.id}",
                value=exact(item.value),
                share=round(item.value / top, 4),
                change=change.text,
                tone=change.tone,
                href=with_channel(view, None if chosen else item.id),
                chosen=chosen,
            )
        )
    return rows


def member_rows(items: Sequence[Ranked], changes: Changes | None) -> list[RowShown]:
    """Members, each with a colour and an initial."""
    top = max((item.value for item in items), default=0) or 1
    rows = []
    for item in items:
        change, name = _change_of(item, changes), item.name or f"member {item.id}"
        rows.append(
            RowShown(
                name=name,
                value=exact(item.value),
                share=round(item.value / top, 4),
                change=change.text,
                tone=change.tone,
                hue=hue_of(item.id),
                initial=initial_of(name),
            )
        )
    return rows


def week_shown(cells: Sequence[Cell]) -> list[DayShown]:
    """Seven days of 24 values, Monday first."""
    by_day: list[list[int]] = [[0] * 24 for _ in WEEKDAYS]
    for cell in cells:
        by_day[cell.weekday - 1][cell.hour] = cell.value
    return [DayShown(name, name[:3], name[3:], hours) for name, hours in zip(WEEKDAYS, by_day, strict=True)]


def places_shown(places: Sequence[Place], view: View) -> list[PlaceShown]:
    """Every channel that the view can be narrowed to."""
    return [
        PlaceShown(
            place.name, place.within or "", with_channel(view, place.id), place.is_voice, place.id == view.channel_id
        )
        for place in places
    ]


def table_shown(series: Series, compare: Series | None, view: View) -> list[list[str]]:
    """The points as rows of text: interval, value, and what was before."""
    points = happened(series, view.now)
    before = [point.value for point in compare.points] if compare else []
    rows = [[called(point, series), _told(point.value) + (" *" if point.partial else "")] for point in points]
    for at, row in enumerate(rows):
        if compare is not None:
            row.append(_told(before[at]) if at < len(before) else "")
    return rows


def _change_of(item: Ranked, changes: Changes | None) -> Change:
    if changes is None or item.id not in changes:
        return Change()
    grown = changes[item.id]
    return Change("new") if grown is None else change_shown(grown)


def _told(value: int | None) -> str:
    return "not counted" if value is None else exact(value)
