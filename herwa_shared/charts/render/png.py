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

from herwa_shared.charts.render.fonts import get_font_registry
from herwa_shared.charts.render.skia_loader import load_skia

MAX_COLORS = 256
MAX_EXACT_COLORS = 176
_COLOR_SPACE_SIZE = 1 << 24


def encode_png(pixels: bytearray, size: tuple[int, int]) -> bytes:
    """Opaque RGBA pixels as a PNG of at most 256 colours, the commonest of them exact."""
    image = Image.frombuffer("RGBA", size, pixels, "raw", "RGBA", 0, 1)
    colors = _list_colors(image.convert("RGB"))
    palette = np.array(_choose_palette(colors), dtype=np.int16)
    color_keys = np.frombuffer(pixels, dtype="<u4") & (_COLOR_SPACE_SIZE - 1)
    indexed = Image.fromarray(_map_to_palette(colors, palette)[color_keys].reshape(size[::-1]))
    indexed.putpalette(palette.astype(np.uint8).tobytes())
    file = BytesIO()
    indexed.save(file, "PNG")
    return file.getvalue()


def _list_colors(image: Image.Image) -> list[tuple[int, int, int]]:
    """All colours of an RGB picture, the commonest first."""
    color_counts: list[tuple[int, Any]] = image.getcolors(image.width * image.height) or []
    return [color for _, color in sorted(color_counts, key=lambda pair: -pair[0])]


def _choose_palette(colors: list[tuple[int, int, int]]) -> list[tuple[int, int, int]]:
    """The commonest, so that grounds and gradients stay clean; the rest fairly chosen from the others."""
    common, others = colors[:MAX_EXACT_COLORS], colors[MAX_EXACT_COLORS:]
    if not others:
        return common
    strip = Image.new("RGB", (len(others), 1))
    strip.putdata(others)
    reduced = strip.quantize(MAX_COLORS - MAX_EXACT_COLORS, method=Image.Quantize.MEDIANCUT, dither=Image.Dither.NONE)
    return common + _list_colors(reduced.convert("RGB"))


def _map_to_palette(colors: list[tuple[int, int, int]], palette: NDArray[np.int16]) -> NDArray[np.uint8]:
    """For every colour of the picture, by its key, which of the chosen is nearest."""
    image_colors = np.array(colors, dtype=np.int16)
    distances = np.zeros((len(image_colors), len(palette)), dtype=np.int32)
    for component in range(3):
        distances += (image_colors[:, component, None].astype(np.int32) - palette[None, :, component]) ** 2
    table = np.zeros(_COLOR_SPACE_SIZE, dtype=np.uint8)
    table[image_colors @ np.array([1, 1 << 8, 1 << 16], dtype=np.int32)] = distances.argmin(axis=1)
    return table


_render_lock = Lock()


def render_png(
    figure: dict[str, Any], *, width: int = 800, height: int = 420, scale: float = 2, system_fonts: bool = True
) -> bytes:
    """Draw one of Herwa's figures, `scale` pixels to each unit. Raises RendererMissing where the engine cannot load.

    It takes some hundredths of a second of CPU: from async code call it in a thread. Threads take turns.
    """
    skia = load_skia()
    from herwa_shared.charts.render.painter import draw_figure  # noqa: PLC0415 - loads the drawing engine, which a machine may lack

    size = round(width * scale), round(height * scale)
    info = skia.ImageInfo.Make(*size, skia.ColorType.kRGBA_8888_ColorType, skia.AlphaType.kPremul_AlphaType)
    pixels = bytearray(info.computeMinByteSize())
    with _render_lock:
        canvas = skia.Surface.MakeRasterDirect(info, pixels).getCanvas()
        canvas.scale(scale, scale)
        draw_figure(canvas, figure, width, height, get_font_registry(system_fonts=system_fonts))
    return encode_png(pixels, size)
