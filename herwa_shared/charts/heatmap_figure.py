"""When a week is lively: one figure of seven days by twenty-four hours."""

from collections.abc import Sequence

from herwa_shared.analytics.results import Cell
from herwa_shared.charts.formatting import WEEKDAYS, exact
from herwa_shared.charts.layout import EDGE, Figure, axis, header_note, layout, middle_note
from herwa_shared.charts.theme import DARK, Theme, tint

_LABELS = 36
_HOURS = list(range(24))
_DAYS = list(range(7))


def heatmap(cells: Sequence[Cell], *, title: str, subtitle: str = "", theme: Theme = DARK) -> Figure:
    """A row for each weekday, Monday first, and a column for each hour. What no cell speaks of is 0."""
    values = {(cell.weekday, cell.hour): cell.value for cell in cells}
    rows = [[values.get((day + 1, hour), 0) for hour in _HOURS] for day in _DAYS]
    figure = layout(title=title, subtitle=subtitle, theme=theme, left=EDGE + _LABELS)
    figure["hovermode"] = "closest"
    figure["xaxis"] = axis(_HOURS[::3], [f"{hour:02}:00" for hour in _HOURS[::3]], kind="linear", span=[-0.5, 23.5])
    figure["yaxis"] = axis(_DAYS, [name[:3] for name in WEEKDAYS], kind="linear", span=[6.5, -0.5])
    top = max((cell for row in rows for cell in row), default=0)
    figure["annotations"] += _busiest(cells, top, theme, figure["margin"]["t"])
    return {"data": [_cells(rows, top, theme)], "layout": figure}


def _cells(rows: list[list[int]], top: int, theme: Theme) -> Figure:
    return {
        "type": "heatmap",
        "x": _HOURS,
        "y": _DAYS,
        "z": rows,
        "zmin": 0,
        "zmax": top,
        "xgap": 3,
        "ygap": 3,
        "showscale": False,
        "colorscale": [[0, tint(theme.accent, 0.07)], [1, tint(theme.accent, 1)]],
        "customdata": [[[WEEKDAYS[day], f"{hour:02}:00", exact(rows[day][hour])] for hour in _HOURS] for day in _DAYS],
        "hovertemplate": "%{customdata[0]}, %{customdata[1]}: <b>%{customdata[2]}</b><extra></extra>",
    }


def _busiest(cells: Sequence[Cell], top: int, theme: Theme, margin: int) -> list[Figure]:
    if top == 0:
        return [middle_note("Nothing was counted in this period", theme)]
    best = next(cell for cell in cells if cell.value == top)
    words = f"{WEEKDAYS[best.weekday - 1][:3]} {best.hour:02}:00"
    return [
        header_note(words, below_top=16, top=margin, size=26, colour=theme.text, bold=True),
        header_note("liveliest hour", below_top=51, top=margin, size=13, colour=theme.muted),
    ]
