"""The time series figure for the browser: small and without colors.

It follows the same rules as `build_timeseries_figure`, for a chart that can be zoomed and hovered. Colors come from a
Plotly template in the page, by the index of a trace in `data`, so that one figure serves the light and the dark theme.
Regular x positions are sent as a start and a step. Sparklines are SVG paths.
"""

from collections.abc import Iterator, Sequence
from datetime import datetime
from enum import IntEnum
from typing import Any

from herwa_shared.analytics.intervals import INTERVAL_WIDTHS, get_interval_end, list_started_points
from herwa_shared.analytics.results import Interval, Point, TimeSeries
from herwa_shared.charts.axes import (
    MIN_LABELED_GAP_SHARE,
    build_count_ticks,
    get_axis_max,
    is_isolated,
    list_gaps,
    list_x_positions,
)
from herwa_shared.charts.formatting import format_percent, format_si
from herwa_shared.charts.layout import Figure, escape_text
from herwa_shared.charts.text.metric_phrases import get_metric_phrases

_HOVER_FORMATS = {
    Interval.HOUR: "%a, %b %-d, %H:%M",
    Interval.DAY: "%A, %b %-d, %Y",
    Interval.WEEK: "Week of %b %-d, %Y",
    Interval.MONTH: "%B %Y",
}
_COMPARISON_HOVER_FORMATS = {**_HOVER_FORMATS, Interval.DAY: "%a, %b %-d, %Y"}
_THIN_LINE_MIN_POINTS = 200


class Layer(IntEnum):
    """The index of each trace.

    All traces are always present, in this order, because the template colors them by index.
    """

    LINE = 0
    RUNNING = 1
    FILLED_MARKERS = 2
    HOLLOW_MARKERS = 3
    COMPARISON = 4


def build_web_figure(
    series: TimeSeries, *, comparison: TimeSeries | None = None, now: datetime | None = None, revision: str = ""
) -> Figure:
    """Build the figure of a series for the browser.

    `revision` is Plotly's `uirevision`: the zoom is kept between figures with the same value.
    """
    times = list_x_positions(series)
    points = list_started_points(series, now)
    values = [point.value for point in points]
    comparison_values = [point.value for point in comparison.points[: len(times)]] if comparison else []
    is_running = bool(points) and now is not None and now < get_interval_end(points[-1], series)
    solid_values = [*values[:-1], None] if is_running else values
    peak = max((value or 0 for value in (*values, *comparison_values)), default=0)
    hollow_indexes = [
        index for index, point in enumerate(points) if point.partial and not (is_running and index == len(points) - 1)
    ]
    isolated_indexes = [
        index for index in range(len(solid_values)) if is_isolated(solid_values, index) and index not in hollow_indexes
    ]
    data: list[Figure] = [{}] * len(Layer)
    data[Layer.LINE] = _build_line_trace(series, times, solid_values, comparison_values)
    data[Layer.RUNNING] = _build_running_trace(times, values, is_running=is_running)
    data[Layer.FILLED_MARKERS] = _build_marker_trace(times, values, isolated_indexes)
    data[Layer.HOLLOW_MARKERS] = _build_marker_trace(times, values, hollow_indexes)
    data[Layer.COMPARISON] = _build_comparison_trace(series, comparison, times, comparison_values)
    return {"data": data, "layout": _build_layout(series, times, points, peak, revision)}


def build_sparkline_paths(values: Sequence[int | None], *, width: int = 100, height: int = 32) -> tuple[str, str]:
    """Build the SVG paths of the line and of the area below it.

    The paths fit into a box of `width` by `height`. Gaps interrupt both.
    """
    peak = max((value or 0 for value in values), default=0) or 1
    step = width / max(len(values) - 1, 1)
    line: list[str] = []
    area: list[str] = []
    for run in _iterate_runs(values):
        coordinates = [f"{index * step:.1f},{height - (values[index] or 0) / peak * height:.1f}" for index in run]
        if len(coordinates) == 1:
            coordinates.append(f"{run[0] * step + 0.1:.1f},{coordinates[0].split(',')[1]}")
        line.append("M" + "L".join(coordinates))
        area.append(
            f"M{coordinates[0].split(',')[0]},{height}L{'L'.join(coordinates)}L{coordinates[-1].split(',')[0]},{height}Z"
        )
    return "".join(line), "".join(area)


def _build_line_trace(
    series: TimeSeries,
    times: Sequence[datetime],
    solid_values: Sequence[int | None],
    comparison_values: Sequence[int | None],
) -> Figure:
    trace: Figure = {
        "type": "scatter",
        "mode": "lines",
        **_build_x_positions(series, times, len(solid_values)),
        "y": list(solid_values),
        "hovertemplate": f"<b>%{{y:,}}</b> {escape_text(get_metric_phrases(series.metric).plural)}<extra></extra>",
        "line": {"width": 1.6 if len(solid_values) > _THIN_LINE_MIN_POINTS else 2.2},
    }
    if any(value is not None for value in comparison_values):
        trace["customdata"] = [
            _format_relative_change(current_value, comparison_value)
            for current_value, comparison_value in zip(solid_values, _pad_with_none(comparison_values), strict=False)
        ]
        trace["hovertemplate"] = trace["hovertemplate"].replace("<extra>", "%{customdata}<extra>")
    return trace


