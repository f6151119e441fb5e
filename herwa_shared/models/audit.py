"""Who changed what, when and through what: chained, so that nothing is changed afterwards unseen."""

from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import CheckConstraint, Index, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Field, SQLModel

from herwa_shared.models.columns import SNOWFLAKE, TIMESTAMPTZ, build_enum_check, build_guild_key


class ChangeSource(StrEnum):
    """Through what a change came."""

    DISCORD = "discord"
    WEB = "web"
    API = "api"
    CLI = "cli"
    SYSTEM = "system"


class AuditEntry(SQLModel, table=True):
    """One change. Entries of one guild are a chain, numbered from 1; those without a guild are the operator's chain.

    Triggers keep the table append-only: all that ever happens is that fields of `personal` go, and that a guild takes
    its chain along. What `personal`, `commitments`, `previous` and `digest` hold, `services.audit_chain` says.
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
