"""A drawing as SVG. Every text is escaped; the style is one element, whose digest the content security policy names."""

import base64
import hashlib
from collections.abc import Mapping
from html import escape

from herwa_shared.charts.theme import FONT_FAMILY
from herwa_shared.services.widget_settings import ColorScheme
from herwa_shared.widgets.colors import WidgetColors
from herwa_shared.widgets.drawing import Box, Drawing, Ink, Label, Line
from herwa_shared.widgets.text_width import fit_text

DARK_QUERY = "@media (prefers-color-scheme:dark)"
LINE_CAPS = 'stroke-linejoin="round" stroke-linecap="round"'


def build_svg(
    drawing: Drawing, colors: Mapping[ColorScheme, WidgetColors], *, prefix: str = "hw", has_link: bool = False
) -> str:
    """Build the SVG of a drawing. With colors of both schemes it follows the visitor's browser by itself.

    `prefix` makes its ids unique in a document. `has_link` tells the script of `<herwa-card>` to make it a link.
    """
    link = ' data-link="1"' if has_link else ""
    parts = "".join(_draw_part(part) for part in drawing.parts)
    width, height = drawing.width * drawing.scale, drawing.height * drawing.scale
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width:g}" height="{height:g}" '
        f'viewBox="0 0 {drawing.width:g} {drawing.height:g}" role="img" '
        f'aria-labelledby="{prefix}-title {prefix}-desc"{link}>'
        f'<title id="{prefix}-title">{escape(drawing.title)}</title>'
        f'<desc id="{prefix}-desc">{escape(drawing.description)}</desc>'
        f"<style>{build_style(colors)}</style>{parts}</svg>"
    )


def build_style(colors: Mapping[ColorScheme, WidgetColors]) -> str:
    """Build the style sheet: one class per color, and the font. The first scheme is that of browsers without one."""
    rules = [_build_rules(scheme_colors) for scheme_colors in colors.values()]
    style = f"text{{font-family:{FONT_FAMILY}}}{rules[0]}"
    return style if len(rules) == 1 else f"{style}{DARK_QUERY}{{{rules[1]}}}"


def build_style_digest(style: str) -> str:
    """Build the source of a style for a content security policy."""
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    return f"'sha256-{digest}'"


def _build_rules(colors: WidgetColors) -> str:
    values = {ink: getattr(colors, ink.value) or "none" for ink in Ink}
    return "".join(f".f-{ink}{{fill:{value}}}.s-{ink}{{stroke:{value}}}" for ink, value in values.items())


def _draw_part(part: Box | Line | Label) -> str:
    if isinstance(part, Box):
        return _draw_box(part)
    return _draw_line(part) if isinstance(part, Line) else _draw_label(part)


def _draw_box(box: Box) -> str:
    paint = f'class="s-{box.ink}" fill="none"' if box.is_outline else f'class="f-{box.ink}"'
    radius = f' rx="{box.radius:g}"' if box.radius else ""
    opacity = f' opacity="{box.opacity:g}"' if box.opacity < 1 else ""
    return (
        f'<rect x="{box.x:g}" y="{box.y:g}" width="{box.width:.6g}" height="{box.height:g}"{radius}{opacity} {paint}/>'
    )


def _draw_line(line: Line) -> str:
    coordinates = [f"{x:.1f},{y:.1f}" for x, y in line.points]
    path = f"M{'L'.join(coordinates)}"
    dots = f' stroke-dasharray="0.1 {line.width * 2.4:g}"' if line.is_dotted else ""
    stroke = f'<path d="{path}" class="s-{line.ink}" fill="none" stroke-width="{line.width:g}" {LINE_CAPS}{dots}/>'
    if line.floor is None:
        return stroke
    first_x, last_x = line.points[0][0], line.points[-1][0]
    area = f"{path}L{last_x:.1f},{line.floor:g}L{first_x:.1f},{line.floor:g}Z"
    return f'<path d="{area}" class="f-{line.ink}" opacity="0.14"/>{stroke}'


def _draw_label(label: Label) -> str:
    text = fit_text(label.text, label.size, label.max_width, weight=label.weight)
    weight = f' font-weight="{label.weight}"' if label.weight != 400 else ""
    anchor = "" if label.align == "start" else f' text-anchor="{label.align}"'
    return (
        f'<text x="{label.x:.6g}" y="{label.y:g}" font-size="{label.size:g}"{weight}{anchor} '
        f'class="f-{label.ink}">{escape(text)}</text>'
    )
