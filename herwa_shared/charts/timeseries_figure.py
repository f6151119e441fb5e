"""One metric over time as one figure: the line, its gaps, its unfinished end, and the period it is compared with.

The traces of one metric over time: the line and its area, the running end, marks, and the compared period.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from herwa_shared.analytics.comparison import change
from herwa_shared.analytics.intervals import WIDTHS, happened, interval_end
from herwa_shared.analytics.metric_definitions import measure_of
from herwa_shared.analytics.results import Point, Series
from herwa_shared.charts.axes import called, count_ticks, date_ticks, gaps, headroom, positions
from herwa_shared.charts.formatting import compact, exact, percent, period, short, zone_name
from herwa_shared.charts.layout import EDGE, Figure, axis, header_note, layout, literal, middle_note
from herwa_shared.charts.text.metric_phrases import STEADY, wording
from herwa_shared.charts.theme import DARK, Theme, tint

_DIGIT = 7.2
_WIDE_GAP = 0.12
NOT_COUNTED = "—"


def messages_over_time(
    series: Series,
    *,
    title: str | None = None,
    subtitle: str | None = None,
    compare: Series | None = None,
    theme: Theme = DARK,
    now: datetime | None = None,
) -> Figure:
    """The series as a line from zero, of any metric.

    What nobody counted (None) is a grey band, the interval that is still running at `now` a dotted end, a partly
    counted point a hollow mark. `compare` lies beneath, point by point, with its own dates in the hover; where nothing
    of it was counted there is nothing to compare with.
    """
    if compare and all(point.value is None for point in compare.points):
        compare = None
    times = [time.isoformat() for time in positions(series)]
    shown = list(happened(series, now))
    against = list(compare.points)[: len(times)] if compare else []
    peak = max((point.value or 0 for point in (*shown, *against)), default=0)
    counts = count_ticks(peak)
    words = wording(series.metric)
    figure = layout(
        title=title or words.title,
        subtitle=subtitle or _subtitle(series),
        theme=theme,
        legend=compare is not None,
        left=EDGE + round(_DIGIT * max(len(compact(count)) for count in counts)) + 10,
    )
    figure["meta"] = _meta(series)
    figure["xaxis"] = _time_axis(series)
    labels = [compact(count) for count in counts]
    figure["yaxis"] = axis(list(counts), labels, kind="linear", span=[0, headroom(peak)], grid=theme.grid)
    figure["annotations"] += _total(series, compare, theme, now, figure["margin"]["t"])
    bands, notes = _gap_bands(series, shown, theme)
    figure["shapes"] += bands
    figure["annotations"] += notes + _remarks(series, shown, theme)
    data = [compared(compare, times, theme)] if compare else []
    return {"data": [*data, *lines(series, shown, times, theme, now)], "layout": figure}


def _meta(series: Series) -> Figure:
    return {
        "guild_id": str(series.guild_id),
        "metric": series.metric.value,
        "interval": series.interval.value,
        "timezone": str(series.zone),
    }


def _subtitle(series: Series) -> str:
    words = wording(series.metric)
    rate = f"{words.title} per {series.interval.value}"
    parts = [rate, period(series.start, series.end, series.zone), zone_name(series.zone)]
    return " · ".join([*parts, "hours approximate"] if series.approximate else parts)


def _time_axis(series: Series) -> Figure:
    times = positions(series)
    half = WIDTHS[series.interval] / 2
    if len(times) > 1:
        span = [times[0], times[-1]]
    else:
        middle = times[0] if times else series.start.astimezone(series.zone).replace(tzinfo=None)
        span = [middle - half, middle + half]
    local = [point.start.astimezone(series.zone) for point in series.points]
    ticks = date_ticks(local, series.interval)
    return axis(
        [times[index].isoformat() for index, _ in ticks],
        [label for _, label in ticks],
        kind="date",
        span=[end.isoformat() for end in span],
    )


def _total(series: Series, compare: Series | None, theme: Theme, now: datetime | None, top: int) -> list[Figure]:
    """The total at the right of the header, and beneath it the change in the colour of good or bad."""
    counted = any(point.value is not None for point in series.points)
    total = short(series.total) if counted else NOT_COUNTED
    notes = [header_note(total, below_top=16, top=top, size=26, colour=theme.text, bold=True)]
    grown = change(series, compare, now=now)
    if grown is None:
        text, colour = wording(series.metric).many, theme.muted
    elif abs(grown) < STEADY:
        text, colour = "as before", theme.muted
    else:
        good = (grown > 0) == measure_of(series.metric).rising_is_good
        text, colour = f"{'▲' if grown > 0 else '▼'} {percent(grown)}", theme.up if good else theme.down
    return [*notes, header_note(text, below_top=51, top=top, size=13, colour=colour, bold=grown is not None)]


def _gap_bands(series: Series, shown: Sequence[Point], theme: Theme) -> tuple[list[Figure], list[Figure]]:
    """A grey band over each run of uncounted intervals, named where there is room for the words."""
    times, half = positions(series), WIDTHS[series.interval] / 2
    bands: list[Figure] = []
    notes: list[Figure] = []
    for first, last in gaps(shown):
        start = max(times[first] - half, times[0]) if len(times) > 1 else times[0] - half
        end = min(times[last] + half, times[-1]) if len(times) > 1 else times[0] + half
        edges = {"xref": "x", "yref": "paper", "x0": start.isoformat(), "x1": end.isoformat(), "y0": 0, "y1": 1}
        bands.append({"type": "rect", **edges, "fillcolor": theme.gap, "line": {"width": 0}, "layer": "below"})
        if (last - first + 1) / len(times) >= _WIDE_GAP and last - first + 1 < len(shown):
            place = {"xref": "x", "yref": "paper", "x": (start + (end - start) / 2).isoformat(), "y": 0, "yshift": 14}
            notes.append({**place, **_centred("not counted", theme)})
    return bands, notes


def _remarks(series: Series, shown: Sequence[Point], theme: Theme) -> list[Figure]:
    """The value of the highest point, or one sentence when there is no point to see."""
    values = [point.value for point in shown]
    words = wording(series.metric)
    if all(value is None for value in values):
        return [middle_note("Nothing was counted in this period", theme)]
    if not any(values):
        return [middle_note(f"No {words.many} in this period", theme)]
    times = positions(series)
    at = values.index(max(value for value in values if value is not None))
    share = at / (len(times) - 1) if len(times) > 1 else 0.5
    anchor = "left" if share < 0.04 else "right" if share > 0.96 else "center"
    place: dict[str, Any] = {"xref": "x", "yref": "y", "x": times[at].isoformat(), "y": values[at], "yshift": 15}
    looks = {"font": {"size": 12, "color": theme.text, "weight": 600}, "bgcolor": theme.background}
    return [{**_centred(short(values[at] or 0), theme), **place, **looks, "xanchor": anchor}]


def _centred(text: str, theme: Theme) -> Figure:
    font = {"size": 12, "color": theme.muted}
    return {"text": literal(text), "xanchor": "center", "yanchor": "middle", "font": font, "showarrow": False}


def lines(series: Series, shown: Sequence[Point], times: list[str], theme: Theme, now: datetime | None) -> list[Figure]:
    """The finished line with its area, the dotted way to a running interval, and marks where a line would mislead."""
    values = [point.value for point in shown]
    running = bool(shown) and now is not None and now < interval_end(shown[-1], series)
    solid = [*values[:-1], None] if running else values
    last = len(values) - 1
    hollow = [at for at, point in enumerate(shown) if point.partial and not (running and at == last)]
    lone = [at for at in range(len(solid)) if _is_lone(solid, at)]
    traces = [_line(series, shown, times, solid, theme)]
    if running and values[last] is not None:
        traces.append(_running(series, shown, times, theme))
    if hollow:
        traces.append(_marks(times, values, hollow, name="Partly counted", fill=theme.background, theme=theme))
    if filled := sorted({*lone, *_peak(values)} - set(hollow) - ({last} if running else set())):
        traces.append(_marks(times, values, filled, name="", fill=theme.accent, theme=theme))
    return traces


def compared(compare: Series, times: list[str], theme: Theme) -> Figure:
    """The other period as a faint line on the positions of this one."""
    points = compare.points[: len(times)]
    return {
        "type": "scatter",
        "mode": "lines",
        "name": period(compare.start, compare.end, compare.zone),
        "x": times[: len(points)],
        "y": [point.value for point in points],
        "connectgaps": False,
        "line": {"color": theme.comparison, "width": 1.5, "shape": "linear"},
        **_hover(compare, points),
    }


def _line(
    series: Series, shown: Sequence[Point], times: list[str], values: Sequence[int | None], theme: Theme
) -> Figure:
    return {
        "type": "scatter",
        "mode": "lines",
        "name": period(series.start, series.end, series.zone),
        "x": times[: len(values)],
        "y": list(values),
        "connectgaps": False,
        "line": {"color": theme.accent, "width": 2, "shape": "linear"},
        **_area(theme, 0.3),
        **_hover(series, shown),
    }


def _running(series: Series, shown: Sequence[Point], times: list[str], theme: Theme) -> Figure:
    ends = slice(max(len(shown) - 2, 0), len(shown))
    return {
        "type": "scatter",
        "mode": "lines+markers",
        "name": "So far",
        "showlegend": False,
        "x": times[ends],
        "y": [point.value for point in shown[ends]],
        "connectgaps": False,
        "line": {"color": theme.accent, "width": 2, "dash": "dot"},
        **_area(theme, 0.15),
        "marker": {"size": [0, 7][-len(shown[ends]) :], "color": theme.accent},
        **_hover(series, shown[ends]),
    }


def _marks(
    times: list[str], values: Sequence[int | None], chosen: list[int], *, name: str, fill: str, theme: Theme
) -> Figure:
    return {
        "type": "scatter",
        "mode": "markers",
        "name": name,
        "showlegend": False,
        "x": [times[at] for at in chosen],
        "y": [values[at] for at in chosen],
        "marker": {"size": 7, "color": fill, "line": {"color": theme.accent, "width": 1.5}},
        "hoverinfo": "skip",
    }


def _area(theme: Theme, strength: float) -> Figure:
    """Down to zero, fading; `fillcolor` is for viewers that know no gradients."""
    fade = [[0, tint(theme.accent, strength / 10)], [1, tint(theme.accent, strength)]]
    return {
        "fill": "tozeroy",
        "fillcolor": tint(theme.accent, strength / 2),
        "fillgradient": {"type": "vertical", "colorscale": fade},
    }


def _hover(series: Series, points: Sequence[Point]) -> Figure:
    """Each point's own interval and value as people read them; a partly counted one says so."""
    rows = [
        [called(point, series), _told(point.value), " (partly counted)" if point.partial else ""] for point in points
    ]
    return {
        "customdata": rows,
        "hovertemplate": "%{customdata[0]}: <b>%{customdata[1]}</b>%{customdata[2]}<extra></extra>",
    }


def _told(value: int | None) -> str:
    return "not counted" if value is None else exact(value)


def _is_lone(values: Sequence[int | None], at: int) -> bool:
    """A point without a neighbour has no line; it needs a mark to be seen."""
    before = values[at - 1] if at > 0 else None
    after = values[at + 1] if at + 1 < len(values) else None
    return values[at] is not None and before is None and after is None


def _peak(values: Sequence[int | None]) -> set[int]:
    top = max((value for value in values if value is not None), default=0)
    return {values.index(top)} if top else set()
