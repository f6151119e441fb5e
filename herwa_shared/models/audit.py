"""Table of the audit log: a hash chain per guild, so that later changes are detected."""

from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import CheckConstraint, Index, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Field, SQLModel

from herwa_shared.models.columns import SNOWFLAKE, TIMESTAMPTZ, build_enum_check, build_guild_key


class ChangeSource(StrEnum):
    """The interface through which a change was made."""

    DISCORD = "discord"
    WEB = "web"
    API = "api"
    CLI = "cli"
    SYSTEM = "system"


class AuditEntry(SQLModel, table=True):
    """One change. The entries of a guild form a hash chain, numbered from 1.

    Entries without a guild form the operator's chain. Triggers keep the table append-only; the only exceptions are that
    fields of `personal` are erased and that a guild's entries are deleted together with the guild. The module
    `services.audit_chain` documents `personal`, `commitments`, `previous`, `digest` and `mac`.
    """

    __tablename__ = "audit_entry"
    __table_args__ = (
        build_enum_check("via", ChangeSource),
        CheckConstraint("number >= 1", name="number_counts_from_1"),
        Index("audit_entry_of_guild", "guild_id", "number", unique=True),
        Index("audit_entry_of_operator", "number", unique=True, postgresql_where=text("guild_id IS NULL")),
    )

    id: int | None = Field(default=None, sa_type=SNOWFLAKE, primary_key=True)
    guild_id: int | None = build_guild_key(default=None)
    number: int = Field(sa_type=SNOWFLAKE)
    at: datetime = Field(sa_type=TIMESTAMPTZ)
    via: str = Field(max_length=16)
    action: str = Field(max_length=64)
    target: str = Field(default="", max_length=128)
    before: dict[str, Any] | None = Field(default=None, sa_type=JSONB(none_as_null=True))
    after: dict[str, Any] | None = Field(default=None, sa_type=JSONB(none_as_null=True))
    reason: str = Field(default="", max_length=200)
    undoes: int | None = Field(default=None, sa_type=SNOWFLAKE)
    personal: dict[str, Any] | None = Field(default=None, sa_type=JSONB(none_as_null=True))
    commitments: dict[str, Any] = Field(default_factory=dict, sa_type=JSONB)
    previous: bytes
    digest: bytes
    mac: bytes
