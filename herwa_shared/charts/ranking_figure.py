"""The ranking figure: horizontal bars behind the names, the largest on top."""

from collections.abc import Sequence

from herwa_shared.analytics.results import RankedItem
from herwa_shared.charts.formatting import format_int
from herwa_shared.charts.layout import MARGIN_PX, Figure, build_axis, build_center_note, build_layout, escape_text
from herwa_shared.charts.text.series_texts import NO_ACTIVITY_IN_PERIOD
from herwa_shared.charts.theme import DARK, Theme, apply_alpha

_NAME_WIDTH_PX = 560


def build_ranking_figure(items: Sequence[RankedItem], *, title: str, subtitle: str = "", theme: Theme = DARK) -> Figure:
    """Build one bar per item, in the given order. An item without a name is labeled with its id."""
    figure = build_layout(title=title, subtitle=subtitle, theme=theme, left=MARGIN_PX)
    figure["margin"]["b"] = MARGIN_PX
    figure["hovermode"] = False
    rows = list(range(len(items)))
    max_value = max((item.value for item in items), default=0) or 1
    figure["xaxis"] = build_axis([], [], kind="linear", axis_range=[0, max_value])
    figure["yaxis"] = build_axis([], [], kind="linear", axis_range=[max(len(rows), 3) - 0.5, -0.5])
    for row, item in zip(rows, items, strict=True):
        figure["annotations"] += _build_labels(row, item, theme)
    if not items:
        figure["annotations"].append(build_center_note(NO_ACTIVITY_IN_PERIOD, theme))
    bars = {
        "type": "bar",
        "orientation": "h",
        "x": [item.value for item in items],
        "y": rows,
        "width": 0.76,
        "ids": [str(item.id) for item in items],
        "marker": {"color": apply_alpha(theme.accent, 0.32)},
        "showlegend": False,
        "hoverinfo": "skip",
    }
    return {"data": [bars], "layout": figure}


def _build_labels(row: int, item: RankedItem, theme: Theme) -> list[Figure]:
    """Build the labels of a row: the name on top of the bar, the value at the right edge."""
    position = {"xref": "paper", "yref": "y", "y": row, "yanchor": "middle", "showarrow": False}
    font = {"size": 14, "color": theme.text}
    name = escape_text(item.name) if item.name else f"id {item.id}"
    value = format_int(item.value)
    return [
        {**position, "x": 0, "xanchor": "left", "xshift": 12, "text": name, "font": font, "width": _NAME_WIDTH_PX},
        {**position, "x": 1, "xanchor": "right", "xshift": -12, "text": value, "font": {**font, "weight": 600}},
    ]
