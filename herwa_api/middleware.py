"""ASGI middleware: request ids, privacy headers, use of API keys, and a 500 problem for unexpected errors."""

from time import perf_counter
from traceback import format_exc
from uuid import uuid4

from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from herwa_api.errors import build_unexpected_error
from herwa_api.key_usage import UsageRecorder
from herwa_api.request_metrics import RequestCounts
from herwa_api.response_headers import encode_headers, has_header, set_headers
from herwa_shared.log import RateLimitedLogger, find_error_location, get_logger

limited_log = RateLimitedLogger(get_logger(__name__))
NOT_STORED = encode_headers({"Cache-Control": "private, no-store"})
RESPONSE_HEADERS = encode_headers(
    {
        "X-Content-Type-Options": "nosniff",
        "Referrer-Policy": "no-referrer",
        "Vary": "Accept, Authorization, Cookie, Origin",
    }
)


class RequestMiddleware:
    """Add headers to each response; record use of keys; count requests; log unexpected errors and respond with 500.

    The headers are `RESPONSE_HEADERS`, `X-Request-Id` and, unless the route sets it, `Cache-Control`.
    The query string and the headers of a request are never logged: they may contain an API key.
    """

    def __init__(self, app: ASGIApp, *, usage: UsageRecorder, counts: RequestCounts) -> None:
        self._app = app
        self._usage = usage
        self._counts = counts

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        request_id = uuid4().hex
        started_at = perf_counter()
        status = 0

        async def send_with_headers(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                not_stored = () if has_header(message, b"cache-control") else NOT_STORED
                set_headers(message, (*RESPONSE_HEADERS, (b"x-request-id", request_id.encode()), *not_stored))
            await send(message)

        try:
            await self._app(scope, receive, send_with_headers)
        except Exception as error:
            limited_log.error(
                "request failed",
                kind=f"{type(error).__name__} {find_error_location(error)}",
                request_id=request_id,
                method=scope["method"],
                path=scope["path"],
                trace=format_exc(),
            )
            if status:
                raise
            response = build_unexpected_error(Request(scope), request_id)
            await response(scope, receive, send_with_headers)
        finally:
            if status:
                self._usage.record(scope, status=status, started_at=started_at, request_id=request_id)
            self._counts.add(scope, status or 500, perf_counter() - started_at)
