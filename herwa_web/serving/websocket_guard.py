"""ASGI middleware in front of Reflex's WebSocket: origin, number of tabs, session, and kinds of frames.

The reasons are in docs/decisions/0007-web-serving.md.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from hashlib import blake2b
from urllib.parse import parse_qs, urlencode

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from herwa_shared.auth.sessions import parse_session_token
from herwa_shared.config import Settings
from herwa_shared.log import get_logger
from herwa_shared.runtime import http_limits as limits
from herwa_shared.runtime import http_problems as problems
from herwa_shared.runtime.client_address import get_address_group
from herwa_shared.runtime.fair_sharing import FairPool, FairRateLimiter
from herwa_shared.runtime.http_problems import RequestRefused
from herwa_web.idle_polls import idle_polls
from herwa_web.serving.client_address import parse_client_info
from herwa_web.serving.event_queue import USER_PREFIX
from herwa_web.session_handles import register_handle

log = get_logger(__name__)

EVENT_PREFIX = "42"  # prefix of frames that hold an event (Socket.IO); other frames keep the connection alive
PROBE = "6"  # a packet without meaning (Engine.IO's no-op): assets/connection.js sends it and expects the same back
CONNECT_PREFIX = "40"  # prefix of the frame that opens the connection; it also delivers the first event
ALLOWED_FRAMES = (EVENT_PREFIX, CONNECT_PREFIX, PROBE, "3", "41", "1")  # also: pong, leave, close. Others hold binaries
UNSUPPORTED_DATA = 1003
ALLOWED_HEADERS = frozenset(
    {b"host", b"origin", b"upgrade", b"connection", b"user-agent", b"accept-language"}
    | {b"sec-websocket-key", b"sec-websocket-version", b"sec-websocket-protocol", b"sec-websocket-extensions"}
)


CheckSession = Callable[[str], Awaitable[bool]]
"""Returns whether the session of a token is still open."""


class WebSocketGuard:
    """Accept and authenticate WebSocket connections before Reflex sees them.

    Raises RequestRefused for a connection from an origin that is not in the settings, and for one from a client address
    that opens too many. An expired session is treated as no session. `groups` receives the visitor to whom each
    open tab belongs: a user, or an address.
    """

    def __init__(
        self,
        app: ASGIApp,
        settings: Settings,
        check_session: CheckSession,
        groups: dict[str, str],
    ) -> None:
        self._app = app
        self._settings = settings
        self._origins = settings.origins
        self._check_session = check_session
        self._groups = groups
        self._pool = FairPool(limits.TABS)
        self._rate = FairRateLimiter(limits.TAB_RATE)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if Headers(scope=scope).get("origin") not in self._origins:
            raise RequestRefused(problems.FOREIGN_ORIGIN)
        address = parse_client_info(scope, trusted_proxies=self._settings.trusted_proxies).address
        group = get_address_group(address)
        self._rate.forget_idle()
        delay = self._rate.take_within(group, limits.MAX_DELAY_SECONDS)
        if delay is None or not self._pool.acquire_now(group):
            raise RequestRefused(problems.TOO_MANY_TABS)
        try:
            await asyncio.sleep(delay)
            await self._run(scope, receive, send, address)
        finally:
            self._pool.release(group)

    async def _run(self, scope: Scope, receive: Receive, send: Send, address: str) -> None:
        session_token = parse_session_token(Headers(scope=scope).get("cookie", ""), self._settings)
        if session_token is not None and not await self._check_session(session_token):
            session_token = None  # an expired session is treated as no session
        query = parse_qs(scope["query_string"].decode("latin-1"))
        token = _bind_token(query.get("token", [""])[0], session_token)
        group = f"{USER_PREFIX}{_bind_token('', session_token)}" if session_token else get_address_group(address)
        with register_handle(session_token) as handle, self._register_group(token, group):
            sanitized_scope = _sanitize_scope(scope, handle, address=address, query={**query, "token": [token]})
            guarded_receive = _GuardedReceive(receive, send, _SocketSession(session_token, self._check_session))
            try:
                await self._app(sanitized_scope, guarded_receive, send)
            except Exception as error:  # noqa: BLE001 - an invalid frame from a client must end only this socket
                log.warning("WebSocket closed after an invalid frame", error=type(error).__name__)

    @contextmanager
    def _register_group(self, token: str, group: str) -> Iterator[None]:
        self._groups[token] = group
        try:
            yield
        finally:
            self._groups.pop(token, None)
            idle_polls.forget(token)


class _GuardedReceive:
    """ASGI `receive` of one socket, which is closed when its session has ended or a frame is of no known kind.

    The session is checked before each event and at the connect frame, not for keep-alive frames. Probes are answered
    here, so that a page learns quickly whether this process still responds.
    """

    def __init__(self, receive: Receive, send: Send, session: "_SocketSession") -> None:
        self._receive = receive
        self._send = send
        self._session = session
        self._is_closed = False

    async def __call__(self) -> Message:
        if self._is_closed:
            return {"type": "websocket.disconnect", "code": 1000}
        message = await self._receive_unless_probe()
        if message["type"] != "websocket.receive":
            return message
        text = message.get("text") or ""
        if not text.startswith(ALLOWED_FRAMES):
            return await self._close(UNSUPPORTED_DATA)
        if text.startswith((EVENT_PREFIX, CONNECT_PREFIX)) and await self._session.is_over():
            return await self._close(1000)  # the browser reconnects, with the session cookie that it has by then
        return message

    async def _receive_unless_probe(self) -> Message:
        """Receive the next message that is not a probe; answer probes on the way."""
        while True:
            message = await self._receive()
            if message["type"] != "websocket.receive" or message.get("text") != PROBE:
                return message
            await self._send({"type": "websocket.send", "text": PROBE})

    async def _close(self, code: int) -> Message:
        self._is_closed = True
        await self._send({"type": "websocket.close", "code": code})
        return {"type": "websocket.disconnect", "code": code}


@dataclass(frozen=True, slots=True)
class _SocketSession:
    """The session of one socket; `token` is None for a visitor without one."""

    token: str | None
    check: CheckSession

    async def is_over(self) -> bool:
        """Return whether the session has ended."""
        return self.token is not None and not await self.check(self.token)


def _sanitize_scope(scope: Scope, handle: str, *, address: str, query: Mapping[str, Sequence[str]]) -> Scope:
    """Copy the ASGI scope without secrets, as Reflex may see it.

    Only `ALLOWED_HEADERS` remain, and the cookie is replaced by the session handle.
    """
    headers = [(name, value) for name, value in scope["headers"] if name in ALLOWED_HEADERS]
    headers.append((b"cookie", handle.encode()))
    return {
        **scope,
        "headers": headers,
        "client": (address, 0),
        "query_string": urlencode(query, doseq=True).encode(),
    }


def _bind_token(client_token: str, session_token: str | None) -> str:
    """Derive the token of the Reflex state from the tab's token, keyed with the session token.

    So the same token under another session gives another state.
    """
    key = blake2b((session_token or "").encode()).digest()
    return blake2b(client_token.encode(), key=key, digest_size=16).hexdigest()
