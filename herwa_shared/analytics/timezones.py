"""How the clocks of a zone run: when they first show a time, and where their offset from UTC changes.

Instants are whole seconds since 1970. `zoneinfo` is the only authority on zones; no store is ever asked about one.

Dates, times and zones as people write them, or an error that says what would be right.
"""

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from difflib import get_close_matches
from functools import lru_cache
from zoneinfo import ZoneInfo, available_timezones

from herwa_shared.errors import BadRequest

SECONDS_PER_HOUR = 3_600
SECONDS_PER_DAY = 86_400


@dataclass(frozen=True, slots=True)
class OffsetPeriod:
    """From `start` to before `end` the clocks are ahead of UTC by `offset` seconds, unchanged."""

    start: int
    end: int
    offset: int


def get_utc_offset(instant: int, zone: ZoneInfo) -> int:
    """By how many seconds clocks in `zone` are ahead of UTC."""
    offset = datetime.fromtimestamp(instant, zone).utcoffset()
    assert offset is not None
    return offset.days * SECONDS_PER_DAY + offset.seconds


def to_local_time(instant: int, zone: ZoneInfo) -> datetime:
    """What clocks in `zone` show, without a zone attached."""
    return datetime.fromtimestamp(instant, zone).replace(tzinfo=None, fold=0)


def to_instant(local_time: datetime, zone: ZoneInfo) -> int:
    """The first instant at which clocks in `zone` show `wall` or later.

    A time that is shown twice means its first showing; one that the clocks skip means the moment of their jump.
    """
    naive_seconds = int(local_time.replace(tzinfo=UTC).timestamp())
    offsets = [local_time.replace(tzinfo=zone, fold=fold).utcoffset() for fold in (0, 1)]
    earlier_instant, later_instant = (
        naive_seconds - int(offset.total_seconds()) for offset in offsets if offset is not None
    )
    is_skipped = later_instant < earlier_instant
    return _find_offset_change(later_instant, earlier_instant, zone) if is_skipped else earlier_instant


def list_offset_periods(start: int, end: int, zone: ZoneInfo) -> list[OffsetPeriod]:
    """`[start, end)` cut wherever the offset changes. Changes that undo each other within a day are not seen."""
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


def _find_offset_change(early: int, late: int, zone: ZoneInfo) -> int:
    """The first instant after `early` that has the offset of `late`."""
    offset = get_utc_offset(late, zone)
    while late - early > 1:
        middle = (early + late) // 2
        if get_utc_offset(middle, zone) == offset:
            late = middle
        else:
            early = middle
    return late


FIRST_YEAR, LAST_YEAR = 1971, 2099
UTC_ZONE = ZoneInfo("UTC")
# In a query string an unescaped + arrives as a space; after a full time it can only have been an offset.
_LOST_PLUS = re.compile(r"(T\d\d:\d\d(?::\d\d)?(?:\.\d+)?) (\d\d:?\d\d)$")


def parse_zone(name: str) -> ZoneInfo:
    """The IANA time zone of that name."""
    if name in _list_zone_names():
        return ZoneInfo(name)
    zone_by_lowercase = {zone.lower(): zone for zone in _list_zone_names()}
    matches = get_close_matches(name.lower()[:64], zone_by_lowercase, n=1)
    example = zone_by_lowercase[matches[0]] if matches else "Europe/Berlin"
    raise BadRequest(f"'timezone' must be an IANA name such as {example}, not {name[:64]!r}.")


def parse_moment(text: str, zone: ZoneInfo, *, field: str) -> datetime:
    """An ISO date (its midnight in `zone`) or time (in `zone` unless it has an offset) as UTC, to the second."""
    try:
        if len(text) <= len("2025-03-01"):
            moment = datetime.combine(date.fromisoformat(text), time())
        else:
            moment = datetime.fromisoformat(_LOST_PLUS.sub(r"\1+\2", text)).replace(microsecond=0)
    except ValueError:
        raise BadRequest(
            f"'{field}' must be an ISO date or time such as 2025-03-01 or 2025-03-01T12:00:00Z, not {text[:64]!r}."
        ) from None
    if not FIRST_YEAR <= moment.year <= LAST_YEAR:
        raise BadRequest(f"'{field}' must lie between {FIRST_YEAR} and {LAST_YEAR}, and {text[:64]!r} does not.")
    if moment.tzinfo is not None:
        return moment.astimezone(UTC)
    return datetime.fromtimestamp(to_instant(moment, zone), UTC)


@lru_cache(maxsize=1)
def _list_zone_names() -> frozenset[str]:
    """Only names from this list become a file name."""
    return frozenset(available_timezones())
