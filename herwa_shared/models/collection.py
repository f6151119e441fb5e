"""Tables of data collection: gateway sessions, gaps, processes, imported periods, voice sessions."""

from datetime import datetime
from typing import Any

from sqlalchemy import ARRAY, Index, LargeBinary, String, false, text, true
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Field, SQLModel

from herwa_shared.clock import utc_now
from herwa_shared.models.columns import SNOWFLAKE, TIMESTAMPTZ, build_guild_key

ALL_CHANNELS = 0  # the channel id of a gap or period of an entire guild
CATCH_UP_SOURCE = "catch_up"  # the source of imported periods of which only the messages were fetched
BACKFILL_SOURCE = "backfill"  # the same before the bot was added


class GatewaySession(SQLModel, table=True):
    """A gateway session of one shard, from READY until it was lost.

    A resumed session keeps its row. These rows distinguish an hour without events from one in which nothing was
    counted. `seen_at` is updated by every heartbeat; a session that ended in a crash ends there. `intents` are
    Discord's bits: events that need an intent that is not set were not counted. `break_planned`: the catch-up of the
    time before the session is planned for each guild, so that the next session need not plan it again.
    """

    __tablename__ = "gateway_session"

    id: int | None = Field(default=None, sa_type=SNOWFLAKE, primary_key=True)
    shard_id: int
    shard_count: int
    started_at: datetime = Field(sa_type=TIMESTAMPTZ, default_factory=utc_now)
    seen_at: datetime = Field(sa_type=TIMESTAMPTZ, default_factory=utc_now, index=True)
    intents: int = Field(default=0, sa_column_kwargs={"server_default": "0"})
    break_planned: bool = Field(default=True, sa_column_kwargs={"server_default": true()})


class CollectionGap(SQLModel, table=True):
    """A period in which a connected collector received no events of a guild or of one of its channels.

    Discord was out of order for the guild (`channel_id` is 0), or the bot was not allowed to view the channel. `to_at`
    is None while the gap lasts. `messages_filled`: the messages of the gap were fetched afterwards.
    """

    __tablename__ = "collection_gap"
    __table_args__ = (Index("ix_collection_gap_open", "guild_id", postgresql_where=text("to_at IS NULL")),)

    guild_id: int = build_guild_key(primary_key=True)
    channel_id: int = Field(sa_type=SNOWFLAKE, primary_key=True)
    from_at: datetime = Field(sa_type=TIMESTAMPTZ, primary_key=True)
    to_at: datetime | None = Field(default=None, sa_type=TIMESTAMPTZ)
    messages_filled: bool = Field(default=False, sa_column_kwargs={"server_default": false()})


class JoinMessagePeriod(SQLModel, table=True):
    """A period in which the joins of a guild were read from join messages, because the members intent was missing.

    Join messages were switched on, and the bot was allowed to view the channel of system messages. `to_at` is None
    while the period lasts. Such joins are recorded only while a gateway session of the guild's shard runs.
    """

    __tablename__ = "join_message_period"
    __table_args__ = (Index("ix_join_message_period_open", "guild_id", postgresql_where=text("to_at IS NULL")),)

    guild_id: int = build_guild_key(primary_key=True)
    from_at: datetime = Field(sa_type=TIMESTAMPTZ, primary_key=True)
    to_at: datetime | None = Field(default=None, sa_type=TIMESTAMPTZ)


class CatchUpPeriod(SQLModel, table=True):
    """A period of a guild, or of one channel, whose messages are being fetched through Discord's REST API.

    `channel_id` is 0 for the entire guild. `refused`: Discord did not let the bot read a channel, so that the period is
    never complete. `source` is `catch_up` or `backfill`.

    `threads_listed`: the archived threads with messages in the period have their tasks: public ones of the channels
    `public_parent_ids`, and private ones of the channels `private_parent_ids` and of those in which the bot has Manage
    Threads; all if they are None. `joined_threads_listed`: so have the private threads of other channels that the bot
    is in, for which the period does not wait. The row is deleted when no task is left and all threads are listed.
    """

    __tablename__ = "catch_up_period"

    guild_id: int = build_guild_key(primary_key=True)
    channel_id: int = Field(sa_type=SNOWFLAKE, primary_key=True)
    from_at: datetime = Field(sa_type=TIMESTAMPTZ, primary_key=True)
    to_at: datetime = Field(sa_type=TIMESTAMPTZ)
    refused: bool = Field(default=False, sa_column_kwargs={"server_default": false()})
    source: str = Field(default=CATCH_UP_SOURCE, max_length=16, sa_column_kwargs={"server_default": CATCH_UP_SOURCE})
    threads_listed: bool = Field(default=True, sa_column_kwargs={"server_default": true()})
    public_parent_ids: list[int] | None = Field(default=None, sa_type=ARRAY(SNOWFLAKE))
    private_parent_ids: list[int] | None = Field(default=None, sa_type=ARRAY(SNOWFLAKE))
    joined_threads_listed: bool = Field(default=True, sa_column_kwargs={"server_default": true()})


