"""What is asked: one metric of one guild in one window, seen in one time zone."""

from dataclasses import dataclass, replace
from datetime import UTC, datetime, time, timedelta
from enum import IntEnum
from typing import Self
from zoneinfo import ZoneInfo

from herwa_shared.analytics.results import Interval, Metric
from herwa_shared.analytics.timezones import FIRST_YEAR, LAST_YEAR, UTC_ZONE, first_instant, parse_moment, wall_at
from herwa_shared.clock import utc_now
from herwa_shared.errors import BadRequest

WHOLE_HOUR = timedelta(hours=1)


class Window(IntEnum):
    """The usual windows, in days; today is the last of them."""

    WEEK = 7
    MONTH = 30
    QUARTER = 90


@dataclass(frozen=True, slots=True)
class ActivityQuery:
    """One question. `[start, end)` are aware, to the second; `channel_id` None means the whole guild."""

    guild_id: int
    start: datetime
    end: datetime
    metric: Metric = Metric.MESSAGES
    interval: Interval = Interval.DAY
    zone: ZoneInfo = UTC_ZONE
    channel_id: int | None = None

    def __post_init__(self) -> None:
        if self.start >= self.end:
            start, end = (moment.astimezone(self.zone).isoformat() for moment in (self.start, self.end))
            raise BadRequest(f"'from' must be before 'to': the window would begin {start} and end {end}.")
        if self.start.year < FIRST_YEAR - 1 or self.end.year > LAST_YEAR + 1:
            raise BadRequest(f"The window must lie between {FIRST_YEAR} and {LAST_YEAR}.")

    @classmethod
    def last(cls, days: int, *, guild_id: int, zone: ZoneInfo = UTC_ZONE, now: datetime | None = None) -> Self:
        """Messages by day of the last so many days in `zone`, today included."""
        end = _day_after(now or utc_now(), zone)
        return cls(guild_id, _shifted(end, zone, timedelta(days=-days)), end, zone=zone)

    @classmethod
    def between(
        cls,
        since: str | None,
        until: str | None,
        *,
        guild_id: int,
        zone: ZoneInfo = UTC_ZONE,
        now: datetime | None = None,
    ) -> Self:
        """From and to as people write them. What is left out: 30 days, up to the end of today."""
        end = parse_moment(until, zone, field="to") if until is not None else _day_after(now or utc_now(), zone)
        if since is not None:
            return cls(guild_id, parse_moment(since, zone, field="from"), end, zone=zone)
        return cls(guild_id, _shifted(end, zone, timedelta(days=-Window.MONTH)), end, zone=zone)

    @property
    def start_second(self) -> int:
        """Seconds since 1970."""
        return int(self.start.timestamp())

    @property
    def end_second(self) -> int:
        """Seconds since 1970."""
        return int(self.end.timestamp())

    def shifted(self, by: int) -> Self:
        """The window so many of its own lengths later: in months where it is made of months, or days, else in time."""
        begin, end = (wall_at(second, self.zone) for second in (self.start_second, self.end_second))
        if not begin.time() == end.time() == time() or begin >= end:
            length = self.end - self.start
            return replace(self, start=self.start + by * length, end=self.end + by * length)
        if begin.day == end.day == 1:
            months = by * (_months(end) - _months(begin))
            walls = [_months_later(wall, months) for wall in (begin, end)]
        else:
            walls = [wall + by * (end - begin) for wall in (begin, end)]
        first, last = (_instant(wall, self.zone) for wall in walls)
        return replace(self, start=first, end=last)

    def previous(self) -> Self:
        """The window of the same length just before: as many months or days where it is made of them."""
        return replace(self.shifted(-1), end=self.start)

    def done_at(self, now: datetime) -> datetime:
        """The end of the window, or where it is running the end of its last whole hour that is over."""
        if now >= self.end:
            return self.end
        return self.start + max((now - self.start) // WHOLE_HOUR, 0) * WHOLE_HOUR

    def as_much_as(self, of: "ActivityQuery", now: datetime) -> Self | None:
        """The beginning of this window, as long as what is done of another, so that both compare. None of nothing."""
        done = of.done_at(now)
        if done <= of.start:
            return None
        return self if done == of.end else replace(self, end=min(self.end, self.start + (done - of.start)))

    def year_before(self) -> Self:
        """The same dates of the year before; 29 February becomes 28 February."""
        start, end = (_year_before(moment, self.zone) for moment in (self.start, self.end))
        if start >= end:  # an hour that the clocks skipped a year ago
            end = start + (self.end - self.start)
        return replace(self, start=start, end=end)


def _months(wall: datetime) -> int:
    return 12 * wall.year + wall.month - 1


def _months_later(wall: datetime, months: int) -> datetime:
    """Of a first of the month."""
    year, month = divmod(_months(wall) + months, 12)
    return wall.replace(year=year, month=month + 1)


def _day_after(moment: datetime, zone: ZoneInfo) -> datetime:
    tomorrow = moment.astimezone(zone).date() + timedelta(days=1)
    return _instant(datetime.combine(tomorrow, time()), zone)


def _shifted(moment: datetime, zone: ZoneInfo, by: timedelta) -> datetime:
    return _instant(wall_at(int(moment.timestamp()), zone) + by, zone)


def _year_before(moment: datetime, zone: ZoneInfo) -> datetime:
    wall = wall_at(int(moment.timestamp()), zone)
    leap_day = (wall.month, wall.day) == (2, 29)
    return _instant(wall.replace(year=wall.year - 1, day=28 if leap_day else wall.day), zone)


def _instant(wall: datetime, zone: ZoneInfo) -> datetime:
    return datetime.fromtimestamp(first_instant(wall, zone), UTC)
