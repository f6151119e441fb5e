"""The time series figure: line, area, gaps, running interval, markers and comparison."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from herwa_shared.analytics.comparison import compute_relative_change
from herwa_shared.analytics.intervals import INTERVAL_WIDTHS, get_interval_end, list_started_points
from herwa_shared.analytics.metric_definitions import get_definition
from herwa_shared.analytics.results import Point, TimeSeries
from herwa_shared.charts.axes import (
    MIN_LABELED_GAP_SHARE,
    build_count_ticks,
    build_date_ticks,
    format_interval,
    get_axis_max,
    is_isolated,
    list_gaps,
    list_x_positions,
)
from herwa_shared.charts.formatting import (
    format_int,
    format_int_short,
    format_percent,
    format_period,
    format_si,
    format_timezone,
)
from herwa_shared.charts.layout import (
    MARGIN_PX,
    Figure,
    build_axis,
    build_center_note,
    build_header_note,
    build_layout,
    escape_text,
)
from herwa_shared.charts.text.metric_phrases import MIN_RELATIVE_CHANGE, get_metric_phrases
from herwa_shared.charts.theme import DARK, Theme, apply_alpha

_DIGIT_WIDTH_PX = 7.2
NOT_COUNTED_TEXT = "—"


def build_timeseries_figure(
    series: TimeSeries,
    *,
    title: str | None = None,
    subtitle: str | None = None,
    comparison: TimeSeries | None = None,
    theme: Theme = DARK,
    now: datetime | None = None,
) -> Figure:
    """Build a line chart of any metric, with a y axis that starts at zero.

    A gap (value None) is a gray band, the interval that is running at `now` is a dotted line, and a partial point is a
    hollow marker. `comparison` is drawn below the line, aligned point by point, with its own dates in the hover text;
    it is ignored if it has no data at all.
    """
    if comparison and all(point.value is None for point in comparison.points):
        comparison = None
    times = [time.isoformat() for time in list_x_positions(series)]
    points = list(list_started_points(series, now))
    comparison_points = list(comparison.points)[: len(times)] if comparison else []
    peak = max((point.value or 0 for point in (*points, *comparison_points)), default=0)
    tick_values = build_count_ticks(peak)
    phrases = get_metric_phrases(series.metric)
    figure = build_layout(
        title=title or phrases.title,
        subtitle=subtitle or _build_subtitle(series),
        theme=theme,
        legend=comparison is not None,
        left=MARGIN_PX + round(_DIGIT_WIDTH_PX * max(len(format_si(tick_value)) for tick_value in tick_values)) + 10,
    )
    figure["meta"] = _build_meta(series)
    figure["xaxis"] = _build_time_axis(series)
    labels = [format_si(tick_value) for tick_value in tick_values]
    figure["yaxis"] = build_axis(
        list(tick_values), labels, kind="linear", axis_range=[0, get_axis_max(peak)], grid_color=theme.grid
    )
    figure["annotations"] += _build_total_notes(series, comparison, theme, now, figure["margin"]["t"])
    bands, notes = _build_gap_bands(series, points, theme)
    figure["shapes"] += bands
    figure["annotations"] += notes + _build_value_notes(series, points, theme)
    data = [_build_comparison_trace(comparison, times, theme)] if comparison else []
    return {"data": [*data, *_build_line_traces(series, points, times, theme, now)], "layout": figure}


def _build_meta(series: TimeSeries) -> Figure:
    return {
        "guild_id": str(series.guild_id),
        "metric": series.metric.value,
        "interval": series.interval.value,
        "timezone": str(series.zone),
    }


def _build_subtitle(series: TimeSeries) -> str:
    phrases = get_metric_phrases(series.metric)
    rate = f"{phrases.title} per {series.interval.value}"
    parts = [rate, format_period(series.start, series.end, series.zone), format_timezone(series.zone)]
    return " · ".join([*parts, "hours approximate"] if series.approximate else parts)


def _build_time_axis(series: TimeSeries) -> Figure:
    times = list_x_positions(series)
    half_width = INTERVAL_WIDTHS[series.interval] / 2
    if len(times) > 1:
        axis_range = [times[0], times[-1]]
    else:
        middle = times[0] if times else series.start.astimezone(series.zone).replace(tzinfo=None)
        axis_range = [middle - half_width, middle + half_width]
    local_starts = [point.start.astimezone(series.zone) for point in series.points]
    ticks = build_date_ticks(local_starts, series.interval)
    return build_axis(
        [times[index].isoformat() for index, _ in ticks],
        [label for _, label in ticks],
        kind="date",
        axis_range=[end.isoformat() for end in axis_range],
    )


def _build_total_notes(
    series: TimeSeries, comparison: TimeSeries | None, theme: Theme, now: datetime | None, top_margin: int
) -> list[Figure]:
    """Build the total at the right of the header, and below it the change in color."""
    has_counts = any(point.value is not None for point in series.points)
    total_text = format_int_short(series.total) if has_counts else NOT_COUNTED_TEXT
    notes = [build_header_note(total_text, top_offset=16, top_margin=top_margin, size=26, color=theme.text, bold=True)]
    relative_change = compute_relative_change(series, comparison, now=now)
    if relative_change is None:
        text, color = get_metric_phrases(series.metric).plural, theme.muted
    elif abs(relative_change) < MIN_RELATIVE_CHANGE:
        text, color = "as before", theme.muted
    else:
        is_good = (relative_change > 0) == get_definition(series.metric).rising_is_good
        text, color = (
            f"{'▲' if relative_change > 0 else '▼'} {format_percent(relative_change)}",
            theme.up if is_good else theme.down,
        )
    return [
        *notes,
        build_header_note(
            text, top_offset=51, top_margin=top_margin, size=13, color=color, bold=relative_change is not None
        ),
    ]


def _build_gap_bands(series: TimeSeries, points: Sequence[Point], theme: Theme) -> tuple[list[Figure], list[Figure]]:
    """Build a gray band over each gap, with a label if the band is wide enough for it."""
    times, half_width = list_x_positions(series), INTERVAL_WIDTHS[series.interval] / 2
    bands: list[Figure] = []
    notes: list[Figure] = []
    for first, last in list_gaps(points):
        start = max(times[first] - half_width, times[0]) if len(times) > 1 else times[0] - half_width
        end = min(times[last] + half_width, times[-1]) if len(times) > 1 else times[0] + half_width
        edges = {"xref": "x", "yref": "paper", "x0": start.isoformat(), "x1": end.isoformat(), "y0": 0, "y1": 1}
        bands.append({"type": "rect", **edges, "fillcolor": theme.gap, "line": {"width": 0}, "layer": "below"})
        if (last - first + 1) / len(times) >= MIN_LABELED_GAP_SHARE and last - first + 1 < len(points):
            position = {
                "xref": "x",
                "yref": "paper",
                "x": (start + (end - start) / 2).isoformat(),
                "y": 0,
                "yshift": 14,
            }
            notes.append({**position, **_build_centered_label("not counted", theme)})
    return bands, notes


def _build_value_notes(series: TimeSeries, points: Sequence[Point], theme: Theme) -> list[Figure]:
    """Build the label of the highest point, or one sentence if no point is visible."""
    values = [point.value for point in points]
    phrases = get_metric_phrases(series.metric)
    if all(value is None for value in values):
        return [build_center_note("Nothing was counted in this period", theme)]
    if not any(values):
        return [build_center_note(f"No {phrases.plural} in this period", theme)]
    times = list_x_positions(series)
    peak_index = values.index(max(value for value in values if value is not None))
    share = peak_index / (len(times) - 1) if len(times) > 1 else 0.5
    anchor = "left" if share < 0.04 else "right" if share > 0.96 else "center"
    position: dict[str, Any] = {
        "xref": "x",
        "yref": "y",
        "x": times[peak_index].isoformat(),
        "y": values[peak_index],
        "yshift": 15,
    }
    style = {"font": {"size": 12, "color": theme.text, "weight": 600}, "bgcolor": theme.background}
    return [
        {
            **_build_centered_label(format_int_short(values[peak_index] or 0), theme),
            **position,
            **style,
            "xanchor": anchor,
        }
    ]


def _build_centered_label(text: str, theme: Theme) -> Figure:
    font = {"size": 12, "color": theme.muted}
    return {"text": escape_text(text), "xanchor": "center", "yanchor": "middle", "font": font, "showarrow": False}


def _build_line_traces(
    series: TimeSeries, points: Sequence[Point], times: list[str], theme: Theme, now: datetime | None
) -> list[Figure]:
    """Build the solid line with its area, the dotted line to a running interval, and markers.

    Markers show the peak, partial points (hollow), and points that have no neighbor and would be invisible as a line.
    """
    values = [point.value for point in points]
    is_running = bool(points) and now is not None and now < get_interval_end(points[-1], series)
    solid_values = [*values[:-1], None] if is_running else values
    last_index = len(values) - 1
    hollow_indexes = [
        index for index, point in enumerate(points) if point.partial and not (is_running and index == last_index)
    ]
    isolated_indexes = [index for index in range(len(solid_values)) if is_isolated(solid_values, index)]
    traces = [_build_line_trace(series, points, times, solid_values, theme)]
    if is_running and values[last_index] is not None:
        traces.append(_build_running_trace(series, points, times, theme))
    if hollow_indexes:
        traces.append(
            _build_marker_trace(
                times, values, hollow_indexes, name="Partly counted", fill=theme.background, theme=theme
            )
        )
    if filled_indexes := sorted(
        {*isolated_indexes, *_find_peak(values)} - set(hollow_indexes) - ({last_index} if is_running else set())
    ):
        traces.append(_build_marker_trace(times, values, filled_indexes, name="", fill=theme.accent, theme=theme))
    return traces


def _build_comparison_trace(comparison: TimeSeries, times: list[str], theme: Theme) -> Figure:
    """Build the comparison period as a faint line on the x positions of the main series."""
    points = comparison.points[: len(times)]
    return {
        "type": "scatter",
        "mode": "lines",
        "name": format_period(comparison.start, comparison.end, comparison.zone),
        "x": times[: len(points)],
        "y": [point.value for point in points],
        "connectgaps": False,
        "line": {"color": theme.comparison, "width": 1.5, "shape": "linear"},
        **_build_hover(comparison, points),
    }


def _build_line_trace(
    series: TimeSeries, points: Sequence[Point], times: list[str], values: Sequence[int | None], theme: Theme
) -> Figure:
    return {
        "type": "scatter",
        "mode": "lines",
        "name": format_period(series.start, series.end, series.zone),
        "x": times[: len(values)],
        "y": list(values),
        "connectgaps": False,
        "line": {"color": theme.accent, "width": 2, "shape": "linear"},
        **_build_area_style(theme, 0.3),
        **_build_hover(series, points),
    }


def _build_running_trace(series: TimeSeries, points: Sequence[Point], times: list[str], theme: Theme) -> Figure:
    ends = slice(max(len(points) - 2, 0), len(points))
    return {
        "type": "scatter",
        "mode": "lines+markers",
        "name": "So far",
        "showlegend": False,
        "x": times[ends],
        "y": [point.value for point in points[ends]],
        "connectgaps": False,
        "line": {"color": theme.accent, "width": 2, "dash": "dot"},
        **_build_area_style(theme, 0.15),
        "marker": {"size": [0, 7][-len(points[ends]) :], "color": theme.accent},
        **_build_hover(series, points[ends]),
    }


def _build_marker_trace(
    times: list[str], values: Sequence[int | None], indexes: list[int], *, name: str, fill: str, theme: Theme
) -> Figure:
    return {
        "type": "scatter",
        "mode": "markers",
        "name": name,
        "showlegend": False,
        "x": [times[index] for index in indexes],
        "y": [values[index] for index in indexes],
        "marker": {"size": 7, "color": fill, "line": {"color": theme.accent, "width": 1.5}},
        "hoverinfo": "skip",
    }


def _build_area_style(theme: Theme, alpha: float) -> Figure:
    """Build the fading area down to zero; `fillcolor` is for viewers without gradient support."""
    colorscale = [[0, apply_alpha(theme.accent, alpha / 10)], [1, apply_alpha(theme.accent, alpha)]]
    return {
        "fill": "tozeroy",
        "fillcolor": apply_alpha(theme.accent, alpha / 2),
        "fillgradient": {"type": "vertical", "colorscale": colorscale},
    }


def _build_hover(series: TimeSeries, points: Sequence[Point]) -> Figure:
    """Build the hover texts: interval and value of each point, and a note if it is partial."""
    rows = [
        [format_interval(point, series), _format_value(point.value), " (partly counted)" if point.partial else ""]
        for point in points
    ]
    return {
        "customdata": rows,
        "hovertemplate": "%{customdata[0]}: <b>%{customdata[1]}</b>%{customdata[2]}<extra></extra>",
    }


def _format_value(value: int | None) -> str:
    return "not counted" if value is None else format_int(value)


def _find_peak(values: Sequence[int | None]) -> set[int]:
    peak_value = max((value for value in values if value is not None), default=0)
    return {values.index(peak_value)} if peak_value else set()
