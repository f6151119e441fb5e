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

GENESIS_DIGEST = bytes(32)
PERSONAL_KEY = "personal"
"""Where a personal value stood there is `{"personal": its name}`."""
ACTOR, TARGET = "actor", "target"
ERASED = "(erased)"

PersonalField = dict[str, Any]


@dataclass(frozen=True, slots=True)
class PersonalValue:
    """A value about a person, the user `of` or the one whose id it is, that goes when they are erased."""

    value: str
    user_id: int | None = None

    @property
    def owner_id(self) -> int | None:
        """Whose it is; None for a value that no user's erasure takes along."""
        return int(self.value) if self.user_id is None and self.value.isdecimal() else self.user_id


@dataclass(frozen=True, slots=True)
class ChainError:
    """The first entry at which a chain does not hold, and why, in a sentence."""

    number: int
    entry_id: int | None
    reason: str


def extract_personal(name: str, value: Any, personal: dict[str, PersonalField]) -> Any:
    """The value as JSON that PostgreSQL gives back alike, each `Personal` in it put into `personal` by its path.

    Raises TypeError for what JSON cannot say, so that nothing is recorded by its looks.
    """
    match value:
        case PersonalValue():
            personal[name] = build_personal_field(value.value, value.owner_id)
            return {PERSONAL_KEY: name}
        case Mapping():
            return {str(key): extract_personal(f"{name}.{key}", item, personal) for key, item in value.items()}
        case list() | tuple():
            return [extract_personal(f"{name}.{index}", item, personal) for index, item in enumerate(value)]
        case set() | frozenset():
            return extract_personal(name, sorted(value), personal)
        case _:
            return _to_json_value(name, value)


def restore_personal(value: Any, personal: Mapping[str, PersonalField]) -> Any:
    """The value with its personal parts, as far as they are there."""
    match value:
        case {"personal": str() as name, **more} if not more:
            return personal[name]["value"] if name in personal else ERASED
        case dict():
            return {key: restore_personal(item, personal) for key, item in value.items()}
        case list():
            return [restore_personal(item, personal) for item in value]
        case _:
            return value


def build_personal_field(value: str, owner_id: int | None) -> PersonalField:
    """A personal value with whose it is and the key of its commitment."""
    return {"value": value, "of": None if owner_id is None else str(owner_id), "key": secrets.token_hex(32)}


def compute_commitment(field: PersonalField) -> str:
    """What stands for a personal value in the chain."""
    return hmac.digest(bytes.fromhex(field["key"]), _encode_canonical([field["of"], field["value"]]), "sha256").hex()


def compute_digest(entry: AuditEntry) -> bytes:
    """The link: of all that the entry says, and of `entry.previous`."""
    content = {
        "guild": entry.guild_id,
        "number": entry.number,
        "at": format_timestamp(entry.at),
        "via": str(entry.via),
        "action": entry.action,
        "target": entry.target,
        "before": entry.before,
        "after": entry.after,
        "reason": entry.reason,
        "undoes": entry.undoes,
        "commitments": entry.commitments,
    }
    return sha256(entry.previous + _encode_canonical(content)).digest()


def find_chain_error(entry: AuditEntry, *, number: int, previous: bytes) -> ChainError | None:
    """What is wrong with the entry that should be this number and follow this digest; None when nothing is."""
    if entry.number != number:
        return ChainError(number, None, f"Entry {number} is missing.")
    if compute_digest(entry) != entry.digest:
        return ChainError(number, entry.id, f"Entry {number} was changed after it was written.")
    if entry.previous != previous:
        return ChainError(number, entry.id, f"Entry {number} does not follow the one before it.")
    for name, field in (entry.personal or {}).items():
        if not _is_intact(field, entry.commitments.get(name)):
            return ChainError(number, entry.id, f"In entry {number} the value of “{name}” was changed.")
    return None


def format_timestamp(timestamp: datetime) -> str:
    """In UTC, to the microsecond, as PostgreSQL keeps it."""
    return timestamp.astimezone(UTC).isoformat(timespec="microseconds")


def _to_json_value(name: str, value: Any) -> str | int | float | None:
    match value:
        case datetime():
            return format_timestamp(value)
        case float() if value.is_integer():
            return int(value)
        case None | bool() | int() | float() | str():
            return value
        case _:
            raise TypeError(f"an audit entry cannot hold {type(value).__name__} at {name}")


def _is_intact(field: PersonalField, expected: str | None) -> bool:
    return field.keys() == {"value", "of", "key"} and compute_commitment(field) == expected


def _encode_canonical(value: Any) -> bytes:
    return json.dumps(value, sort_keys=True, separators=(",", ":"), allow_nan=False).encode()
