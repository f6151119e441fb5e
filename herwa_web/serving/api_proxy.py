"""Reverse proxy to the API, so that pages and API share one origin.

A request is complete before it takes a connection to the API, and an answer is read ahead of the client, so slow
clients hold none. The client's address goes into `X-Forwarded-*` headers that the API can trust.
"""

from collections.abc import Sequence

import aiohttp
from multidict import CIMultiDict
from starlette.requests import ClientDisconnect, Request
from starlette.types import Receive, Scope, Send
from yarl import URL

from herwa_shared.errors import format_reason
from herwa_shared.log import RateLimitedLogger, get_logger
from herwa_shared.runtime import http_limits as limits
from herwa_shared.runtime import http_problems as problems
from herwa_shared.runtime.client_address import get_address_group
from herwa_shared.runtime.fair_sharing import FairPool, PoolExhausted
from herwa_shared.runtime.http_problems import RequestRefused
from herwa_web.serving.client_address import ClientInfo, parse_client_info
from herwa_web.serving.upstream_response import UpstreamRequest, fetch_response

limited_log = RateLimitedLogger(get_logger(__name__))

API_PREFIXES = ("/api", "/auth", "/w", "/embed", "/healthz", "/readyz")
HOP_BY_HOP_HEADERS = frozenset(
    {b"connection", b"keep-alive", b"proxy-authenticate", b"proxy-authorization", b"te", b"trailer"}
    | {b"transfer-encoding", b"upgrade", b"proxy-connection"}
)
# Removed from client requests and set by the proxy: the API trusts these headers from the proxy.
FORWARDED_HEADERS = frozenset(
    {b"forwarded", b"x-forwarded-for", b"x-forwarded-proto", b"x-forwarded-host", b"x-real-ip"}
)
# The body is complete, so its length is known and nothing has to be confirmed before it is sent.
BODY_HEADERS = frozenset({b"content-length", b"expect"})
SERVER_HEADERS = frozenset({b"date", b"server"})  # the server of the public port sets its own
API_TIMEOUT = aiohttp.ClientTimeout(connect=5.0, sock_connect=2.0, sock_read=60.0)
# More connections than slots, so that the check of the API's health always finds one.
MAX_CONNECTIONS = limits.API_CONNECTIONS.total + 8
IDLE_SECONDS = 4.0
"""How long a connection without requests is kept; the API closes it after five seconds."""
SKIPPED_HEADERS = ("Accept", "Accept-Encoding", "Content-Type", "User-Agent")
"""Headers that aiohttp adds to requests without them."""
CONNECTION_ERRORS = (aiohttp.ClientError, OSError)

RawHeaders = Sequence[tuple[bytes, bytes]]


def is_api_path(path: str) -> bool:
    """Return whether the path belongs to the API.

    A path with `.` or `..` segments never does: after normalization it could lead anywhere.
    """
    has_dot_segments = not {".", ".."}.isdisjoint(path.split("/"))
    return not has_dot_segments and any(path == prefix or path.startswith(f"{prefix}/") for prefix in API_PREFIXES)


def create_api_client() -> aiohttp.ClientSession:
    """Create the client of the proxy. It changes no request and no response."""
    return aiohttp.ClientSession(
        connector=aiohttp.TCPConnector(limit=MAX_CONNECTIONS, keepalive_timeout=IDLE_SECONDS),
        timeout=API_TIMEOUT,
        cookie_jar=aiohttp.DummyCookieJar(),
        auto_decompress=False,
        skip_auto_headers=SKIPPED_HEADERS,
    )


class ApiProxy:
    """ASGI application that forwards requests to the API at `api_url`.

    Raises RequestRefused if the API is unreachable, times out, or cannot get the request.
    """

    def __init__(self, client: aiohttp.ClientSession, api_url: str, *, trusted_proxies: int) -> None:
        self._client = client
        self._origin = str(URL(api_url).origin())
        self._trusted_proxies = trusted_proxies
        self._pool = FairPool(limits.API_CONNECTIONS)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope, receive)
        try:
            body = await request.body()
        except ClientDisconnect:
            return
        client_info = parse_client_info(scope, trusted_proxies=self._trusted_proxies)
        try:
            await self._forward(self._build_request(request, client_info, body), client_info, send)
        except ValueError:  # a character that no header or URL may have
            raise RequestRefused(problems.FORBIDDEN_HEADER) from None
        except PoolExhausted:
            raise RequestRefused(problems.TOO_MANY_REQUESTS) from None
        except TimeoutError:
            raise RequestRefused(problems.API_TIMEOUT) from None
        except CONNECTION_ERRORS as error:
            limited_log.warning("API unreachable", kind=type(error).__name__, error=format_reason(error))
            raise RequestRefused(problems.API_DOWN) from None

    async def _forward(self, request: UpstreamRequest, client_info: ClientInfo, send: Send) -> None:
        address = get_address_group(client_info.address)
        async with fetch_response(
            self._client,
            request,
            lambda: self._pool.hold(address, timeout_seconds=limits.SLOT_SECONDS),
            read_ahead_bytes=limits.READ_AHEAD_BYTES,
        ) as upstream:
            response = await upstream.wait_for_head()
            headers = filter_headers(response.raw_headers, SERVER_HEADERS)
            await send({"type": "http.response.start", "status": response.status, "headers": headers})
            try:
                async for chunk in upstream.read_chunks():
                    await send({"type": "http.response.body", "body": chunk, "more_body": True})
            except CONNECTION_ERRORS as error:
                # The status has been sent already. Without the last chunk the client can tell that the body is cut off.
                limited_log.warning(
                    "API connection lost during a response", kind=type(error).__name__, error=format_reason(error)
                )
                return
            await send({"type": "http.response.body", "body": b""})

    def _build_request(self, request: Request, client_info: ClientInfo, body: bytes) -> UpstreamRequest:
        headers = CIMultiDict(
            (name.decode("latin-1"), _decode_value(value))
            for name, value in filter_headers(request.headers.raw, FORWARDED_HEADERS | BODY_HEADERS)
        )
        headers["x-forwarded-for"] = client_info.address
        headers["x-forwarded-proto"] = client_info.scheme
        headers["x-forwarded-host"] = client_info.host
        target = request.scope["raw_path"]
        if query := request.scope["query_string"]:
            target += b"?" + query
        url = URL(self._origin + target.decode("ascii"), encoded=True)
        return UpstreamRequest(request.method, url, headers, body)


def _decode_value(value: bytes) -> str:
    """Decode a header value. aiohttp sends text as UTF-8, so that a value in UTF-8 remains the same bytes."""
    try:
        return value.decode()
    except UnicodeDecodeError:
        return value.decode("latin-1")


def filter_headers(headers: RawHeaders, removed: frozenset[bytes]) -> list[tuple[bytes, bytes]]:
    """Return the headers, with names in lower case, without `removed` and those for one connection only.

    The latter are `HOP_BY_HOP_HEADERS` and those that a `Connection` header names.
    """
    lowered = [(name.lower(), value) for name, value in headers]
    named = {part.strip().lower() for name, value in lowered if name == b"connection" for part in value.split(b",")}
    dropped = HOP_BY_HOP_HEADERS | removed | named
    return [(name, value) for name, value in lowered if name not in dropped]
