"""One metric over time as the browser draws it: few bytes, no colours.

The same rules as `figures.messages_over_time`, for a chart that is zoomed and hovered. Colours come from a Plotly
template in the page, by the place of a trace in `data`, so that one figure serves light and dark. Regular steps are
sent as a start and a step; a sparkline is a path for an SVG.
"""

from collections.abc import Iterator, Sequence
from datetime import datetime
from enum import IntEnum
from typing import Any

from herwa_shared.analytics.intervals import WIDTHS, happened, interval_end
from herwa_shared.analytics.results import Interval, Point, Series
from herwa_shared.charts.axes import count_ticks, gaps, headroom, positions
from herwa_shared.charts.formatting import compact, percent
from herwa_shared.charts.layout import Figure, literal
from herwa_shared.charts.text.metric_phrases import wording

_HEADERS = {
    Interval.HOUR: "%a, %b %-d, %H:%M",
    Interval.DAY: "%A, %b %-d, %Y",
    Interval.WEEK: "Week of %b %-d, %Y",
    Interval.MONTH: "%B %Y",
}
_EARLIER = {**_HEADERS, Interval.DAY: "%a, %b %-d, %Y"}
_THIN_FROM = 200  # points
_NAMED_GAP = 0.12  # of the width: where the words "not counted" have room


class Layer(IntEnum):
    """The traces of a figure, always all of them and in this order: a template colours by place."""

    LINE = 0
    RUNNING = 1
    FULL_MARKS = 2
    HOLLOW_MARKS = 3
    COMPARED = 4


def web_figure(
    series: Series, *, compare: Series | None = None, now: datetime | None = None, revision: str = ""
) -> Figure:
    """The series for a browser. While `revision` stays the same, new figures keep the zoom of the old one."""
    times = positions(series)
    shown = happened(series, now)
    values = [point.value for point in shown]
    earlier = [point.value for point in compare.points[: len(times)]] if compare else []
    running = bool(shown) and now is not None and now < interval_end(shown[-1], series)
    solid = [*values[:-1], None] if running else values
    peak = max((value or 0 for value in (*values, *earlier)), default=0)
    hollow = [at for at, point in enumerate(shown) if point.partial and not (running and at == len(shown) - 1)]
    lone = [at for at in range(len(solid)) if _is_lone(solid, at) and at not in hollow]
    data: list[Figure] = [{}] * len(Layer)
    data[Layer.LINE] = _line(series, times, solid, earlier)
    data[Layer.RUNNING] = _running(times, values, running=running)
    data[Layer.FULL_MARKS] = _marks(times, values, lone)
    data[Layer.HOLLOW_MARKS] = _marks(times, values, hollow)
    data[Layer.COMPARED] = _compared(series, compare, times, earlier)
    return {"data": data, "layout": _layout(series, times, shown, peak, revision)}


def sparkline(values: Sequence[int | None], *, width: int = 100, height: int = 32) -> tuple[str, str]:
    """The line and the area under it as two SVG paths in a box of that size; a gap breaks both."""
    peak = max((value or 0 for value in values), default=0) or 1
    step = width / max(len(values) - 1, 1)
    line: list[str] = []
    area: list[str] = []
    for run in _runs(values):
        spots = [f"{at * step:.1f},{height - (values[at] or 0) / peak * height:.1f}" for at in run]
        if len(spots) == 1:
            spots.append(f"{run[0] * step + 0.1:.1f},{spots[0].split(',')[1]}")
        line.append("M" + "L".join(spots))
        area.append(f"M{spots[0].split(',')[0]},{height}L{'L'.join(spots)}L{spots[-1].split(',')[0]},{height}Z")
    return "".join(line), "".join(area)


def _line(
    series: Series, times: Sequence[datetime], solid: Sequence[int | None], earlier: Sequence[int | None]
) -> Figure:
    trace: Figure = {
        "type": "scatter",
        "mode": "lines",
        **_along(series, times, len(solid)),
        "y": list(solid),
        "hovertemplate": f"<b>%{{y:,}}</b> {literal(wording(series.metric).many)}<extra></extra>",
        "line": {"width": 1.6 if len(solid) > _THIN_FROM else 2.2},
    }
    if any(value is not None for value in earlier):
        trace["customdata"] = [_grown(now, then) for now, then in zip(solid, _padded(earlier), strict=False)]
        trace["hovertemplate"] = trace["hovertemplate"].replace("<extra>", "%{customdata}<extra>")
    return trace


