"""The time series figure for the browser: small and without colors.

It follows the same rules as `build_timeseries_figure`, for a chart that can be zoomed and hovered. Colors come from a
Plotly template in the page, by the index of a trace in `data`, so that one figure serves the light and the dark theme.
Regular x positions are sent as a start and a step.
"""

from collections.abc import Iterator, Sequence
from datetime import datetime
from enum import IntEnum

from herwa_shared.analytics.compared_series import ComparedSeries
from herwa_shared.analytics.comparison import build_point_change
from herwa_shared.analytics.intervals import INTERVAL_WIDTHS
from herwa_shared.analytics.metric_definitions import get_definition
from herwa_shared.analytics.results import Interval, Point, TimeSeries
from herwa_shared.charts.formatting import format_long_day
from herwa_shared.charts.layout import Figure, build_band, place_band_label
from herwa_shared.charts.series_lines import SeriesLines
from herwa_shared.charts.series_plot import SeriesPlot, build_series_plot
from herwa_shared.charts.text.changes import format_change
from herwa_shared.charts.text.metric_phrases import format_tick, format_value, get_metric_phrases
from herwa_shared.charts.text.series_texts import NO_DATA, describe_incomplete_point, format_history_border

_HOVER_FORMATS = {
    Interval.HOUR: "%a, %b %-d, %H:%M",
    Interval.DAY: "%A, %b %-d, %Y",
    Interval.WEEK: "Week of %b %-d, %Y",
    Interval.MONTH: "%B %Y",
}
_COMPARISON_HOVER_FORMATS = {**_HOVER_FORMATS, Interval.DAY: "%a, %b %-d, %Y"}
_THIN_LINE_MIN_POINTS = 200
_HISTORY_BORDER = {"xref": "paper", "yref": "paper", "x0": 0, "x1": 0.004, "y0": 0, "y1": 1}
_HISTORY_LABEL = {
    "xref": "paper",
    "yref": "paper",
    "x": 0.004,
    "y": 1,
    "xanchor": "left",
    "yanchor": "top",
    "xshift": 6,
}


class Layer(IntEnum):
    """The index of each trace.

    All traces are always present, in this order, because the template colors them by index.
    """

    LINE = 0
    DOTTED = 1
    FILLED_MARKERS = 2
    HOLLOW_MARKERS = 3
    COMPARISON = 4


def build_web_figure(compared: ComparedSeries, *, revision: str = "", history_start: datetime | None = None) -> Figure:
    """Build the figure of a series for the browser.

    `revision` is Plotly's `uirevision`: the zoom is kept between figures with the same value. If the window begins at
    `history_start`, where the history begins that the guild's tier includes, this border is marked.
    """
    plot = build_series_plot(compared)
    lines = plot.lines
    data: list[Figure] = [{}] * len(Layer)
    data[Layer.LINE] = _build_line_trace(plot)
    data[Layer.DOTTED] = _build_dotted_trace(plot.series, lines)
    data[Layer.FILLED_MARKERS] = _build_marker_trace(lines, lines.isolated_indexes)
    data[Layer.HOLLOW_MARKERS] = _build_marker_trace(lines, lines.hollow_indexes)
    data[Layer.COMPARISON] = _build_comparison_trace(plot)
    layout = _build_layout(plot, revision)
    if compared.series.start == history_start:
        layout["shapes"].append({"type": "rect", **_HISTORY_BORDER})
        text = format_history_border(format_long_day(compared.series.start, compared.series.zone))
        layout["annotations"].append({**_HISTORY_LABEL, "text": text})
    return {"data": data, "layout": layout}


def _build_line_trace(plot: SeriesPlot) -> Figure:
    series, lines = plot.series, plot.lines
    phrases = get_metric_phrases(series.metric)
    trace: Figure = {
        "type": "scatter",
        "mode": "lines",
        **_build_x_positions(series, lines.times, len(lines.solid_values)),
        "y": lines.solid_values,
        **_build_hover_values(series, lines.points[: len(lines.solid_values)]),
        "hovertemplate": f"<b>{_get_hover_value(series)}</b> {phrases.plural}<extra></extra>",
        "line": {"width": 1.6 if len(lines.solid_values) > _THIN_LINE_MIN_POINTS else 2.2},
    }
    if plot.base_points or lines.hollow_indexes:
        trace["customdata"] = [
            _build_hover_note(point, base, series)
            for point, base in zip(lines.points, _pad_with_none(plot.base_points), strict=False)
        ]
        trace["hovertemplate"] = trace["hovertemplate"].replace("<extra>", "%{customdata}<extra>")
    return trace


