"""The parameters of a statistics query: one metric of one guild in one window and time zone."""

from dataclasses import dataclass, replace
from datetime import UTC, datetime, time, timedelta
from enum import IntEnum
from typing import Self
from zoneinfo import ZoneInfo

from herwa_shared.analytics.intervals import list_bucket_edges
from herwa_shared.analytics.metric_definitions import Metric
from herwa_shared.analytics.results import Interval
from herwa_shared.analytics.timezones import FIRST_YEAR, LAST_YEAR, UTC_ZONE, parse_moment, to_instant, to_local_time
from herwa_shared.clock import utc_now
from herwa_shared.errors import BadRequest


class Window(IntEnum):
    """Common window lengths in days. The last day of such a window is today."""

    WEEK = 7
    MONTH = 30
    QUARTER = 90


@dataclass(frozen=True, slots=True)
class ActivityQuery:
    """One statistics query: a metric of a guild over the window `[start, end)`.

    `start` and `end` are timezone-aware, with a precision of one second. A `channel_id` of None covers all channels.
    `week_start` is the ISO weekday with which weeks begin.
    Raises BadRequest if the window is empty, reversed or outside the supported years.
    """

    guild_id: int
    start: datetime
    end: datetime
    metric: Metric = Metric.MESSAGES
    interval: Interval = Interval.DAY
    zone: ZoneInfo = UTC_ZONE
    channel_id: int | None = None
    week_start: int = 1

    def __post_init__(self) -> None:
        if self.start >= self.end:
            start, end = (moment.astimezone(self.zone).isoformat() for moment in (self.start, self.end))
            raise BadRequest(
                f"'from' must be before 'to'. The window starts at {start} and ends at {end}.", field="from"
            )
        if self.start.year < FIRST_YEAR - 1 or self.end.year > LAST_YEAR + 1:
            raise BadRequest(f"The window must be between {FIRST_YEAR} and {LAST_YEAR}.", field="from")

    @classmethod
    def from_last_days(
        cls, days: int, *, guild_id: int, zone: ZoneInfo = UTC_ZONE, now: datetime | None = None
    ) -> Self:
        """Build a query for messages per day over the last `days` days in `zone`, today included."""
        end = _get_next_midnight(now or utc_now(), zone)
        return cls(guild_id, _shift_local_time(end, zone, timedelta(days=-days)), end, zone=zone)

    @classmethod
    def parse(
        cls,
        start_text: str | None,
        end_text: str | None,
        *,
        guild_id: int,
        zone: ZoneInfo = UTC_ZONE,
        week_start: int = 1,
        now: datetime | None = None,
    ) -> Self:
        """Build a query from `from` and `to` texts as users write them.

        Without `end_text` the window ends with today; without `start_text` it is 30 days long. Raises BadRequest for a
        text that is no date or time (see `parse_moment`).
        """
        end = (
            parse_moment(end_text, zone, field="to")
            if end_text is not None
            else _get_next_midnight(now or utc_now(), zone)
        )
        if start_text is not None:
            start = parse_moment(start_text, zone, field="from")
        else:
            start = _shift_local_time(end, zone, timedelta(days=-Window.MONTH))
        return cls(guild_id, start, end, zone=zone, week_start=week_start)

    @property
    def start_second(self) -> int:
        """The start as a Unix timestamp in seconds."""
        return int(self.start.timestamp())

    @property
    def end_second(self) -> int:
        """The end as a Unix timestamp in seconds."""
        return int(self.end.timestamp())

    def shift(self, steps: int) -> Self:
        """Return the query with its window moved by `steps` window lengths; negative is earlier.

        A window of full calendar months moves by months, one of full days by days, any other by elapsed time.
        """
        local_start, local_end = (to_local_time(second, self.zone) for second in (self.start_second, self.end_second))
        if not local_start.time() == local_end.time() == time() or local_start >= local_end:
            length = self.end - self.start
            return replace(self, start=self.start + steps * length, end=self.end + steps * length)
        if local_start.day == local_end.day == 1:
            months = steps * (_count_months(local_end) - _count_months(local_start))
            local_bounds = [_add_months(local_time, months) for local_time in (local_start, local_end)]
        else:
            local_bounds = [local_time + steps * (local_end - local_start) for local_time in (local_start, local_end)]
        shifted_start, shifted_end = (_to_utc(local_time, self.zone) for local_time in local_bounds)
        return replace(self, start=shifted_start, end=shifted_end)

    def shift_back(self) -> Self:
        """Return the query for the window of the same length that ends where this one starts.

        The length is that of `shift`: months, days or elapsed time.
        """
        return replace(self.shift(-1), end=self.start)

    def shift_year_back(self) -> Self:
        """Return the query for the same dates one year earlier; 29 February becomes 28 February."""
        start, end = (_shift_year_back(moment, self.zone) for moment in (self.start, self.end))
        if start >= end:  # the window is an hour that the clocks skipped a year ago
            end = start + (self.end - self.start)
        return replace(self, start=start, end=end)


def _count_months(local_time: datetime) -> int:
    return 12 * local_time.year + local_time.month - 1


def _add_months(local_time: datetime, months: int) -> datetime:
    """Add months to a local time on the first of a month."""
    year, month = divmod(_count_months(local_time) + months, 12)
    return local_time.replace(year=year, month=month + 1)


def _get_next_midnight(moment: datetime, zone: ZoneInfo) -> datetime:
    tomorrow = moment.astimezone(zone).date() + timedelta(days=1)
    return _to_utc(datetime.combine(tomorrow, time()), zone)


def _shift_local_time(moment: datetime, zone: ZoneInfo, delta: timedelta) -> datetime:
    return _to_utc(to_local_time(int(moment.timestamp()), zone) + delta, zone)


def _shift_year_back(moment: datetime, zone: ZoneInfo) -> datetime:
    local_time = to_local_time(int(moment.timestamp()), zone)
    leap_day = (local_time.month, local_time.day) == (2, 29)
    return _to_utc(local_time.replace(year=local_time.year - 1, day=28 if leap_day else local_time.day), zone)


def _to_utc(local_time: datetime, zone: ZoneInfo) -> datetime:
    return datetime.fromtimestamp(to_instant(local_time, zone), UTC)


def list_query_edges(query: ActivityQuery) -> list[int]:
    """Return the starts of the intervals of a query, and the end of the last; see `list_bucket_edges`."""
    return list_bucket_edges(
        query.start_second, query.end_second, query.interval, query.zone, week_start=query.week_start
    )
