"""Filters and pagination of the audit log in its URL."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta, tzinfo
from typing import Any
from urllib.parse import urlencode

from herwa_shared.services.audit import AuditFilter
from herwa_shared.services.audit_kinds import ACTIONS_BY_KIND

MAX_PARAM_LENGTH = 40


@dataclass(frozen=True, slots=True)
class AuditView:
    """What the URL asks for: a kind of change, a user, days (both inclusive), entries before a number."""

    kind: str = ""
    actor_id: str = ""
    first_day: str = ""
    last_day: str = ""
    before: str = ""

    @classmethod
    def parse(cls, parameters: Mapping[str, Any]) -> "AuditView":
        """Parse the parameters of a URL or of the form; invalid values are ignored."""
        values = {name: str(parameters.get(name) or "")[:MAX_PARAM_LENGTH] for name in _PARAMETERS}
        return cls(
            values["kind"] if values["kind"] in ACTIONS_BY_KIND else "",
            values["actor"] if _is_number(values["actor"]) else "",
            values["from"] if _parse_day(values["from"]) else "",
            values["to"] if _parse_day(values["to"]) else "",
            values["before"] if _is_number(values["before"]) else "",
        )

    @property
    def is_filtered(self) -> bool:
        """Whether some entries are not listed."""
        return bool(self.kind or self.actor_id or self.first_day or self.last_day)

    @property
    def cursor(self) -> int | None:
        """The number below which entries are listed."""
        return int(self.before) if self.before else None

    def build_filter(self, zone: tzinfo) -> AuditFilter:
        """Build the filter; days are those of the server's time zone."""
        first_day, last_day = _parse_day(self.first_day), _parse_day(self.last_day)
        return AuditFilter(
            actor_id=int(self.actor_id) if self.actor_id else None,
            actions=ACTIONS_BY_KIND.get(self.kind, ()),
            since=datetime.combine(first_day, time(), zone) if first_day else None,
            until=datetime.combine(last_day + timedelta(days=1), time(), zone) if last_day else None,
        )

    def with_cursor(self, before: str) -> "AuditView":
        """Return the view of the entries before a number; the newest ones without a number."""
        return replace(self, before=before)

    def build_url(self, path: str) -> str:
        """Build the URL of this view of the page at `path`."""
        values = dict(
            zip(_PARAMETERS, (self.kind, self.actor_id, self.first_day, self.last_day, self.before), strict=True)
        )
        query = urlencode({name: value for name, value in values.items() if value})
        return f"{path}?{query}" if query else path


_PARAMETERS = ("kind", "actor", "from", "to", "before")


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) <= 19


def _parse_day(text: str) -> date | None:
    try:
        day = date.fromisoformat(text)
    except ValueError:
        return None
    return day if 1971 <= day.year <= 2099 else None
