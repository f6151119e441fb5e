"""The traces of one metric over time: the line and its area, the running end, marks, and the compared period."""

from collections.abc import Sequence
from datetime import datetime

from herwa_shared.analytics.series import Point, Series
from herwa_shared.charts.frame import Figure
from herwa_shared.charts.theme import Theme, exact, period, tint
from herwa_shared.charts.timeline import called, interval_end


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
