"""Since when each shard has been hearing everything: what makes a range of messages provably whole."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime

from herwa_shared.clock import utc_now

# Discord stamps messages by its clock, we stamp READY by ours: for so long the two are not compared.
CLOCK_MARGIN_MS = 10_000
NEVER_MS = 1 << 62


@dataclass(slots=True)
class ShardSession:
    """One gateway session of one shard. It outlives its sockets: a resumed session has missed nothing."""

    shard_id: int
    shard_count: int
    since_ms: int
    intents: int = 0
    connected: bool = True
    connected_until: datetime | None = None
    gateway_session_id: int | None = None

    def mark_disconnected(self) -> None:
        """Nothing is heard from now on."""
        if self.connected:
            self.connected = False
            self.connected_until = utc_now()


@dataclass(slots=True)
class GatewaySessions:
    """The sessions of this process, by shard, as whom it listens, and to what.

    `intents` are Discord's bits for sessions to come, `missing_intents` the names of those that are not granted.
    """

    sessions: dict[int, ShardSession] = field(default_factory=dict)
    shard_count: int = 1
    user: str | None = None
    intents: int = 0
    missing_intents: tuple[str, ...] = ()

    def start_session(self, *, shard_id: int, shard_count: int) -> None:
        """A new session began: what was sent before it may have been missed."""
        if not 0 <= shard_id < shard_count:
            raise ValueError("there is no such shard")
        self.shard_count = shard_count
        self.sessions[shard_id] = ShardSession(shard_id, shard_count, get_time_ms() + CLOCK_MARGIN_MS, self.intents)

    def mark_disconnected(self, shard_id: int) -> None:
        """The socket is gone; the session may yet be resumed."""
        if session := self.sessions.get(shard_id):
            session.mark_disconnected()

    def mark_resumed(self, shard_id: int) -> None:
        """Discord has replayed what the shard had missed."""
        if session := self.sessions.get(shard_id):
            session.connected = True
            session.connected_until = None

    def mark_all_disconnected(self) -> None:
        """The bot has left Discord: no shard hears anything until its next READY."""
        for session in self.sessions.values():
            session.mark_disconnected()

    def get_live_since_ms(self, guild_id: int) -> int:
        """The moment from which every message of this guild has been heard; far in the future when it never was."""
        session = self.sessions.get((guild_id >> 22) % self.shard_count)
        return session.since_ms if session else NEVER_MS

    def build_guild_filter(self, shard_id: int) -> Callable[[int], bool]:
        """Which guilds this shard hears."""
        return lambda guild_id: (guild_id >> 22) % self.shard_count == shard_id


def get_time_ms() -> int:
    """The present moment in milliseconds since 1970."""
    return int(utc_now().timestamp() * 1000)
