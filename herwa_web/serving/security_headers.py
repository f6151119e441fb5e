"""Security headers of every response: CSP, no framing, HSTS on https."""

from collections.abc import Sequence
from urllib.parse import urlsplit

from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from herwa_shared.config import Settings

SECURITY_HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "strict-origin-when-cross-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
    "Cross-Origin-Opener-Policy": "same-origin",
}
EMBEDDABLE_PATHS = ("/embed/", "/w/")  # meant to be framed by other sites; the API sets which ones
FRAMING_HEADERS = {"X-Frame-Options", "Content-Security-Policy"}
DENY_ALL_POLICY = "default-src 'none'; frame-ancestors 'none'"
HSTS_POLICY = "max-age=31536000"


class SecurityHeadersMiddleware:
    """ASGI middleware that sets each security header unless the response has it already."""

    def __init__(self, app: ASGIApp, settings: Settings) -> None:
        self._app = app
        self._headers = {**SECURITY_HEADERS, "Content-Security-Policy": DENY_ALL_POLICY}
        if settings.origin.startswith("https://"):
            self._headers["Strict-Transport-Security"] = HSTS_POLICY

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        is_embeddable = scope["path"].startswith(EMBEDDABLE_PATHS)

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in self._headers.items():
                    if not (is_embeddable and name in FRAMING_HEADERS):
                        headers.setdefault(name, value)
            await send(message)

        await self._app(scope, receive, send_with_headers)


def build_content_security_policy(*, scripts: Sequence[str], cdn: str) -> str:
    """Build the Content-Security-Policy of a page.

    `scripts` are the digests of its inline scripts; `cdn` is the base URL of Discord's images. Reflex evaluates code
    that the server sends (a toast, a script call), hence 'unsafe-eval'. Charts and components set inline styles, hence
    'unsafe-inline' for styles. Text written by users never gets into either.
    """
    cdn_url = urlsplit(cdn)
    directives = {
        "default-src": "'none'",
        "base-uri": "'none'",
        "connect-src": "'self'",
        "font-src": "'self'",
        "form-action": "'self'",
        "frame-ancestors": "'none'",
        "img-src": f"'self' data: blob: {cdn_url.scheme}://{cdn_url.netloc}",
        "manifest-src": "'self'",
        "script-src": " ".join(["'self'", "'unsafe-eval'", *scripts]),
        "style-src": "'self' 'unsafe-inline'",
    }
    return "; ".join(f"{name} {value}" for name, value in directives.items())
