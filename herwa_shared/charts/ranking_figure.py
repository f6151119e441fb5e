"""Who or what leads: one figure of bars behind names, the largest on top."""

from collections.abc import Sequence

from herwa_shared.analytics.results import Ranked
from herwa_shared.charts.formatting import exact
from herwa_shared.charts.layout import EDGE, Figure, axis, layout, literal, middle_note
from herwa_shared.charts.theme import DARK, Theme, tint

_NAME_ROOM = 560


def ranking_bars(items: Sequence[Ranked], *, title: str, subtitle: str = "", theme: Theme = DARK) -> Figure:
    """One bar an item, in the order given. An item without a name is called by its id."""
    figure = layout(title=title, subtitle=subtitle, theme=theme, left=EDGE)
    figure["margin"]["b"] = EDGE
    figure["hovermode"] = False
    rows = list(range(len(items)))
    top = max((item.value for item in items), default=0) or 1
    figure["xaxis"] = axis([], [], kind="linear", span=[0, top])
    figure["yaxis"] = axis([], [], kind="linear", span=[max(len(rows), 3) - 0.5, -0.5])
    for row, item in zip(rows, items, strict=True):
        figure["annotations"] += _labels(row, item, theme)
    if not items:
        figure["annotations"].append(middle_note("Nothing was counted in this period", theme))
    bars = {
        "type": "bar",
        "orientation": "h",
        "x": [item.value for item in items],
        "y": rows,
        "width": 0.76,
        "ids": [str(item.id) for item in items],
        "marker": {"color": tint(theme.accent, 0.32)},
        "showlegend": False,
        "hoverinfo": "skip",
    }
    return {"data": [bars], "layout": figure}


def _labels(row: int, item: Ranked, theme: Theme) -> list[Figure]:
    """The name over the bar, the number at the right edge."""
    place = {"xref": "paper", "yref": "y", "y": row, "yanchor": "middle", "showarrow": False}
    font = {"size": 14, "color": theme.text}
    name = literal(item.name) if item.name else f"id {item.id}"
    value = exact(item.value)
    return [
        {**place, "x": 0, "xanchor": "left", "xshift": 12, "text": name, "font": font, "width": _NAME_ROOM},
        {**place, "x": 1, "xanchor": "right", "xshift": -12, "text": value, "font": {**font, "weight": 600}},
    ]
