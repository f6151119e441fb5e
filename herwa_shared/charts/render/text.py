"""Draw text on a Skia canvas: shaping of all scripts, measuring, alignment and truncation."""

from dataclasses import dataclass
from html import unescape
from typing import Any

from herwa_shared.charts.render.fonts import FontRegistry
from herwa_shared.charts.render.skia_loader import load_skia
from herwa_shared.charts.render.traces import parse_color

ELLIPSIS = "…"
_JOINERS = "\u200d\ufe0f\ufe0e"
_UNBOUNDED_WIDTH = 100_000
_ASCENT_RATIO, _LINE_HEIGHT_RATIO = 0.97, 1.21
"""Metrics of Inter per font size. They fix the baseline, also if a glyph of a fallback font is taller."""


@dataclass(frozen=True, slots=True)
class Font:
    """Font size in pixels, CSS color and weight."""

    size: float
    color: str
    weight: int = 400


class TextRenderer:
    """A renderer of single lines of text with the fonts of a registry.

    Texts come from figures and are HTML-escaped.
    """

    def __init__(self, canvas: Any, font_registry: FontRegistry) -> None:
        self._skia = load_skia()
        self._canvas = canvas
        self._font_registry = font_registry
        self._unicode = self._skia.Unicodes.ICU.Make()

    def measure_width(self, text: str, font: Font) -> float:
        """Return the width of a line in canvas units."""
        return float(self._build_line(unescape(text), font).LongestLine)

    def draw(
        self,
        text: str,
        font: Font,
        x: float,
        y: float,
        *,
        align_x: float = 0,
        align_y: float = 0,
        max_width: float | None = None,
    ) -> None:
        """Draw one line.

        `align_x` and `align_y` define which point of the line is at (x, y): 0 is left and top, 1 is right and bottom. A
        line longer than `max_width` is truncated with an ellipsis.
        """
        text = unescape(text)
        line = self._build_line(text, font)
        if max_width is not None and line.LongestLine > max_width:
            line = self._build_line(self._truncate(text, font, max_width), font)
        top = y - align_y * font.size * _LINE_HEIGHT_RATIO
        line.paint(
            self._canvas, x - align_x * line.LongestLine, top + font.size * _ASCENT_RATIO - line.AlphabeticBaseline
        )

    def _truncate(self, text: str, font: Font, max_width: float) -> str:
        """Return the longest prefix that fits together with an ellipsis (binary search)."""
        fitting_length, excess_length = 0, len(text)
        while excess_length - fitting_length > 1:
            middle = (fitting_length + excess_length) // 2
            if self._build_line(text[:middle] + ELLIPSIS, font).LongestLine <= max_width:
                fitting_length = middle
            else:
                excess_length = middle
        return text[:fitting_length].rstrip(_JOINERS).rstrip() + ELLIPSIS

    def _build_line(self, text: str, font: Font) -> Any:
        layout = self._skia.textlayout
        style = layout.TextStyle()
        style.setFontFamilies(self._font_registry.resolve_families(text))
        style.setFontSize(font.size)
        style.setColor(parse_color(font.color))
        style.setFontStyle(self._skia.FontStyle(font.weight, 5, self._skia.FontStyle.kUpright_Slant))
        builder = layout.ParagraphBuilder(layout.ParagraphStyle(), self._font_registry.collection, self._unicode)
        builder.pushStyle(style)
        builder.addText(text)
        line = builder.Build()
        line.layout(_UNBOUNDED_WIDTH)
        return line
