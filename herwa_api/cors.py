"""Cross-origin requests (CORS): scripts of listed origins may use the API with a key, never with a session."""

from collections.abc import Sequence
from http import HTTPStatus

import orjson
from starlette.datastructures import Headers
from starlette.middleware.cors import CORSMiddleware
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from herwa_api import texts
from herwa_shared.runtime.http_problems import PROBLEM_MEDIA_TYPE, HttpProblem

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
PREFLIGHT_HEADERS = frozenset({"vary", "access-control-allow-origin"})
"""Headers of a refused preflight: a script of a listed origin can read why it is refused."""


class _ProblemCorsMiddleware(CORSMiddleware):
    """Starlette's middleware, which refuses a preflight with a problem instead of plain text."""

    def preflight_response(self, request_headers: Headers) -> Response:
        response = super().preflight_response(request_headers)
        if response.status_code < HTTPStatus.BAD_REQUEST:
            return response
        problem = HttpProblem(HTTPStatus.BAD_REQUEST, "cross_origin_refused", texts.CROSS_ORIGIN_REFUSED)
        body = orjson.loads(problem.render_body()) | {"hint": texts.CROSS_ORIGIN_HINT}
        headers = {name: value for name, value in response.headers.items() if name in PREFLIGHT_HEADERS}
        return Response(orjson.dumps(body), problem.status, headers, PROBLEM_MEDIA_TYPE)


class CrossOriginMiddleware:
    """Add CORS headers to responses below `/api/` for these origins. Cookies are never allowed."""

    def __init__(self, app: ASGIApp, *, origins: Sequence[str]) -> None:
        self._app = app
        self._cors_app = _ProblemCorsMiddleware(
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
