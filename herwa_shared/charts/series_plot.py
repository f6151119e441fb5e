"""What a chart of a time series shows and where, computed once for the page and for the picture.

The two figures differ only in style: that of the page has no colors, that of the picture a header and labels.
"""

from dataclasses import dataclass
from datetime import datetime

from herwa_shared.analytics.compared_series import ComparedSeries
from herwa_shared.analytics.intervals import INTERVAL_WIDTHS
from herwa_shared.analytics.metric_definitions import get_definition
from herwa_shared.analytics.results import Point, TimeSeries
from herwa_shared.charts.axes import (
    MIN_LABELED_GAP_SHARE,
    build_count_ticks,
    build_duration_ticks,
    get_axis_max,
    list_gaps,
    list_x_positions,
)
from herwa_shared.charts.series_lines import SeriesLines, build_series_lines


@dataclass(frozen=True, slots=True)
class GapBand:
    """The band over intervals without data. It has a label if it is wide enough and not the entire chart."""

    start: datetime
    end: datetime
    is_labeled: bool


@dataclass(frozen=True, slots=True)
class SeriesPlot:
    """A series as it is drawn: its lines, the comparison below them, the axes and the bands.

    `comparison` is None if it has no data at all. `base_points` are its points, each at the x position of the point of
    the series with the same index. Times are positions on the x axis: naive local times.
    """

    series: TimeSeries
    lines: SeriesLines
    comparison: TimeSeries | None
    base_points: tuple[Point, ...]
    base_times: list[datetime]
    x_range: tuple[datetime, datetime]
    y_max: float
    y_ticks: list[int]
    bands: list[GapBand]


def build_series_plot(compared: ComparedSeries) -> SeriesPlot:
    """Build the plot of a series and its comparison, with a y axis that starts at zero."""
    series, comparison = compared.series, compared.comparison if compared.has_base_data else None
    lines = build_series_lines(series)
    base_points = tuple(comparison.points[: len(lines.times)]) if comparison else ()
    peak = max((point.value or 0 for point in (*lines.points, *base_points)), default=0)
    x_range = _compute_x_range(series, lines.times)
    build_ticks = build_duration_ticks if get_definition(series.metric).is_in_seconds else build_count_ticks
    return SeriesPlot(
        series=series,
        lines=lines,
        comparison=comparison,
        base_points=base_points,
        base_times=list_x_positions(comparison)[: len(base_points)] if comparison else [],
        x_range=x_range,
        y_max=get_axis_max(peak),
        y_ticks=build_ticks(peak),
        bands=_build_bands(series, lines, x_range),
    )


def _compute_x_range(series: TimeSeries, times: list[datetime]) -> tuple[datetime, datetime]:
    """Return the ends of the x axis: the first and the last interval, or both sides of a single one."""
    if len(times) > 1:
        return times[0], times[-1]
    middle = times[0] if times else series.start.astimezone(series.zone).replace(tzinfo=None)
    half_width = INTERVAL_WIDTHS[series.interval] / 2
    return middle - half_width, middle + half_width


def _build_bands(series: TimeSeries, lines: SeriesLines, x_range: tuple[datetime, datetime]) -> list[GapBand]:
    half_width, bands = INTERVAL_WIDTHS[series.interval] / 2, []
    for first, last in list_gaps(lines.points):
        start, end = max(lines.times[first] - half_width, x_range[0]), min(lines.times[last] + half_width, x_range[1])
        is_wide = (end - start) / (x_range[1] - x_range[0]) >= MIN_LABELED_GAP_SHARE
        bands.append(GapBand(start, end, is_wide and last - first + 1 < len(lines.points)))
    return bands
