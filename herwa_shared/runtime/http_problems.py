"""Error answers in the API's format (RFC 9457), for errors that occur before or beside an application."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from http import HTTPStatus

import orjson

from herwa_shared.runtime import http_texts as texts
from herwa_shared.runtime.asgi_types import Send
from herwa_shared.runtime.http_limits import MAX_BODY_BYTES, MAX_HEAD_BYTES, MAX_HEADERS

PROBLEM_MEDIA_TYPE = "application/problem+json"
PROBLEM_HEADERS = {
    "Content-Type": PROBLEM_MEDIA_TYPE,
    "Cache-Control": "no-store",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
}


@dataclass(frozen=True, slots=True)
class HttpProblem:
    """An error answer. `code` is for programs, `detail` for people."""

    status: int
    code: str
    detail: str
    headers: Mapping[str, str] = field(default_factory=dict)

    @property
    def title(self) -> str:
        """The standard name of the status."""
        return HTTPStatus(self.status).phrase

    def render_body(self) -> bytes:
        """Render the JSON body."""
        return orjson.dumps(
            {
                "type": "about:blank",
                "title": self.title,
                "status": self.status,
                "code": self.code,
                "detail": self.detail,
            }
        )

    def list_headers(self) -> list[tuple[bytes, bytes]]:
        """List the headers of the answer, with the length of its body."""
        headers = {**PROBLEM_HEADERS, "Content-Length": str(len(self.render_body())), **self.headers}
        return [(name.lower().encode(), value.encode()) for name, value in headers.items()]


class RequestRefused(Exception):
    """The request gets this problem as its answer."""

    def __init__(self, problem: HttpProblem) -> None:
        super().__init__(problem.code)
        self.problem = problem


async def send_problem(problem: HttpProblem, send: Send) -> None:
    """Send the problem as the answer of an ASGI application."""
    await send({"type": "http.response.start", "status": problem.status, "headers": problem.list_headers()})
    await send({"type": "http.response.body", "body": problem.render_body()})


async def reject_handshake(problem: HttpProblem, send: Send) -> None:
    """Refuse a WebSocket handshake with the problem."""
    await send({"type": "websocket.http.response.start", "status": problem.status, "headers": problem.list_headers()})
    await send({"type": "websocket.http.response.body", "body": problem.render_body()})


RETRY_SOON = {"Retry-After": "2"}
MALFORMED_REQUEST = HttpProblem(400, "bad_request", texts.MALFORMED_REQUEST)
FORBIDDEN_HEADER = HttpProblem(400, "bad_request", texts.FORBIDDEN_HEADER)
FOREIGN_ORIGIN = HttpProblem(403, "foreign_origin", texts.FOREIGN_ORIGIN)
UNKNOWN_SOCKET = HttpProblem(404, "not_found", texts.UNKNOWN_SOCKET)
REQUEST_TIMEOUT = HttpProblem(408, "request_timeout", texts.REQUEST_TIMEOUT)
BODY_TOO_LARGE = HttpProblem(413, "too_large", texts.format_body_too_large(MAX_BODY_BYTES))
BODY_NOT_EXPECTED = HttpProblem(413, "body_not_expected", texts.BODY_NOT_EXPECTED)
TOO_MANY_REQUESTS = HttpProblem(429, "too_many_requests", texts.TOO_MANY_REQUESTS, RETRY_SOON)
TOO_MANY_TABS = HttpProblem(429, "too_many_tabs", texts.TOO_MANY_TABS, RETRY_SOON)
HEAD_TOO_LARGE = HttpProblem(431, "head_too_large", texts.format_head_too_large(MAX_HEADERS, MAX_HEAD_BYTES))
API_DOWN = HttpProblem(503, "unreachable", texts.API_DOWN, RETRY_SOON)
API_TIMEOUT = HttpProblem(504, "timeout", texts.API_TIMEOUT, RETRY_SOON)


def build_unknown_host_problem(origin: str) -> HttpProblem:
    """Build the answer to a request for a host that is not this server's."""
    return HttpProblem(400, "unknown_host", texts.format_unknown_host(origin))
