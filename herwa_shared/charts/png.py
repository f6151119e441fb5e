"""A figure as a PNG picture, drawn in this process, small enough to send with every reply."""

from threading import Lock
from typing import Any

from herwa_shared.charts.fonts import font_book
from herwa_shared.charts.palette import encode_png
from herwa_shared.charts.renderer import load_skia

_turn = Lock()


def render_png(
    figure: dict[str, Any], *, width: int = 800, height: int = 420, scale: float = 2, system_fonts: bool = True
) -> bytes:
    """Draw one of Herwa's figures, `scale` pixels to each unit. Raises RendererMissing where the engine cannot load.

    It takes some hundredths of a second of CPU: from async code call it in a thread. Threads take turns.
    """
    skia = load_skia()
    from herwa_shared.charts.painter import paint  # noqa: PLC0415 - loads the engine, which a machine may lack

    size = round(width * scale), round(height * scale)
    info = skia.ImageInfo.Make(*size, skia.ColorType.kRGBA_8888_ColorType, skia.AlphaType.kPremul_AlphaType)
    pixels = bytearray(info.computeMinByteSize())
    with _turn:
        canvas = skia.Surface.MakeRasterDirect(info, pixels).getCanvas()
        canvas.scale(scale, scale)
        paint(canvas, figure, width, height, font_book(system_fonts=system_fonts))
    return encode_png(pixels, size)
