"""A widget as an HTML document, as a public page and as JSON. Every text is escaped, and there is no script."""

from dataclasses import dataclass
from datetime import datetime
from html import escape
from typing import Any

from herwa_shared.charts.theme import FONT_FAMILY
from herwa_shared.services.widget_settings import ColorScheme
from herwa_shared.widgets import texts
from herwa_shared.widgets.colors import BLACK, THEMES, WidgetColors, blend, build_colors, list_schemes
from herwa_shared.widgets.content import STALE_AFTER, WidgetContent
from herwa_shared.widgets.layout import build_drawing, build_page_chart, build_sparkline_card
from herwa_shared.widgets.svg import DARK_QUERY, build_style, build_style_digest, build_svg
from herwa_shared.widgets.text_width import clean_text

FRAME_STYLE = "html,body{margin:0;background:none}a,svg{display:block}svg{max-width:100%;max-height:100vh;height:auto}"
"""A card that has grown since its code was copied is scaled down, so that an iframe of the old size shows all of it."""
PAGE_STYLE = (
    f"body{{margin:0;font-family:{FONT_FAMILY};line-height:1.5}}main{{max-width:816px;margin:0 auto;padding:48px 16px}}"
    "header{display:flex;flex-wrap:wrap;align-items:center;gap:12px 24px;margin:0 0 28px}header>div{flex:1 1 240px}"
    "h1{font-size:28px;line-height:1.25;margin:0;overflow-wrap:anywhere}p{margin:4px 0 0}footer{margin:24px 0 0}"
    "footer{font-size:14px}.cards{display:flex;flex-wrap:wrap;gap:16px;align-items:flex-start}"
    "svg{max-width:100%;height:auto;flex:none}@media (max-width:847px){svg{width:100%}main{padding-top:28px}}"
    ".join{padding:10px 20px;border-radius:10px;font-weight:600;text-decoration:none}"
    ".join:focus-visible{outline:3px solid;outline-offset:2px}"
)
PAGE_SHADES = {ColorScheme.LIGHT: 0.035, ColorScheme.DARK: 0.3}
"""How much darker than its cards a page is."""


@dataclass(frozen=True, slots=True)
class HtmlDocument:
    """An HTML document, and the sources of its styles for its content security policy."""

    html: str
    style_sources: tuple[str, ...]


def build_card_svg(content: WidgetContent) -> str:
    """Build the SVG of a widget in its own color scheme."""
    return build_svg(build_drawing(content), _list_colors(content), has_link=content.settings.invite != "")


def build_frame_document(content: WidgetContent, *, link: str) -> HtmlDocument:
    """Build the document of an iframe: the card, which is a link if there is one."""
    svg = build_card_svg(content)
    label = escape(f"{texts.JOIN}: {content.guild_name}")
    card = (
        f'<a href="{escape(link)}" target="_blank" rel="noopener noreferrer" title="{label}">{svg}</a>' if link else svg
    )
    styles = (FRAME_STYLE, build_style(_list_colors(content)))
    return HtmlDocument(_build_html(content.title, FRAME_STYLE, card), tuple(map(build_style_digest, styles)))


def build_page_document(content: WidgetContent, *, link: str) -> HtmlDocument:
    """Build the public page of a server: its card, a chart, and a link to join."""
    colors = _list_colors(content)
    card = build_sparkline_card(content)
    drawings = (card, build_page_chart(content, height=card.height))
    cards = "".join(build_svg(drawing, colors, prefix=f"hw{index}") for index, drawing in enumerate(drawings))
    join = f'<a class="join" href="{escape(link)}" rel="noopener noreferrer">{escape(texts.JOIN)}</a>' if link else ""
    name, subtitle = escape(content.guild_name), escape(" · ".join(filter(None, (content.subtitle, content.as_of))))
    style = PAGE_STYLE + _build_page_colors(colors)
    header = f"<header><div><h1>{name}</h1><p>{subtitle}</p></div>{join}</header>"
    body = f'<main>{header}<div class="cards">{cards}</div><footer>{escape(texts.PAGE_FOOT)}</footer></main>'
    styles = (style, build_style(colors))
    return HtmlDocument(_build_html(content.title, style, body), tuple(map(build_style_digest, styles)))


def build_json(content: WidgetContent, *, public_id: str, link: str, now: datetime) -> dict[str, Any]:
    """Build the JSON form: all numbers exactly, and the texts that the card shows."""
    numbers = content.numbers
    return {
        "id": public_id,
        "name": content.guild_name,
        "title": content.title,
        "description": content.description,
        "link": link or None,
        "updated_at": numbers.as_of.isoformat() if numbers else None,
        "is_stale": numbers is not None and now - numbers.as_of > STALE_AFTER,
        "from": numbers.start.astimezone(numbers.zone).isoformat() if numbers else None,
        "to": numbers.end.astimezone(numbers.zone).isoformat() if numbers else None,
        "timezone": numbers.zone.key if numbers else None,
        "metrics": [
            {
                "metric": str(item.number.metric),
                "label": item.label,
                "value": item.number.value,
                "text": item.value,
                "is_hidden": item.number.is_hidden,
                "change": None
                if item.number.change is None
                else {"value": item.number.change.value, "base": item.number.change.base, "text": item.change},
                "days": list(item.number.days),
            }
            for item in content.items
        ],
        "channels": [
            {"name": clean_text(channel.name), "active_members": channel.members}
            for channel in (numbers.channels if numbers else ())
        ],
    }


def _list_colors(content: WidgetContent) -> dict[ColorScheme, WidgetColors]:
    return {scheme: build_colors(content.settings, scheme) for scheme in list_schemes(content.settings)}


def _build_page_colors(colors: dict[ColorScheme, WidgetColors]) -> str:
    rules = [_build_page_rules(scheme_colors, scheme) for scheme, scheme_colors in colors.items()]
    return rules[0] if len(rules) == 1 else f"{rules[0]}{DARK_QUERY}{{{rules[1]}}}"


def _build_page_rules(colors: WidgetColors, scheme: ColorScheme) -> str:
    background = blend(BLACK, colors.background or THEMES[scheme].background, PAGE_SHADES[scheme])
    return (
        f"body{{background:{background};color:{colors.text}}}"
        f"p,footer{{color:{colors.muted}}}.join{{background:{colors.accent};color:{colors.on_accent}}}"
    )


def _build_html(title: str, style: str, body: str) -> str:
    return (
        f'<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{escape(title)}</title>'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<style>{style}</style></head><body>{body}</body></html>"
    )
