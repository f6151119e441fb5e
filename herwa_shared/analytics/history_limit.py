"""How far back a guild's tier lets statistics be read. Older data is kept: a higher tier shows it again."""

from dataclasses import dataclass
from datetime import datetime
from typing import Self
from zoneinfo import ZoneInfo

from herwa_shared.analytics.query import ActivityQuery
from herwa_shared.catalog import Limit
from herwa_shared.errors import BadRequest, Forbidden
from herwa_shared.guardrail.policy import Entitlement


class HistoryLimitReached(Forbidden):
    """The window begins before the history that the guild's tier includes. `start` is its first day."""

    code = "history_limit"

    def __init__(self, start: datetime, zone: ZoneInfo) -> None:
        day = start.astimezone(zone).date()
        super().__init__(f"This server's history reaches back to {day}. The window begins earlier.")
        self.start = day
        self.hint = f"Begin on {day} or later, also with the window to compare with. A higher tier includes more."


@dataclass(frozen=True, slots=True)
class HistoryLimit:
    """The number of days before today that a guild may read; None for all."""

    days: int | None

    @classmethod
    def from_entitlement(cls, entitlement: Entitlement) -> Self:
        """Build the limit of a guild with this entitlement."""
        return cls(entitlement.limits.get(Limit.HISTORY_DAYS, 0))

    def get_start(self, zone: ZoneInfo, now: datetime) -> datetime | None:
        """Return the local midnight with which the history begins; None without a limit."""
        if self.days is None:
            return None
        try:
            return ActivityQuery.from_last_days(self.days + 1, guild_id=0, zone=zone, now=now).start
        except (BadRequest, OverflowError):  # before the first supported year
            return None

    def require(self, *queries: ActivityQuery | None, now: datetime) -> None:
        """Raise HistoryLimitReached if one of the windows begins before the history."""
        for query in filter(None, queries):
            start = self.get_start(query.zone, now)
            if start is not None and query.start < start:
                raise HistoryLimitReached(start, query.zone)

    def limit_validity(self, valid_until: datetime | None, zone: ZoneInfo, now: datetime) -> datetime | None:
        """Return until when a result that holds until `valid_until` may be shown: at most until the next midnight."""
        if self.days is None:
            return valid_until
        midnight = ActivityQuery.from_last_days(1, guild_id=0, zone=zone, now=now).end
        return min(filter(None, (valid_until, midnight)))
