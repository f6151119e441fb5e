"""Dates, times and zones as people write them, or an error that says what would be right."""

import re
from datetime import UTC, date, datetime, time
from difflib import get_close_matches
from functools import lru_cache
from zoneinfo import ZoneInfo, available_timezones

from herwa_shared.analytics.wallclock import first_instant
from herwa_shared.errors import BadRequest

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
