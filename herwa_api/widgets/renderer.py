"""Render the forms of a widget, each once for its numbers. What visitors do not see looks like what does not exist."""

import asyncio
from pathlib import Path

import orjson

from herwa_api.widgets.cards import WidgetEntry
from herwa_api.widgets.forms import (
    MEDIA_TYPES,
    PAGE_FORMS,
    PNG_SCHEMES,
    WIDGET_PREFIX,
    WidgetForm,
)
from herwa_api.widgets.policies import build_frame_headers, build_image_headers, build_reader_headers
from herwa_api.widgets.rendered import UNKNOWN_CACHE_CONTROL, RenderedForm, build_form
from herwa_shared.clock import utc_now
from herwa_shared.services.widget_settings import ColorScheme
from herwa_shared.widgets.colors import build_colors, list_schemes
from herwa_shared.widgets.content import WidgetContent, build_content
from herwa_shared.widgets.documents import build_card_svg, build_frame_document, build_json, build_page_document
from herwa_shared.widgets.layout import build_drawing
from herwa_shared.widgets.png import build_png
from herwa_shared.widgets.svg import build_style, build_style_digest

INVITE_URL = "https://discord.gg/"
EMPTY_SVG = b'<svg xmlns="http://www.w3.org/2000/svg" width="1" height="1"/>'
EMPTY_PNG = bytes.fromhex(
    "89504e470d0a1a0a0000000d49484452000000010000000108060000001f15c4890000000b49444154789c6360000200"
    "000500017a5eab3f0000000049454e44ae426082"
)
EMPTY_DOCUMENT = b'<!doctype html><html lang="en"><meta charset="utf-8"><title>Not found</title></html>'
_EMPTY_BODIES = {
    WidgetForm.SVG: EMPTY_SVG,
    WidgetForm.PNG: EMPTY_PNG,
    WidgetForm.LIGHT_PNG: EMPTY_PNG,
    WidgetForm.DARK_PNG: EMPTY_PNG,
    WidgetForm.JSON: b'{"error":"not_found"}',
}
_png_lock = asyncio.Lock()


def _build_unknown(form: WidgetForm, status: int, cache_control: str) -> RenderedForm:
    body = _EMPTY_BODIES.get(form, EMPTY_DOCUMENT)
    headers = {"Content-Security-Policy": "default-src 'none'"}
    return build_form(body, MEDIA_TYPES[form], headers, status=status, cache_control=cache_control)


UNKNOWN_FORMS = {form: _build_unknown(form, 404, UNKNOWN_CACHE_CONTROL) for form in WidgetForm}
"""What visitors get for a widget that is off, revoked, over the number of its tier, refused, or does not exist."""
UNAVAILABLE_FORMS = {form: _build_unknown(form, 503, "no-store") for form in WidgetForm}
"""What visitors get while nothing is known of a widget because a database is away."""
SCRIPT = build_form(
    (Path(__file__).parent / "card.js").read_bytes(),
    "text/javascript; charset=utf-8",
    {"Content-Security-Policy": "default-src 'none'", "Access-Control-Allow-Origin": "*"},
    cache_control="public, max-age=3600, stale-if-error=604800",
)


async def render_form(entry: WidgetEntry, form: WidgetForm) -> RenderedForm:
    """Render one form of a visible widget. Raises RendererUnavailable for a PNG without Skia."""
    if entry.widget.status.is_page and form not in PAGE_FORMS:
        return UNKNOWN_FORMS[form]
    content = build_content(entry.widget.guild_name, entry.widget.status.settings, entry.numbers, now=utc_now())
    if form in PNG_SCHEMES:
        return await _render_png(content, form)
    if form is WidgetForm.LINK:
        return _render_link(content)
    return _render_text(entry, content, form)


def _render_text(entry: WidgetEntry, content: WidgetContent, form: WidgetForm) -> RenderedForm:
    settings, public_id = content.settings, entry.widget.status.public_id
    link = f"{WIDGET_PREFIX}{public_id}{WidgetForm.LINK}" if settings.invite else ""
    readers = build_reader_headers(form, settings.sites)
    if form is WidgetForm.SVG:
        style = build_style({scheme: build_colors(settings, scheme) for scheme in list_schemes(settings)})
        headers = {**build_image_headers([build_style_digest(style)]), **readers}
        return build_form(build_card_svg(content).encode(), MEDIA_TYPES[form], headers)
    if form is WidgetForm.JSON:
        body = orjson.dumps(build_json(content, public_id=public_id, link=link, now=utc_now()))
        return build_form(body, MEDIA_TYPES[form], {**build_image_headers(), **readers})
    is_page = entry.widget.status.is_page
    document = (build_page_document if is_page else build_frame_document)(content, link=link)
    headers = dict(build_frame_headers(document.style_sources, settings.sites, is_page=is_page))
    return build_form(document.html.encode(), MEDIA_TYPES[form], headers)


def _render_link(content: WidgetContent) -> RenderedForm:
    """Build the redirect to the invite, which is counted as a click, so that nothing stores it."""
    if not content.settings.invite:
        return UNKNOWN_FORMS[WidgetForm.LINK]
    headers = {"Location": f"{INVITE_URL}{content.settings.invite}", "Content-Security-Policy": "default-src 'none'"}
    return build_form(b"", MEDIA_TYPES[WidgetForm.LINK], headers, status=302, cache_control="no-store")


async def _render_png(content: WidgetContent, form: WidgetForm) -> RenderedForm:
    """Render an image. An image cannot follow the visitor's browser: without a scheme of its own it is light."""
    scheme = PNG_SCHEMES[form]
    if scheme is ColorScheme.AUTO:
        scheme = list_schemes(content.settings)[0]
    async with _png_lock:
        body = await asyncio.to_thread(build_png, build_drawing(content), build_colors(content.settings, scheme))
    return build_form(body, MEDIA_TYPES[form], build_image_headers())
