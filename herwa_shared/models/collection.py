"""When a shard was being listened to: what tells a silent hour from one that nobody counted.

Every process of Herwa that is or was running, wherever it runs: what `herwa status` shows.

Stretches of a guild's past that were brought in later: replays, imports, finished back-fills.

Who sits in voice, and up to when their time is counted: what survives a restart of the collector.
"""

from datetime import datetime
from typing import Any

from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Field, SQLModel

from herwa_shared.clock import utc_now
from herwa_shared.models.columns import SNOWFLAKE, TIMESTAMPTZ, build_guild_key


class GatewaySession(SQLModel, table=True):
    """One gateway session of one shard, from READY until it was lost; a resumed session is the same run.

    `seen_at` moves with every sign of life; a run that ended by a crash ends there. `intents` are Discord's bits: what
    needs one that is not among them was not counted.
    """

    __tablename__ = "gateway_session"

    id: int | None = Field(default=None, sa_type=SNOWFLAKE, primary_key=True)
    shard_id: int
    shard_count: int
    started_at: datetime = Field(sa_type=TIMESTAMPTZ, default_factory=utc_now)
    seen_at: datetime = Field(sa_type=TIMESTAMPTZ, default_factory=utc_now, index=True)
    intents: int = Field(default=0, sa_column_kwargs={"server_default": "0"})


class Process(SQLModel, table=True):
    """One process and its newest sign of life. `detail` is what its room wants people to know.

    `drained` is the newest drain request up to which this process holds nothing back; only collectors set it.
    """

    id: int | None = Field(default=None, sa_type=SNOWFLAKE, primary_key=True)
    name: str = Field(max_length=16)
    host: str = Field(max_length=255)
    pid: int
    started_at: datetime = Field(sa_type=TIMESTAMPTZ, default_factory=utc_now)
    seen_at: datetime = Field(sa_type=TIMESTAMPTZ, default_factory=utc_now, index=True)
    stopped_at: datetime | None = Field(default=None, sa_type=TIMESTAMPTZ)
    drained: int | None = Field(default=None, sa_type=SNOWFLAKE)
    detail: dict[str, Any] = Field(default_factory=dict, sa_type=JSONB)


class ImportedPeriod(SQLModel, table=True):
    """Within `[from_at, to_at)` silence means that nothing happened, though no collector ran."""

    __tablename__ = "imported_period"

    guild_id: int = build_guild_key(primary_key=True)
    from_at: datetime = Field(sa_type=TIMESTAMPTZ, primary_key=True)
    to_at: datetime = Field(sa_type=TIMESTAMPTZ, primary_key=True)
    source: str = Field(max_length=16, description="replay, import or backfill")


class VoiceSession(SQLModel, table=True):
    """The newest stay of a member in a guild's voice channels; moments in milliseconds since 1970.

    Written in the transaction that stores the seconds up to `counted_until_ms`, so that none are stored twice. A stay
    that is over remains as a row that is not `open`, for the same reason, and is forgotten later.
    """

    __tablename__ = "voice_session"

    guild_id: int = build_guild_key(primary_key=True)
    user_id: int = Field(sa_type=SNOWFLAKE, primary_key=True)
    channel_id: int = Field(sa_type=SNOWFLAKE)
    since_ms: int = Field(sa_type=SNOWFLAKE, description="since when they sit in voice, whatever the channel")
    counted_until_ms: int = Field(sa_type=SNOWFLAKE)
    muted: bool = False
    streaming: bool = False
    video: bool = False
    open: bool = True
