"""What all connections of one HTTP server share: who is admitted, how fast frames are read, and who is too slow."""

import resource
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from herwa_shared.runtime import http_limits as limits
from herwa_shared.runtime.asgi_types import Scope
from herwa_shared.runtime.client_address import get_address_group
from herwa_shared.runtime.fair_sharing import FairPool, FairRateLimiter

SWEEP_SECONDS = 1.0


@dataclass(frozen=True, slots=True)
class ServerRules:
    """What differs between the servers of Herwa.

    `origin` is the public URL, `hosts` are the accepted values of the `Host` header in lower case. `get_address` and
    `get_host` read the client's address and the requested host from an ASGI scope. `accepts_body` takes the method and
    path of a request. `may_cancel` takes the path of a reading request whose client has disconnected. `has_own_pool`
    says whether the application itself limits how many requests of this path run. `is_proxy` says whether a peer is a
    proxy, whose connections carry requests of many clients.
    """

    origin: str
    hosts: frozenset[str]
    get_address: Callable[[Scope], str]
    get_host: Callable[[Scope], str]
    accepts_body: Callable[[str, str], bool]
    may_cancel: Callable[[str], bool]
    has_own_pool: Callable[[str], bool]
    is_proxy: Callable[[str], bool]


class BoundedConnection(Protocol):
    """A connection whose client can be too slow."""

    def check_deadlines(self, now: float) -> None:
        """Close the connection if its client has missed a deadline."""


@dataclass(frozen=True, slots=True)
class ConnectionSlot:
    """The slot of one admitted connection. Reading may start after `delay_seconds`."""

    group: str
    delay_seconds: float


class ConnectionBounds:
    """The connections of one server."""

    def __init__(self, rules: ServerRules, clock: Callable[[], float] = time.monotonic) -> None:
        self.rules = rules
        self.clock = clock
        self.connections: set[BoundedConnection] = set()
        self.frame_rate = FairRateLimiter(limits.FRAME_RATE, clock)
        self._connection_rate = FairRateLimiter(limits.CONNECTION_RATE, clock)
        self._pool = FairPool(limits.CONNECTIONS)
        self._swept_at = clock()

    def admit(self, peer: str) -> ConnectionSlot | None:
        """Take a slot for a new connection from this peer; None if it must be closed."""
        group, is_proxy = get_address_group(peer), self.rules.is_proxy(peer)
        delay = 0.0 if is_proxy else self._connection_rate.take_within(group, limits.MAX_DELAY_SECONDS)
        if delay is None or not self._pool.acquire_now(group, is_limited=not is_proxy):
            return None
        return ConnectionSlot(group, delay)

    def release(self, slot: ConnectionSlot) -> None:
        """Give back the slot of a connection that is closed."""
        self._pool.release(slot.group)

    def count_connections(self) -> int:
        """Return the number of open connections."""
        return self._pool.total

    def sweep(self) -> None:
        """Close connections that have missed a deadline. Does nothing if the last sweep is less than a second ago."""
        now = self.clock()
        if now - self._swept_at < SWEEP_SECONDS:
            return
        self._swept_at = now
        for connection in list(self.connections):
            connection.check_deadlines(now)
        self.frame_rate.forget_idle()
        self._connection_rate.forget_idle()


def is_over(started_at: float | None, seconds: float, now: float) -> bool:
    """Return whether something that started at this time, if at all, takes longer than allowed."""
    return started_at is not None and now - started_at > seconds


def raise_open_file_limit() -> None:
    """Allow this process to open as many files as all its connections need, as far as the system permits."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = limits.CONNECTIONS.total + limits.SPARE_OPEN_FILES
    if soft != resource.RLIM_INFINITY and soft < wanted:
        allowed = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
        resource.setrlimit(resource.RLIMIT_NOFILE, (allowed, hard))
