"""Parse the end of a rule as people type it, such as "3d" or "2026-12-24 18:00". Pure."""

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, tzinfo

from herwa_bot.texts import errors as texts
from herwa_shared.discord.constants import MAX_CHOICE_LENGTH
from herwa_shared.errors import BadRequest
from herwa_shared.guardrail.texts import format_local_time

MAX_EXPIRY = timedelta(days=5 * 366)

_UNITS = {"m": "minutes", "h": "hours", "d": "days", "w": "weeks"}
_DURATION = re.compile(
    r"(?P<number>[0-9]{1,6})\s*(?:(?P<m>m|min|mins|minutes?)|(?P<h>h|hours?)|(?P<d>d|days?)|(?P<w>w|weeks?))(?![a-z])\s*"
)
_DATE = re.compile(r"(?P<day>tomorrow|\d{4}-\d{1,2}-\d{1,2})(?:(?:\s+at)?\s+|t)?(?P<time>(?<=[\st])\d{1,2}:\d{2})?")


@dataclass(frozen=True, slots=True)
class ExpiryChoice:
    """An autocomplete choice: its label, and the text that `parse_expiry` accepts."""

    name: str
    value: str


def parse_expiry(text: str, *, zone: tzinfo, now: datetime) -> datetime:
    """Parse a duration or date into a UTC datetime. Raises BadRequest.

    A date without a time means the beginning of that day (midnight) in `zone`.
    """
    normalized_text = " ".join(text.casefold().removeprefix("in ").split())
    try:
        expires_at = _parse_duration(normalized_text, now) or _parse_date(normalized_text, zone, now)
    except ValueError:
        expires_at = None
    except OverflowError:
        raise BadRequest(texts.EXPIRY_TOO_LATE) from None
    if expires_at is None:
        raise BadRequest(texts.EXPIRY_UNREADABLE)
    if expires_at <= now:
        raise BadRequest(texts.format_expiry_passed(format_local_time(expires_at, zone)))
    if expires_at > now + MAX_EXPIRY:
        raise BadRequest(texts.EXPIRY_TOO_LATE)
    return expires_at


def list_expiry_choices(text: str, *, zone: tzinfo, now: datetime) -> tuple[ExpiryChoice, ...]:
    """List autocomplete choices: the default ones for an empty text, else what the text means.

    Every value that is returned is accepted by `parse_expiry`.
    """
    if not text.strip():
        return tuple(_build_choice(value, zone, now, name) for value, name in texts.DEFAULT_EXPIRIES.items())
    try:
        choice = _build_choice(" ".join(text.split()), zone, now)
        return (choice,) if len(choice.value) <= MAX_CHOICE_LENGTH else ()
    except BadRequest:
        prefix = text.strip().casefold()
        return tuple(
            _build_choice(value, zone, now, name)
            for value, name in texts.DEFAULT_EXPIRIES.items()
            if name.startswith(prefix)
        )


def _build_choice(value: str, zone: tzinfo, now: datetime, name: str = "") -> ExpiryChoice:
    time_text = format_local_time(parse_expiry(value, zone=zone, now=now), zone)
    return ExpiryChoice(texts.format_expiry_choice(time_text, name), value)


def _parse_duration(text: str, now: datetime) -> datetime | None:
    """Parse a duration such as `1d 12h`, counted from `now`; None if the text is not a duration."""
    duration, end = timedelta(), 0
    while end < len(text):
        match = _DURATION.match(text, end)
        if match is None:
            return None
        unit = next(unit for letter, unit in _UNITS.items() if match[letter])
        duration += timedelta(**{unit: int(match["number"])})
        end = match.end()
    return (now + duration).astimezone(UTC) if text else None


def _parse_date(text: str, zone: tzinfo, now: datetime) -> datetime | None:
    """Parse a date with an optional time, in the guild's time zone.

    Returns None if the text is not a date. Raises ValueError for a day or time that does not exist.
    """
    match = _DATE.fullmatch(text)
    if match is None:
        return None
    if match["day"] == "tomorrow":
        day = now.astimezone(zone).date() + timedelta(days=1)
    else:
        day = date(*map(int, match["day"].split("-")))
    time_of_day = time.fromisoformat(match["time"].zfill(5)) if match["time"] else time()
    return datetime.combine(day, time_of_day, tzinfo=zone).astimezone(UTC)
