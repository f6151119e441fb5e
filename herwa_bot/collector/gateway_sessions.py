"""Gateway sessions per shard: since when each has received every event without a gap.

A range of messages counts as complete only within one such session.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime

from herwa_bot.collector.shard_traffic import ShardTraffic
from herwa_shared.clock import utc_now
from herwa_shared.discord.constants import Intents
from herwa_shared.log import get_logger

log = get_logger(__name__)

# Messages carry the time of Discord's clock, READY is timed by ours. The margin covers the difference between the two.
CLOCK_MARGIN_MS = 10_000
NEVER_MS = 1 << 62  # far in the future


@dataclass(slots=True)
class ShardSession:
    """One gateway session of one shard.

    It outlives its sockets: a resumed session has missed nothing. `since_ms` is the time from which no event was
    missed, in milliseconds since 1970. `connected_until` is the time of the disconnect while the shard is disconnected.
    `gateway_session_id` is the database row's ID, None until saved; `recorded_since_ms` is when it was saved, or
    NEVER_MS: the coverage that analytics knows begins with the row. `is_break_planned`: the row says that the catch-up
    of the time before the session is planned. Until `heard_until` events arrived for certain: a connection that died
    without being closed is noticed a minute later. `earlier_heard_until` is that of the session that this one replaced.
    """

    shard_id: int
    shard_count: int
    since_ms: int
    intents: int = 0
    connected: bool = True
    connected_until: datetime | None = None
    gateway_session_id: int | None = None
    recorded_since_ms: int = NEVER_MS
    is_break_planned: bool = False
    heard_until: datetime | None = None
    earlier_heard_until: datetime | None = None

    def mark_recorded(self, gateway_session_id: int) -> None:
        """Record that the session is saved, with this ID."""
        self.gateway_session_id, self.recorded_since_ms = gateway_session_id, get_time_ms()

    def mark_disconnected(self) -> None:
        """Record that no events arrive from now on; keeps the first time if already disconnected."""
        if self.connected:
            self.connected = False
            self.connected_until = utc_now()


@dataclass(slots=True)
class GatewaySessions:
    """The gateway sessions of this process by shard ID, with the bot's user name and intents.

    `intents` is Discord's bit field for new sessions; `missing_intents` are the names of those that are not granted.
    `lost_sessions` were replaced by new ones, and the end of their rows is not corrected yet.
    """

    sessions: dict[int, ShardSession] = field(default_factory=dict)
    shard_count: int = 1
    bot_user_name: str | None = None
    intents: int = 0
    missing_intents: tuple[str, ...] = ()
    traffic: ShardTraffic = field(default_factory=ShardTraffic)
    lost_sessions: list[ShardSession] = field(default_factory=list)

    def start_session(self, *, shard_id: int, shard_count: int) -> None:
        """Start a new session: events before it may have been missed.

        Raises ValueError for an invalid shard.
        """
        if not 0 <= shard_id < shard_count:
            raise ValueError("there is no such shard")
        self.shard_count = shard_count
        lost_session = self.sessions.get(shard_id)
        if lost_session and not lost_session.connected:
            log.info("gateway connection restored with a new session", shard=shard_id)
        session = ShardSession(shard_id, shard_count, get_time_ms() + CLOCK_MARGIN_MS, self.intents)
        if lost_session:
            session.earlier_heard_until = lost_session.heard_until
            self.lost_sessions.append(lost_session)
        self.sessions[shard_id] = session

    def mark_disconnected(self, shard_id: int) -> None:
        """Mark a shard as disconnected and log it once; its session may still be resumed."""
        session = self.sessions.get(shard_id)
        if session and session.connected:
            session.mark_disconnected()
            log.warning("gateway connection lost", shard=shard_id)

    def mark_resumed(self, shard_id: int) -> None:
        """Mark a shard as connected again: Discord has replayed the events that it had missed."""
        session = self.sessions.get(shard_id)
        if session and not session.connected:
            session.connected = True
            session.connected_until = None
            log.info("gateway connection resumed", shard=shard_id)

    def mark_all_disconnected(self) -> None:
        """Mark every shard as disconnected: none receives events until its next READY."""
        for session in self.sessions.values():
            session.mark_disconnected()

    def get_live_since_ms(self, guild_id: int) -> int:
        """Get the time since which no event of this guild was missed; NEVER_MS without a session."""
        session = self.sessions.get(get_shard_id(guild_id, self.shard_count))
        return session.since_ms if session else NEVER_MS

    def find_earlier_heard_until(self, guild_id: int) -> datetime | None:
        """Find until when events of a guild arrived for certain before its session; None if this process had none."""
        session = self.sessions.get(get_shard_id(guild_id, self.shard_count))
        return session.earlier_heard_until if session else None

    def get_recorded_since_ms(self, guild_id: int) -> int:
        """Get the time since which the guild's session is recorded; NEVER_MS without one, and while disconnected."""
        session = self.sessions.get(get_shard_id(guild_id, self.shard_count))
        return session.recorded_since_ms if session and session.connected else NEVER_MS

    def has_members_intent(self, guild_id: int) -> bool:
        """Whether Discord sends joins and leaves of this guild; False without a session."""
        session = self.sessions.get(get_shard_id(guild_id, self.shard_count))
        return session is not None and bool(session.intents & Intents.GUILD_MEMBERS)

    def build_guild_filter(self, shard_id: int) -> Callable[[int], bool]:
        """Build a predicate on guild IDs: whether this shard receives the guild's events."""
        return lambda guild_id: get_shard_id(guild_id, self.shard_count) == shard_id


def get_shard_id(guild_id: int, shard_count: int) -> int:
    """Compute the shard that receives a guild's events; Discord's formula."""
    return (guild_id >> 22) % shard_count


def get_time_ms() -> int:
    """Get the current time in milliseconds since 1970."""
    return int(utc_now().timestamp() * 1000)
