"""Text on a canvas: every script shaped by the engine's paragraphs, measured, anchored, and shortened to fit."""

from dataclasses import dataclass
from html import unescape
from typing import Any

from herwa_shared.charts.render.fonts import FontBook
from herwa_shared.charts.render.skia_loader import load_skia
from herwa_shared.charts.render.traces import argb

ELLIPSIS = "…"
_JOINERS = "\u200d\ufe0f\ufe0e"
_ENDLESS = 100_000
_ASCENT, _LINE = 0.97, 1.21
"""Inter's, per size: every line sits on its baseline, also where a mark of another font is taller."""


@dataclass(frozen=True, slots=True)
class Font:
    """Size in pixels, CSS colour, weight."""

    size: float
    colour: str
    weight: int = 400


class Typesetter:
    """Sets single lines with the fonts of one book. Texts come from figures, with their names escaped."""

    def __init__(self, canvas: Any, book: FontBook) -> None:
        self._skia = load_skia()
        self._canvas = canvas
        self._book = book
        self._unicode = self._skia.Unicodes.ICU.Make()

    def width(self, text: str, font: Font) -> float:
        return float(self._set(unescape(text), font).LongestLine)

    def draw(
        self, text: str, font: Font, x: float, y: float, *, align: float = 0, rise: float = 0, room: float | None = None
    ) -> None:
        """Draw one line. `align` and `rise` say what of it lies at x, y: 0 its left and top, 1 its right and bottom.

        With `room`, a longer text is cut and ends in an ellipsis.
        """
        text = unescape(text)
        line = self._set(text, font)
        if room is not None and line.LongestLine > room:
            line = self._set(self._cut(text, font, room), font)
        top = y - rise * font.size * _LINE
        line.paint(self._canvas, x - align * line.LongestLine, top + font.size * _ASCENT - line.AlphabeticBaseline)

    def _cut(self, text: str, font: Font, room: float) -> str:
        """The longest beginning that fits together with an ellipsis."""
        fits, too_long = 0, len(text)
        while too_long - fits > 1:
            middle = (fits + too_long) // 2
            if self._set(text[:middle] + ELLIPSIS, font).LongestLine <= room:
                fits = middle
            else:
                too_long = middle
        return text[:fits].rstrip(_JOINERS).rstrip() + ELLIPSIS

    def _set(self, text: str, font: Font) -> Any:
        layout = self._skia.textlayout
        style = layout.TextStyle()
        style.setFontFamilies(self._book.families(text))
        style.setFontSize(font.size)
        style.setColor(argb(font.colour))
        style.setFontStyle(self._skia.FontStyle(font.weight, 5, self._skia.FontStyle.kUpright_Slant))
        builder = layout.ParagraphBuilder(layout.ParagraphStyle(), self._book.collection, self._unicode)
        builder.pushStyle(style)
        builder.addText(text)
        line = builder.Build()
        line.layout(_ENDLESS)
        return line
