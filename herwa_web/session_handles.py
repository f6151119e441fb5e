"""Secrets of sessions stay out of Reflex: a socket carries an admission instead, good in this process while it is open.

Reflex keeps the headers of a socket in its state and logs them with events it does not understand. An admission tells
nothing there and opens nothing: a visitor's own Cookie header is replaced before Reflex sees it.
"""

import secrets
from collections.abc import Iterator
from contextlib import contextmanager

_admitted: dict[str, str] = {}


@contextmanager
def admitted(secret: str | None) -> Iterator[str]:
    """An admission for as long as the socket is open; empty for somebody without a session."""
    if secret is None:
        yield ""
        return
    admission = secrets.token_urlsafe(16)
    _admitted[admission] = secret
    try:
        yield admission
    finally:
        del _admitted[admission]


def secret_behind(admission: str) -> str | None:
    """The session's secret, None when the socket has none or is closed."""
    return _admitted.get(admission)