class CatchUpTask(SQLModel, table=True):
    """The messages of one channel or thread that remain to be fetched, newest first; deleted when done.

    Those with ids above `after_id` and below `before_id` are missing, those from `before_id` to `end_id` are stored.
    `parent_id` is the channel of a thread, else 0.
    """

    __tablename__ = "catch_up_task"

    guild_id: int = build_guild_key(primary_key=True)
    channel_id: int = Field(sa_type=SNOWFLAKE, primary_key=True)
    from_at: datetime = Field(sa_type=TIMESTAMPTZ, primary_key=True)
    period_channel_id: int = Field(sa_type=SNOWFLAKE)
    after_id: int = Field(sa_type=SNOWFLAKE)
    before_id: int = Field(sa_type=SNOWFLAKE)
    end_id: int = Field(sa_type=SNOWFLAKE)
    fetched: int = Field(default=0, sa_column_kwargs={"server_default": "0"})
    parent_id: int = Field(default=0, sa_type=SNOWFLAKE, sa_column_kwargs={"server_default": "0"})


class Process(SQLModel, table=True):
    """A running or former process of Herwa, on any host; `herwa status` shows these rows.

    `seen_at` is its newest heartbeat. `detail` is status information that its package reports. `drained` is the newest
    drain request for which this process has no unsaved events left; only collectors set it.
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
    """A period of the past, of a guild or of one of its channels, that a replay, import or back-fill added later.

    `channel_id` is 0 for the entire guild. No events of the `kinds` within `[from_at, to_at)` mean that nothing
    happened, although no collector ran. `kinds` None: messages, and each other kind from its first event on.
    """

    __tablename__ = "imported_period"

    guild_id: int = build_guild_key(primary_key=True)
    channel_id: int = Field(
        default=ALL_CHANNELS, sa_type=SNOWFLAKE, primary_key=True, sa_column_kwargs={"server_default": "0"}
    )
    from_at: datetime = Field(sa_type=TIMESTAMPTZ, primary_key=True)
    to_at: datetime = Field(sa_type=TIMESTAMPTZ, primary_key=True)
    source: str = Field(max_length=16, description="replay, import, catch_up or backfill")
    kinds: list[str] | None = Field(default=None, sa_type=ARRAY(String(16)))


class HistoryImport(SQLModel, table=True):
    """The import of one history file into a guild, and how far it is.

    `digest` is the SHA-256 of the file. The first `position` lines (of a chat export: messages) are stored; it changes
    in the transaction that stores them. `duplicates` of them were stored before.
    """

    __tablename__ = "history_import"

    guild_id: int = build_guild_key(primary_key=True)
    digest: bytes = Field(sa_type=LargeBinary, primary_key=True)
    file_name: str = Field(max_length=255)
    position: int = Field(default=0, sa_type=SNOWFLAKE, sa_column_kwargs={"server_default": "0"})
    stored: int = Field(default=0, sa_type=SNOWFLAKE, sa_column_kwargs={"server_default": "0"})
    duplicates: int = Field(default=0, sa_type=SNOWFLAKE, sa_column_kwargs={"server_default": "0"})
    started_at: datetime = Field(sa_type=TIMESTAMPTZ)
    finished_at: datetime | None = Field(default=None, sa_type=TIMESTAMPTZ)


class Backfill(SQLModel, table=True):
    """The fetching of a guild's messages from before the bot was added; one row per guild.

    It is planned when the bot has listed the channels. `channels` are those with messages in the period.
    `refused_channels` of them could not be read.
    """

    __tablename__ = "backfill"

    guild_id: int = build_guild_key(primary_key=True)
    from_at: datetime = Field(sa_type=TIMESTAMPTZ)
    to_at: datetime = Field(sa_type=TIMESTAMPTZ)
    started_at: datetime = Field(sa_type=TIMESTAMPTZ)
    planned_at: datetime | None = Field(default=None, sa_type=TIMESTAMPTZ)
    paused_at: datetime | None = Field(default=None, sa_type=TIMESTAMPTZ)
    finished_at: datetime | None = Field(default=None, sa_type=TIMESTAMPTZ)
    channels: int = Field(default=0, sa_column_kwargs={"server_default": "0"})
    refused_channels: int = Field(default=0, sa_column_kwargs={"server_default": "0"})
    fetched: int = Field(default=0, sa_type=SNOWFLAKE, sa_column_kwargs={"server_default": "0"})


class VoiceSession(SQLModel, table=True):
    """The newest voice session of a member in a guild; times in milliseconds since 1970.

    It lets a restarted collector continue counting. It is written in the transaction that stores the seconds up to
    `counted_until_ms`, so that none are stored twice. For the same reason the row of an ended session remains with
    `open` false, and is deleted later.
    """

    __tablename__ = "voice_session"

    guild_id: int = build_guild_key(primary_key=True)
    user_id: int = Field(sa_type=SNOWFLAKE, primary_key=True)
    channel_id: int = Field(sa_type=SNOWFLAKE)
    since_ms: int = Field(sa_type=SNOWFLAKE, description="start of the voice session, in any channel")
    counted_until_ms: int = Field(sa_type=SNOWFLAKE)
    muted: bool = False
    streaming: bool = False
    video: bool = False
    open: bool = True
    audience: bool = Field(default=False, sa_column_kwargs={"server_default": false()})
    afk: bool = Field(default=False, sa_column_kwargs={"server_default": false()})
