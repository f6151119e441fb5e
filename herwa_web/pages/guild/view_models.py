"""View models of the overview: query results as formatted text, shares and links."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace

from herwa_shared.analytics.comparison import Change
from herwa_shared.analytics.kpis import Kpi
from herwa_shared.analytics.metric_definitions import Metric, describe_metric, get_definition
from herwa_shared.analytics.results import HeatmapCell, PointStatus, RankedItem
from herwa_shared.charts.formatting import WEEKDAYS, format_int, format_period
from herwa_shared.charts.sparkline import build_sparkline_paths
from herwa_shared.charts.text.changes import format_change
from herwa_shared.charts.text.metric_phrases import format_value, format_value_short
from herwa_shared.charts.text.series_texts import ESTIMATE, ESTIMATED_TOTAL, NO_DATA, NO_DATA_IN_PERIOD
from herwa_shared.clickhouse.pseudonyms import FIRST_PSEUDONYM
from herwa_shared.dashboard_query import DashboardQuery
from herwa_shared.services.channels import ChannelInfo
from herwa_web import texts
from herwa_web.avatars import get_hue, get_initial
from herwa_web.pages.guild import tile_texts
from herwa_web.pages.guild.channel_views import describe_place
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
    """One cell of the KPI strip, or of the row below it. Without data, `change` says why there is none."""

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
    """One row of a ranking. `share` (0 to 1) is the length of its bar: value divided by maximum.

    `kind` and `place` are those of a channel, see `ChannelView`. `mark` says that it no longer exists. `tip` gives the
    number that the value is compared with, and the id if there is no name.
    """

    name: str
    value: str
    share: float
    change: str
    tone: str
    tip: str
    mark: str = ""
    kind: str = ""
    place: str = ""
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


def build_change_label(
    change: Change | None, metric: Metric = Metric.MESSAGES, *, rising_is_good: bool | None = True
) -> ChangeLabel:
    """Format a change, such as `▲ 12%`; empty if it is unknown.

    A difference has the unit of the metric. `rising_is_good` is None for a metric whose rise is neither good nor bad.
    """
    is_good = change and change.is_good(rising_is_good=rising_is_good)
    return ChangeLabel(format_change(change, metric), "" if is_good is None else "good" if is_good else "bad")


def build_kpi_view(kpi: Kpi, view: DashboardQuery, missing_reasons: Mapping[Metric, str]) -> KpiView:
    """Build a KPI cell. Without data its tooltip gives the reason, from `missing_reasons`."""
    definition, has_data = get_definition(kpi.metric), kpi.total is not None
    change = build_change_label(kpi.change, kpi.metric, rising_is_good=kpi.rising_is_good)
    tip_lines = [describe_metric(kpi.metric)]
    if view.channel_id is not None and not definition.supports_channels:
        change = ChangeLabel(texts.SERVER_WIDE_ONLY)
    elif not has_data:
        change = ChangeLabel(NO_DATA)
        tip_lines.append(missing_reasons.get(kpi.metric, f"{NO_DATA_IN_PERIOD}."))
    elif kpi.is_estimated:
        change = ChangeLabel(ESTIMATE)
        tip_lines.append(ESTIMATED_TOTAL)
    elif kpi.change is not None:
        tip_lines.append(texts.describe_base(format_value(kpi.change.base, kpi.metric), format_base_label(view)))
    if kpi.long_wait is not None:
        tip_lines.insert(1, tile_texts.describe_long_wait(format_value(kpi.long_wait, kpi.metric)))
    line, area = build_sparkline_paths(kpi.values, width=SPARKLINE_SIZE[0], height=SPARKLINE_SIZE[1])
    return KpiView(
        label=definition.title,
        value=EMPTY_VALUE if kpi.total is None else format_value_short(kpi.total, kpi.metric),
        change=change.text,
        tone=change.tone,
        tip="\n".join(tip_lines),
        href=link_to_metric(view, kpi.metric),
        selected=kpi.metric is view.metric,
        has_data=has_data,
        line=line,
        area=area,
    )


def format_base_label(view: DashboardQuery) -> str:
    """Name the window that the view is compared with."""
    comparison = view.custom_comparison
    period = format_period(comparison.start, comparison.end, view.zone) if comparison else ""
    return texts.format_base_label(view.comparison_mode, period, is_running=view.date_range.end > view.now)


def build_channel_rows(
    items: Sequence[RankedItem],
    changes: ChangesById | None,
    view: DashboardQuery,
    channels: Mapping[int, ChannelInfo],
) -> list[RowView]:
    """Build the rows of channels.

    Each links to the view filtered by it; the selected channel links to the unfiltered view.
    """
    rows = _build_rows(items, changes, view, unknown_name=texts.UNKNOWN_CHANNEL)
    for index, item in enumerate(items):
        channel, selected = channels.get(item.id), item.id == view.channel_id
        rows[index] = replace(
            rows[index],
            kind=channel.kind if channel else "",
            place=describe_place(channel) if channel else "",
            mark=texts.DELETED if channel and channel.is_deleted else "",
            href=link_to_channel(view, None if selected else item.id) if channel else "",
            selected=selected,
        )
    return rows


def build_member_rows(
    items: Sequence[RankedItem],
    changes: ChangesById | None,
    view: DashboardQuery,
    departed_members: Collection[int] = (),
) -> list[RowView]:
    """Build the rows of members, each with the color and initial of its avatar. They are no links.

    A pseudonym has no name: it is a member who left, or the activity of a member before 13 months.
    """
    rows = []
    for item, row in zip(items, _build_rows(items, changes, view, unknown_name=texts.UNKNOWN_MEMBER), strict=True):
        is_unnamed = item.id >= FIRST_PSEUDONYM
        name = tile_texts.UNNAMED_MEMBER if is_unnamed else row.name
        tip = row.tip.replace(texts.format_id(item.id), tile_texts.UNNAMED_MEMBER_REASON) if is_unnamed else row.tip
        mark = texts.LEFT_SERVER if item.id in departed_members else ""
        rows.append(replace(row, name=name, tip=tip, mark=mark, hue=get_hue(item.id), initial=get_initial(name)))
    return rows


def _build_rows(
    items: Sequence[RankedItem], changes: ChangesById | None, view: DashboardQuery, *, unknown_name: str
) -> list[RowView]:
    max_value = max((item.value for item in items), default=0) or 1
    rows = []
    for item in items:
        change = (changes or {}).get(item.id)
        label = ChangeLabel(texts.NEW_ROW) if change and change.base == 0 else build_change_label(change)
        tip_lines = [
            *([] if item.name else [texts.format_id(item.id)]),
            *([texts.describe_base(format_int(change.base), format_base_label(view))] if change else []),
        ]
        rows.append(
            RowView(
                name=item.name or unknown_name,
                value=format_int(item.value),
                share=round(item.value / max_value, 4),
                change=label.text,
                tone=label.tone,
                tip="\n".join(tip_lines),
            )
        )
    return rows


def build_weekday_views(cells: Sequence[HeatmapCell], *, week_start: int = 1) -> list[WeekdayView]:
    """Arrange the heatmap's cells as seven weekdays of 24 values; `week_start` is the ISO weekday of the first."""
    by_day: list[list[str]] = [[FUTURE_HOUR] * 24 for _ in WEEKDAYS]
    for cell in cells:
        text = str(cell.value) if cell.value is not None else FUTURE_HOUR
        by_day[cell.weekday - 1][cell.hour] = NO_DATA_HOUR if cell.status is PointStatus.NO_DATA else text
    days = [WeekdayView(name, name[:3], name[3:], hours) for name, hours in zip(WEEKDAYS, by_day, strict=True)]
    return days[week_start - 1 :] + days[: week_start - 1]