def _build_running_trace(times: Sequence[datetime], values: Sequence[int | None], *, is_running: bool) -> Figure:
    """Build the dotted line from the last finished point to the running interval.

    The trace is empty if no interval is running.
    """
    ends = slice(max(len(values) - 2, 0), len(values)) if is_running else slice(0)
    running_values = list(values[ends])
    return {
        "type": "scatter",
        "mode": "lines+markers",
        "x": [time.isoformat() for time in times[ends]],
        "y": running_values,
        "marker": {"size": [0, 7][-len(running_values) :] if running_values else []},
        "hovertemplate": "<b>%{y:,}</b> so far<extra></extra>",
        "hoverinfo": ["skip", "all"][-len(running_values) :] if running_values else "skip",
    }


def _build_marker_trace(times: Sequence[datetime], values: Sequence[int | None], indexes: Sequence[int]) -> Figure:
    return {
        "type": "scatter",
        "mode": "markers",
        "x": [times[index].isoformat() for index in indexes],
        "y": [values[index] for index in indexes],
        "hoverinfo": "skip",
    }


def _build_comparison_trace(
    series: TimeSeries,
    comparison: TimeSeries | None,
    times: Sequence[datetime],
    comparison_values: Sequence[int | None],
) -> Figure:
    if comparison is None or all(value is None for value in comparison_values):
        return {"type": "scatter", "mode": "lines", "x": [], "y": []}
    hover_format = _COMPARISON_HOVER_FORMATS[comparison.interval]
    return {
        "type": "scatter",
        "mode": "lines",
        **_build_x_positions(series, times, len(comparison_values)),
        "y": list(comparison_values),
        "customdata": [
            time.isoformat(timespec="minutes") for time in list_x_positions(comparison)[: len(comparison_values)]
        ],
        "hovertemplate": f"%{{y:,}} · %{{customdata|{hover_format}}}<extra></extra>",
        "line": {"width": 1.5},
    }


def _build_x_positions(series: TimeSeries, times: Sequence[datetime], count: int) -> Figure:
    """Build the x positions: start and step if the interval is regular, else a list (months)."""
    if series.interval is Interval.MONTH or not times:
        return {"x": [time.date().isoformat() for time in times[:count]]}
    return {"x0": times[0].isoformat(), "dx": INTERVAL_WIDTHS[series.interval].total_seconds() * 1000}


def _build_layout(
    series: TimeSeries, times: Sequence[datetime], points: Sequence[Point], peak: int, revision: str
) -> dict[str, Any]:
    half_width = INTERVAL_WIDTHS[series.interval] / 2
    if len(times) > 1:
        axis_range = [times[0], times[-1]]
    else:
        middle = times[0] if times else series.start.astimezone(series.zone).replace(tzinfo=None)
        axis_range = [middle - half_width, middle + half_width]
    ticks = build_count_ticks(peak)
    shapes, notes = _build_gap_bands(times, points, axis_range, half_width)
    return {
        "uirevision": revision,
        "xaxis": {"range": [end.isoformat() for end in axis_range], "hoverformat": _HOVER_FORMATS[series.interval]},
        "yaxis": {
            "range": [0, get_axis_max(peak)],
            "tickvals": ticks,
            "ticktext": [format_si(tick) for tick in ticks],
        },
        "shapes": shapes,
        "annotations": notes,
    }


def _build_gap_bands(
    times: Sequence[datetime], points: Sequence[Point], axis_range: list[datetime], half_width: Any
) -> tuple[list[Figure], list[Figure]]:
    """Build a band over each gap, with a label if the band is wide enough for it."""
    bands: list[Figure] = []
    notes: list[Figure] = []
    for first, last in list_gaps(points):
        start, end = max(times[first] - half_width, axis_range[0]), min(times[last] + half_width, axis_range[1])
        edges = {"xref": "x", "yref": "paper", "x0": start.isoformat(), "x1": end.isoformat(), "y0": 0, "y1": 1}
        bands.append({"type": "rect", **edges})
        if (end - start) / (axis_range[1] - axis_range[0]) >= MIN_LABELED_GAP_SHARE:
            middle = (start + (end - start) / 2).isoformat()
            notes.append({"xref": "x", "yref": "paper", "x": middle, "y": 0, "yshift": 14, "text": "not counted"})
    return bands, notes


def _format_relative_change(current_value: int | None, comparison_value: int | None) -> str:
    if current_value is None or not comparison_value:
        return ""
    relative_change = current_value / comparison_value - 1
    return (
        ""
        if abs(relative_change) < 0.0005
        else f"  {'▲' if relative_change > 0 else '▼'} {format_percent(relative_change)}"
    )


def _pad_with_none(values: Sequence[int | None]) -> Iterator[int | None]:
    yield from values
    while True:
        yield None


def _iterate_runs(values: Sequence[int | None]) -> Iterator[list[int]]:
    """Yield the indexes of each run of consecutive values that are not None."""
    run: list[int] = []
    for index, value in enumerate(values):
        if value is None:
            if run:
                yield run
            run = []
        else:
            run.append(index)
    if run:
        yield run
