"""A drawing as PNG with round, transparent corners. Texts of all scripts are shaped by Skia."""

from html import escape
from typing import Any

from herwa_shared.charts.render.fonts import FontRegistry
from herwa_shared.charts.render.png import draw_transparent_png
from herwa_shared.charts.render.skia_loader import load_skia
from herwa_shared.widgets.colors import WidgetColors
from herwa_shared.widgets.drawing import Align, Box, Drawing, Ink, Label, Line
from herwa_shared.widgets.text_width import clean_text

PIXEL_RATIO = 2.0
"""Pixels of the image per pixel of the page, for sharp text on phones."""
AREA_OPACITY = 0.14
ASCENT_RATIO = 0.97
ALIGNMENTS = {Align.START: 0.0, Align.MIDDLE: 0.5, Align.END: 1.0}


def build_png(drawing: Drawing, colors: WidgetColors) -> bytes:
    """Render a drawing in these colors. Raises RendererUnavailable. It takes CPU time: call it in a thread."""

    def draw(canvas: Any, registry: FontRegistry) -> None:
        painter = _Painter(canvas, registry, colors)
        for part in drawing.parts:
            painter.draw(part)

    return draw_transparent_png(draw, drawing.width, drawing.height, scale=PIXEL_RATIO * drawing.scale)


class _Painter:
    """Draws the parts of a drawing on a canvas of Skia."""

    def __init__(self, canvas: Any, registry: FontRegistry, colors: WidgetColors) -> None:
        from herwa_shared.charts.render.text import TextRenderer  # noqa: PLC0415 - it loads Skia, which may be missing

        self._skia = load_skia()
        self._canvas = canvas
        self._colors = colors
        self._texts = TextRenderer(canvas, registry)

    def draw(self, part: Box | Line | Label) -> None:
        """Draw one part."""
        if not self._get_color(part.ink):
            return
        if isinstance(part, Box):
            self._draw_box(part)
        elif isinstance(part, Line):
            self._draw_line(part)
        else:
            self._draw_label(part)

    def _get_color(self, ink: Ink) -> str:
        color: str = getattr(self._colors, ink.value)
        return color

    def _build_paint(self, ink: Ink, *, opacity: float = 1, width: float | None = None) -> Any:
        skia = self._skia
        argb = round(opacity * 255) << 24 | int(self._get_color(ink)[1:], 16)
        paint = skia.Paint(AntiAlias=True, Color=argb)
        if width is not None:
            paint.setStyle(skia.Paint.kStroke_Style)
            paint.setStrokeWidth(width)
            paint.setStrokeJoin(skia.Paint.kRound_Join)
            paint.setStrokeCap(skia.Paint.kRound_Cap)
        return paint

    def _draw_box(self, box: Box) -> None:
        rect = self._skia.Rect.MakeXYWH(box.x, box.y, box.width, box.height)
        paint = self._build_paint(box.ink, opacity=box.opacity, width=1 if box.is_outline else None)
        self._canvas.drawRoundRect(rect, box.radius, box.radius, paint)

    def _draw_line(self, line: Line) -> None:
        path = self._skia.Path()
        path.moveTo(*line.points[0])
        for point in line.points[1:]:
            path.lineTo(*point)
        if line.floor is not None:
            area = self._skia.Path(path)
            area.lineTo(line.points[-1][0], line.floor)
            area.lineTo(line.points[0][0], line.floor)
            area.close()
            self._canvas.drawPath(area, self._build_paint(line.ink, opacity=AREA_OPACITY))
        paint = self._build_paint(line.ink, width=line.width)
        if line.is_dotted:
            paint.setPathEffect(self._skia.DashPathEffect.Make([0.1, line.width * 2.4], 0))
        self._canvas.drawPath(path, paint)

    def _draw_label(self, label: Label) -> None:
        from herwa_shared.charts.render.text import Font  # noqa: PLC0415 - as above

        self._texts.draw(
            escape(clean_text(label.text)),
            Font(label.size, self._get_color(label.ink), label.weight),
            label.x,
            label.y - label.size * ASCENT_RATIO,
            align_x=ALIGNMENTS[label.align],
            max_width=label.max_width,
        )
