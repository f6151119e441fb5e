"""The time series figure: line, area, gaps, running interval, markers and comparison."""

from collections.abc import Sequence
from typing import Any

from herwa_shared.analytics.compared_series import ComparedSeries
from herwa_shared.analytics.metric_definitions import get_definition
from herwa_shared.analytics.results import Point, TimeSeries
from herwa_shared.charts.axes import build_date_ticks, format_interval
from herwa_shared.charts.formatting import (
    format_period,
    format_timezone,
)
from herwa_shared.charts.layout import (
    MARGIN_PX,
    Figure,
    build_axis,
    build_band,
    build_center_note,
    build_header_note,
    build_layout,
    escape_text,
    place_band_label,
)
from herwa_shared.charts.series_lines import SeriesLines
from herwa_shared.charts.series_plot import GapBand, SeriesPlot, build_series_plot
from herwa_shared.charts.text.changes import format_change
from herwa_shared.charts.text.metric_phrases import format_tick, format_value, format_value_short, get_metric_phrases
from herwa_shared.charts.text.series_texts import (
    CONTAINS_ESTIMATES,
    ESTIMATE,
    NO_DATA,
    SO_FAR,
    describe_empty_series,
    describe_incomplete_point,
)
from herwa_shared.charts.theme import DARK, Theme, apply_alpha

_DIGIT_WIDTH_PX = 7.2
EMPTY_TOTAL = "\N{EM DASH}"


def build_timeseries_figure(
    compared: ComparedSeries,
    *,
    title: str | None = None,
    subtitle: str | None = None,
    theme: Theme = DARK,
) -> Figure:
    """Build a line chart of any metric, with a y axis that starts at zero.

    An interval without data is a gray band, one that is running or cut by the window is the end of a dotted line,
    estimates are a dotted line, and an interval that was recorded in part is a hollow marker. The comparison is drawn
    below the line, aligned point by point, with its own dates in the hover text; it is left out if it has no data.
    """
    plot = build_series_plot(compared)
    series, lines = plot.series, plot.lines
    times = [time.isoformat() for time in lines.times]
    tick_labels = [format_tick(tick_value, series.metric) for tick_value in plot.y_ticks]
    phrases = get_metric_phrases(series.metric)
    figure = build_layout(
        title=title or phrases.title,
        subtitle=subtitle or _build_subtitle(series),
        theme=theme,
        legend=plot.comparison is not None,
        left=MARGIN_PX + round(_DIGIT_WIDTH_PX * max(map(len, tick_labels))) + 10,
    )
    figure["meta"] = _build_meta(series)
    figure["xaxis"] = _build_time_axis(plot)
    figure["yaxis"] = build_axis(
        list(plot.y_ticks), tick_labels, kind="linear", axis_range=[0, plot.y_max], grid_color=theme.grid
    )
    figure["annotations"] += _build_total_notes(compared, theme, figure["margin"]["t"])
    figure["shapes"] += [_build_gap_band(band, theme) for band in plot.bands]
    figure["annotations"] += [_build_gap_label(band, theme) for band in plot.bands if band.is_labeled]
    figure["annotations"] += _build_value_notes(plot, theme)
    data = [_build_comparison_trace(plot.comparison, plot.base_points, times, theme)] if plot.comparison else []
    return {"data": [*data, *_build_line_traces(series, lines, times, theme)], "layout": figure}


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
    notes = [("hours approximate", series.approximate), (CONTAINS_ESTIMATES, series.has_estimates)]
    return " · ".join([*parts, *(note for note, is_shown in notes if is_shown)])


def _build_time_axis(plot: SeriesPlot) -> Figure:
    series = plot.series
    local_starts = [point.start.astimezone(series.zone) for point in series.points]
    ticks = build_date_ticks(local_starts, series.interval)
    return build_axis(
        [plot.lines.times[index].isoformat() for index, _ in ticks],
        [label for _, label in ticks],
        kind="date",
        axis_range=[end.isoformat() for end in plot.x_range],
    )


def _build_total_notes(compared: ComparedSeries, theme: Theme, top_margin: int) -> list[Figure]:
    """Build the total at the right of the header, and below it the change in color."""
    series, change_text = compared.series, format_change(compared.change, compared.series.metric)
    phrases = get_metric_phrases(series.metric)
    total_text = format_value_short(series.total, series.metric) if series.recorded_points else EMPTY_TOTAL
    unit = phrases.singular if series.total == 1 else phrases.plural
    text = change_text or (f"{unit} ({ESTIMATE})" if series.is_estimated else unit)
    is_good = compared.change and compared.change.is_good(rising_is_good=get_definition(series.metric).rising_is_good)
    color = theme.muted if is_good is None else theme.up if is_good else theme.down
    return [
        build_header_note(total_text, top_offset=16, top_margin=top_margin, size=26, color=theme.text, bold=True),
        build_header_note(text, top_offset=51, top_margin=top_margin, size=13, color=color, bold=bool(change_text)),
    ]


