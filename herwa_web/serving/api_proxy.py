"""Reverse proxy to the API, so that pages and API share one origin.

It streams in both directions and sends the client's address in `X-Forwarded-*` headers that the API can trust.
"""

from collections.abc import AsyncIterator
from contextlib import aclosing

import httpx
import orjson
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from herwa_shared.log import get_logger
from herwa_web.serving.client_address import parse_client_info

log = get_logger(__name__)

API_PREFIXES = ("/api", "/auth", "/w", "/embed", "/healthz", "/readyz")
MAX_BODY_BYTES = 10_000_000
HOP_BY_HOP_HEADERS = frozenset(
    {"connection", "keep-alive", "proxy-authenticate", "proxy-authorization", "te", "trailer", "transfer-encoding"}
    | {"upgrade", "proxy-connection"}
)
# Removed from client requests and set by the proxy: the API trusts these headers from the proxy.
FORWARDED_HEADERS = frozenset({"forwarded", "x-forwarded-for", "x-forwarded-proto", "x-forwarded-host", "x-real-ip"})
API_TIMEOUT = httpx.Timeout(connect=2.0, read=60.0, write=30.0, pool=5.0)
CONNECTION_LIMITS = httpx.Limits(max_connections=200, max_keepalive_connections=50)


class BodyTooLargeError(Exception):
    """The request body is larger than `MAX_BODY_BYTES`."""


def is_api_path(path: str) -> bool:
    """Return whether the path belongs to the API.

    A path with `.` or `..` segments never does: after normalization it could lead anywhere.
    """
    has_dot_segments = not {".", ".."}.isdisjoint(path.split("/"))
    return not has_dot_segments and any(path == prefix or path.startswith(f"{prefix}/") for prefix in API_PREFIXES)


class ApiProxy:
    """ASGI application that forwards requests to the API.

    If the API is unreachable, times out or the body is too large, it responds with a problem as the API would.
    """

    def __init__(self, client: httpx.AsyncClient, *, trusted_proxies: int) -> None:
        self._client = client
        self._trusted_proxies = trusted_proxies

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope, receive)
        try:
            await self._forward(request, send)
        except ClientDisconnect:
            return
        except BodyTooLargeError:
            await build_problem(413, f"Send at most {MAX_BODY_BYTES:,} bytes.")(scope, receive, send)
        except httpx.TimeoutException:
            await build_problem(504, "The API did not answer in time. Try again in a moment.")(scope, receive, send)
        except (httpx.TransportError, httpx.InvalidURL) as error:
            log.warning("API unreachable", error=type(error).__name__)
            await build_problem(503, "The API does not answer at the moment. Try again in a moment.")(
                scope, receive, send
            )

    async def _forward(self, request: Request, send: Send) -> None:
        response = await self._client.send(self._build_request(request), stream=True)
        async with aclosing(response):
            headers = [
                (name.lower(), value)
                for name, value in response.headers.raw
                if not _is_hop_by_hop(name, response.headers.get("connection"))
            ]
            await send({"type": "http.response.start", "status": response.status_code, "headers": headers})
            try:
                async for chunk in response.aiter_raw():
                    await send({"type": "http.response.body", "body": chunk, "more_body": True})
            except httpx.TransportError as error:
                # The status has been sent already. Without the last chunk the client can tell that the body is cut off.
                log.warning("API connection lost during a response", error=type(error).__name__)
                raise ConnectionAbortedError from error
            await send({"type": "http.response.body", "body": b""})

    def _build_request(self, request: Request) -> httpx.Request:
        client_info = parse_client_info(request.scope, trusted_proxies=self._trusted_proxies)
        headers = [
            (name, value)
            for name, value in request.headers.raw
            if not _is_hop_by_hop(name, request.headers.get("connection"))
            and name.decode("latin-1").lower() not in FORWARDED_HEADERS
        ]
        headers += [
            (b"x-forwarded-for", client_info.address.encode("latin-1")),
            (b"x-forwarded-proto", client_info.scheme.encode("latin-1")),
            (b"x-forwarded-host", client_info.host.encode("latin-1")),
        ]
        raw_path = request.scope["raw_path"]
        if query := request.scope["query_string"]:
            raw_path += b"?" + query
        url = self._client.base_url.copy_with(raw_path=raw_path)
        return httpx.Request(
            request.method, url, headers=headers, content=_open_body(request), extensions=self._get_timeout_extension()
        )

    def _get_timeout_extension(self) -> dict[str, object]:
        return {"timeout": self._client.timeout.as_dict()}


def _is_hop_by_hop(name: bytes, connection: str | None) -> bool:
    """Return whether a header is for one connection only (hop-by-hop).

    `connection` is the value of the `Connection` header, which names further ones.
    """
    text = name.decode("latin-1").lower()
    return text in HOP_BY_HOP_HEADERS or text in {part.strip().lower() for part in (connection or "").split(",")}


def _open_body(request: Request) -> AsyncIterator[bytes] | None:
    length = request.headers.get("content-length", "0")
    if "transfer-encoding" not in request.headers and length == "0":
        return None
    if not length.isdigit() or int(length) > MAX_BODY_BYTES:
        raise BodyTooLargeError
    return _limit_body(request)


async def _limit_body(request: Request) -> AsyncIterator[bytes]:
    size = 0
    async for chunk in request.stream():
        size += len(chunk)
        if size > MAX_BODY_BYTES:
            raise BodyTooLargeError
        yield chunk


def build_problem(status: int, detail: str) -> Response:
    """Build an error response in the API's format (RFC 9457)."""
    titles = {413: "Content Too Large", 503: "Service Unavailable", 504: "Gateway Timeout"}
    codes = {413: "too_large", 503: "unreachable", 504: "timeout"}
    body = {"type": "about:blank", "title": titles[status], "status": status, "code": codes[status], "detail": detail}
    headers = {"Cache-Control": "no-store"} | ({} if status == 413 else {"Retry-After": "2"})
    return Response(orjson.dumps(body), status, headers, "application/problem+json")
