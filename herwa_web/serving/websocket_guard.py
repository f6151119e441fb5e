"""ASGI middleware in front of Reflex's WebSocket: origin, session and rate checks.

The reasons are in docs/decisions/0007-web-serving.md.
"""

import asyncio
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from hashlib import blake2b
from urllib.parse import parse_qs, urlencode

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from herwa_shared.auth.sessions import parse_session_token
from herwa_shared.config import Settings
from herwa_shared.log import get_logger
from herwa_web.serving.client_address import parse_client_info
from herwa_web.session_handles import register_handle

log = get_logger(__name__)

MAX_SOCKETS_PER_ADDRESS = 200  # enough for a school behind one address (NAT), a few pages for each person
BURST_EVENTS = 50
EVENTS_PER_SECOND = 25.0
EVENT_PREFIX = "42"  # prefix of frames that hold an event (Socket.IO); other frames keep the connection alive
PROBE = "6"  # a packet without meaning (Engine.IO's no-op): assets/connection.js sends it and expects the same back
CONNECT_PREFIX = "40"  # prefix of the frame that opens the connection; it also delivers the first event
ALLOWED_HEADERS = frozenset(
    {b"host", b"origin", b"upgrade", b"connection", b"user-agent", b"accept-language"}
    | {b"sec-websocket-key", b"sec-websocket-version", b"sec-websocket-protocol", b"sec-websocket-extensions"}
)


class WebSocketGuard:
    """Accept, authenticate and rate-limit WebSocket connections before Reflex sees them.

    A connection from an origin that is not in the settings is refused with 403. A connection from a client address that
    has `MAX_SOCKETS_PER_ADDRESS` open sockets is refused with 429. An expired session is treated as no session.
    `is_session_open(token)` returns whether a session is still valid.
    """

    def __init__(self, app: ASGIApp, settings: Settings, is_session_open: Callable[[str], Awaitable[bool]]) -> None:
        self._app = app
        self._settings = settings
        self._origins = settings.origins
        self._is_session_open = is_session_open
        self._socket_counts: Counter[str] = Counter()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        headers = Headers(scope=scope)
        if headers.get("origin") not in self._origins:
            await reject_handshake(send, 403, b"This page may not be used from another site.")
            return
        address = parse_client_info(scope, trusted_proxies=self._settings.trusted_proxies).address
        if self._socket_counts[address] >= MAX_SOCKETS_PER_ADDRESS:
            await reject_handshake(send, 429, b"Too many pages are open at this address.")
            return
        session_token = parse_session_token(headers.get("cookie", ""), self._settings)
        if session_token is not None and not await self._is_session_open(session_token):
            session_token = None  # an expired session is treated as no session
        with self._count_socket(address), register_handle(session_token) as handle:
            sanitized_scope = _sanitize_scope(scope, handle, address=address, session_token=session_token)
            try:
                await self._app(
                    sanitized_scope, _GuardedReceive(receive, send, session_token, self._is_session_open), send
                )
            except Exception as error:  # noqa: BLE001 - an invalid frame from a client must end only this socket
                log.warning("WebSocket closed after an invalid frame", error=type(error).__name__)

    @contextmanager
    def _count_socket(self, address: str) -> Iterator[None]:
        self._socket_counts[address] += 1
        try:
            yield
        finally:
            self._socket_counts[address] -= 1
            if not self._socket_counts[address]:
                del self._socket_counts[address]


class TokenBucket:
    """Token bucket of one socket: `BURST_EVENTS` at once, then `EVENTS_PER_SECOND`.

    Faster clients are read more slowly; no frame is dropped.
    """

    def __init__(self) -> None:
        self._tokens = float(BURST_EVENTS)
        self._updated_at = time.monotonic()

    async def take(self) -> None:
        """Take one token; if none is left, wait until there is one."""
        now = time.monotonic()
        self._tokens = min(BURST_EVENTS, self._tokens + (now - self._updated_at) * EVENTS_PER_SECOND) - 1
        self._updated_at = now
        if self._tokens < 0:
            await asyncio.sleep(-self._tokens / EVENTS_PER_SECOND)


async def reject_handshake(send: Send, status: int, body: bytes) -> None:
    """Refuse a WebSocket handshake with an HTTP status and a text."""
    headers = [(b"content-type", b"text/plain; charset=utf-8"), (b"content-length", str(len(body)).encode())]
    await send({"type": "websocket.http.response.start", "status": status, "headers": headers})
    await send({"type": "websocket.http.response.body", "body": body})


class _GuardedReceive:
    """ASGI `receive` of one socket: rate-limited, and closed when its session has ended.

    The session is checked before each event and at the connect frame, not for keep-alive frames. Probes are answered
    here, so that a page learns quickly whether this process still responds.
    """

    def __init__(
        self, receive: Receive, send: Send, session_token: str | None, is_session_open: Callable[[str], Awaitable[bool]]
    ) -> None:
        self._receive = receive
        self._send = send
        self._session_token = session_token
        self._is_session_open = is_session_open
        self._token_bucket = TokenBucket()
        self._is_closed = False

    async def __call__(self) -> Message:
        if self._is_closed:
            return {"type": "websocket.disconnect", "code": 1000}
        message = await self._receive_unless_probe()
        is_event = message["type"] == "websocket.receive" and (message.get("text") or EVENT_PREFIX).startswith(
            (EVENT_PREFIX, CONNECT_PREFIX)
        )
        if is_event and await self._is_session_over():
            # The browser reconnects automatically, with the session cookie that it has by then.
            self._is_closed = True
            await self._send({"type": "websocket.close", "code": 1000})
            return {"type": "websocket.disconnect", "code": 1000}
        return message

    async def _receive_unless_probe(self) -> Message:
        """Receive the next message that is not a probe, paced by the token bucket; answer probes on the way."""
        while True:
            message = await self._receive()
            if message["type"] != "websocket.receive":
                return message
            await self._token_bucket.take()
            if message.get("text") != PROBE:
                return message
            await self._send({"type": "websocket.send", "text": PROBE})

    async def _is_session_over(self) -> bool:
        return self._session_token is not None and not await self._is_session_open(self._session_token)


def _sanitize_scope(scope: Scope, handle: str, *, address: str, session_token: str | None) -> Scope:
    """Copy the ASGI scope without secrets, as Reflex may see it.

    Only `ALLOWED_HEADERS` remain, and the cookie is replaced by the session handle. The tab's token is bound to the
    session: the same token under another session gives another Reflex state.
    """
    query = parse_qs(scope["query_string"].decode("latin-1"))
    query["token"] = [_bind_token(query.get("token", [""])[0], session_token)]
    headers = [(name, value) for name, value in scope["headers"] if name in ALLOWED_HEADERS]
    headers.append((b"cookie", handle.encode()))
    return {
        **scope,
        "headers": headers,
        "client": (address, 0),
        "query_string": urlencode(query, doseq=True).encode(),
    }


def _bind_token(client_token: str, session_token: str | None) -> str:
    """Derive the token of the Reflex state from the tab's token, keyed with the session token."""
    key = blake2b((session_token or "").encode()).digest()
    return blake2b(client_token.encode(), key=key, digest_size=16).hexdigest()
