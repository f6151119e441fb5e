"""Pixels as a PNG with a palette: a third of the bytes of true colour, and here it looks the same.

Pillow's own quantisers look colours up in coarse boxes: a white ground comes out grey, and faint gradients in bands.

A figure as a PNG picture, drawn in this process, small enough to send with every reply.
"""

from io import BytesIO
from threading import Lock
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from herwa_shared.charts.render.fonts import font_book
from herwa_shared.charts.render.skia_loader import load_skia

COLOURS = 256
EXACT = 176
_EVERY_COLOUR = 1 << 24


def encode_png(pixels: bytearray, size: tuple[int, int]) -> bytes:
    """Opaque RGBA pixels as a PNG of at most 256 colours, the commonest of them exact."""
    image = Image.frombuffer("RGBA", size, pixels, "raw", "RGBA", 0, 1)
    colours = _colours(image.convert("RGB"))
    chosen = np.array(_choose(colours), dtype=np.int16)
    keys = np.frombuffer(pixels, dtype="<u4") & (_EVERY_COLOUR - 1)
    indexed = Image.fromarray(_index(colours, chosen)[keys].reshape(size[::-1]))
    indexed.putpalette(chosen.astype(np.uint8).tobytes())
    file = BytesIO()
    indexed.save(file, "PNG")
    return file.getvalue()


def _colours(image: Image.Image) -> list[tuple[int, int, int]]:
    """All colours of an RGB picture, the commonest first."""
    counted: list[tuple[int, Any]] = image.getcolors(image.width * image.height) or []
    return [colour for _, colour in sorted(counted, key=lambda pair: -pair[0])]


def _choose(colours: list[tuple[int, int, int]]) -> list[tuple[int, int, int]]:
    """The commonest, so that grounds and gradients stay clean; the rest fairly chosen from the others."""
    common, others = colours[:EXACT], colours[EXACT:]
    if not others:
        return common
    strip = Image.new("RGB", (len(others), 1))
    strip.putdata(others)
    few = strip.quantize(COLOURS - EXACT, method=Image.Quantize.MEDIANCUT, dither=Image.Dither.NONE)
    return common + _colours(few.convert("RGB"))


def _index(colours: list[tuple[int, int, int]], chosen: NDArray[np.int16]) -> NDArray[np.uint8]:
    """For every colour of the picture, by its key, which of the chosen is nearest."""
    seen = np.array(colours, dtype=np.int16)
    distances = np.zeros((len(seen), len(chosen)), dtype=np.int32)
    for channel in range(3):
        distances += (seen[:, channel, None].astype(np.int32) - chosen[None, :, channel]) ** 2
    table = np.zeros(_EVERY_COLOUR, dtype=np.uint8)
    table[seen @ np.array([1, 1 << 8, 1 << 16], dtype=np.int32)] = distances.argmin(axis=1)
    return table


_turn = Lock()


def render_png(
    figure: dict[str, Any], *, width: int = 800, height: int = 420, scale: float = 2, system_fonts: bool = True
) -> bytes:
    """Draw one of Herwa's figures, `scale` pixels to each unit. Raises RendererMissing where the engine cannot load.

    It takes some hundredths of a second of CPU: from async code call it in a thread. Threads take turns.
    """
    skia = load_skia()
    from herwa_shared.charts.render.painter import paint  # noqa: PLC0415 - loads the drawing engine, which a machine may lack

    size = round(width * scale), round(height * scale)
    info = skia.ImageInfo.Make(*size, skia.ColorType.kRGBA_8888_ColorType, skia.AlphaType.kPremul_AlphaType)
    pixels = bytearray(info.computeMinByteSize())
    with _turn:
        canvas = skia.Surface.MakeRasterDirect(info, pixels).getCanvas()
        canvas.scale(scale, scale)
        paint(canvas, figure, width, height, font_book(system_fonts=system_fonts))
    return encode_png(pixels, size)
