"""Render a figure as a PNG in this process, small enough to send with every reply.

The PNG has a color palette, which takes a third of the bytes of true color and looks the same for these figures. The
quantizers of Pillow are not used for the palette lookup: they look colors up in coarse boxes, which turns a white
background gray and faint gradients into bands.
"""

from collections.abc import Callable
from io import BytesIO
from threading import Lock
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from herwa_shared.charts.render.fonts import FontRegistry, get_font_registry
from herwa_shared.charts.render.skia_loader import load_skia

CHART_HEIGHT = 420
MAX_COLORS = 256
MAX_EXACT_COLORS = 176
_COLOR_SPACE_SIZE = 1 << 24
_render_lock = Lock()


def render_png(
    figure: dict[str, Any], *, width: int = 800, height: int = CHART_HEIGHT, scale: float = 2, system_fonts: bool = True
) -> bytes:
    """Render one of Herwa's figures as a PNG.

    `scale` is the number of pixels per unit of `width` and `height`. Raises RendererUnavailable if Skia cannot be
    loaded. It takes some hundredths of a second of CPU time: call it in a thread from async code. A lock serializes the
    drawing of concurrent threads.
    """
    skia = load_skia()
    from herwa_shared.charts.render.painter import draw_figure  # noqa: PLC0415 - it loads Skia, which may be missing

    size = round(width * scale), round(height * scale)
    info = skia.ImageInfo.Make(*size, skia.ColorType.kRGBA_8888_ColorType, skia.AlphaType.kPremul_AlphaType)
    pixels = bytearray(info.computeMinByteSize())
    with _render_lock:
        canvas = skia.Surface.MakeRasterDirect(info, pixels).getCanvas()
        canvas.scale(scale, scale)
        draw_figure(canvas, figure, width, height, get_font_registry(system_fonts=system_fonts))
    return _encode_png(pixels, size)


def draw_transparent_png(
    draw: Callable[[Any, FontRegistry], None], width: float, height: float, *, scale: float, system_fonts: bool = True
) -> bytes:
    """Draw on a transparent canvas of Skia with `draw`, and return the PNG. Raises and blocks as `render_png`."""
    skia = load_skia()
    with _render_lock:
        surface = skia.Surface(round(width * scale), round(height * scale))
        canvas = surface.getCanvas()
        canvas.clear(0)
        canvas.scale(scale, scale)
        draw(canvas, get_font_registry(system_fonts=system_fonts))
        return bytes(surface.makeImageSnapshot().encodeToData(skia.EncodedImageFormat.kPNG, 100))


def _encode_png(pixels: bytearray, size: tuple[int, int]) -> bytes:
    """Encode opaque RGBA pixels as a PNG of at most 256 colors, the most frequent of them exact."""
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
    """Return all colors of an RGB image, the most frequent first."""
    color_counts: list[tuple[int, Any]] = image.getcolors(image.width * image.height) or []
    return [color for _, color in sorted(color_counts, key=lambda pair: -pair[0])]


def _choose_palette(colors: list[tuple[int, int, int]]) -> list[tuple[int, int, int]]:
    """Choose the palette: the most frequent colors exactly, the others by median cut.

    Exact frequent colors keep backgrounds and gradients clean.
    """
    common, others = colors[:MAX_EXACT_COLORS], colors[MAX_EXACT_COLORS:]
    if not others:
        return common
    strip = Image.new("RGB", (len(others), 1))
    strip.putdata(others)
    reduced = strip.quantize(MAX_COLORS - MAX_EXACT_COLORS, method=Image.Quantize.MEDIANCUT, dither=Image.Dither.NONE)
    return common + _list_colors(reduced.convert("RGB"))


def _map_to_palette(colors: list[tuple[int, int, int]], palette: NDArray[np.int16]) -> NDArray[np.uint8]:
    """Return a table from the 24-bit key of each color to its nearest palette index."""
    image_colors = np.array(colors, dtype=np.int16)
    distances = np.zeros((len(image_colors), len(palette)), dtype=np.int32)
    for component in range(3):
        distances += (image_colors[:, component, None].astype(np.int32) - palette[None, :, component]) ** 2
    table = np.zeros(_COLOR_SPACE_SIZE, dtype=np.uint8)
    table[image_colors @ np.array([1, 1 << 8, 1 << 16], dtype=np.int32)] = distances.argmin(axis=1)
    return table
