"""One gateway session: it outlives its sockets, numbers what it is sent, and can send it again until acknowledged."""

from collections import deque
from dataclasses import dataclass
from time import monotonic
from typing import Any, NamedTuple, Protocol

from herwa_sim.events import Event, Intents
from herwa_sim.journal import Journal

BUFFERED_EVENTS = 250_000
DETACHED_FOR = 300.0


class Sent(NamedTuple):
    """A numbered event. The body is shared by all sessions that got it."""

    sequence: int
    name: str
    body: bytes

    def frame(self) -> bytes:
        return b'{"t":"%b","s":%d,"op":0,"d":%b}' % (self.name.encode(), self.sequence, self.body)


class Line(Protocol):
    """A socket, as far as a session cares."""

    def enqueue(self, sent: Sent) -> None: ...

    def send(self, op: int, data: Any = None) -> None: ...

    def close(self, code: int, reason: str = "") -> None: ...

    def cut(self) -> None: ...

    async def room(self) -> None: ...


@dataclass(frozen=True, slots=True)
class Identity:
    """What a client said of itself in IDENTIFY."""

    shard: tuple[int, int]
    intents: int
    user_agent: str


class Session:
    """What a client resumes. `acknowledged` is the last sequence that one of its heartbeats named."""

    def __init__(self, id_: str, identity: Identity, journal: Journal) -> None:
        self.id = id_
        self._journal = journal
        self.identity = identity
        self._with_content = bool(identity.intents & Intents.MESSAGE_CONTENT)
        self.sequence = 0
        self.acknowledged = 0
        self.resumes = 0
        self.line: Line | None = None
        self.ended = False
        self._detached_at = monotonic()
        self._unacknowledged: deque[Sent] = deque(maxlen=BUFFERED_EVENTS)

    def covers(self, guild_id: int | None) -> bool:
        """True when this shard is the guild's; what belongs to no guild is shard 0's."""
        index, count = self.identity.shard
        return index == (0 if guild_id is None else (guild_id >> 22) % count)

    def wants(self, event: Event) -> bool:
        return self.covers(event.guild_id) and (not event.intent or bool(event.intent & self.identity.intents))

    def push(self, event: Event) -> None:
        """Number the event, remember it until acknowledged, and send it if there is a socket."""
        self.sequence += 1
        sent = Sent(self.sequence, event.name, event.body(with_content=self._with_content))
        self._unacknowledged.append(sent)
        if self._journal.on and event.genuine:
            self._journal.note_event(event.name, sent.body)
        if self.line is not None:
            self.line.enqueue(sent)

    def acknowledge(self, sequence: int) -> None:
        """The client has everything up to there: it need not be kept."""
        self.acknowledged = max(self.acknowledged, min(sequence, self.sequence))
        while self._unacknowledged and self._unacknowledged[0].sequence <= self.acknowledged:
            self._unacknowledged.popleft()

    def can_resume_from(self, sequence: int) -> bool:
        """True when everything after that number is still here."""
        oldest = self._unacknowledged[0].sequence if self._unacknowledged else self.sequence + 1
        return not self.ended and oldest - 1 <= sequence <= self.sequence

    def attach(self, line: Line, *, resumed_from: int | None = None) -> None:
        """Send by this socket from now on; a resumed one first gets what it missed."""
        if resumed_from is not None:
            self.resumes += 1
            self.acknowledge(resumed_from)
            for sent in self._unacknowledged:
                line.enqueue(sent)
        self.line = line

    def detach(self) -> None:
        self.line = None
        self._detached_at = monotonic()

    @property
    def expired(self) -> bool:
        return self.ended or (self.line is None and monotonic() - self._detached_at > DETACHED_FOR)
