"""The names of time zones."""

from difflib import get_close_matches
from functools import cache
from zoneinfo import ZoneInfo, available_timezones

from herwa_shared.errors import BadRequest


def parse_zone(name: str) -> ZoneInfo:
    """Return the IANA time zone of that name.

    Raises BadRequest, with the most similar name as an example, if there is none.
    """
    if name in list_zone_names():
        return ZoneInfo(name)
    zone_by_lowercase = {zone.lower(): zone for zone in list_zone_names()}
    matches = get_close_matches(name.lower()[:64], zone_by_lowercase, n=1)
    example = zone_by_lowercase[matches[0]] if matches else "Europe/Berlin"
    raise BadRequest(f"'timezone' must be an IANA name such as {example}, not {name[:64]!r}.", field="timezone")


@cache
def list_zone_names() -> frozenset[str]:
    """List the IANA names of all time zones.

    Security: `ZoneInfo` opens a file of the name that it gets, so that only names of this list may reach it.
    """
    return frozenset(available_timezones())
