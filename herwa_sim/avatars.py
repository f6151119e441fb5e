"""Generated avatars and guild icons.

A picture is derived from its hash alone, so the same URL always shows the same picture.
"""

import io
from colorsys import hls_to_rgb
from functools import lru_cache
from hashlib import blake2b
from math import cos, pi, sin

from PIL import Image, ImageChops, ImageDraw, ImageEnhance

from herwa_sim.snowflakes import digest

ALLOWED_SIZES = range(16, 513)

_CANVAS_SIZE = 256
_GRID_CELLS = 5
_Color = tuple[int, int, int]


def compute_image_hash(*parts: object) -> str:
    """Return a stable image hash, 32 hex digits, in the format that Discord uses.

    The same parts always give the same hash.
    """
    return blake2b("\x1f".join(map(str, parts)).encode(), digest_size=16).hexdigest()


@lru_cache(maxsize=1024)
def draw_avatar(hash_: str, side: int) -> bytes:
    """Draw a user avatar as PNG: a mirrored pattern on a gradient; `side` in pixels."""
    bits = digest("face", hash_)
    image = _draw_gradient(bits % 360, 40 + bits // 360 % 50)
    cell = _CANVAS_SIZE * 0.62 / _GRID_CELLS
    margin = (_CANVAS_SIZE - cell * _GRID_CELLS) / 2
    shape = Image.new("L", image.size)
    pen = ImageDraw.Draw(shape)
    for n in range(_GRID_CELLS * (_GRID_CELLS + 1) // 2):
        column, row = divmod(n, _GRID_CELLS)
        if bits >> (20 + n) & 1 or n == _GRID_CELLS * 2 + 2:  # the center cell is always filled
            for x in {column, _GRID_CELLS - 1 - column}:
                corner = (margin + x * cell, margin + row * cell)
                pen.rounded_rectangle(
                    (*corner, corner[0] + cell + 1, corner[1] + cell + 1), radius=cell * 0.3, fill=235
                )
    image.paste(Image.new("RGB", image.size, "white"), mask=shape)
    return _encode_png(image, side)


@lru_cache(maxsize=1024)
def draw_guild_icon(hash_: str, side: int) -> bytes:
    """Draw a guild icon as PNG: a shape on overlapping discs; `side` in pixels."""
    bits = digest("icon", hash_)
    hue = bits % 360
    image = _draw_gradient(hue, 70 + bits // 360 % 60)
    for n in range(3):
        turn = bits >> (10 + n * 8) & 0xFF
        center = (
            _CANVAS_SIZE * (0.5 + 0.42 * cos(turn / 128 * pi)),
            _CANVAS_SIZE * (0.5 + 0.42 * sin(turn / 128 * pi)),
        )
        _draw_disc(image, center, _CANVAS_SIZE * (0.26 + 0.08 * n), _to_rgb((hue + 50 * (n + 1)) % 360, 0.6))
    shape = Image.new("L", image.size)
    _draw_figure(ImageDraw.Draw(shape), bits >> 34)
    image.paste(Image.new("RGB", image.size, "white"), mask=shape)
    return _encode_png(image, side)


def _draw_figure(pen: ImageDraw.ImageDraw, bits: int) -> None:
    """Draw a polygon, a star or a ring; half of the shapes have a hole in the center."""
    kind, rotation, center, radius = bits % 7, bits // 7 % 90, _CANVAS_SIZE / 2, _CANVAS_SIZE * 0.28
    if kind < 4:
        pen.regular_polygon((center, center, radius), (3, 4, 5, 6)[kind], rotation=rotation, fill=240)
    elif kind < 6:
        points = 8 if kind == 4 else 12
        turns = [(n * 2 * pi / points + rotation, radius * (1.1 if n % 2 else 0.55)) for n in range(points)]
        pen.polygon(
            [(center + distance * cos(turn), center + distance * sin(turn)) for turn, distance in turns], fill=240
        )
    else:
        pen.ellipse([center - radius, center - radius, center + radius, center + radius], fill=240)
    if bits // 630 % 2 or kind == 6:
        hole_radius = radius * (0.55 if kind == 6 else 0.3)
        pen.ellipse([center - hole_radius, center - hole_radius, center + hole_radius, center + hole_radius], fill=0)


def _draw_gradient(hue: int, turn: int) -> Image.Image:
    """Return a square with a diagonal gradient from one color to a nearby hue."""
    down = Image.linear_gradient("L").resize((_CANVAS_SIZE, _CANVAS_SIZE))
    mix = ImageChops.blend(down, down.rotate(90), 0.5)
    start, end = (
        Image.new("RGB", mix.size, _to_rgb(angle % 360, light)) for angle, light in ((hue, 0.5), (hue + turn, 0.4))
    )
    return ImageEnhance.Color(Image.composite(end, start, mix)).enhance(1.1)


def _draw_disc(image: Image.Image, center: tuple[float, float], radius: float, color: _Color) -> None:
    """Draw a half-transparent disc onto the image."""
    mask = Image.new("L", image.size)
    box = (center[0] - radius, center[1] - radius, center[0] + radius, center[1] + radius)
    ImageDraw.Draw(mask).ellipse(box, fill=130)
    image.paste(Image.new("RGB", image.size, color), mask=mask)


def _to_rgb(hue: int, light: float) -> _Color:
    """Convert a hue in degrees and a lightness of 0 to 1 to RGB."""
    red, green, blue = hls_to_rgb(hue / 360, light, 0.66)
    return int(red * 255), int(green * 255), int(blue * 255)


def _encode_png(image: Image.Image, side: int) -> bytes:
    """Resize the image to `side` pixels and encode it as PNG."""
    file = io.BytesIO()
    image.resize((side, side), Image.Resampling.LANCZOS).save(file, "PNG", optimize=side <= 128)
    return file.getvalue()