def _running(times: Sequence[datetime], values: Sequence[int | None], *, running: bool) -> Figure:
    """The dotted way to the interval that is not over."""
    ends = slice(max(len(values) - 2, 0), len(values)) if running else slice(0)
    some = list(values[ends])
    return {
        "type": "scatter",
        "mode": "lines+markers",
        "x": [time.isoformat() for time in times[ends]],
        "y": some,
        "marker": {"size": [0, 7][-len(some) :] if some else []},
        "hovertemplate": "<b>%{y:,}</b> so far<extra></extra>",
        "hoverinfo": ["skip", "all"][-len(some) :] if some else "skip",
    }


def _marks(times: Sequence[datetime], values: Sequence[int | None], chosen: Sequence[int]) -> Figure:
    return {
        "type": "scatter",
        "mode": "markers",
        "x": [times[at].isoformat() for at in chosen],
        "y": [values[at] for at in chosen],
        "hoverinfo": "skip",
    }


def _compared(
    series: Series, compare: Series | None, times: Sequence[datetime], earlier: Sequence[int | None]
) -> Figure:
    if compare is None or all(value is None for value in earlier):
        return {"type": "scatter", "mode": "lines", "x": [], "y": []}
    when = _EARLIER[compare.interval]
    return {
        "type": "scatter",
        "mode": "lines",
        **_along(series, times, len(earlier)),
        "y": list(earlier),
        "customdata": [time.isoformat(timespec="minutes") for time in positions(compare)[: len(earlier)]],
        "hovertemplate": f"%{{y:,}} · %{{customdata|{when}}}<extra></extra>",
        "line": {"width": 1.5},
    }


def _along(series: Series, times: Sequence[datetime], count: int) -> Figure:
    """Positions in time: a start and a step where the steps are even."""
    if series.interval is Interval.MONTH or not times:
        return {"x": [time.date().isoformat() for time in times[:count]]}
    return {"x0": times[0].isoformat(), "dx": WIDTHS[series.interval].total_seconds() * 1000}


def _layout(
    series: Series, times: Sequence[datetime], shown: Sequence[Point], peak: int, revision: str
) -> dict[str, Any]:
    half = WIDTHS[series.interval] / 2
    if len(times) > 1:
        span = [times[0], times[-1]]
    else:
        middle = times[0] if times else series.start.astimezone(series.zone).replace(tzinfo=None)
        span = [middle - half, middle + half]
    ticks = count_ticks(peak)
    shapes, notes = _gap_bands(times, shown, span, half)
    return {
        "uirevision": revision,
        "xaxis": {"range": [end.isoformat() for end in span], "hoverformat": _HEADERS[series.interval]},
        "yaxis": {
            "range": [0, headroom(peak)],
            "tickvals": ticks,
            "ticktext": [compact(tick) for tick in ticks],
        },
        "shapes": shapes,
        "annotations": notes,
    }


def _gap_bands(
    times: Sequence[datetime], shown: Sequence[Point], span: list[datetime], half: Any
) -> tuple[list[Figure], list[Figure]]:
    """A band over each run of uncounted intervals, named where there is room for the words."""
    bands: list[Figure] = []
    notes: list[Figure] = []
    for first, last in gaps(shown):
        start, end = max(times[first] - half, span[0]), min(times[last] + half, span[1])
        edges = {"xref": "x", "yref": "paper", "x0": start.isoformat(), "x1": end.isoformat(), "y0": 0, "y1": 1}
        bands.append({"type": "rect", **edges})
        if (end - start) / (span[1] - span[0]) >= _NAMED_GAP:
            middle = (start + (end - start) / 2).isoformat()
            notes.append({"xref": "x", "yref": "paper", "x": middle, "y": 0, "yshift": 14, "text": "not counted"})
    return bands, notes


def _grown(now: int | None, then: int | None) -> str:
    if now is None or not then:
        return ""
    grown = now / then - 1
    return "" if abs(grown) < 0.0005 else f"  {'▲' if grown > 0 else '▼'} {percent(grown)}"


def _padded(values: Sequence[int | None]) -> Iterator[int | None]:
    yield from values
    while True:
        yield None


def _runs(values: Sequence[int | None]) -> Iterator[list[int]]:
    """Each unbroken stretch of counted values, as their places."""
    run: list[int] = []
    for at, value in enumerate(values):
        if value is None:
            if run:
                yield run
            run = []
        else:
            run.append(at)
    if run:
        yield run


def _is_lone(values: Sequence[int | None], at: int) -> bool:
    """A point without a neighbour has no line; it needs a mark to be seen."""
    around = [values[near] for near in (at - 1, at + 1) if 0 <= near < len(values)]
    return values[at] is not None and all(value is None for value in around)
