"""The forms of the API keys page: parse what was submitted."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from herwa_shared.catalog import Scope
from herwa_shared.errors import BadRequest
from herwa_web.pages.keys import texts

MAX_TEXT_LENGTH = 2_000


@dataclass(frozen=True, slots=True)
class KeyForm:
    """A submitted new key."""

    name: str
    is_test: bool
    scopes: tuple[Scope, ...]
    expires_at: datetime | None
    networks: tuple[str, ...]


def parse_key_form(form: Mapping[str, Any], now: datetime) -> KeyForm:
    """Parse the form of a new key. Raises BadRequest for an expiry or a kind that is not in the list."""
    expiry, kind = str(form.get("expiry", "")), str(form.get("kind", ""))
    if expiry not in texts.EXPIRIES or kind not in texts.KINDS:
        raise BadRequest(texts.INVALID_CHOICE, field="expires_at")
    networks = str(form.get("networks") or "")[:MAX_TEXT_LENGTH].replace(",", " ").split()
    return KeyForm(
        str(form.get("name") or "")[:MAX_TEXT_LENGTH],
        kind == texts.TEST,
        tuple(scope for scope in Scope if form.get(f"scope:{scope}")),
        now + timedelta(days=int(expiry)) if expiry else None,
        tuple(networks),
    )


def parse_overlap(form: Mapping[str, Any]) -> timedelta:
    """Parse how long a replaced key works; a value that is not in the list is no time."""
    hours = str(form.get("overlap", ""))
    return timedelta(hours=int(hours) if hours in texts.OVERLAPS else 0)
