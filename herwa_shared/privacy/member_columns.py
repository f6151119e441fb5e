"""Every column of PostgreSQL that contains a member, and what an erasure does with it. A test compares the schema."""

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType


class Treatment(StrEnum):
    """What an erasure does with the rows of a member."""

    DELETE = "delete"
    SET_NULL = "set_null"
    SET_ZERO = "set_zero"


ERASED_COLUMNS: Mapping[tuple[str, str], Treatment] = MappingProxyType(
    {
        ("member", "user_id"): Treatment.DELETE,
        ("membership_period", "user_id"): Treatment.DELETE,
        ("voice_session", "user_id"): Treatment.DELETE,
        ("access_request", "user_id"): Treatment.DELETE,
        ("access_request", "decided_by"): Treatment.SET_NULL,
        ("access_rule", "created_by"): Treatment.SET_NULL,
        ("event_buffer", "user_id"): Treatment.SET_ZERO,
    }
)
"""Columns by table and name. Each table has a column `guild_id`."""

ACCOUNT_TABLE = "user_account"
"""Deleted with everything that refers to it when a user is erased everywhere: a log-in belongs to no single guild."""

OTHER_COLUMNS: Mapping[tuple[str, str], str] = MappingProxyType(
    {
        ("access_request", "user_name"): "in a row that is deleted",
        ("access_rule", "subject_id"): "a setting of the server: a member could otherwise remove a rule against them",
        ("access_rule", "subject_kind"): "the kind of the subject",
        ("audit_entry", "personal"): "erased by a function of the owner, without breaking the chain",
        ("entitlement_grant", "granted_by"): "the operator's name at a shell",
        ("erasure_request", "user_id"): "set to null when the erasure is finished",
        ("guild", "owner_id"): "decides who may manage the server, as long as Discord names them as the owner",
        ("guild", "member_count"): "a number of members",
        ("pseudonym_batch", "user_ids"): "deleted when the members are replaced by pseudonyms",
        ("subscription", "granted_by"): "the operator's name at a shell",
        ("user_account", "id"): "deleted when a user is erased everywhere",
        ("user_guild", "member_count"): "a number of members",
        ("user_guild", "owner"): "a right of the account, deleted with it",
        ("user_guild", "user_id"): "deleted with the account",
        ("user_token", "user_id"): "deleted with the account",
        ("web_session", "user_id"): "deleted with the account",
    }
)
"""Columns that an erasure treats otherwise, with the reason."""
