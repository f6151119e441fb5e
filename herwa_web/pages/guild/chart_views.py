"""The chart's legend, its points as a table, and what it is compared with."""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from itertools import zip_longest

from herwa_shared.analytics.compared_series import ComparedSeries
from herwa_shared.analytics.results import Interval, Point, PointStatus, TimeSeries
from herwa_shared.charts.axes import format_interval
from herwa_shared.charts.formatting import format_period, format_recent_day, format_recent_period
from herwa_shared.charts.series_lines import build_series_lines
from herwa_shared.charts.text.metric_phrases import format_value
from herwa_shared.charts.text.series_texts import (
    ESTIMATE,
    ESTIMATED_COMPARISON,
    ESTIMATED_GROWTH,
    NO_DATA,
    PARTIAL,
    SO_FAR,
    describe_incomplete_point,
)
from herwa_shared.dashboard_params import ComparisonMode
from herwa_shared.dashboard_query import DashboardQuery
from herwa_web import texts
from herwa_web.pages.guild.links import link_to_zoom


class LegendMark(StrEnum):
    """How a part of the chart looks. The values are CSS classes."""

    LINE = "line"
    COMPARISON = "faint"
    DOTTED = "dotted"
    HOLLOW = "hollow"
    GAP = "gap"
    FUTURE = "upcoming"


@dataclass(frozen=True, slots=True)
class LegendEntry:
    """One entry of the chart's legend. `mark` is a `LegendMark`."""

    mark: str
    label: str


@dataclass(frozen=True, slots=True)
class PointRow:
    """One row of the table of points. `href` zooms into the interval; empty for an hour."""

    label: str
    value: str
    previous: str = ""
    href: str = ""
    href_label: str = ""


def build_legend(compared: ComparedSeries, view: DashboardQuery, range_title: str) -> list[LegendEntry]:
    """Build the entries for what the chart contains: lines, incomplete, missing and future intervals."""
    points, lines = compared.series.points, build_series_lines(compared.series)
    incomplete_points = [lines.points[index] for index in lines.incomplete_indexes]
    entries = [
        (LegendMark.LINE, range_title, True),
        (LegendMark.COMPARISON, format_comparison_period(compared, view), compared.has_base_data),
        (LegendMark.DOTTED, SO_FAR, any(point.status is PointStatus.CURRENT for point in incomplete_points)),
        (LegendMark.DOTTED, PARTIAL, any(point.status is not PointStatus.CURRENT for point in incomplete_points)),
        (LegendMark.DOTTED, ESTIMATED_GROWTH, compared.series.has_estimates),
        (LegendMark.HOLLOW, texts.PARTLY_RECORDED, bool(lines.hollow_indexes)),
        (LegendMark.GAP, NO_DATA, any(point.status is PointStatus.NO_DATA for point in points)),
        (LegendMark.FUTURE, texts.UPCOMING, any(point.status is PointStatus.FUTURE for point in points)),
    ]
    return [LegendEntry(mark, label) for mark, label, is_shown in entries if is_shown]


def format_comparison_period(compared: ComparedSeries, view: DashboardQuery) -> str:
    """Format the days of the comparison window, and whether its values are estimates; empty without one."""
    comparison = compared.comparison
    if comparison is None:
        return ""
    period = format_period(comparison.start, comparison.end, view.zone)
    return f"{period} ({ESTIMATE})" if comparison.has_estimates else period


def describe_comparison_problem(compared: ComparedSeries, view: DashboardQuery) -> str:
    """Say why nothing, or no change, is compared; empty if all is compared, or if there is nothing to compare."""
    if view.comparison_mode is ComparisonMode.OFF or not compared.series.recorded_points:
        return ""
    comparison = compared.comparison
    if comparison is not None and comparison.is_estimated:
        return ESTIMATED_COMPARISON
    if comparison is None or (view.data_start is not None and comparison.end <= view.data_start):
        return _describe_data_start(view)
    if not compared.has_base_data:
        period = format_recent_period(comparison.start, comparison.end, view.zone, view.now)
        return texts.describe_uncounted_comparison(period)
    return texts.INCOMPLETE_COMPARISON if compared.change is None else ""


def build_table(compared: ComparedSeries, view: DashboardQuery) -> list[PointRow]:
    """Format the points that have begun as table rows, beside those of the comparison."""
    series = compared.series
    base_points = _iterate_base_values(compared)
    return [
        PointRow(
            label=format_interval(point, series),
            value=_format_value(point, series),
            previous=previous or "",
            href="" if series.interval is Interval.HOUR else link_to_zoom(view, point.start, point.end),
            href_label=texts.describe_zoom(format_interval(point, series)),
        )
        for point, previous in zip_longest(series.started_points, base_points)
        if point is not None
    ]


def _describe_data_start(view: DashboardQuery) -> str:
    if view.data_start is None:
        return f"{texts.NOTHING_TO_COMPARE}."
    return texts.describe_missing_comparison(format_recent_day(view.data_start, view.zone, view.now))


def _iterate_base_values(compared: ComparedSeries) -> Iterator[str]:
    if compared.comparison is not None:
        for point in compared.comparison.started_points[: len(compared.series.started_points)]:
            text = NO_DATA if point.value is None else format_value(point.value, compared.series.metric)
            yield f"{text} ({ESTIMATE})" if point.status is PointStatus.ESTIMATED else text


def _format_value(point: Point, series: TimeSeries) -> str:
    text = NO_DATA if point.value is None else format_value(point.value, series.metric)
    note = describe_incomplete_point(point, series)
    return f"{text} ({note})" if note else text
