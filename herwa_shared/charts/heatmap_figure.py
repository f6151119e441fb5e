"""The weekly heatmap figure: seven days by 24 hours."""

from collections.abc import Sequence

from herwa_shared.analytics.results import HeatmapCell
from herwa_shared.charts.formatting import WEEKDAYS, format_int
from herwa_shared.charts.layout import MARGIN_PX, Figure, build_axis, build_center_note, build_header_note, build_layout
from herwa_shared.charts.text.series_texts import BUSIEST_HOUR, NO_ACTIVITY_IN_PERIOD, NO_DATA, NO_DATA_IN_PERIOD
from herwa_shared.charts.theme import DARK, Theme, apply_alpha

_LABEL_WIDTH_PX = 36
_HOURS = list(range(24))
_DAYS = list(range(7))


def build_heatmap_figure(
    cells: Sequence[HeatmapCell], *, title: str, subtitle: str = "", theme: Theme = DARK
) -> Figure:
    """Build a heatmap with one row per weekday, Monday first, and one column per hour.

    A cell without a value, or a missing one, is drawn empty.
    """
    values = {(cell.weekday, cell.hour): cell.value for cell in cells}
    rows = [[values.get((day + 1, hour)) for hour in _HOURS] for day in _DAYS]
    figure = build_layout(title=title, subtitle=subtitle, theme=theme, left=MARGIN_PX + _LABEL_WIDTH_PX)
    figure["hovermode"] = "closest"
    figure["xaxis"] = build_axis(
        _HOURS[::3], [f"{hour:02}:00" for hour in _HOURS[::3]], kind="linear", axis_range=[-0.5, 23.5]
    )
    figure["yaxis"] = build_axis(_DAYS, [name[:3] for name in WEEKDAYS], kind="linear", axis_range=[6.5, -0.5])
    max_value = max((value or 0 for row in rows for value in row), default=0)
    figure["annotations"] += _build_peak_notes(cells, max_value, theme, figure["margin"]["t"])
    return {"data": [_build_cells_trace(rows, max_value, theme)], "layout": figure}


def _build_cells_trace(rows: list[list[int | None]], max_value: int, theme: Theme) -> Figure:
    return {
        "type": "heatmap",
        "x": _HOURS,
        "y": _DAYS,
        "z": rows,
        "zmin": 0,
        "zmax": max_value,
        "xgap": 3,
        "ygap": 3,
        "showscale": False,
        "colorscale": [[0, apply_alpha(theme.accent, 0.07)], [1, apply_alpha(theme.accent, 1)]],
        "customdata": [
            [[WEEKDAYS[day], f"{hour:02}:00", _format_value(rows[day][hour])] for hour in _HOURS] for day in _DAYS
        ],
        "hovertemplate": "%{customdata[0]}, %{customdata[1]}: <b>%{customdata[2]}</b><extra></extra>",
    }


def _build_peak_notes(cells: Sequence[HeatmapCell], max_value: int, theme: Theme, top_margin: int) -> list[Figure]:
    if max_value == 0:
        is_recorded = any(cell.value is not None for cell in cells)
        return [build_center_note(NO_ACTIVITY_IN_PERIOD if is_recorded else NO_DATA_IN_PERIOD, theme)]
    peak_cell = next(cell for cell in cells if cell.value == max_value)
    label = f"{WEEKDAYS[peak_cell.weekday - 1][:3]} {peak_cell.hour:02}:00"
    return [
        build_header_note(label, top_offset=16, top_margin=top_margin, size=26, color=theme.text, bold=True),
        build_header_note(BUSIEST_HOUR, top_offset=51, top_margin=top_margin, size=13, color=theme.muted),
    ]


def _format_value(value: int | None) -> str:
    return NO_DATA if value is None else format_int(value)
