"""Cross-origin requests (CORS): scripts of listed origins may use the API with a key, never with a session."""

from collections.abc import Sequence

from starlette.middleware.cors import CORSMiddleware
from starlette.types import ASGIApp, Receive, Scope, Send

ALLOWED_PREFIX = "/api/"
METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")
REQUEST_HEADERS = ("Authorization", "Content-Type", "Idempotency-Key", "If-Match", "If-None-Match")
RESPONSE_HEADERS = (
    "ETag",
    "Idempotency-Replayed",
    "Location",
    "RateLimit",
    "RateLimit-Policy",
    "Retry-After",
    "X-Request-Id",
)
MAX_AGE_SECONDS = 600


class CrossOriginMiddleware:
    """Add CORS headers to responses below `/api/` for these origins. Cookies are never allowed."""

    def __init__(self, app: ASGIApp, *, origins: Sequence[str]) -> None:
        self._app = app
        self._cors_app = CORSMiddleware(
            app,
            allow_origins=origins,
            allow_methods=METHODS,
            allow_headers=REQUEST_HEADERS,
            expose_headers=RESPONSE_HEADERS,
            max_age=MAX_AGE_SECONDS,
        )
        self._has_origins = bool(origins)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        is_allowed = self._has_origins and scope["type"] == "http" and scope["path"].startswith(ALLOWED_PREFIX)
        await (self._cors_app if is_allowed else self._app)(scope, receive, send)
