"""One gateway session: it outlives its sockets, numbers what it is sent, and can send it again until acknowledged."""

from collections import deque
from dataclasses import dataclass
from time import monotonic
from typing import Any, NamedTuple, Protocol

from herwa_sim.events import GatewayEvent, Intents
from herwa_sim.journal import Journal

MAX_BUFFERED_EVENTS = 250_000
RESUME_WINDOW_SECONDS = 300.0


class SequencedEvent(NamedTuple):
    """A numbered event. The body is shared by all sessions that got it."""

    sequence: int
    name: str
    body: bytes

    def encode_frame(self) -> bytes:
        return b'{"t":"%b","s":%d,"op":0,"d":%b}' % (self.name.encode(), self.sequence, self.body)


class SessionSocket(Protocol):
    """A socket, as far as a session cares."""

    def enqueue(self, event: SequencedEvent) -> None: ...

    def send(self, op: int, data: Any = None) -> None: ...

    def close(self, code: int, reason: str = "") -> None: ...

    def abort(self) -> None: ...

    async def wait_for_capacity(self) -> None: ...


@dataclass(frozen=True, slots=True)
class ClientIdentity:
    """What a client said of itself in IDENTIFY."""

    shard: tuple[int, int]
    intents: int
    user_agent: str


class ResumableSession:
    """What a client resumes. `acknowledged` is the last sequence that one of its heartbeats named."""

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
        """True when this shard is the guild's; what belongs to no guild is shard 0's."""
        index, count = self.identity.shard
        return index == (0 if guild_id is None else (guild_id >> 22) % count)

    def wants(self, event: GatewayEvent) -> bool:
        return self.covers(event.guild_id) and (not event.intent or bool(event.intent & self.identity.intents))

    def push(self, event: GatewayEvent) -> None:
        """Number the event, remember it until acknowledged, and send it if there is a socket."""
        self.sequence += 1
        sequenced = SequencedEvent(self.sequence, event.name, event.encode(with_content=self._with_content))
        self._unacknowledged.append(sequenced)
        if self._journal.enabled and event.genuine:
            self._journal.record_event(event.name, sequenced.body)
        if self.socket is not None:
            self.socket.enqueue(sequenced)

    def acknowledge(self, sequence: int) -> None:
        """The client has everything up to there: it need not be kept."""
        self.acknowledged = max(self.acknowledged, min(sequence, self.sequence))
        while self._unacknowledged and self._unacknowledged[0].sequence <= self.acknowledged:
            self._unacknowledged.popleft()

    def can_resume_from(self, sequence: int) -> bool:
        """True when everything after that number is still here."""
        oldest = self._unacknowledged[0].sequence if self._unacknowledged else self.sequence + 1
        return not self.ended and oldest - 1 <= sequence <= self.sequence

    def attach(self, socket: SessionSocket, *, resumed_from: int | None = None) -> None:
        """Send by this socket from now on; a resumed one first gets what it missed."""
        if resumed_from is not None:
            self.resumes += 1
            self.acknowledge(resumed_from)
            for sequenced in self._unacknowledged:
                socket.enqueue(sequenced)
        self.socket = socket

    def detach(self) -> None:
        self.socket = None
        self._detached_at = monotonic()

    @property
    def is_expired(self) -> bool:
        return self.ended or (self.socket is None and monotonic() - self._detached_at > RESUME_WINDOW_SECONDS)
