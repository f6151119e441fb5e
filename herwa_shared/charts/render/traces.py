"""CSS colours as the drawing engine takes them.

The marks of each kind of trace on a canvas: lines with areas and points, bars, and the cells of a heatmap.
"""

import re
from collections.abc import Iterator
from itertools import groupby
from typing import Any

from herwa_shared.charts.render.plot_area import Plane
from herwa_shared.charts.render.skia_loader import load_skia

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


skia = load_skia()

Spot = tuple[float, float]


def draw_trace(canvas: Any, trace: dict[str, Any], plane: Plane) -> None:
    """Draw one trace. Raises ValueError for a kind that Herwa's figures do not use."""
    match trace["type"]:
        case "scatter":
            _scatter(canvas, trace, plane)
        case "bar":
            _bars(canvas, trace, plane)
        case "heatmap":
            _cells(canvas, trace, plane)
        case kind:
            raise ValueError(f"no such trace: {kind}")


def _scatter(canvas: Any, trace: dict[str, Any], plane: Plane) -> None:
    mode = trace["mode"]
    for run in _runs(trace, plane):
        if len(run) > 1 and "fill" in trace:
            canvas.drawPath(_area(run, plane), _area_paint(trace, plane))
        if len(run) > 1 and "lines" in mode:
            canvas.drawPath(_path(run), _line_paint(trace["line"]))
    if "markers" in mode:
        _points(canvas, trace, plane)


def _runs(trace: dict[str, Any], plane: Plane) -> Iterator[list[Spot]]:
    """Each unbroken stretch of the line, in pixels."""
    pairs = zip(trace["x"], trace["y"], strict=True)
    for missing, run in groupby(pairs, key=lambda pair: pair[1] is None):
        if not missing:
            yield [(plane.x(x), plane.y(y)) for x, y in run]


def _points(canvas: Any, trace: dict[str, Any], plane: Plane) -> None:
    marker = trace["marker"]
    sizes = marker["size"] if isinstance(marker["size"], list) else [marker["size"]] * len(trace["x"])
    for x, y, size in zip(trace["x"], trace["y"], sizes, strict=True):
        if y is None or not size:
            continue
        canvas.drawCircle(plane.x(x), plane.y(y), size / 2, _fill(marker["color"]))
        if "line" in marker:
            canvas.drawCircle(plane.x(x), plane.y(y), size / 2, _line_paint(marker["line"]))


def _bars(canvas: Any, trace: dict[str, Any], plane: Plane) -> None:
    thick = trace["width"] / 2
    for length, middle in zip(trace["x"], trace["y"], strict=True):
        edges = sorted((plane.y(middle - thick), plane.y(middle + thick)))
        bar = skia.Rect.MakeLTRB(plane.x(0), edges[0], max(plane.x(length), plane.x(0) + 2), edges[1])
        canvas.drawRoundRect(bar, 4, 4, _fill(trace["marker"]["color"]))


def _cells(canvas: Any, trace: dict[str, Any], plane: Plane) -> None:
    top = trace["zmax"] or 1
    (_, low), (_, high) = trace["colorscale"]
    for y, row in zip(trace["y"], trace["z"], strict=True):
        for x, value in zip(trace["x"], row, strict=True):
            left, right = plane.x(x - 0.5) + trace["xgap"] / 2, plane.x(x + 0.5) - trace["xgap"] / 2
            upper, lower = sorted((plane.y(y - 0.5), plane.y(y + 0.5)))
            cell = skia.Rect.MakeLTRB(left, upper + trace["ygap"] / 2, right, lower - trace["ygap"] / 2)
            canvas.drawRoundRect(cell, 3, 3, _fill_argb(_between(argb(low), argb(high), value / top)))


def _between(low: int, high: int, share: float) -> int:
    parts = ((low >> shift & 255, high >> shift & 255) for shift in (24, 16, 8, 0))
    alpha, red, green, blue = (round(first + (last - first) * share) for first, last in parts)
    return alpha << 24 | red << 16 | green << 8 | blue


def _path(run: list[Spot]) -> Any:
    path = skia.Path()
    path.moveTo(*run[0])
    for spot in run[1:]:
        path.lineTo(*spot)
    return path


def _area(run: list[Spot], plane: Plane) -> Any:
    path = _path(run)
    path.lineTo(run[-1][0], plane.bottom)
    path.lineTo(run[0][0], plane.bottom)
    path.close()
    return path


def _area_paint(trace: dict[str, Any], plane: Plane) -> Any:
    """The area fades from the highest value of the trace down to zero."""
    paint = _fill(trace["fillcolor"])
    top = min(plane.y(value) for value in trace["y"] if value is not None)
    if "fillgradient" in trace and top < plane.bottom:
        (_, low), (_, high) = trace["fillgradient"]["colorscale"]
        ends = [skia.Point(0, plane.bottom), skia.Point(0, top)]
        paint.setColor(0xFF000000)
        paint.setShader(skia.GradientShader.MakeLinear(ends, [argb(low), argb(high)]))
    return paint


def _line_paint(line: dict[str, Any]) -> Any:
    width = line["width"]
    paint = skia.Paint(AntiAlias=True, Color=argb(line["color"]), Style=skia.Paint.kStroke_Style, StrokeWidth=width)
    paint.setStrokeJoin(skia.Paint.kRound_Join)
    paint.setStrokeCap(skia.Paint.kRound_Cap)
    if line.get("dash") == "dot":
        paint.setPathEffect(skia.DashPathEffect.Make([0.1, width * 2.4], 0))
    return paint


def _fill(colour: str) -> Any:
    return _fill_argb(argb(colour))


def _fill_argb(colour: int) -> Any:
    return skia.Paint(AntiAlias=True, Color=colour)
