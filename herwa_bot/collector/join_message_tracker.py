"""Periods in which joins are read from join messages, because Discord does not grant the members intent.

A guild that has switched on join messages gets a system message for each join. The bot reads these messages while it
can view the guild's channel of system messages. At any other time the joins are a gap.
"""

from collections.abc import Iterable
from datetime import datetime

from herwa_shared.services.join_message_periods import JoinMessagePeriodRecord


class JoinMessageTracker:
    """The channel of join messages of each guild, and the open periods in which they are read."""

    def __init__(self) -> None:
        self._channel_ids: dict[int, int] = {}
        self._open_periods: dict[int, datetime] = {}
        self._changes: list[JoinMessagePeriodRecord] = []

    def add_open_periods(self, periods: Iterable[JoinMessagePeriodRecord]) -> None:
        """Add the periods that an earlier process left open."""
        self._open_periods |= {period.guild_id: period.from_at for period in periods}

    def set_channel_id(self, guild_id: int, channel_id: int) -> None:
        """Set the channel of a guild's join messages; 0 if it has none."""
        self._channel_ids[guild_id] = channel_id

    def get_channel_id(self, guild_id: int) -> int:
        """Get the channel of a guild's join messages; 0 if it has none or is unknown."""
        return self._channel_ids.get(guild_id, 0)

    def set_readable(self, guild_id: int, is_readable: bool, *, at: datetime) -> None:
        """Open or close the period of a guild, unless it is open or closed already."""
        from_at = self._open_periods.get(guild_id)
        if is_readable and from_at is None:
            self._open_periods[guild_id] = at
            self._changes.append(JoinMessagePeriodRecord(guild_id, at))
        elif not is_readable and from_at is not None:
            del self._open_periods[guild_id]
            self._changes.append(JoinMessagePeriodRecord(guild_id, from_at, max(from_at, at)))

    def remove_guild(self, guild_id: int, *, at: datetime) -> None:
        """Close the period of a guild that removed the bot."""
        self._channel_ids.pop(guild_id, None)
        self.set_readable(guild_id, False, at=at)

    def take(self) -> list[JoinMessagePeriodRecord]:
        """Return the changes that are not saved, and forget them."""
        changes, self._changes = self._changes, []
        return changes

    def restore(self, changes: list[JoinMessagePeriodRecord]) -> None:
        """Put back changes that could not be saved."""
        self._changes = changes + self._changes

    @property
    def pending(self) -> int:
        """Number of changes that are not saved."""
        return len(self._changes)
