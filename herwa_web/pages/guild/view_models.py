"""What the overview shows, as plain words and shares: answers of analytics become rows that a page only lays out."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from herwa_shared.analytics.intervals import list_started_points
from herwa_shared.analytics.kpis import Kpi
from herwa_shared.analytics.metric_definitions import describe_metric, get_definition
from herwa_shared.analytics.results import HeatmapCell, Metric, RankedItem, TimeSeries
from herwa_shared.charts.axes import format_interval
from herwa_shared.charts.formatting import WEEKDAYS, format_int, format_int_short, format_percent
from herwa_shared.charts.web_figure import build_sparkline_paths
from herwa_shared.dashboard_query import DashboardQuery
from herwa_shared.services.channels import ChannelInfo
from herwa_web.avatars import get_hue, get_initial
from herwa_web.pages.guild.links import link_to_channel, link_to_metric
from herwa_web.pages.guild.queries import ChangesById

EMPTY_VALUE = "\N{EM DASH}"
SPARKLINE_SIZE = (100, 32)


@dataclass(frozen=True, slots=True)
class ChangeLabel:
    """A change as text, and whether it is `good`, `bad` or neither for the server."""

    text: str = ""
    tone: str = ""


@dataclass(frozen=True, slots=True)
class KpiView:
    """One cell of the strip."""

    title: str
    value: str
    change: str
    tone: str
    tip: str
    href: str
    selected: bool
    has_data: bool
    line: str
    area: str


@dataclass(frozen=True, slots=True)
class RowView:
    """One line of a top list, its bar a share of the longest."""

    name: str
    value: str
    share: float
    change: str
    tone: str
    href: str = ""
    selected: bool = False
    hue: int = 0
    initial: str = ""


@dataclass(frozen=True, slots=True)
class WeekdayView:
    """One weekday's 24 hours."""

    name: str
    short_name: str
    name_rest: str
    hours: list[int]


@dataclass(frozen=True, slots=True)
class ChannelView:
    """A channel in the filter menu."""

    name: str
    category: str
    href: str
    is_voice: bool
    selected: bool


def format_change(ratio: float | None, *, rising_is_good: bool | None = True) -> ChangeLabel:
    """`▲ 12%`; empty where nothing can be said."""
    if ratio is None:
        return ChangeLabel()
    if abs(ratio) < 0.0005:
        return ChangeLabel("as before")
    tone = "" if rising_is_good is None else "good" if (ratio > 0) == rising_is_good else "bad"
    return ChangeLabel(f"{'▲' if ratio > 0 else '▼'} {format_percent(ratio)}", tone)


def build_kpi_view(kpi: Kpi, view: DashboardQuery, missing_reasons: Mapping[Metric, str]) -> KpiView:
    """A cell; where nothing was counted its tip says why."""
    change = format_change(kpi.change, rising_is_good=kpi.rising_is_good)
    line, area = build_sparkline_paths(kpi.points, width=SPARKLINE_SIZE[0], height=SPARKLINE_SIZE[1])
    missing_reason = missing_reasons.get(kpi.metric, "Nothing was counted in this period.") if kpi.total is None else ""
    previous_text = (
        f"\nBefore: {format_int(kpi.comparison_total)}"
        if kpi.comparison_total is not None and kpi.change is not None
        else ""
    )
    value = EMPTY_VALUE if kpi.total is None else format_int_short(kpi.total)
    return KpiView(
        title=get_definition(kpi.metric).title,
        value=value,
        change=change.text,
        tone=change.tone,
        tip=f"{describe_metric(kpi.metric)}{previous_text}" + (f"\n{missing_reason}" if missing_reason else ""),
        href=link_to_metric(view, kpi.metric),
        selected=kpi.metric is view.metric,
        has_data=kpi.total is not None,
        line=line,
        area=area,
    )


def build_channel_rows(items: Sequence[RankedItem], changes: ChangesById | None, view: DashboardQuery) -> list[RowView]:
    """Channels; each leads to the view narrowed to it, the chosen one back."""
    max_value = max((item.value for item in items), default=0) or 1
    rows = []
    for item in items:
        change, selected = _format_item_change(item, changes), item.id == view.channel_id
        rows.append(
            RowView(
                name=item.name or f"deleted channel {item.id}",
                value=format_int(item.value),
                share=round(item.value / max_value, 4),
                change=change.text,
                tone=change.tone,
                href=link_to_channel(view, None if selected else item.id),
                selected=selected,
            )
        )
    return rows


def build_member_rows(items: Sequence[RankedItem], changes: ChangesById | None) -> list[RowView]:
    """Members, each with a colour and an initial."""
    max_value = max((item.value for item in items), default=0) or 1
    rows = []
    for item in items:
        change, name = _format_item_change(item, changes), item.name or f"member {item.id}"
        rows.append(
            RowView(
                name=name,
                value=format_int(item.value),
                share=round(item.value / max_value, 4),
                change=change.text,
                tone=change.tone,
                hue=get_hue(item.id),
                initial=get_initial(name),
            )
        )
    return rows


def build_weekday_views(cells: Sequence[HeatmapCell]) -> list[WeekdayView]:
    """Seven days of 24 values, Monday first."""
    by_day: list[list[int]] = [[0] * 24 for _ in WEEKDAYS]
    for cell in cells:
        by_day[cell.weekday - 1][cell.hour] = cell.value
    return [WeekdayView(name, name[:3], name[3:], hours) for name, hours in zip(WEEKDAYS, by_day, strict=True)]


def build_channel_views(channels: Sequence[ChannelInfo], view: DashboardQuery) -> list[ChannelView]:
    """Every channel that the view can be narrowed to."""
    return [
        ChannelView(
            channel.name,
            channel.category or "",
            link_to_channel(view, channel.id),
            channel.is_voice,
            channel.id == view.channel_id,
        )
        for channel in channels
    ]


def build_table(series: TimeSeries, comparison: TimeSeries | None, view: DashboardQuery) -> list[list[str]]:
    """The points as rows of text: interval, value, and what was before."""
    points = list_started_points(series, view.now)
    previous_values = [point.value for point in comparison.points] if comparison else []
    rows = [
        [format_interval(point, series), _format_value(point.value) + (" *" if point.partial else "")]
        for point in points
    ]
    for index, row in enumerate(rows):
        if comparison is not None:
            row.append(_format_value(previous_values[index]) if index < len(previous_values) else "")
    return rows


def _format_item_change(item: RankedItem, changes: ChangesById | None) -> ChangeLabel:
    if changes is None or item.id not in changes:
        return ChangeLabel()
    ratio = changes[item.id]
    return ChangeLabel("new") if ratio is None else format_change(ratio)


def _format_value(value: int | None) -> str:
    return "not counted" if value is None else format_int(value)
