"""Faces for accounts and icons for guilds: drawn from a hash alone, so that one address is one picture for ever."""

import io
from colorsys import hls_to_rgb
from functools import lru_cache
from hashlib import blake2b
from math import cos, pi, sin

from PIL import Image, ImageChops, ImageDraw, ImageEnhance

from herwa_sim.snowflakes import digest

SIZES = range(16, 513)

_SIDE = 256
_CELLS = 5
_Colour = tuple[int, int, int]


def picture_hash(*parts: object) -> str:
    """The hash by which Discord would name a picture: the same for the same parts."""
    return blake2b("\x1f".join(map(str, parts)).encode(), digest_size=16).hexdigest()


@lru_cache(maxsize=1024)
def face(hash_: str, side: int) -> bytes:
    """An account's picture, as PNG: a mirrored pattern on a gradient."""
    bits = digest("face", hash_)
    picture = _gradient(bits % 360, 40 + bits // 360 % 50)
    cell = _SIDE * 0.62 / _CELLS
    margin = (_SIDE - cell * _CELLS) / 2
    shape = Image.new("L", picture.size)
    pen = ImageDraw.Draw(shape)
    for n in range(_CELLS * (_CELLS + 1) // 2):
        column, row = divmod(n, _CELLS)
        if bits >> (20 + n) & 1 or n == _CELLS * 2 + 2:  # the middle is never empty
            for x in {column, _CELLS - 1 - column}:
                corner = (margin + x * cell, margin + row * cell)
                pen.rounded_rectangle(
                    (*corner, corner[0] + cell + 1, corner[1] + cell + 1), radius=cell * 0.3, fill=235
                )
    picture.paste(Image.new("RGB", picture.size, "white"), mask=shape)
    return _png(picture, side)


@lru_cache(maxsize=1024)
def icon(hash_: str, side: int) -> bytes:
    """A guild's picture, as PNG: a figure before overlapping discs."""
    bits = digest("icon", hash_)
    hue = bits % 360
    picture = _gradient(hue, 70 + bits // 360 % 60)
    for n in range(3):
        turn = bits >> (10 + n * 8) & 0xFF
        centre = (_SIDE * (0.5 + 0.42 * cos(turn / 128 * pi)), _SIDE * (0.5 + 0.42 * sin(turn / 128 * pi)))
        _disc(picture, centre, _SIDE * (0.26 + 0.08 * n), _colour((hue + 50 * (n + 1)) % 360, 0.6))
    shape = Image.new("L", picture.size)
    _figure(ImageDraw.Draw(shape), bits >> 34)
    picture.paste(Image.new("RGB", picture.size, "white"), mask=shape)
    return _png(picture, side)


def _figure(pen: ImageDraw.ImageDraw, bits: int) -> None:
    """A polygon, a star or a ring, one in two with an eye."""
    kind, lean, middle, radius = bits % 7, bits // 7 % 90, _SIDE / 2, _SIDE * 0.28
    if kind < 4:
        pen.regular_polygon((middle, middle, radius), (3, 4, 5, 6)[kind], rotation=lean, fill=240)
    elif kind < 6:
        points = 8 if kind == 4 else 12
        turns = [(n * 2 * pi / points + lean, radius * (1.1 if n % 2 else 0.55)) for n in range(points)]
        pen.polygon([(middle + long * cos(turn), middle + long * sin(turn)) for turn, long in turns], fill=240)
    else:
        pen.ellipse([middle - radius, middle - radius, middle + radius, middle + radius], fill=240)
    if bits // 630 % 2 or kind == 6:
        eye = radius * (0.55 if kind == 6 else 0.3)
        pen.ellipse([middle - eye, middle - eye, middle + eye, middle + eye], fill=0)


def _gradient(hue: int, turn: int) -> Image.Image:
    """A square that goes from one colour to a neighbour of it, from corner to corner."""
    down = Image.linear_gradient("L").resize((_SIDE, _SIDE))
    mix = ImageChops.blend(down, down.rotate(90), 0.5)
    start, end = (
        Image.new("RGB", mix.size, _colour(one % 360, light)) for one, light in ((hue, 0.5), (hue + turn, 0.4))
    )
    return ImageEnhance.Color(Image.composite(end, start, mix)).enhance(1.1)


def _disc(picture: Image.Image, centre: tuple[float, float], radius: float, colour: _Colour) -> None:
    mask = Image.new("L", picture.size)
    box = (centre[0] - radius, centre[1] - radius, centre[0] + radius, centre[1] + radius)
    ImageDraw.Draw(mask).ellipse(box, fill=130)
    picture.paste(Image.new("RGB", picture.size, colour), mask=mask)


def _colour(hue: int, light: float) -> _Colour:
    red, green, blue = hls_to_rgb(hue / 360, light, 0.66)
    return int(red * 255), int(green * 255), int(blue * 255)


def _png(picture: Image.Image, side: int) -> bytes:
    file = io.BytesIO()
    picture.resize((side, side), Image.Resampling.LANCZOS).save(file, "PNG", optimize=side <= 128)
    return file.getvalue()
