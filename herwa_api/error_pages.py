"""HTML pages of the API for browsers: why a login failed, what was done about a report of a leaked key."""

from base64 import b64encode
from collections.abc import Sequence
from hashlib import sha256
from html import escape
from urllib.parse import urlencode

from fastapi import Request, Response

from herwa_api import texts
from herwa_shared.charts.theme import DARK, FONT_FAMILY, LIGHT

LOGO = (
    '<svg viewBox="0 0 32 32" width="44" height="44" aria-hidden="true">'
    '<rect width="32" height="32" rx="9" fill="#5865e8"/>'
    '<path d="M9.5 8v16M22.5 8v16M9.5 18.5l4.2-4.6 4 4 4.8-6" fill="none" stroke="#fff" stroke-width="3"'
    ' stroke-linecap="round" stroke-linejoin="round"/></svg>'
)
STYLE = f"""
:root {{ color-scheme: light dark; --text: light-dark({LIGHT.text}, {DARK.text});
  --muted: light-dark({LIGHT.muted}, {DARK.muted}); --accent: light-dark({LIGHT.accent}, #5865e8); }}
* {{ box-sizing: border-box; }}
body {{ margin: 0; min-height: 100vh; display: grid; place-items: center; padding: 20px; color: var(--text);
  background: light-dark(#f4f4f7, #101114); font: 16px/1.55 {FONT_FAMILY}; }}
main {{ width: 100%; max-width: 440px; padding: 40px 36px 32px; border-radius: 16px; text-align: center;
  background: light-dark(#ffffff, #18191d); border: 1px solid light-dark(#e3e4ea, #2a2c33);
  box-shadow: 0 8px 32px light-dark(rgb(20 22 40 / 0.08), rgb(0 0 0 / 0.35)); }}
h1 {{ font-size: 22px; line-height: 1.3; letter-spacing: -0.01em; margin: 20px 0 8px; }}
p {{ margin: 0 0 28px; color: var(--muted); overflow-wrap: anywhere; }}
a {{ display: block; padding: 11px 18px; border-radius: 9px; font-weight: 550; text-decoration: none;
  color: var(--muted); margin-top: 8px; }}
a.first {{ background: var(--accent); color: #fff; }}
a:hover {{ filter: brightness(1.08); }}
a:focus-visible {{ outline: 3px solid var(--accent); outline-offset: 3px; }}
"""
CONTENT_SECURITY_POLICY = (
    f"default-src 'none'; style-src 'sha256-{b64encode(sha256(STYLE.encode()).digest()).decode()}'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
PAGE_TEMPLATE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="robots" content="noindex"><title>{title} · Herwa</title><style>{style}</style></head>
<body><main>{logo}<h1>{title}</h1><p>{sentence}</p>{links}</main></body></html>
"""
LOGIN_URL = "/auth/login"
HOME_URL = "/"
LEAK_PAGE = "/leaked-key"
"""The page with the form for reports of leaked keys."""
LEAK_FORM_PATH = "/api/leaked-keys/form"


def accepts_html(request: Request) -> bool:
    """Return whether a browser loads a page: HTML is accepted, and the path is below `/auth/` or that of a form."""
    return request.url.path.startswith(("/auth/", LEAK_FORM_PATH)) and "text/html" in request.headers.get("Accept", "")


def remember_login_destination(request: Request, path: str) -> None:
    """Remember where the login of this request goes, so that an error page can offer the same login again."""
    request.state.login_destination = path


def build_login_url(request: Request) -> str:
    """Build the URL that starts the login of this request again."""
    path = getattr(request.state, "login_destination", None)
    return f"{LOGIN_URL}?{urlencode({'next': path})}" if path else LOGIN_URL


def render_error_page(status: int, sentence: str, *, code: str, login_url: str | None) -> Response:
    """Render the error page. `code` selects its title, `sentence` says what failed.

    A link to `login_url`, if there is one, offers to log in again.
    """
    title = texts.ERROR_PAGE_TITLES.get(code, texts.ERROR_PAGE_TITLE)
    login_links = [(login_url, texts.LOG_IN_AGAIN)] if login_url else []
    return _render_page(status, title, sentence, [*login_links, (HOME_URL, texts.HOME_PAGE)])


def render_report_page(revoked: int) -> Response:
    """Render the page after a report of leaked keys: how many of them are revoked."""
    title = texts.LEAK_REVOKED_TITLE if revoked else texts.LEAK_UNKNOWN_TITLE
    sentence = texts.format_leak_revoked(revoked) if revoked else texts.LEAK_UNKNOWN
    return _render_page(200, title, sentence, [(LEAK_PAGE, texts.REPORT_ANOTHER_KEY), (HOME_URL, texts.HOME_PAGE)])


def _render_page(status: int, title: str, sentence: str, links: Sequence[tuple[str, str]]) -> Response:
    """Render a page. `links` are URLs and their texts."""
    body = PAGE_TEMPLATE.format(
        title=escape(title),
        sentence=escape(sentence),
        links="".join(_render_link(url, text, first=index == 0) for index, (url, text) in enumerate(links)),
        logo=LOGO,
        style=STYLE,
    )
    headers = {"Content-Security-Policy": CONTENT_SECURITY_POLICY, "X-Frame-Options": "DENY"}
    return Response(body, status, headers, "text/html; charset=utf-8")


def _render_link(url: str, text: str, *, first: bool) -> str:
    return f'<a href="{escape(url)}"{" class=first" if first else ""}>{escape(text)}</a>'
