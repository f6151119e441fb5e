"""Tables of exports: one row for each export, each part of its file, and each event."""

from datetime import datetime
from enum import StrEnum
from uuid import UUID

from sqlalchemy import ARRAY, Index, LargeBinary, String, UniqueConstraint, false, text
from sqlmodel import Field, SQLModel

from herwa_shared.clock import utc_now
from herwa_shared.models.columns import SNOWFLAKE, TIMESTAMPTZ, build_enum_check, build_guild_key


class ExportJob(SQLModel, table=True):
    """An export of a guild's history to one file, which the worker writes part by part.

    The file holds the events in `[from_at, to_at)`, of one channel if `channel_id` is not 0; precise events from
    `border_at` on, hours before. `with_pseudonyms`: members have the pseudonyms of the API key. `state` is one of
    `ExportState`, `error` one of `ExportError`. `created_by_user` and `created_by_key` say who created it; neither is
    set for the operator at a shell.

    The worker that writes a part holds the lease until `leased_until`; after a failure that is the time of the next
    attempt. `stepped_at` is when the newest part was written, so that guilds take turns. `estimated_rows` is the number
    of rows that the plan expects. `privacy_version` is that of the choices of members that the file respects, and
    `hidden_digest` a keyed hash of the members whom it leaves out. `file_digest` is that of the file's content.
    """

    __tablename__ = "export_job"
    __table_args__ = (
        Index("export_job_open", "guild_id", "id", postgresql_where=text("state IN ('queued', 'running')")),
    )

    id: int | None = Field(default=None, sa_type=SNOWFLAKE, primary_key=True)
    guild_id: int = build_guild_key(index=True)
    created_by_user: int | None = Field(default=None, sa_type=SNOWFLAKE)
    created_by_key: int | None = Field(default=None, sa_type=SNOWFLAKE)
    created_at: datetime = Field(sa_type=TIMESTAMPTZ, default_factory=utc_now)
    data_sets: list[str] = Field(sa_type=ARRAY(String(16)))
    format: str = Field(max_length=8)
    from_at: datetime = Field(sa_type=TIMESTAMPTZ)
    to_at: datetime = Field(sa_type=TIMESTAMPTZ)
    border_at: datetime = Field(sa_type=TIMESTAMPTZ)
    channel_id: int = Field(default=0, sa_type=SNOWFLAKE, sa_column_kwargs={"server_default": "0"})
    with_members: bool = Field(default=False, sa_column_kwargs={"server_default": false()})
    with_pseudonyms: bool = Field(default=False, sa_column_kwargs={"server_default": false()})
    max_rows: int | None = Field(default=None, sa_type=SNOWFLAKE)
    state: str = Field(default="queued", max_length=8, sa_column_kwargs={"server_default": "queued"})
    error: str | None = Field(default=None, max_length=16)
    started_at: datetime | None = Field(default=None, sa_type=TIMESTAMPTZ)
    paused_at: datetime | None = Field(default=None, sa_type=TIMESTAMPTZ)
    planned_at: datetime | None = Field(default=None, sa_type=TIMESTAMPTZ)
    finished_at: datetime | None = Field(default=None, sa_type=TIMESTAMPTZ)
    expires_at: datetime | None = Field(default=None, sa_type=TIMESTAMPTZ)
    stepped_at: datetime | None = Field(default=None, sa_type=TIMESTAMPTZ)
    lease: UUID | None = None
    leased_until: datetime | None = Field(default=None, sa_type=TIMESTAMPTZ)
    failures: int = Field(default=0, sa_column_kwargs={"server_default": "0"})
    privacy_version: int = Field(default=-1, sa_type=SNOWFLAKE, sa_column_kwargs={"server_default": "-1"})
    hidden_digest: bytes | None = Field(default=None, sa_type=LargeBinary)
    estimated_rows: int = Field(default=0, sa_type=SNOWFLAKE, sa_column_kwargs={"server_default": "0"})
    done_rows: int = Field(default=0, sa_type=SNOWFLAKE, sa_column_kwargs={"server_default": "0"})
    part_rows: int = Field(default=0, sa_type=SNOWFLAKE, sa_column_kwargs={"server_default": "0"})
    file_bytes: int | None = Field(default=None, sa_type=SNOWFLAKE)
    file_digest: bytes | None = Field(default=None, sa_type=LargeBinary)


class ExportEventType(StrEnum):
    """What happened to an export."""

    READY = "export.ready"
    FAILED = "export.failed"


class ExportEvent(SQLModel, table=True):
    """An export became ready or failed; recorded once for each type, in the transaction that finishes the export.

    Ids rise with the time. `seen_at` is when the person who created the export opened the page Exports afterwards,
    `messaged_at` when a direct message to them was claimed.
    """

    __tablename__ = "export_event"
    __table_args__ = (
        build_enum_check("type", ExportEventType),
        UniqueConstraint("export_id", "type", name="export_event_once"),
        Index("export_event_not_messaged", "occurred_at", postgresql_where=text("messaged_at IS NULL")),
    )

    id: int | None = Field(default=None, sa_type=SNOWFLAKE, primary_key=True)
    guild_id: int = build_guild_key(index=True)
    export_id: int = Field(sa_type=SNOWFLAKE, foreign_key="export_job.id", ondelete="CASCADE")
    type: str = Field(max_length=16)
    occurred_at: datetime = Field(sa_type=TIMESTAMPTZ, default_factory=utc_now)
    seen_at: datetime | None = Field(default=None, sa_type=TIMESTAMPTZ)
    messaged_at: datetime | None = Field(default=None, sa_type=TIMESTAMPTZ)


class ExportPart(SQLModel, table=True):
    """One member of an export's file: the rows of one table of it in one month.

    `table` is one of `ExportTable`. Until the part is written, `rows` is null; it is then written from its first row
    again, so that no interruption can double a row. `size` is in bytes, `digest` the SHA-256 of the member, `crc` its
    CRC-32.
    """

    __tablename__ = "export_part"

    job_id: int = Field(sa_type=SNOWFLAKE, foreign_key="export_job.id", ondelete="CASCADE", primary_key=True)
    position: int = Field(primary_key=True)
    table: str = Field(max_length=32)
    name: str = Field(max_length=64)
    from_at: datetime = Field(sa_type=TIMESTAMPTZ)
    to_at: datetime = Field(sa_type=TIMESTAMPTZ)
    estimated_rows: int = Field(sa_type=SNOWFLAKE)
    rows: int | None = Field(default=None, sa_type=SNOWFLAKE)
    size: int | None = Field(default=None, sa_type=SNOWFLAKE)
    digest: bytes | None = Field(default=None, sa_type=LargeBinary)
    crc: int | None = Field(default=None, sa_type=SNOWFLAKE)
