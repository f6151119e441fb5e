"""The gate before Reflex's websocket: who may come in, as whom, how often they may speak, and when they have to go.

How often one socket may speak. Whoever is faster is read more slowly; nothing that was said is dropped.
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

MAX_SOCKETS_PER_ADDRESS = 200  # a whole school behind one address, each with a few pages
EVENT_PREFIX = "42"  # how a frame begins that holds an event; others keep the connection alive
CONNECT_PREFIX = "40"  # the frame that opens it, which brings the first event along
ALLOWED_HEADERS = frozenset(
    {b"host", b"origin", b"upgrade", b"connection", b"user-agent", b"accept-language"}
    | {b"sec-websocket-key", b"sec-websocket-version", b"sec-websocket-protocol", b"sec-websocket-extensions"}
)


class WebSocketGuard:
    """ASGI middleware for websockets alone. `is_open(secret)` says whether a session still is."""

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
            session_token = None  # who brings a session that is over is a visitor
        with self._count_socket(address), register_handle(session_token) as handle:
            sanitized_scope = _sanitize_scope(scope, handle, address=address, session_token=session_token)
            try:
                await self._app(
                    sanitized_scope, _GuardedReceive(receive, send, session_token, self._is_session_open), send
                )
            except Exception as error:  # noqa: BLE001 - whatever a stranger's frame upset, it ends this socket alone
                log.warning("a websocket ended by what it was sent", error=type(error).__name__)

    @contextmanager
    def _count_socket(self, address: str) -> Iterator[None]:
        self._socket_counts[address] += 1
        try:
            yield
        finally:
            self._socket_counts[address] -= 1
            if not self._socket_counts[address]:
                del self._socket_counts[address]


class _GuardedReceive:
    """What Reflex hears of one socket: at a human pace, and nothing more once its session is over."""

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
        message = await self._receive()
        if message["type"] == "websocket.receive":
            await self._token_bucket.take()
            if (message.get("text") or EVENT_PREFIX).startswith(
                (EVENT_PREFIX, CONNECT_PREFIX)
            ) and await self._is_session_over():
                # The browser connects again by itself, as whoever it is by then.
                self._is_closed = True
                await self._send({"type": "websocket.close", "code": 1000})
                return {"type": "websocket.disconnect", "code": 1000}
        return message

    async def _is_session_over(self) -> bool:
        return self._session_token is not None and not await self._is_session_open(self._session_token)


def _sanitize_scope(scope: Scope, handle: str, *, address: str, session_token: str | None) -> Scope:
    """The same socket without secrets.

    Its state belongs to the tab and the session together, so that no other session gets at it, whatever token it sends.
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
    key = blake2b((session_token or "").encode()).digest()
    return blake2b(client_token.encode(), key=key, digest_size=16).hexdigest()


async def reject_handshake(send: Send, status: int, body: bytes) -> None:
    """Answer a handshake with words instead."""
    headers = [(b"content-type", b"text/plain; charset=utf-8"), (b"content-length", str(len(body)).encode())]
    await send({"type": "websocket.http.response.start", "status": status, "headers": headers})
    await send({"type": "websocket.http.response.body", "body": body})


BURST_EVENTS = 50
EVENTS_PER_SECOND = 25.0


class TokenBucket:
    """A bucket of tokens: `next()` returns as soon as one more may be heard."""

    def __init__(self) -> None:
        self._tokens = float(BURST_EVENTS)
        self._updated_at = time.monotonic()

    async def take(self) -> None:
        """Take a token, after the wait for it when none is left."""
        now = time.monotonic()
        self._tokens = min(BURST_EVENTS, self._tokens + (now - self._updated_at) * EVENTS_PER_SECOND) - 1
        self._updated_at = now
        if self._tokens < 0:
            await asyncio.sleep(-self._tokens / EVENTS_PER_SECOND)
