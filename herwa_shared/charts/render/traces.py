"""Draw traces on a Skia canvas: lines, areas, markers and horizontal bars.

Also parses CSS colors.
"""

import re
from collections.abc import Iterator
from itertools import groupby
from typing import Any

from herwa_shared.charts.render.plot_area import PlotArea
from herwa_shared.charts.render.skia_loader import load_skia

skia = load_skia()

PixelPoint = tuple[float, float]


_BAR_RADIUS_PX = 3
_MIN_BAR_LENGTH_PX = 3
_RGBA = re.compile(r"rgba\((\d+),(\d+),(\d+),([\d.]+)\)")


def parse_color(color: str) -> int:
    """Convert `#rrggbb` or `rgba(r,g,b,a)` to 0xAARRGGBB. Raises ValueError for any other text."""
    if re.fullmatch(r"#[0-9a-fA-F]{6}", color):
        return 0xFF000000 | int(color[1:], 16)
    match = _RGBA.fullmatch(color)
    if match is None:
        raise ValueError(f"not a color of a figure: {color!r}")
    red, green, blue = (int(part) for part in match.groups()[:3])
    return round(float(match[4]) * 255) << 24 | red << 16 | green << 8 | blue


def draw_trace(canvas: Any, trace: dict[str, Any], plot_area: PlotArea) -> None:
    """Draw one trace. Raises ValueError for a trace type that Herwa's figures do not use."""
    if trace["type"] == "bar":
        _draw_bars(canvas, trace, plot_area)
        return
    if trace["type"] != "scatter":
        raise ValueError(f"unsupported trace type: {trace['type']}")
    mode = trace["mode"]
    for run in _iterate_runs(trace, plot_area):
        if len(run) > 1 and "fill" in trace:
            canvas.drawPath(_build_area_path(run, plot_area), _build_area_paint(trace, plot_area))
        if len(run) > 1 and "lines" in mode:
            canvas.drawPath(_build_path(run), _build_line_paint(trace["line"]))
    if "markers" in mode:
        _draw_points(canvas, trace, plot_area)


def _draw_bars(canvas: Any, trace: dict[str, Any], plot_area: PlotArea) -> None:
    """Draw horizontal bars from zero. The smallest values are visible as well."""
    left, half_width = plot_area.to_x(0), trace["width"] / 2
    for value, position in zip(trace["x"], trace["y"], strict=True):
        top, bottom = sorted((plot_area.to_y(position - half_width), plot_area.to_y(position + half_width)))
        bar = skia.Rect.MakeLTRB(left, top, max(plot_area.to_x(value), left + _MIN_BAR_LENGTH_PX), bottom)
        canvas.drawRoundRect(bar, _BAR_RADIUS_PX, _BAR_RADIUS_PX, _build_fill(trace["marker"]["color"]))


def _iterate_runs(trace: dict[str, Any], plot_area: PlotArea) -> Iterator[list[PixelPoint]]:
    """Yield the pixel points of each uninterrupted part of a line."""
    pairs = zip(trace["x"], trace["y"], strict=True)
    for is_gap, run in groupby(pairs, key=lambda pair: pair[1] is None):
        if not is_gap:
            yield [(plot_area.to_x(x), plot_area.to_y(y)) for x, y in run]


def _draw_points(canvas: Any, trace: dict[str, Any], plot_area: PlotArea) -> None:
    marker = trace["marker"]
    sizes = marker["size"] if isinstance(marker["size"], list) else [marker["size"]] * len(trace["x"])
    for x, y, size in zip(trace["x"], trace["y"], sizes, strict=True):
        if y is None or not size:
            continue
        canvas.drawCircle(plot_area.to_x(x), plot_area.to_y(y), size / 2, _build_fill(marker["color"]))
        if "line" in marker:
            canvas.drawCircle(plot_area.to_x(x), plot_area.to_y(y), size / 2, _build_line_paint(marker["line"]))


def _build_path(run: list[PixelPoint]) -> Any:
    path = skia.Path()
    path.moveTo(*run[0])
    for point in run[1:]:
        path.lineTo(*point)
    return path


def _build_area_path(run: list[PixelPoint], plot_area: PlotArea) -> Any:
    path = _build_path(run)
    path.lineTo(run[-1][0], plot_area.bottom)
    path.lineTo(run[0][0], plot_area.bottom)
    path.close()
    return path


def _build_area_paint(trace: dict[str, Any], plot_area: PlotArea) -> Any:
    """Build the paint of an area that fades from the highest value of the trace down to zero."""
    paint = _build_fill(trace["fillcolor"])
    top = min(plot_area.to_y(value) for value in trace["y"] if value is not None)
    if "fillgradient" in trace and top < plot_area.bottom:
        (_, low), (_, high) = trace["fillgradient"]["colorscale"]
        ends = [skia.Point(0, plot_area.bottom), skia.Point(0, top)]
        paint.setColor(0xFF000000)
        paint.setShader(skia.GradientShader.MakeLinear(ends, [parse_color(low), parse_color(high)]))
    return paint


def _build_line_paint(line: dict[str, Any]) -> Any:
    width = line["width"]
    paint = skia.Paint(
        AntiAlias=True, Color=parse_color(line["color"]), Style=skia.Paint.kStroke_Style, StrokeWidth=width
    )
    paint.setStrokeJoin(skia.Paint.kRound_Join)
    paint.setStrokeCap(skia.Paint.kRound_Cap)
    if line.get("dash") == "dot":
        paint.setPathEffect(skia.DashPathEffect.Make([0.1, width * 2.4], 0))
    return paint


def _build_fill(color: str) -> Any:
    return _build_argb_fill(parse_color(color))


def _build_argb_fill(argb_value: int) -> Any:
    return skia.Paint(AntiAlias=True, Color=argb_value)
