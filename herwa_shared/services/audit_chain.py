"""Hash chain of audit entries with erasable personal values; pure functions without I/O.

The digest of an entry covers all its content and the digest of the previous entry. Of a personal value it covers only a
commitment: an HMAC with a random key per value. The key is stored with the value and erased with it. After that, the
chain still verifies, and the commitment does not reveal the value, not even by guessing.

An attacker with access to the database can compute digests. Therefore each entry also has a MAC: an HMAC of its digest
with the audit key, which is stored outside of the database.
"""

import hmac
import json
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from hashlib import sha256
from typing import Any

from herwa_shared.models import AuditEntry

GENESIS_DIGEST = bytes(32)
PERSONAL_KEY = "personal"
"""A personal value is replaced by `{"personal": its name}` in the stored JSON."""
ACTOR, TARGET = "actor", "target"
ERASED = "(erased)"

PersonalField = dict[str, Any]
"""A stored personal value: `value`, `of` (the owner's user id as text, or None) and `key` (of the HMAC, in hex)."""


@dataclass(frozen=True, slots=True)
class PersonalValue:
    """A value about a user that is erased when the user's data is erased.

    The user is `user_id`, else the one whose id the value itself is.
    """

    value: str
    user_id: int | None = None

    @property
    def owner_id(self) -> int | None:
        """The id of the user that the value is about; None if no erasure applies to it."""
        return int(self.value) if self.user_id is None and self.value.isdecimal() else self.user_id


class DefectKind(StrEnum):
    """What is wrong with an entry."""

    MISSING = "missing"
    CHANGED = "changed"
    NOT_AUTHENTIC = "not_authentic"  # its MAC was made with another key, or without the key
    NOT_LINKED = "not_linked"  # it does not follow the entry before it
    PERSONAL_VALUE_CHANGED = "personal_value_changed"
    NOT_AS_NOTED = "not_as_noted"  # another entry with this number was noted outside of the database
    CUT_OFF = "cut_off"  # the chain had more entries when its end was noted
    DELETED = "deleted"  # a chain that was noted has no entries


@dataclass(frozen=True, slots=True)
class ChainDefect:
    """The first invalid entry of a chain (`guild_id` None: the operator's). Not an exception.

    `field` is the name of the personal value that was changed.
    """

    guild_id: int | None
    number: int
    kind: DefectKind
    field: str = ""


def extract_personal(name: str, value: Any, personal: dict[str, PersonalField]) -> Any:
    """Convert a value to JSON; move each `PersonalValue` into `personal`, keyed by its path.

    The JSON is such that PostgreSQL returns it unchanged, as it is hashed. Raises TypeError for a type that JSON cannot
    represent, so that no value is recorded by its string representation.
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
    """Put the personal values back into a value; ERASED where one was erased."""
    match value:
        case {"personal": str() as name, **rest} if not rest:
            return personal[name]["value"] if name in personal else ERASED
        case dict():
            return {key: restore_personal(item, personal) for key, item in value.items()}
        case list():
            return [restore_personal(item, personal) for item in value]
        case _:
            return value


def build_personal_field(value: str, owner_id: int | None) -> PersonalField:
    """Build the stored form of a personal value, with a new random key for its commitment."""
    return {"value": value, "of": None if owner_id is None else str(owner_id), "key": secrets.token_hex(32)}


def compute_commitment(field: PersonalField) -> str:
    """Compute the commitment to a personal value: HMAC-SHA-256 of owner and value, in hex."""
    return hmac.digest(bytes.fromhex(field["key"]), _encode_canonical([field["of"], field["value"]]), "sha256").hex()


def compute_digest(entry: AuditEntry) -> bytes:
    """Compute the SHA-256 digest of an entry: of `entry.previous` and all its content."""
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


def compute_mac(audit_key: bytes, digest: bytes) -> bytes:
    """Compute the MAC of an entry from its digest."""
    return hmac.digest(audit_key, b"audit entry" + digest, "sha256")


def find_chain_defect(entry: AuditEntry, *, number: int, previous: bytes, audit_key: bytes) -> ChainDefect | None:
    """Check that an entry is authentic, has this number and follows this digest; returns None if it is valid."""
    if entry.number != number:
        return ChainDefect(entry.guild_id, number, DefectKind.MISSING)
    if compute_digest(entry) != entry.digest:
        return ChainDefect(entry.guild_id, number, DefectKind.CHANGED)
    if not hmac.compare_digest(compute_mac(audit_key, entry.digest), entry.mac):
        return ChainDefect(entry.guild_id, number, DefectKind.NOT_AUTHENTIC)
    if entry.previous != previous:
        return ChainDefect(entry.guild_id, number, DefectKind.NOT_LINKED)
    for name, field in (entry.personal or {}).items():
        if not _is_intact(field, entry.commitments.get(name)):
            return ChainDefect(entry.guild_id, number, DefectKind.PERSONAL_VALUE_CHANGED, name)
    return None


def format_timestamp(timestamp: datetime) -> str:
    """Format as ISO 8601 in UTC with microseconds, the precision that PostgreSQL stores."""
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
