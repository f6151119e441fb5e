"""Time zone arithmetic (local time, UTC offsets) and parsing of dates and times.

An instant is a Unix timestamp in seconds (int). All time zone rules come from `zoneinfo`; the databases are never used
to convert between zones.
"""

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from functools import lru_cache
from zoneinfo import ZoneInfo

from herwa_shared.errors import BadRequest

SECONDS_PER_HOUR = 3_600
SECONDS_PER_DAY = 86_400
FIRST_YEAR, LAST_YEAR = 1971, 2099
UTC_ZONE = ZoneInfo("UTC")
MAX_DAY_STARTS = 20_000
"""So many are kept in memory, since most questions are about the same days."""
# In a query string an unescaped + arrives as a space; after a full time it can only have been an offset.
_LOST_PLUS = re.compile(r"(T\d\d:\d\d(?::\d\d)?(?:\.\d+)?) (\d\d:?\d\d)$")


@dataclass(frozen=True, slots=True)
class OffsetPeriod:
    """A period `[start, end)` in which a zone has a constant `offset` from UTC, all in seconds."""

    start: int
    end: int
    offset: int


def get_utc_offset(instant: int, zone: ZoneInfo) -> int:
    """Return the offset of `zone` from UTC in seconds at an instant; positive is ahead of UTC."""
    offset = datetime.fromtimestamp(instant, zone).utcoffset()
    assert offset is not None
    return offset.days * SECONDS_PER_DAY + offset.seconds


def to_local_time(instant: int, zone: ZoneInfo) -> datetime:
    """Return the local time in `zone` at an instant, as a naive datetime."""
    return datetime.fromtimestamp(instant, zone).replace(tzinfo=None, fold=0)


def to_instant(local_time: datetime, zone: ZoneInfo) -> int:
    """Return the first instant at which the local time in `zone` is `local_time` or later.

    A local time that occurs twice (the clocks go back) maps to its first occurrence. One that does not exist (the
    clocks go forward) maps to the instant of the change.
    """
    naive_seconds = int(local_time.replace(tzinfo=UTC).timestamp())
    offsets = [local_time.replace(tzinfo=zone, fold=fold).utcoffset() for fold in (0, 1)]
    earlier_instant, later_instant = (
        naive_seconds - int(offset.total_seconds()) for offset in offsets if offset is not None
    )
    is_skipped = later_instant < earlier_instant
    return _find_offset_change(later_instant, earlier_instant, zone) if is_skipped else earlier_instant


@lru_cache(maxsize=MAX_DAY_STARTS)
def get_day_start(day: date, zone: ZoneInfo) -> int:
    """Return the first instant of a day in `zone`."""
    return to_instant(datetime.combine(day, time()), zone)


def list_offset_periods(start: int, end: int, zone: ZoneInfo) -> list[OffsetPeriod]:
    """Split `[start, end)` into periods of constant UTC offset.

    Offsets are compared once per 24 hours, so that two changes that cancel each other within a day are not detected.
    """
    periods: list[OffsetPeriod] = []
    period_start, offset = start, get_utc_offset(start, zone)
    for day_start in range(start, end, SECONDS_PER_DAY):
        probe = min(day_start + SECONDS_PER_DAY, end)
        if get_utc_offset(probe, zone) != offset:
            change = _find_offset_change(day_start, probe, zone)
            periods.append(OffsetPeriod(period_start, change, offset))
            period_start, offset = change, get_utc_offset(probe, zone)
    if period_start < end:
        periods.append(OffsetPeriod(period_start, end, offset))
    return periods


def parse_moment(text: str, zone: ZoneInfo, *, field: str) -> datetime:
    """Parse an ISO 8601 date or time to UTC, truncated to the second.

    A date means its midnight in `zone`. A time without an offset is local to `zone`. `field` names the parameter in the
    error message. Raises BadRequest if the text is invalid or the year is not supported.
    """
    try:
        if len(text) <= len("2025-03-01"):
            moment = datetime.combine(date.fromisoformat(text), time())
        else:
            moment = datetime.fromisoformat(_LOST_PLUS.sub(r"\1+\2", text)).replace(microsecond=0)
    except ValueError:
        raise BadRequest(
            f"'{field}' must be an ISO date or time such as 2025-03-01 or 2025-03-01T12:00:00Z, not {text[:64]!r}.",
            field=field,
        ) from None
    if not FIRST_YEAR <= moment.year <= LAST_YEAR:
        raise BadRequest(f"'{field}' must be between {FIRST_YEAR} and {LAST_YEAR}.", field=field)
    if moment.tzinfo is not None:
        return moment.astimezone(UTC)
    return datetime.fromtimestamp(to_instant(moment, zone), UTC)


def _find_offset_change(early: int, late: int, zone: ZoneInfo) -> int:
    """Return the first instant after `early` that has the offset of `late` (binary search)."""
    offset = get_utc_offset(late, zone)
    while late - early > 1:
        middle = (early + late) // 2
        if get_utc_offset(middle, zone) == offset:
            late = middle
        else:
            early = middle
    return late
