"""The columns of PostgreSQL that contain members, and what an erasure does with them.

A test compares them with the schema; it lists the columns that an erasure leaves, with the reason.
"""

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
        ("ticket", "responder_id"): Treatment.SET_ZERO,
        ("message_subscriber", "user_id"): Treatment.DELETE,
        ("export_job", "created_by_user"): Treatment.SET_NULL,
        ("member_data_view", "user_id"): Treatment.SET_ZERO,
    }
)
"""Columns by table and name. Each table has a column `guild_id`."""

USER_TABLES = ("direct_message_mute",)
"""Tables with a column `user_id` and without a guild. Deleted when a user is erased everywhere."""

ACCOUNT_TABLE = "user_account"
"""Deleted with everything that refers to it when a user is erased everywhere: a log-in belongs to no single guild."""
