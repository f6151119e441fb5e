"""How audit entries hang together, without I/O: what a link covers, and how personal values stay out of it.

An entry's digest covers everything it says and the digest of the entry before. Of a personal value it covers a
commitment only: its HMAC with a random key of its own, which lies beside the value and goes with it. What is left then
verifies as before and tells nobody, not even by guessing, what the value was.
"""

import hmac
import json
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha256
from typing import Any

from herwa_shared.models import AuditEntry

BEGINNING = bytes(32)
PLACE = "personal"
"""Where a personal value stood there is `{"personal": its name}`."""
ACTOR, TARGET = "actor", "target"
ERASED = "(erased)"

Field = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Personal:
    """A value about a person, the user `of` or the one whose id it is, that goes when they are erased."""

    value: str
    of: int | None = None

    @property
    def owner(self) -> int | None:
        """Whose it is; None for a value that no user's erasure takes along."""
        return int(self.value) if self.of is None and self.value.isdecimal() else self.of


@dataclass(frozen=True, slots=True)
class Broken:
    """The first entry at which a chain does not hold, and why, in a sentence."""

    number: int
    entry_id: int | None
    why: str


def put_aside(name: str, value: Any, personal: dict[str, Field]) -> Any:
    """The value as JSON that PostgreSQL gives back alike, each `Personal` in it put into `personal` by its path.

    Raises TypeError for what JSON cannot say, so that nothing is recorded by its looks.
    """
    match value:
        case Personal():
            personal[name] = new_field(value.value, value.owner)
            return {PLACE: name}
        case Mapping():
            return {str(key): put_aside(f"{name}.{key}", part, personal) for key, part in value.items()}
        case list() | tuple():
            return [put_aside(f"{name}.{place}", part, personal) for place, part in enumerate(value)]
        case set() | frozenset():
            return put_aside(name, sorted(value), personal)
        case _:
            return _plain(name, value)


def put_back(value: Any, personal: Mapping[str, Field]) -> Any:
    """The value with its personal parts, as far as they are there."""
    match value:
        case {"personal": str() as name, **more} if not more:
            return personal[name]["value"] if name in personal else ERASED
        case dict():
            return {key: put_back(part, personal) for key, part in value.items()}
        case list():
            return [put_back(part, personal) for part in value]
        case _:
            return value


def new_field(value: str, owner: int | None) -> Field:
    """A personal value with whose it is and the key of its commitment."""
    return {"value": value, "of": None if owner is None else str(owner), "key": secrets.token_hex(32)}


def commitment(field: Field) -> str:
    """What stands for a personal value in the chain."""
    return hmac.digest(bytes.fromhex(field["key"]), _canonical([field["of"], field["value"]]), "sha256").hex()


def digest(entry: AuditEntry) -> bytes:
    """The link: of all that the entry says, and of `entry.previous`."""
    said = {
        "guild": entry.guild_id,
        "number": entry.number,
        "at": moment(entry.at),
        "via": str(entry.via),
        "action": entry.action,
        "target": entry.target,
        "before": entry.before,
        "after": entry.after,
        "reason": entry.reason,
        "undoes": entry.undoes,
        "commitments": entry.commitments,
    }
    return sha256(entry.previous + _canonical(said)).digest()


def flaw(entry: AuditEntry, *, number: int, previous: bytes) -> Broken | None:
    """What is wrong with the entry that should be this number and follow this digest; None when nothing is."""
    if entry.number != number:
        return Broken(number, None, f"Entry {number} is missing.")
    if digest(entry) != entry.digest:
        return Broken(number, entry.id, f"Entry {number} was changed after it was written.")
    if entry.previous != previous:
        return Broken(number, entry.id, f"Entry {number} does not follow the one before it.")
    for name, field in (entry.personal or {}).items():
        if not _is_kept(field, entry.commitments.get(name)):
            return Broken(number, entry.id, f"In entry {number} the value of “{name}” was changed.")
    return None


def moment(at: datetime) -> str:
    """In UTC, to the microsecond, as PostgreSQL keeps it."""
    return at.astimezone(UTC).isoformat(timespec="microseconds")


def _plain(name: str, value: Any) -> str | int | float | None:
    match value:
        case datetime():
            return moment(value)
        case float() if value.is_integer():
            return int(value)
        case None | bool() | int() | float() | str():
            return value
        case _:
            raise TypeError(f"an audit entry cannot hold {type(value).__name__} at {name}")


def _is_kept(field: Field, committed: str | None) -> bool:
    return field.keys() == {"value", "of", "key"} and commitment(field) == committed


def _canonical(value: Any) -> bytes:
    return json.dumps(value, sort_keys=True, separators=(",", ":"), allow_nan=False).encode()
