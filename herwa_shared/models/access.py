"""Tables of access control: access rules, their tests, channel lists, access requests."""

from datetime import datetime
from enum import StrEnum

from sqlalchemy import CheckConstraint, Index, UniqueConstraint, text
from sqlmodel import Field, SQLModel

from herwa_shared.clock import utc_now
from herwa_shared.guardrail.policy import PlaceKind, SubjectKind, TargetKind
from herwa_shared.models.columns import SNOWFLAKE, TIMESTAMPTZ, build_enum_check, build_guild_key, build_pair_check


class AccessRuleRow(SQLModel, table=True):
    """One access rule of a guild: who may or may not use what, where and until when.

    `subject_id` is a role's or member's id, or the bits of a Discord permission, or 0 for everyone. `target_key` is the
    key of a module or feature or a command's name, or empty for everything. `place_id` is a channel's or category's id,
    or 0 for everywhere. No two rules of a guild agree in all of `access_rule_unique`.
    """

    __tablename__ = "access_rule"
    __table_args__ = (
        build_enum_check("subject_kind", SubjectKind),
        build_enum_check("target_kind", TargetKind),
        build_enum_check("place_kind", PlaceKind),
        build_pair_check("subject_kind", SubjectKind.EVERYONE, "subject_id", 0),
        build_pair_check("target_kind", TargetKind.EVERYTHING, "target_key", ""),
        build_pair_check("place_kind", PlaceKind.EVERYWHERE, "place_id", 0),
        UniqueConstraint(
            "guild_id",
            "allow",
            "subject_kind",
            "subject_id",
            "target_kind",
            "target_key",
            "place_kind",
            "place_id",
            name="access_rule_unique",
        ),
    )

    id: int | None = Field(default=None, sa_type=SNOWFLAKE, primary_key=True)
    guild_id: int = build_guild_key(index=True)
    allow: bool
    subject_kind: str = Field(max_length=16)
    subject_id: int = Field(default=0, sa_type=SNOWFLAKE)
    target_kind: str = Field(max_length=16)
    target_key: str = Field(default="", max_length=64)
    place_kind: str = Field(default=PlaceKind.EVERYWHERE, max_length=16)
    place_id: int = Field(default=0, sa_type=SNOWFLAKE)
    until: datetime | None = Field(default=None, sa_type=TIMESTAMPTZ)
    note: str = Field(default="", max_length=200)
    created_at: datetime = Field(sa_type=TIMESTAMPTZ, default_factory=utc_now)
    created_by: int | None = Field(default=None, sa_type=SNOWFLAKE)


class ChannelListEntry(SQLModel, table=True):
    """One channel or category in which a target may run.

    A target without entries may run anywhere.
    """

    __tablename__ = "channel_list_entry"
    __table_args__ = (
        build_enum_check("target_kind", TargetKind),
        build_pair_check("target_kind", TargetKind.EVERYTHING, "target_key", ""),
    )

    guild_id: int = build_guild_key(primary_key=True)
    target_kind: str = Field(primary_key=True, max_length=16)
    target_key: str = Field(default="", primary_key=True, max_length=64)
    place_id: int = Field(sa_type=SNOWFLAKE, primary_key=True, sa_column_kwargs={"autoincrement": False})


class AccessDecision(StrEnum):
    """How a manager decided an access request."""

    ALLOWED = "allowed"
    DISMISSED = "dismissed"


class AccessRequest(SQLModel, table=True):
    """A member's request for a command that they were refused; open until `decided_at` is set.

    At most one request per guild, user and command is open. After a request was allowed, `rule_id` is the
    access rule that allows the command; it becomes null when that rule is deleted. `notified_at` is when the member was
    informed of the decision.
    """

    __tablename__ = "access_request"
    __table_args__ = (
        build_enum_check("decision", AccessDecision),
        CheckConstraint("(decision IS NULL) = (decided_at IS NULL)", name="decided_at_with_decision"),
        Index(
            "access_request_open_unique",
            "guild_id",
            "user_id",
            "command",
            unique=True,
            postgresql_where=text("decided_at IS NULL"),
        ),
        Index(
            "access_request_not_notified",
            "decided_at",
            postgresql_where=text("decided_at IS NOT NULL AND notified_at IS NULL"),
        ),
    )

    id: int | None = Field(default=None, sa_type=SNOWFLAKE, primary_key=True)
    guild_id: int = build_guild_key()
    user_id: int = Field(sa_type=SNOWFLAKE)
    user_name: str = Field(max_length=100)
    command: str = Field(max_length=64)
    channel_id: int = Field(sa_type=SNOWFLAKE)
    requested_at: datetime = Field(sa_type=TIMESTAMPTZ, default_factory=utc_now)
    decided_at: datetime | None = Field(default=None, sa_type=TIMESTAMPTZ)
    decision: str | None = Field(default=None, max_length=16)
    decided_by: int | None = Field(default=None, sa_type=SNOWFLAKE)
    notified_at: datetime | None = Field(default=None, sa_type=TIMESTAMPTZ)
    rule_id: int | None = Field(default=None, sa_type=SNOWFLAKE, foreign_key="access_rule.id", ondelete="SET NULL")


class RuleTest(SQLModel, table=True):
    """What the access rules of a guild must decide: whether a role can use a command.

    `role_id` is 0 for a member without roles. Rules about channels do not matter.
    """

    __tablename__ = "rule_test"
    __table_args__ = (UniqueConstraint("guild_id", "name", name="rule_test_name_unique"),)

    id: int | None = Field(default=None, sa_type=SNOWFLAKE, primary_key=True)
    guild_id: int = build_guild_key()
    name: str = Field(max_length=80)
    role_id: int = Field(default=0, sa_type=SNOWFLAKE)
    command: str = Field(max_length=64)
    allowed: bool
