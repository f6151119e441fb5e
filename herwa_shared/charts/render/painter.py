"""Draws a figure on a canvas, from the back to the front: ground, bands, grid, data, axes, header, notes."""

from typing import Any

from herwa_shared.charts.render.fonts import FontBook
from herwa_shared.charts.render.plot_area import Plane, plane
from herwa_shared.charts.render.skia_loader import load_skia
from herwa_shared.charts.render.text import Font, Typesetter
from herwa_shared.charts.render.traces import argb, draw_trace

skia = load_skia()

_BESIDE = 10
_SWATCH = 18
_ANCHORS = {"left": 0.0, "center": 0.5, "right": 1.0, "top": 0.0, "middle": 0.5, "bottom": 1.0}


def paint(canvas: Any, figure: dict[str, Any], width: int, height: int, book: FontBook) -> None:
    """Draw the whole figure, `width` by `height` in the canvas's own units."""
    layout = figure["layout"]
    area = plane(layout, width, height)
    text = Typesetter(canvas, book)
    canvas.clear(argb(layout["paper_bgcolor"]))
    _draw_bands(canvas, layout, area)
    _draw_grid(canvas, layout, area)
    for trace in figure["data"]:
        draw_trace(canvas, trace, area)
    _draw_axes(text, layout, area, width)
    _draw_title(text, layout, width)
    if layout["showlegend"]:
        _draw_legend(canvas, text, figure, area)
    for note in layout["annotations"]:
        _draw_note(canvas, text, note, layout, area, width)


def _draw_bands(canvas: Any, layout: dict[str, Any], area: Plane) -> None:
    for shape in layout["shapes"]:
        (x0, y0), (x1, y1) = area.place(shape, "x0", "y0"), area.place(shape, "x1", "y1")
        ground = skia.Paint(AntiAlias=True, Color=argb(shape["fillcolor"]))
        canvas.drawRect(skia.Rect.MakeLTRB(x0, min(y0, y1), x1, max(y0, y1)), ground)


def _draw_grid(canvas: Any, layout: dict[str, Any], area: Plane) -> None:
    axis = layout["yaxis"]
    if not axis["showgrid"]:
        return
    line = skia.Paint(Color=argb(axis["gridcolor"]), StrokeWidth=1)
    for value in axis["tickvals"]:
        y = round(area.y(value)) + 0.5
        canvas.drawLine(area.left, y, area.right, y, line)


def _draw_axes(text: Typesetter, layout: dict[str, Any], area: Plane, width: float) -> None:
    font = _font(layout["font"], layout)
    for value, label in _ticks(layout["yaxis"]):
        text.draw(label, font, area.left - _BESIDE, area.y(value), align=1, rise=0.5)
    for value, label in _ticks(layout["xaxis"]):
        half = text.width(label, font) / 2
        x = min(max(area.x(value), half + _BESIDE), width - half - _BESIDE)
        text.draw(label, font, x, area.bottom + _BESIDE, align=0.5)


def _draw_title(text: Typesetter, layout: dict[str, Any], width: float) -> None:
    """Title and subtitle, each shortened where it would run into what stands at the right of the header."""
    title = layout["title"]
    left, top = title["pad"]["l"], title["pad"]["t"]
    room = width - 2 * left - _header_width(text, layout)
    text.draw(title["text"], _font(title["font"], layout), left, top, room=room)
    subtitle = title["subtitle"]
    text.draw(subtitle["text"], _font(subtitle["font"], layout), left, top + 28, room=room)


def _header_width(text: Typesetter, layout: dict[str, Any]) -> float:
    notes = [note for note in layout["annotations"] if note["yref"] == "paper" and note["y"] >= 1]
    return max((text.width(note["text"], _font(note["font"], layout)) + 2 * _BESIDE for note in notes), default=0)


def _draw_legend(canvas: Any, text: Typesetter, figure: dict[str, Any], area: Plane) -> None:
    layout = figure["layout"]
    font = _font(layout["font"], layout)
    x, y = area.left, area.top - 20
    for trace in reversed(figure["data"]):
        if not trace.get("showlegend", True):
            continue
        stroke = skia.Paint(AntiAlias=True, Color=argb(trace["line"]["color"]), StrokeWidth=2.5)
        stroke.setStrokeCap(skia.Paint.kRound_Cap)
        canvas.drawLine(x, y, x + _SWATCH, y, stroke)
        text.draw(trace["name"], font, x + _SWATCH + 8, y, rise=0.5)
        x += _SWATCH + 8 + text.width(trace["name"], font) + 22


def _draw_note(
    canvas: Any, text: Typesetter, note: dict[str, Any], layout: dict[str, Any], area: Plane, width: float
) -> None:
    x, y = area.place(note, "x", "y")
    x, y = x + note.get("xshift", 0), y - note.get("yshift", 0)
    font = _font(note["font"], layout)
    align, rise = _ANCHORS[note["xanchor"]], _ANCHORS[note["yanchor"]]
    if "bgcolor" in note:
        wide, high = text.width(note["text"], font) + 6, font.size * 1.2
        ground = skia.Rect.MakeXYWH(x - align * wide, y - rise * high, wide, high)
        canvas.drawRect(ground, skia.Paint(Color=argb(note["bgcolor"])))
    text.draw(note["text"], font, x, y, align=align, rise=rise, room=note.get("width", width))


def _ticks(axis: dict[str, Any]) -> list[tuple[Any, str]]:
    return list(zip(axis["tickvals"], axis["ticktext"], strict=True))


def _font(font: dict[str, Any], layout: dict[str, Any]) -> Font:
    return Font(font["size"], font.get("color", layout["font"]["color"]), font.get("weight", 400))
