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

HOUR = 3_600
DAY = 86_400


@dataclass(frozen=True, slots=True)
class Stretch:
    """From `start` to before `end` the clocks are ahead of UTC by `offset` seconds, unchanged."""

    start: int
    end: int
    offset: int


def offset_at(instant: int, zone: ZoneInfo) -> int:
    """By how many seconds clocks in `zone` are ahead of UTC."""
    offset = datetime.fromtimestamp(instant, zone).utcoffset()
    assert offset is not None
    return offset.days * DAY + offset.seconds


def wall_at(instant: int, zone: ZoneInfo) -> datetime:
    """What clocks in `zone` show, without a zone attached."""
    return datetime.fromtimestamp(instant, zone).replace(tzinfo=None, fold=0)


def first_instant(wall: datetime, zone: ZoneInfo) -> int:
    """The first instant at which clocks in `zone` show `wall` or later.

    A time that is shown twice means its first showing; one that the clocks skip means the moment of their jump.
    """
    naive = int(wall.replace(tzinfo=UTC).timestamp())
    by_fold = [wall.replace(tzinfo=zone, fold=fold).utcoffset() for fold in (0, 1)]
    before, after = (naive - int(offset.total_seconds()) for offset in by_fold if offset is not None)
    skipped = after < before
    return _change_between(after, before, zone) if skipped else before


def stretches(start: int, end: int, zone: ZoneInfo) -> list[Stretch]:
    """`[start, end)` cut wherever the offset changes. Changes that undo each other within a day are not seen."""
    found: list[Stretch] = []
    began, offset = start, offset_at(start, zone)
    for known in range(start, end, DAY):
        probe = min(known + DAY, end)
        if offset_at(probe, zone) != offset:
            change = _change_between(known, probe, zone)
            found.append(Stretch(began, change, offset))
            began, offset = change, offset_at(probe, zone)
    if began < end:
        found.append(Stretch(began, end, offset))
    return found


def _change_between(early: int, late: int, zone: ZoneInfo) -> int:
    """The first instant after `early` that has the offset of `late`."""
    offset = offset_at(late, zone)
    while late - early > 1:
        middle = (early + late) // 2
        if offset_at(middle, zone) == offset:
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
    if name in _zone_names():
        return ZoneInfo(name)
    known = {zone.lower(): zone for zone in _zone_names()}
    near = get_close_matches(name.lower()[:64], known, n=1)
    example = known[near[0]] if near else "Europe/Berlin"
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
    return datetime.fromtimestamp(first_instant(moment, zone), UTC)


@lru_cache(maxsize=1)
def _zone_names() -> frozenset[str]:
    """Only names from this list become a file name."""
    return frozenset(available_timezones())
