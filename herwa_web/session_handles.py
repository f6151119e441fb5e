"""Secrets of sessions stay out of Reflex: a socket carries an admission instead, good in this process while it is open.

Reflex keeps the headers of a socket in its state and logs them with events it does not understand. An admission tells
nothing there and opens nothing: a visitor's own Cookie header is replaced before Reflex sees it.
"""

import secrets
from collections.abc import Iterator
from contextlib import contextmanager

_session_tokens: dict[str, str] = {}


@contextmanager
def register_handle(session_token: str | None) -> Iterator[str]:
    """An admission for as long as the socket is open; empty for somebody without a session."""
    if session_token is None:
        yield ""
        return
    handle = secrets.token_urlsafe(16)
    _session_tokens[handle] = session_token
    try:
        yield handle
    finally:
        del _session_tokens[handle]


def find_session_token(handle: str) -> str | None:
    """The session's secret, None when the socket has none or is closed."""
    return _session_tokens.get(handle)
