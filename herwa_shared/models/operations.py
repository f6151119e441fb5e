"""Tables of the operator's panel: activity of guilds, numbers of days, sizes, jobs, notes, views, announcements."""

from datetime import date, datetime
from typing import Any

from sqlalchemy import CheckConstraint
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Field, SQLModel

from herwa_shared.clock import utc_now
from herwa_shared.models.columns import SNOWFLAKE, TIMESTAMPTZ, build_guild_key

MAX_NOTE_LENGTH = 500
MAX_ANNOUNCEMENT_LENGTH = 300


class GuildActivity(SQLModel, table=True):
    """How active a guild is, refreshed every minute for the operator's panel.

    `events` are those of the last 24 hours, in hours that end with the current one. `first_event_at` and
    `last_event_at` are the starts of the first and the last hour with an event. `busiest_minute` is the highest number
    of commands in one minute of the last 24 hours, `busiest_member_minute` that of one member.
    """

    __tablename__ = "guild_activity"

    guild_id: int = build_guild_key(primary_key=True)
    events: int = Field(default=0, sa_type=SNOWFLAKE, sa_column_kwargs={"server_default": "0"})
    first_event_at: datetime = Field(sa_type=TIMESTAMPTZ)
    last_event_at: datetime = Field(sa_type=TIMESTAMPTZ)
    busiest_minute: int = Field(default=0, sa_type=SNOWFLAKE, sa_column_kwargs={"server_default": "0"})
    busiest_member_minute: int = Field(default=0, sa_type=SNOWFLAKE, sa_column_kwargs={"server_default": "0"})


class OperatorNote(SQLModel, table=True):
    """A note of an operator about a guild, which only operators see."""

    __tablename__ = "operator_note"

    id: int | None = Field(default=None, sa_type=SNOWFLAKE, primary_key=True)
    guild_id: int = build_guild_key(index=True)
    text: str = Field(max_length=MAX_NOTE_LENGTH)
    by: str = Field(max_length=64)
    at: datetime = Field(sa_type=TIMESTAMPTZ, default_factory=utc_now)


class OperatorDay(SQLModel, table=True):
    """Numbers of this copy on one day (UTC). `refreshed_at` is when they were counted last.

    `servers`, `members`, `tiers` (servers by tier) and `growth` are as of then; they are null for days before they were
    recorded. `events`, `commands`, `refused`, `added` and `removed` are those of the day.
    """

    __tablename__ = "operator_day"

    day: date = Field(primary_key=True)
    servers: int | None = None
    members: int | None = Field(default=None, sa_type=SNOWFLAKE)
    events: int = Field(sa_type=SNOWFLAKE)
    commands: int = Field(sa_type=SNOWFLAKE)
    refused: int = Field(sa_type=SNOWFLAKE)
    added: int = 0
    removed: int = 0
    tiers: dict[str, Any] | None = Field(default=None, sa_type=JSONB(none_as_null=True))
    growth: list[Any] | None = Field(default=None, sa_type=JSONB(none_as_null=True))
    refreshed_at: datetime = Field(sa_type=TIMESTAMPTZ)


class StoreSize(SQLModel, table=True):
    """The size of a database in bytes at one time; kept for a week."""

    __tablename__ = "store_size"

    store: str = Field(primary_key=True, max_length=16)
    at: datetime = Field(sa_type=TIMESTAMPTZ, primary_key=True)
    size: int = Field(sa_type=SNOWFLAKE)


class JobRequest(SQLModel, table=True):
    """A job of the worker that an operator wants to run now; deleted when it starts."""

    __tablename__ = "job_request"

    name: str = Field(primary_key=True, max_length=64)
    at: datetime = Field(sa_type=TIMESTAMPTZ, default_factory=utc_now)


class OperatorView(SQLModel, table=True):
    """A view of an operator: the pages of a guild as its owner sees them, until `ends_at` or `ended_at`."""

    __tablename__ = "operator_view"

    id: int | None = Field(default=None, sa_type=SNOWFLAKE, primary_key=True)
    user_id: int = Field(sa_type=SNOWFLAKE, index=True)
    guild_id: int = build_guild_key(index=True)
    reason: str = Field(max_length=200)
    began_at: datetime = Field(sa_type=TIMESTAMPTZ)
    ends_at: datetime = Field(sa_type=TIMESTAMPTZ)
    ended_at: datetime | None = Field(default=None, sa_type=TIMESTAMPTZ)


class AnnouncementRow(SQLModel, table=True):
    """An announcement to the guilds of a tier, or to all without a tier, until `ends_at` or `ended_at`."""

    __tablename__ = "announcement"
    __table_args__ = (CheckConstraint("ends_at > starts_at", name="ends_after_it_starts"),)

    id: int | None = Field(default=None, sa_type=SNOWFLAKE, primary_key=True)
    text: str = Field(max_length=MAX_ANNOUNCEMENT_LENGTH)
    tier_key: str | None = Field(default=None, foreign_key="tier.key", max_length=32)
    by: str = Field(max_length=64)
    starts_at: datetime = Field(sa_type=TIMESTAMPTZ)
    ends_at: datetime = Field(sa_type=TIMESTAMPTZ)
    ended_at: datetime | None = Field(default=None, sa_type=TIMESTAMPTZ)
