"""Resumable gateway sessions.

A session outlives its sockets. It numbers events and buffers them until the client acknowledges them.
"""

from collections import deque
from dataclasses import dataclass
from time import monotonic
from typing import Any, NamedTuple, Protocol

from herwa_shared.discord.constants import Intents
from herwa_sim.events import GatewayEvent
from herwa_sim.journal import Journal

MAX_BUFFERED_EVENTS = 250_000
RESUME_WINDOW_SECONDS = 300.0


class SequencedEvent(NamedTuple):
    """An event with its sequence number. All sessions that receive the event share the body."""

    sequence: int
    name: str
    body: bytes

    def encode_frame(self) -> bytes:
        """Return the DISPATCH payload as JSON bytes."""
        return b'{"t":"%b","s":%d,"op":0,"d":%b}' % (self.name.encode(), self.sequence, self.body)


class SessionSocket(Protocol):
    """The part of a gateway socket that a session uses; see GatewaySocket."""

    def enqueue(self, event: SequencedEvent) -> None:
        """Queue an event."""

    def send(self, op: int, data: Any = None) -> None:
        """Queue a payload that is not an event."""

    def close(self, code: int, reason: str = "") -> None:
        """Close the connection with this code after the queue is sent."""

    def abort(self) -> None:
        """Abort the connection without a close frame."""

    async def wait_for_capacity(self) -> None:
        """Wait until the queue is short enough or the connection is closed."""


@dataclass(frozen=True, slots=True)
class ClientIdentity:
    """What the client sent in IDENTIFY."""

    shard: tuple[int, int]
    intents: int
    user_agent: str


class ResumableSession:
    """A session that a client can resume.

    `acknowledged` is the highest sequence number that a heartbeat of the client has named.
    """

    def __init__(self, id_: str, identity: ClientIdentity, journal: Journal) -> None:
        self.id = id_
        self._journal = journal
        self.identity = identity
        self._with_content = bool(identity.intents & Intents.MESSAGE_CONTENT)
        self.sequence = 0
        self.acknowledged = 0
        self.resumes = 0
        self.socket: SessionSocket | None = None
        self.ended = False
        self._detached_at = monotonic()
        self._unacknowledged: deque[SequencedEvent] = deque(maxlen=MAX_BUFFERED_EVENTS)

    def covers(self, guild_id: int | None) -> bool:
        """True if the guild belongs to this shard; events without a guild belong to shard 0."""
        index, count = self.identity.shard
        return index == (0 if guild_id is None else (guild_id >> 22) % count)

    def wants(self, event: GatewayEvent) -> bool:
        """True if the session's shard and intents include the event."""
        return self.covers(event.guild_id) and (not event.intent or bool(event.intent & self.identity.intents))

    def push(self, event: GatewayEvent) -> None:
        """Number the event, buffer it until acknowledged, and send it if a socket is attached."""
        self.sequence += 1
        sequenced = SequencedEvent(self.sequence, event.name, event.encode(with_content=self._with_content))
        self._unacknowledged.append(sequenced)
        if self._journal.enabled and event.genuine:
            self._journal.record_event(event.name, sequenced.body)
        if self.socket is not None:
            self.socket.enqueue(sequenced)

    def acknowledge(self, sequence: int) -> None:
        """Drop buffered events up to this sequence number: the client has received them."""
        self.acknowledged = max(self.acknowledged, min(sequence, self.sequence))
        while self._unacknowledged and self._unacknowledged[0].sequence <= self.acknowledged:
            self._unacknowledged.popleft()

    def can_resume_from(self, sequence: int) -> bool:
        """True if every event after this sequence number is still buffered."""
        oldest = self._unacknowledged[0].sequence if self._unacknowledged else self.sequence + 1
        return not self.ended and oldest - 1 <= sequence <= self.sequence

    def attach(self, socket: SessionSocket, *, resumed_from: int | None = None) -> None:
        """Send to this socket from now on; on a resume, first send the missed events."""
        if resumed_from is not None:
            self.resumes += 1
            self.acknowledge(resumed_from)
            for sequenced in self._unacknowledged:
                socket.enqueue(sequenced)
        self.socket = socket

    def detach(self) -> None:
        """Remove the socket; the resume window starts."""
        self.socket = None
        self._detached_at = monotonic()

    @property
    def is_expired(self) -> bool:
        """True if the session has ended or was without a socket for longer than the resume window."""
        return self.ended or (self.socket is None and monotonic() - self._detached_at > RESUME_WINDOW_SECONDS)
