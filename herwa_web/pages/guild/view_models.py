"""View models of the overview: query results as formatted text, shares and links."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from herwa_shared.analytics.compared_series import ComparedSeries
from herwa_shared.analytics.comparison import Change
from herwa_shared.analytics.kpis import Kpi
from herwa_shared.analytics.metric_definitions import Metric, describe_metric, get_definition
from herwa_shared.analytics.results import HeatmapCell, PointStatus, RankedItem
from herwa_shared.charts.axes import format_interval
from herwa_shared.charts.formatting import WEEKDAYS, format_int, format_int_short
from herwa_shared.charts.text.changes import format_change
from herwa_shared.charts.text.series_texts import NO_DATA, NO_DATA_IN_PERIOD, describe_incomplete_point
from herwa_shared.charts.web_figure import build_sparkline_paths
from herwa_shared.dashboard_query import DashboardQuery
from herwa_shared.services.channels import ChannelInfo
from herwa_web import texts
from herwa_web.avatars import get_hue, get_initial
from herwa_web.pages.guild.links import link_to_channel, link_to_metric
from herwa_web.pages.guild.queries import ChangesById

EMPTY_VALUE = "\N{EM DASH}"
NO_DATA_HOUR, FUTURE_HOUR = "-", ""
SPARKLINE_SIZE = (100, 32)


@dataclass(frozen=True, slots=True)
class ChangeLabel:
    """A relative change as text; `tone` is `good`, `bad` or empty."""

    text: str = ""
    tone: str = ""


@dataclass(frozen=True, slots=True)
class KpiView:
    """One cell of the KPI strip."""

    label: str
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
    """One row of a ranking. `share` (0 to 1) is the length of its bar: value divided by maximum."""

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
    """One row of the heatmap: the 24 hours of a weekday, each a number, `NO_DATA_HOUR` or `FUTURE_HOUR`."""

    name: str
    short_name: str
    name_rest: str
    hours: list[str]


@dataclass(frozen=True, slots=True)
class ChannelView:
    """A channel in the filter menu."""

    name: str
    category: str
    href: str
    is_voice: bool
    selected: bool


def build_change_label(change: Change | None, *, rising_is_good: bool | None = True) -> ChangeLabel:
    """Format a change, such as `▲ 12%`; empty if it is unknown.

    `rising_is_good` is None for a metric whose rise is neither good nor bad.
    """
    is_good = change and change.is_good(rising_is_good=rising_is_good)
    return ChangeLabel(format_change(change), "" if is_good is None else "good" if is_good else "bad")


def build_kpi_view(kpi: Kpi, view: DashboardQuery, missing_reasons: Mapping[Metric, str]) -> KpiView:
    """Build a KPI cell. Without data its tooltip gives the reason, from `missing_reasons`."""
    change = build_change_label(kpi.change, rising_is_good=kpi.rising_is_good)
    line, area = build_sparkline_paths(kpi.values, width=SPARKLINE_SIZE[0], height=SPARKLINE_SIZE[1])
    missing_reason = missing_reasons.get(kpi.metric, f"{NO_DATA_IN_PERIOD}.") if kpi.total is None else ""
    previous_text = "" if kpi.change is None else f"\n{texts.describe_base(kpi.change.base)}"
    value = EMPTY_VALUE if kpi.total is None else format_int_short(kpi.total)
    return KpiView(
        label=get_definition(kpi.metric).title,
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
    """Build the rows of channels.

    Each links to the view filtered by it; the selected channel links to the unfiltered view.
    """
    max_value = max((item.value for item in items), default=0) or 1
    rows = []
    for item in items:
        change, selected = _format_item_change(item, changes), item.id == view.channel_id
        rows.append(
            RowView(
                name=item.name or texts.format_unnamed_channel(item.id),
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
    """Build the rows of members, each with the color and initial of its avatar."""
    max_value = max((item.value for item in items), default=0) or 1
    rows = []
    for item in items:
        change, name = _format_item_change(item, changes), item.name or texts.format_unnamed_member(item.id)
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
    """Arrange the heatmap's cells as seven weekdays of 24 values, Monday first."""
    by_day: list[list[str]] = [[FUTURE_HOUR] * 24 for _ in WEEKDAYS]
    for cell in cells:
        text = str(cell.value) if cell.value is not None else FUTURE_HOUR
        by_day[cell.weekday - 1][cell.hour] = NO_DATA_HOUR if cell.status is PointStatus.NO_DATA else text
    return [WeekdayView(name, name[:3], name[3:], hours) for name, hours in zip(WEEKDAYS, by_day, strict=True)]


def build_channel_views(channels: Sequence[ChannelInfo], view: DashboardQuery) -> list[ChannelView]:
    """Build the options of the channel filter."""
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


def build_table(compared: ComparedSeries) -> list[list[str]]:
    """Format the points as table rows: interval, value, and the comparison value if any."""
    series, comparison = compared.series, compared.comparison
    previous_values = [point.value for point in comparison.points] if comparison else []
    rows = [
        [format_interval(point, series), _format_value(point.value, describe_incomplete_point(point, series))]
        for point in series.started_points
    ]
    for index, row in enumerate(rows):
        if comparison is not None:
            row.append(_format_value(previous_values[index]) if index < len(previous_values) else "")
    return rows


def _format_item_change(item: RankedItem, changes: ChangesById | None) -> ChangeLabel:
    if changes is None or item.id not in changes:
        return ChangeLabel()
    change = changes[item.id]
    return ChangeLabel(texts.NEW_ROW) if change.base == 0 else build_change_label(change)


def _format_value(value: int | None, note: str = "") -> str:
    text = NO_DATA if value is None else format_int(value)
    return f"{text} ({note})" if note else text