def _get_hover_value(series: TimeSeries) -> str:
    """Return what the browser shows as the value of a point: its number, or the text of a duration."""
    return "%{text}" if get_definition(series.metric).is_in_seconds else "%{y:,}"


def _build_hover_values(series: TimeSeries, points: Sequence[Point | None]) -> Figure:
    """Build the texts of durations, which the browser cannot format."""
    if not get_definition(series.metric).is_in_seconds:
        return {}
    values = (None if point is None else point.value for point in points)
    return {"text": ["" if value is None else format_value(value, series.metric) for value in values]}


def _build_hover_note(point: Point, base: Point | None, series: TimeSeries) -> str:
    """Return the change against the comparison interval, or why the value is incomplete."""
    note = format_change(build_point_change(point, base), series.metric) or describe_incomplete_point(point, series)
    return f"  {note}" if note else ""


def _build_dotted_trace(series: TimeSeries, lines: SeriesLines) -> Figure:
    """Build the dotted lines: to incomplete intervals, which have a marker, and along estimates."""
    indexes, estimated = lines.dotted_indexes, set(lines.estimated_indexes)
    is_end = [index in lines.incomplete_indexes for index in indexes]
    has_hover = [is_marked or index in estimated for index, is_marked in zip(indexes, is_end, strict=True)]
    return {
        "type": "scatter",
        "mode": "lines+markers",
        "x": [None if index is None else lines.times[index].isoformat() for index in indexes],
        "y": [None if index is None else lines.values[index] for index in indexes],
        "marker": {"size": [7 if is_marked else 0 for is_marked in is_end]},
        "customdata": [
            "" if index is None else describe_incomplete_point(lines.points[index], series) for index in indexes
        ],
        **_build_hover_values(series, [None if index is None else lines.points[index] for index in indexes]),
        "hovertemplate": f"<b>{_get_hover_value(series)}</b> %{{customdata}}<extra></extra>",
        "hoverinfo": ["all" if is_shown else "skip" for is_shown in has_hover] or "skip",
    }


def _build_marker_trace(lines: SeriesLines, indexes: Sequence[int]) -> Figure:
    return {
        "type": "scatter",
        "mode": "markers",
        "x": [lines.times[index].isoformat() for index in indexes],
        "y": [lines.values[index] for index in indexes],
        "hoverinfo": "skip",
    }


def _build_comparison_trace(plot: SeriesPlot) -> Figure:
    if plot.comparison is None:
        return {"type": "scatter", "mode": "lines", "x": [], "y": []}
    hover_format = _COMPARISON_HOVER_FORMATS[plot.comparison.interval]
    return {
        "type": "scatter",
        "mode": "lines",
        **_build_x_positions(plot.series, plot.lines.times, len(plot.base_points)),
        "y": [point.value for point in plot.base_points],
        "customdata": [time.isoformat(timespec="minutes") for time in plot.base_times],
        **_build_hover_values(plot.series, plot.base_points),
        "hovertemplate": f"{_get_hover_value(plot.series)} · %{{customdata|{hover_format}}}<extra></extra>",
        "line": {"width": 1.5},
    }


def _build_x_positions(series: TimeSeries, times: Sequence[datetime], count: int) -> Figure:
    """Build the x positions: start and step if the interval is regular, else a list (months)."""
    if series.interval is Interval.MONTH or not times:
        return {"x": [time.date().isoformat() for time in times[:count]]}
    return {"x0": times[0].isoformat(), "dx": INTERVAL_WIDTHS[series.interval].total_seconds() * 1000}


def _build_layout(plot: SeriesPlot, revision: str) -> Figure:
    return {
        "uirevision": revision,
        "xaxis": {
            "range": [end.isoformat() for end in plot.x_range],
            "hoverformat": _HOVER_FORMATS[plot.series.interval],
        },
        "yaxis": {
            "range": [0, plot.y_max],
            "tickvals": plot.y_ticks,
            "ticktext": [format_tick(tick, plot.series.metric) for tick in plot.y_ticks],
        },
        "shapes": [build_band(band.start, band.end) for band in plot.bands],
        "annotations": [
            {**place_band_label(band.start, band.end), "text": NO_DATA} for band in plot.bands if band.is_labeled
        ],
    }


def _pad_with_none(points: Sequence[Point]) -> Iterator[Point | None]:
    yield from points
    while True:
        yield None
