"""Draw a figure on a Skia canvas.

The order is back to front: background, bands, grid, traces, axes, header, annotations.
"""

from typing import Any

from herwa_shared.charts.render.fonts import FontRegistry
from herwa_shared.charts.render.plot_area import PlotArea, build_plot_area
from herwa_shared.charts.render.skia_loader import load_skia
from herwa_shared.charts.render.text import Font, TextRenderer
from herwa_shared.charts.render.traces import draw_trace, parse_color

skia = load_skia()

_LABEL_GAP_PX = 10
_SWATCH_WIDTH_PX = 18
_ANCHORS = {"left": 0.0, "center": 0.5, "right": 1.0, "top": 0.0, "middle": 0.5, "bottom": 1.0}


def draw_figure(canvas: Any, figure: dict[str, Any], width: int, height: int, font_registry: FontRegistry) -> None:
    """Draw a figure; `width` and `height` are in canvas units, before scaling."""
    layout = figure["layout"]
    plot_area = build_plot_area(layout, width, height)
    text_renderer = TextRenderer(canvas, font_registry)
    canvas.clear(parse_color(layout["paper_bgcolor"]))
    _draw_bands(canvas, layout, plot_area)
    _draw_grid(canvas, layout, plot_area)
    for trace in figure["data"]:
        draw_trace(canvas, trace, plot_area)
    _draw_axes(text_renderer, layout, plot_area, width)
    _draw_title(text_renderer, layout, width)
    if layout["showlegend"]:
        _draw_legend(canvas, text_renderer, figure, plot_area)
    for note in layout["annotations"]:
        _draw_note(canvas, text_renderer, note, layout, plot_area, width)


def _draw_bands(canvas: Any, layout: dict[str, Any], plot_area: PlotArea) -> None:
    for shape in layout["shapes"]:
        (x0, y0), (x1, y1) = plot_area.to_pixels(shape, "x0", "y0"), plot_area.to_pixels(shape, "x1", "y1")
        fill = skia.Paint(AntiAlias=True, Color=parse_color(shape["fillcolor"]))
        canvas.drawRect(skia.Rect.MakeLTRB(x0, min(y0, y1), x1, max(y0, y1)), fill)


def _draw_grid(canvas: Any, layout: dict[str, Any], plot_area: PlotArea) -> None:
    axis = layout["yaxis"]
    if not axis["showgrid"]:
        return
    line = skia.Paint(Color=parse_color(axis["gridcolor"]), StrokeWidth=1)
    for value in axis["tickvals"]:
        y = round(plot_area.to_y(value)) + 0.5
        canvas.drawLine(plot_area.left, y, plot_area.right, y, line)


def _draw_axes(text_renderer: TextRenderer, layout: dict[str, Any], plot_area: PlotArea, width: float) -> None:
    font = _build_font(layout["font"], layout)
    for value, label in _list_ticks(layout["yaxis"]):
        text_renderer.draw(label, font, plot_area.left - _LABEL_GAP_PX, plot_area.to_y(value), align_x=1, align_y=0.5)
    for value, label in _list_ticks(layout["xaxis"]):
        half = text_renderer.measure_width(label, font) / 2
        x = min(max(plot_area.to_x(value), half + _LABEL_GAP_PX), width - half - _LABEL_GAP_PX)
        text_renderer.draw(label, font, x, plot_area.bottom + _LABEL_GAP_PX, align_x=0.5)


def _draw_title(text_renderer: TextRenderer, layout: dict[str, Any], width: float) -> None:
    """Draw title and subtitle, truncated before the notes at the right of the header."""
    title = layout["title"]
    left, top = title["pad"]["l"], title["pad"]["t"]
    max_width = width - 2 * left - _measure_header(text_renderer, layout)
    text_renderer.draw(title["text"], _build_font(title["font"], layout), left, top, max_width=max_width)
    subtitle = title["subtitle"]
    text_renderer.draw(subtitle["text"], _build_font(subtitle["font"], layout), left, top + 28, max_width=max_width)


def _measure_header(text_renderer: TextRenderer, layout: dict[str, Any]) -> float:
    notes = [note for note in layout["annotations"] if note["yref"] == "paper" and note["y"] >= 1]
    return max(
        (
            text_renderer.measure_width(note["text"], _build_font(note["font"], layout)) + 2 * _LABEL_GAP_PX
            for note in notes
        ),
        default=0,
    )


def _draw_legend(canvas: Any, text_renderer: TextRenderer, figure: dict[str, Any], plot_area: PlotArea) -> None:
    layout = figure["layout"]
    font = _build_font(layout["font"], layout)
    x, y = plot_area.left, plot_area.top - 20
    for trace in reversed(figure["data"]):
        if not trace.get("showlegend", True):
            continue
        stroke = skia.Paint(AntiAlias=True, Color=parse_color(trace["line"]["color"]), StrokeWidth=2.5)
        stroke.setStrokeCap(skia.Paint.kRound_Cap)
        canvas.drawLine(x, y, x + _SWATCH_WIDTH_PX, y, stroke)
        text_renderer.draw(trace["name"], font, x + _SWATCH_WIDTH_PX + 8, y, align_y=0.5)
        x += _SWATCH_WIDTH_PX + 8 + text_renderer.measure_width(trace["name"], font) + 22


def _draw_note(
    canvas: Any,
    text_renderer: TextRenderer,
    note: dict[str, Any],
    layout: dict[str, Any],
    plot_area: PlotArea,
    width: float,
) -> None:
    x, y = plot_area.to_pixels(note, "x", "y")
    x, y = x + note.get("xshift", 0), y - note.get("yshift", 0)
    font = _build_font(note["font"], layout)
    align_x, align_y = _ANCHORS[note["xanchor"]], _ANCHORS[note["yanchor"]]
    if "bgcolor" in note:
        note_width, note_height = text_renderer.measure_width(note["text"], font) + 6, font.size * 1.2
        background = skia.Rect.MakeXYWH(x - align_x * note_width, y - align_y * note_height, note_width, note_height)
        canvas.drawRect(background, skia.Paint(Color=parse_color(note["bgcolor"])))
    text_renderer.draw(note["text"], font, x, y, align_x=align_x, align_y=align_y, max_width=note.get("width", width))


def _list_ticks(axis: dict[str, Any]) -> list[tuple[Any, str]]:
    return list(zip(axis["tickvals"], axis["ticktext"], strict=True))


def _build_font(font: dict[str, Any], layout: dict[str, Any]) -> Font:
    return Font(font["size"], font.get("color", layout["font"]["color"]), font.get("weight", 400))
