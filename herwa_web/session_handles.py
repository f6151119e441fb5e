"""Opaque session handles that keep session tokens out of Reflex.

Reflex stores a socket's headers in its state and logs them with events that it cannot parse. Therefore the WebSocket
guard replaces the client's Cookie header by a handle. A handle is a random string that stands for the session; it is
valid only in this process and only while its socket is open.

The guard looks a session up before it lets an event pass. The handler of that event takes the result from here instead
of looking the session up again.
"""

import secrets
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from herwa_shared.auth.sessions import SessionUser

MAX_LOOKUP_AGE_SECONDS = 2.0
"""A handler that starts later looks the session up itself: it may have ended while the event waited."""


@dataclass(slots=True)
class _OpenSession:
    """The session of an open socket, and the result of the guard's last look-up until a handler takes it."""

    token: str
    user: SessionUser | None = None
    looked_up_at: float = 0.0


_sessions: dict[str, _OpenSession] = {}


@contextmanager
def register_handle(session_token: str | None) -> Iterator[str]:
    """Yield a handle that is valid while the block runs; an empty string without a session."""
    if session_token is None:
        yield ""
        return
    handle = secrets.token_urlsafe(16)
    _sessions[handle] = _OpenSession(session_token)
    try:
        yield handle
    finally:
        del _sessions[handle]


def find_session_token(handle: str) -> str | None:
    """Return the session token of a handle; None if it is empty or its socket is closed."""
    session = _sessions.get(handle)
    return session.token if session else None


def save_lookup(handle: str, user: SessionUser | None) -> None:
    """Keep the user of the session, who was looked up just now, for the next handler; None if that failed."""
    if session := _sessions.get(handle):
        session.user, session.looked_up_at = user, time.monotonic()


def take_lookup(handle: str) -> SessionUser | None:
    """Take the user of the last look-up. Returns None if a handler has taken it already, or if it is too old."""
    session = _sessions.get(handle)
    if session is None:
        return None
    user, session.user = session.user, None
    return user if time.monotonic() - session.looked_up_at <= MAX_LOOKUP_AGE_SECONDS else None
