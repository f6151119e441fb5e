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

from herwa_shared.auth.sessions import secret_in
from herwa_shared.config import Settings
from herwa_shared.log import get_logger
from herwa_web.serving.client_address import visitor_of
from herwa_web.session_handles import admitted

log = get_logger(__name__)

SOCKETS_OF_ONE_ADDRESS = 200  # a whole school behind one address, each with a few pages
EVENT = "42"  # how a frame begins that holds an event; others keep the connection alive
CONNECT = "40"  # the frame that opens it, which brings the first event along
KEPT_HEADERS = frozenset(
    {b"host", b"origin", b"upgrade", b"connection", b"user-agent", b"accept-language"}
    | {b"sec-websocket-key", b"sec-websocket-version", b"sec-websocket-protocol", b"sec-websocket-extensions"}
)


class Gate:
    """ASGI middleware for websockets alone. `is_open(secret)` says whether a session still is."""

    def __init__(self, app: ASGIApp, settings: Settings, is_open: Callable[[str], Awaitable[bool]]) -> None:
        self._app = app
        self._settings = settings
        self._origins = settings.origins
        self._is_open = is_open
        self._sockets: Counter[str] = Counter()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        headers = Headers(scope=scope)
        if headers.get("origin") not in self._origins:
            await refuse(send, 403, b"This page may not be used from another site.")
            return
        address = visitor_of(scope, trusted_proxies=self._settings.trusted_proxies).address
        if self._sockets[address] >= SOCKETS_OF_ONE_ADDRESS:
            await refuse(send, 429, b"Too many pages are open at this address.")
            return
        secret = secret_in(headers.get("cookie", ""), self._settings)
        if secret is not None and not await self._is_open(secret):
            secret = None  # who brings a session that is over is a visitor
        with self._counted(address), admitted(secret) as admission:
            inner = _as_reflex_sees_it(scope, admission, address=address, secret=secret)
            try:
                await self._app(inner, _Ears(receive, send, secret, self._is_open), send)
            except Exception as error:  # noqa: BLE001 - whatever a stranger's frame upset, it ends this socket alone
                log.warning("a websocket ended by what it was sent", error=type(error).__name__)

    @contextmanager
    def _counted(self, address: str) -> Iterator[None]:
        self._sockets[address] += 1
        try:
            yield
        finally:
            self._sockets[address] -= 1
            if not self._sockets[address]:
                del self._sockets[address]


class _Ears:
    """What Reflex hears of one socket: at a human pace, and nothing more once its session is over."""

    def __init__(
        self, receive: Receive, send: Send, secret: str | None, is_open: Callable[[str], Awaitable[bool]]
    ) -> None:
        self._receive = receive
        self._send = send
        self._secret = secret
        self._is_open = is_open
        self._pace = Pace()
        self._over = False

    async def __call__(self) -> Message:
        if self._over:
            return {"type": "websocket.disconnect", "code": 1000}
        message = await self._receive()
        if message["type"] == "websocket.receive":
            await self._pace.next()
            if (message.get("text") or EVENT).startswith((EVENT, CONNECT)) and await self._session_is_over():
                # The browser connects again by itself, as whoever it is by then.
                self._over = True
                await self._send({"type": "websocket.close", "code": 1000})
                return {"type": "websocket.disconnect", "code": 1000}
        return message

    async def _session_is_over(self) -> bool:
        return self._secret is not None and not await self._is_open(self._secret)


def _as_reflex_sees_it(scope: Scope, admission: str, *, address: str, secret: str | None) -> Scope:
    """The same socket without secrets.

    Its state belongs to the tab and the session together, so that no other session gets at it, whatever token it sends.
    """
    query = parse_qs(scope["query_string"].decode("latin-1"))
    query["token"] = [_token_of(query.get("token", [""])[0], secret)]
    headers = [(name, value) for name, value in scope["headers"] if name in KEPT_HEADERS]
    headers.append((b"cookie", admission.encode()))
    return {
        **scope,
        "headers": headers,
        "client": (address, 0),
        "query_string": urlencode(query, doseq=True).encode(),
    }


def _token_of(token: str, secret: str | None) -> str:
    key = blake2b((secret or "").encode()).digest()
    return blake2b(token.encode(), key=key, digest_size=16).hexdigest()


async def refuse(send: Send, status: int, words: bytes) -> None:
    """Answer a handshake with words instead."""
    headers = [(b"content-type", b"text/plain; charset=utf-8"), (b"content-length", str(len(words)).encode())]
    await send({"type": "websocket.http.response.start", "status": status, "headers": headers})
    await send({"type": "websocket.http.response.body", "body": words})


AT_ONCE = 50
PER_SECOND = 25.0


class Pace:
    """A bucket of tokens: `next()` returns as soon as one more may be heard."""

    def __init__(self) -> None:
        self._left = float(AT_ONCE)
        self._at = time.monotonic()

    async def next(self) -> None:
        """Take a token, after the wait for it when none is left."""
        now = time.monotonic()
        self._left = min(AT_ONCE, self._left + (now - self._at) * PER_SECOND) - 1
        self._at = now
        if self._left < 0:
            await asyncio.sleep(-self._left / PER_SECOND)
