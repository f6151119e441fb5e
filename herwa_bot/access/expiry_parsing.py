"""What people type for an end, as "3d" or "2026-12-24 18:00", and the moment that it means. Pure."""

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, tzinfo

from herwa_shared.errors import BadRequest

FARTHEST = timedelta(days=5 * 366)
CAN_BE_TYPED = "Type how long, as 30m, 2h, 3d or 1w, or the day, as tomorrow, 2026-12-24 or 2026-12-24 18:00."
TOO_FAR = "That is more than five years away. Leave the end out, and it holds until you take it back."
LONGEST_VALUE = 100  # of a choice, as Discord has it
OFFERED = {"1h": "1 hour", "24h": "24 hours", "7d": "7 days", "30d": "30 days"}

_UNITS = {"m": "minutes", "h": "hours", "d": "days", "w": "weeks"}
_SPAN = re.compile(
    r"(?P<number>[0-9]{1,6})\s*(?:(?P<m>m|min|mins|minutes?)|(?P<h>h|hours?)|(?P<d>d|days?)|(?P<w>w|weeks?))(?![a-z])\s*"
)
_DAY = re.compile(r"(?P<day>tomorrow|\d{4}-\d{1,2}-\d{1,2})(?:(?:\s+at)?\s+|t)?(?P<time>(?<=[\st])\d{1,2}:\d{2})?")


@dataclass(frozen=True, slots=True)
class UntilChoice:
    """An end to choose from: what it is called, and the text that means it."""

    name: str
    value: str


def parse_until(text: str, *, zone: tzinfo, now: datetime) -> datetime:
    """The moment, in UTC. A day without a time is its midnight in `zone`, the beginning. Raises BadRequest."""
    typed = " ".join(text.casefold().removeprefix("in ").split())
    try:
        moment = _after_span(typed, now) or _on_day(typed, zone, now)
    except ValueError:
        moment = None
    except OverflowError:
        raise BadRequest(TOO_FAR) from None
    if moment is None:
        raise BadRequest(f"This is no moment that I understand. {CAN_BE_TYPED}")
    if moment <= now:
        raise BadRequest(f"{said(moment, zone)} has passed. {CAN_BE_TYPED}")
    if moment > now + FARTHEST:
        raise BadRequest(TOO_FAR)
    return moment


def until_choices(text: str, *, zone: tzinfo, now: datetime) -> tuple[UntilChoice, ...]:
    """What a typed text means or, where nothing is typed, what is mostly wanted; never a text that would be refused."""
    if not text.strip():
        return tuple(_choice(value, zone, now, name) for value, name in OFFERED.items())
    try:
        meant = _choice(" ".join(text.split()), zone, now)
        return (meant,) if len(meant.value) <= LONGEST_VALUE else ()
    except BadRequest:
        begun = text.strip().casefold()
        return tuple(_choice(value, zone, now, name) for value, name in OFFERED.items() if name.startswith(begun))


def said(moment: datetime, zone: tzinfo) -> str:
    """The moment on the guild's clock."""
    return f"{moment.astimezone(zone):%a %-d %b %Y, %H:%M}"


def _choice(value: str, zone: tzinfo, now: datetime, name: str = "") -> UntilChoice:
    meant = f"until {said(parse_until(value, zone=zone, now=now), zone)}"
    return UntilChoice(f"{name}, {meant}" if name else f"U{meant[1:]}", value)


def _after_span(typed: str, now: datetime) -> datetime | None:
    """`1d 12h` from now; None where the text is not of that kind."""
    length, end = timedelta(), 0
    while end < len(typed):
        part = _SPAN.match(typed, end)
        if part is None:
            return None
        unit = next(unit for letter, unit in _UNITS.items() if part[letter])
        length += timedelta(**{unit: int(part["number"])})
        end = part.end()
    return (now + length).astimezone(UTC) if typed else None


def _on_day(typed: str, zone: tzinfo, now: datetime) -> datetime | None:
    """A day, perhaps with a time, on the guild's clock."""
    found = _DAY.fullmatch(typed)
    if found is None:
        return None
    if found["day"] == "tomorrow":
        day = now.astimezone(zone).date() + timedelta(days=1)
    else:
        day = date(*map(int, found["day"].split("-")))
    at = time.fromisoformat(found["time"].zfill(5)) if found["time"] else time()
    return datetime.combine(day, at, tzinfo=zone).astimezone(UTC)
