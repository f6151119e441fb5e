"""HTML page skeleton and security headers.

The Content-Security-Policy prevents user-controlled names from running as code.
"""

from pathlib import Path

from aiohttp import web

from herwa_sim.pages.markup import Child, Markup, tag

STATIC_DIR = Path(__file__).with_name("static")
STATIC_URL = "/_static"

_CONTENT_SECURITY_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
    "form-action {form_action}; base-uri 'none'; frame-ancestors 'none'"
)


def render_page(
    title: str, *body: Child, layout: str, script: str | None = None, form_action: str = "'self'", status: int = 200
) -> web.Response:
    """Render a complete page.

    `layout` is a CSS class of the body. `form_action` is the CSP directive of the same name: the allowed form targets.
    """
    head = tag(
        "head",
        tag("meta", charset="utf-8"),
        tag("meta", name="viewport", content="width=device-width, initial-scale=1"),
        tag("meta", name="color-scheme", content="dark"),
        tag("title", f"{title} · Local Discord"),
        tag("link", rel="icon", href=f"{STATIC_URL}/icon.svg", type="image/svg+xml"),
        tag("link", rel="stylesheet", href=f"{STATIC_URL}/local.css"),
        tag("script", src=f"{STATIC_URL}/{script}", defer=True) if script else None,
    )
    text = "<!doctype html>\n" + tag("html", head, tag("body", *body, class_=layout), lang="en")
    response = render_fragment(Markup(text), status=status)
    response.headers["Content-Security-Policy"] = _CONTENT_SECURITY_POLICY.format(form_action=form_action)
    return response


def render_fragment(content: Markup, *, status: int = 200) -> web.Response:
    """Render an HTML fragment that the page's script inserts."""
    headers = {
        "Cache-Control": "no-store",
        "Referrer-Policy": "no-referrer",
        "X-Content-Type-Options": "nosniff",
        "Content-Security-Policy": _CONTENT_SECURITY_POLICY.format(form_action="'self'"),
    }
    return web.Response(text=content, content_type="text/html", status=status, headers=headers)
