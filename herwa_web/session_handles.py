"""Opaque session handles that keep session tokens out of Reflex.

Reflex stores a socket's headers in its state and logs them with events that it cannot parse. Therefore the WebSocket
guard replaces the client's Cookie header by a handle. A handle is a random string that stands for the session; it is
valid only in this process and only while its socket is open.
"""

import secrets
from collections.abc import Iterator
from contextlib import contextmanager

_tokens: dict[str, str] = {}


@contextmanager
def register_handle(session_token: str | None) -> Iterator[str]:
    """Yield a handle that is valid while the block runs; an empty string without a session."""
    if session_token is None:
        yield ""
        return
    handle = secrets.token_urlsafe(16)
    _tokens[handle] = session_token
    try:
        yield handle
    finally:
        del _tokens[handle]


def find_session_token(handle: str) -> str | None:
    """Return the session token of a handle; None if it is empty or its socket is closed."""
    return _tokens.get(handle)
