"""Pixels as a PNG with a palette: a third of the bytes of true colour, and here it looks the same.

Pillow's own quantisers look colours up in coarse boxes: a white ground comes out grey, and faint gradients in bands.
"""

from io import BytesIO
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

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
