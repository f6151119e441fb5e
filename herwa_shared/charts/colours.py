"""CSS colours as the drawing engine takes them."""

import re

_RGBA = re.compile(r"rgba\((\d+),(\d+),(\d+),([\d.]+)\)")


def argb(colour: str) -> int:
    """`#rrggbb` or `rgba(r,g,b,a)` as 0xAARRGGBB. Raises ValueError for anything else."""
    if re.fullmatch(r"#[0-9a-fA-F]{6}", colour):
        return 0xFF000000 | int(colour[1:], 16)
    match = _RGBA.fullmatch(colour)
    if match is None:
        raise ValueError(f"not a colour of a figure: {colour!r}")
    red, green, blue = (int(part) for part in match.groups()[:3])
    return round(float(match[4]) * 255) << 24 | red << 16 | green << 8 | blue
