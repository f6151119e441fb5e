"""Gaps of single guilds and channels while their shard is connected.

Discord may be out of order for one guild, and the bot may not be allowed to view a channel. No events arrive then,
although the shard receives those of other guilds: the time is recorded as a gap, and what was sent in the meantime has
not been received.
"""

from collections.abc import Callable, Container, Iterable
from datetime import datetime, timedelta

from herwa_bot.collector.gateway_sessions import CLOCK_MARGIN_MS, NEVER_MS
from herwa_shared.services.collection_gaps import ALL_CHANNELS, GapRecord

GUILD_TIMEOUT = timedelta(seconds=30)
"""A guild of READY that sends no GUILD_CREATE within this time is unavailable."""


class GapTracker:
    """The open gaps, and since when events arrive again after a gap that has ended."""

    def __init__(self) -> None:
        self._open_gaps: dict[int, dict[int, datetime]] = {}
        self._live_since_ms: dict[int, dict[int, int]] = {}
        self._expected_guilds: dict[int, datetime] = {}
        self._overdue_guilds: dict[int, datetime] = {}
        self._changes: list[GapRecord] = []

    def add_open_gaps(self, gaps: Iterable[GapRecord]) -> None:
        """Add the gaps that an earlier process left open."""
        for gap in gaps:
            self._open_gaps.setdefault(gap.guild_id, {}).setdefault(gap.channel_id, gap.from_at)

    def expect_guilds(self, guild_ids: Iterable[int], *, now: datetime) -> None:
        """Handle READY: GUILD_CREATE follows for each of these guilds, unless Discord is out of order for it.

        A guild that has been unavailable since an earlier READY keeps the time of that READY.
        """
        self._expected_guilds |= dict.fromkeys((id_ for id_ in guild_ids if id_ not in self._overdue_guilds), now)

    def is_expecting(self, is_affected: Callable[[int], bool]) -> bool:
        """Return whether GUILD_CREATE of one of these guilds may follow READY in time."""
        return any(map(is_affected, self._expected_guilds))

    def open_overdue_gaps(self, *, now: datetime) -> None:
        """Open a gap for each expected guild that sent no GUILD_CREATE in time; it began with READY."""
        overdue = [guild_id for guild_id, since in self._expected_guilds.items() if now - since > GUILD_TIMEOUT]
        for guild_id in overdue:
            self.open_guild_gap(guild_id, at=self._expected_guilds[guild_id])

    def open_guild_gap(self, guild_id: int, *, at: datetime) -> None:
        """Open a gap of an entire guild; it began with READY if no GUILD_CREATE has followed."""
        ready_at = self._expected_guilds.pop(guild_id, None)
        if ready_at is not None:
            self._overdue_guilds[guild_id] = ready_at
        self._open(guild_id, ALL_CHANNELS, ready_at or at)

    def take_expected(self, guild_id: int) -> datetime | None:
        """Return the time of the READY that announced the guild, once; None if no new session began."""
        return self._expected_guilds.pop(guild_id, None) or self._overdue_guilds.pop(guild_id, None)

    def close_guild_gap(self, guild_id: int, *, at: datetime) -> GapRecord | None:
        """Handle GUILD_CREATE: the guild is available. Returns the gap that ended."""
        return self._close(guild_id, ALL_CHANNELS, at)

    def set_hidden_channels(self, guild_id: int, hidden_ids: frozenset[int], *, at: datetime) -> list[GapRecord]:
        """Open and close gaps so that exactly these channels have one. Returns the gaps that ended."""
        open_ids = self.list_hidden_channels(guild_id)
        for channel_id in hidden_ids - open_ids:
            self._open(guild_id, channel_id, at)
        closed_gaps = [self._close(guild_id, channel_id, at) for channel_id in open_ids - hidden_ids]
        return [gap for gap in closed_gaps if gap is not None]

    def remove_missing_guilds(
        self, is_affected: Callable[[int], bool], guild_ids: Container[int], *, at: datetime
    ) -> None:
        """Handle READY: those of the affected guilds that it does not contain have removed the bot."""
        for guild_id in [*self._open_gaps, *self._overdue_guilds]:
            if is_affected(guild_id) and guild_id not in guild_ids:
                self.remove_guild(guild_id, at=at)

    def remove_guild(self, guild_id: int, *, at: datetime) -> None:
        """Close all gaps of a guild that removed the bot."""
        self.take_expected(guild_id)
        for channel_id in list(self._open_gaps.get(guild_id, ())):
            self._close(guild_id, channel_id, at)
        self._live_since_ms.pop(guild_id, None)

    def list_hidden_channels(self, guild_id: int) -> frozenset[int]:
        """Return the channels with an open gap."""
        return frozenset(self._open_gaps.get(guild_id, {}).keys() - {ALL_CHANNELS})

    def is_guild_available(self, guild_id: int) -> bool:
        """Return whether Discord is not out of order for a guild, as far as is known."""
        return ALL_CHANNELS not in self._open_gaps.get(guild_id, {})

    def get_live_since_ms(self, guild_id: int, channel_id: int) -> int:
        """Get the time since which the events of a channel arrive; 0 if they never stopped, NEVER_MS during a gap."""
        open_gaps = self._open_gaps.get(guild_id)
        if open_gaps and (ALL_CHANNELS in open_gaps or channel_id in open_gaps):
            return NEVER_MS
        resumed = self._live_since_ms.get(guild_id)
        return max(resumed.get(ALL_CHANNELS, 0), resumed.get(channel_id, 0)) if resumed else 0

    def take(self) -> list[GapRecord]:
        """Return the changes that are not saved, and forget them."""
        changes, self._changes = self._changes, []
        return changes

    def restore(self, changes: list[GapRecord]) -> None:
        """Put back changes that could not be saved."""
        self._changes = changes + self._changes

    @property
    def pending(self) -> int:
        """Number of changes that are not saved."""
        return len(self._changes)

    def _open(self, guild_id: int, channel_id: int, at: datetime) -> None:
        open_gaps = self._open_gaps.setdefault(guild_id, {})
        if channel_id not in open_gaps:
            open_gaps[channel_id] = at
            self._changes.append(GapRecord(guild_id, channel_id, at))

    def _close(self, guild_id: int, channel_id: int, at: datetime) -> GapRecord | None:
        open_gaps = self._open_gaps.get(guild_id, {})
        from_at = open_gaps.pop(channel_id, None)
        if from_at is None:
            return None
        if not open_gaps:
            del self._open_gaps[guild_id]
        gap = GapRecord(guild_id, channel_id, from_at, max(from_at, at))
        self._changes.append(gap)
        since_ms = int(at.timestamp() * 1000) + CLOCK_MARGIN_MS
        self._live_since_ms.setdefault(guild_id, {})[channel_id] = since_ms
        return gap