def _build_gap_band(band: GapBand, theme: Theme) -> Figure:
    """Build the gray band over a gap."""
    return {**build_band(band.start, band.end), "fillcolor": theme.gap, "line": {"width": 0}, "layer": "below"}


def _build_gap_label(band: GapBand, theme: Theme) -> Figure:
    return {**place_band_label(band.start, band.end), **_build_centered_label(NO_DATA, theme)}


def _build_value_notes(plot: SeriesPlot, theme: Theme) -> list[Figure]:
    """Build the label of the highest point, or one sentence if no point is visible."""
    values, times = plot.lines.values, plot.lines.times
    if not any(values):
        return [build_center_note(describe_empty_series(plot.series), theme)]
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
            **_build_centered_label(format_value_short(values[peak_index] or 0, plot.series.metric), theme),
            **position,
            **style,
            "xanchor": anchor,
        }
    ]


def _build_centered_label(text: str, theme: Theme) -> Figure:
    font = {"size": 12, "color": theme.muted}
    return {"text": escape_text(text), "xanchor": "center", "yanchor": "middle", "font": font, "showarrow": False}


def _build_line_traces(series: TimeSeries, lines: SeriesLines, times: list[str], theme: Theme) -> list[Figure]:
    """Build the solid line with its area, the dotted lines to incomplete intervals, and markers.

    Markers show the peak, partial points (hollow), and points that have no neighbor and would be invisible as a line.
    """
    traces = [_build_line_trace(series, lines, times, theme)]
    if lines.dotted_indexes:
        traces.append(_build_dotted_trace(series, lines, times, theme))
    if lines.hollow_indexes:
        traces.append(
            _build_marker_trace(
                times, lines.values, lines.hollow_indexes, name="Partial", fill=theme.background, theme=theme
            )
        )
    marked = {*lines.isolated_indexes, *_find_peak(lines.values)}
    if filled_indexes := sorted(marked - set(lines.hollow_indexes) - set(lines.incomplete_indexes)):
        traces.append(_build_marker_trace(times, lines.values, filled_indexes, name="", fill=theme.accent, theme=theme))
    return traces


def _build_comparison_trace(comparison: TimeSeries, points: Sequence[Point], times: list[str], theme: Theme) -> Figure:
    """Build the comparison period as a faint line on the x positions of the main series."""
    period = format_period(comparison.start, comparison.end, comparison.zone)
    return {
        "type": "scatter",
        "mode": "lines",
        "name": f"{period} ({ESTIMATE})" if comparison.has_estimates else period,
        "x": times[: len(points)],
        "y": [point.value for point in points],
        "connectgaps": False,
        "line": {"color": theme.comparison, "width": 1.5, "shape": "linear"},
        **_build_hover(comparison, points),
    }


def _build_line_trace(series: TimeSeries, lines: SeriesLines, times: list[str], theme: Theme) -> Figure:
    return {
        "type": "scatter",
        "mode": "lines",
        "name": format_period(series.start, series.end, series.zone),
        "x": times[: len(lines.solid_values)],
        "y": lines.solid_values,
        "connectgaps": False,
        "line": {"color": theme.accent, "width": 2, "shape": "linear"},
        **_build_area_style(theme, 0.3),
        **_build_hover(series, lines.points),
    }


def _build_dotted_trace(series: TimeSeries, lines: SeriesLines, times: list[str], theme: Theme) -> Figure:
    indexes = lines.dotted_indexes
    hover = _build_hover(series, [lines.points[index or 0] for index in indexes])
    return {
        "type": "scatter",
        "mode": "lines+markers",
        "name": SO_FAR,
        "showlegend": False,
        "x": [None if index is None else times[index] for index in indexes],
        "y": [None if index is None else lines.values[index] for index in indexes],
        "connectgaps": False,
        "line": {"color": theme.accent, "width": 2, "dash": "dot"},
        **_build_area_style(theme, 0.15),
        "marker": {"size": [7 if index in lines.incomplete_indexes else 0 for index in indexes], "color": theme.accent},
        **hover,
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
    """Build the hover texts: interval and value of each point, and a note if it is incomplete."""
    rows = [
        [
            format_interval(point, series),
            NO_DATA if point.value is None else format_value(point.value, series.metric),
            f" ({note})" if (note := describe_incomplete_point(point, series)) else "",
        ]
        for point in points
    ]
    return {
        "customdata": rows,
        "hovertemplate": "%{customdata[0]}: <b>%{customdata[1]}</b>%{customdata[2]}<extra></extra>",
    }


def _find_peak(values: Sequence[int | None]) -> set[int]:
    peak_value = max((value for value in values if value is not None), default=0)
    return {values.index(peak_value)} if peak_value else set()
