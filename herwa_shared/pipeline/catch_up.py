"""Plan which missed messages are fetched through Discord's REST API, and record when a period is complete.

A period is the time in which a collector did not listen to a guild or to one channel. It has one task per channel and
thread that may have messages in it. Tasks are stored, so that an interrupted catch-up continues where it was. The tasks
of archived threads are added later, when Discord has listed these threads.
"""

from collections.abc import Collection
from datetime import datetime, timedelta
from typing import NamedTuple

import asyncpg

from herwa_shared.models.collection import ALL_CHANNELS, BACKFILL_SOURCE, CATCH_UP_SOURCE
from herwa_shared.pipeline.events import encode_snowflake
from herwa_shared.pipeline.history_pages import ChannelTask
from herwa_shared.pipeline.message_dedup import find_covered_channels

CLOCK_MARGIN = timedelta(seconds=10)  # between Discord's clock, which made the ids, and ours
MAX_PERIOD = timedelta(days=30)

# A bot that was killed before it had planned the catch-up of a break leaves it to the next session.
PERIOD_START_SQL = """
WITH session AS (
    SELECT started_at, seen_at, break_planned FROM gateway_session
    WHERE ($1::bigint >> 22) % shard_count = shard_id AND started_at < $2
)
SELECT greatest(max(seen_at), (
    SELECT max(m.joined_at) FROM guild_membership AS m WHERE m.guild_id = $1 AND m.left_at IS NULL
), $3)
FROM session
WHERE started_at <= coalesce(
    (SELECT max(started_at) FROM session WHERE break_planned), (SELECT min(started_at) FROM session)
)
HAVING max(seen_at) IS NOT NULL
"""
SAVE_PERIOD_SQL = """
INSERT INTO catch_up_period (guild_id, channel_id, from_at, to_at, source, threads_listed)
SELECT $1, $2, $3, $4, $5, $6 WHERE EXISTS (SELECT FROM guild WHERE id = $1)
ON CONFLICT (guild_id, channel_id, from_at) DO UPDATE
SET to_at = excluded.to_at, threads_listed = excluded.threads_listed
"""
# A period that is planned again was prolonged: the channel is fetched again from its newest message.
SAVE_TASK_SQL = """
INSERT INTO catch_up_task (guild_id, channel_id, from_at, period_channel_id, after_id, before_id, end_id, parent_id)
VALUES ($1, $2, $3, $4, $5, $6::bigint + 1, $6, $7)
ON CONFLICT (guild_id, channel_id, from_at) DO UPDATE SET before_id = excluded.before_id, end_id = excluded.end_id
WHERE excluded.end_id > catch_up_task.end_id
"""
# A task whose period is missing belongs to a guild that could not be stored in the directory.
LOAD_TASKS_SQL = """
SELECT t.guild_id, t.channel_id, t.from_at, t.period_channel_id, t.after_id, t.before_id, t.end_id, t.fetched,
    t.parent_id
FROM catch_up_task AS t
LEFT JOIN catch_up_period AS p
    ON p.guild_id = t.guild_id AND p.channel_id = t.period_channel_id AND p.from_at = t.from_at
LEFT JOIN backfill AS b ON b.guild_id = t.guild_id AND p.source = 'backfill'
WHERE coalesce(p.source, 'catch_up') = $1 AND b.paused_at IS NULL
ORDER BY t.end_id DESC
"""
# A task with another end was planned again meanwhile, and is not done.
DELETE_TASK_SQL = "DELETE FROM catch_up_task WHERE guild_id = $1 AND channel_id = $2 AND from_at = $3 AND end_id = $4"
REFUSE_PERIOD_SQL = """
UPDATE catch_up_period SET refused = true WHERE guild_id = $1 AND channel_id = $2 AND from_at = $3
"""
COMPLETE_PERIOD_SQL = """
DELETE FROM catch_up_period AS p
WHERE p.guild_id = $1 AND p.channel_id = $2 AND p.from_at = $3 AND p.threads_listed AND NOT EXISTS (
    SELECT FROM catch_up_task AS t
    WHERE t.guild_id = $1 AND t.period_channel_id = $2 AND t.from_at = $3
)
RETURNING to_at, refused, source
"""
UNLISTED_PERIODS_SQL = """
SELECT guild_id, channel_id, from_at, to_at FROM catch_up_period WHERE NOT threads_listed ORDER BY to_at DESC
"""
SAVE_LISTED_SQL = """
UPDATE catch_up_period SET threads_listed = true WHERE guild_id = $1 AND channel_id = $2 AND from_at = $3
"""
RECORD_PERIOD_SQL = """
INSERT INTO imported_period (guild_id, from_at, to_at, source) VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING
"""
FINISH_BACKFILL_SQL = "UPDATE backfill SET finished_at = now() WHERE guild_id = $1 AND from_at = $2"
FILL_GAP_SQL = """
UPDATE collection_gap SET messages_filled = true WHERE guild_id = $1 AND channel_id = $2 AND from_at = $3
"""


class NewestMessage(NamedTuple):
    """The id of the newest message of a channel or thread; `parent_id` is the channel of a thread, else 0."""

    channel_id: int
    parent_id: int
    message_id: int


class CatchUpSpan(NamedTuple):
    """The time `[from_at, to_at)` of a guild, or of one channel, whose messages were missed."""

    guild_id: int
    channel_id: int
    from_at: datetime
    to_at: datetime


async def find_period_start(
    connection: asyncpg.Connection, guild_id: int, *, session_started_at: datetime
) -> datetime | None:
    """Return since when a guild was not listened to before a new session; None if it never was.

    Earlier sessions whose break is not planned are left out: the period contains that break and these sessions.
    A period is at most MAX_PERIOD long, and begins not before the bot joined.
    """
    start: datetime | None = await connection.fetchval(
        PERIOD_START_SQL, guild_id, session_started_at, session_started_at - MAX_PERIOD
    )
    return start


async def plan_period(
    connection: asyncpg.Connection,
    span: CatchUpSpan,
    newest_messages: Collection[NewestMessage],
    *,
    source: str = CATCH_UP_SOURCE,
    threads_listed: bool = True,
) -> int:
    """Store the tasks of a period; returns their number. `source` is that of its imported period.

    Only channels and threads are fetched whose newest message is newer than the start of the period and not stored.
    A period without tasks is complete at once, unless archived threads are not among `newest_messages` and have to be
    listed (`threads_listed` is False).
    """
    async with connection.transaction():
        await connection.execute(SAVE_PERIOD_SQL, *span, source, threads_listed)
        return await _save_tasks(connection, span, newest_messages)


async def load_unlisted_periods(connection: asyncpg.Connection) -> list[CatchUpSpan]:
    """Load the periods whose archived threads have to be listed, the newest first."""
    return [CatchUpSpan(*row) for row in await connection.fetch(UNLISTED_PERIODS_SQL)]


async def plan_archived_threads(
    connection: asyncpg.Connection, span: CatchUpSpan, newest_messages: Collection[NewestMessage], *, is_complete: bool
) -> int:
    """Store the tasks of a period's archived threads; returns their number.

    `is_complete`: Discord let the bot list those of each channel, else the period is never complete.
    """
    key = span.guild_id, span.channel_id, span.from_at
    async with connection.transaction():
        await connection.execute(SAVE_LISTED_SQL, *key)
        if not is_complete:
            await connection.execute(REFUSE_PERIOD_SQL, *key)
        return await _save_tasks(connection, span, newest_messages)


async def load_tasks(connection: asyncpg.Connection, *, source: str = CATCH_UP_SOURCE) -> list[ChannelTask]:
    """Load the tasks of catch-ups, or of back-fills that are not paused, those with the newest messages first."""
    return [ChannelTask(**row) for row in await connection.fetch(LOAD_TASKS_SQL, source)]


async def finish_task(connection: asyncpg.Connection, task: ChannelTask, *, refused: bool = False) -> None:
    """Delete a task. If it was the last one of its period, the period counts as recorded for messages.

    `refused`: Discord did not let the bot read the channel, so that the period is never complete.
    """
    async with connection.transaction():
        if refused:
            await connection.execute(REFUSE_PERIOD_SQL, task.guild_id, task.period_channel_id, task.from_at)
        await connection.execute(DELETE_TASK_SQL, task.guild_id, task.channel_id, task.from_at, task.end_id)
        await _complete_period(connection, task.guild_id, task.period_channel_id, task.from_at)


async def _save_tasks(
    connection: asyncpg.Connection, span: CatchUpSpan, newest_messages: Collection[NewestMessage]
) -> int:
    """Store the tasks of the channels with missing messages; returns their number. Without any, the period may end."""
    after_id = encode_snowflake(span.from_at - CLOCK_MARGIN)
    newest_ids = {
        message.channel_id: message.message_id for message in newest_messages if message.message_id > after_id
    }
    covered_ids = await find_covered_channels(connection, span.guild_id, newest_ids, after_id=after_id)
    rows = [
        (
            span.guild_id,
            message.channel_id,
            span.from_at,
            span.channel_id,
            after_id,
            message.message_id,
            message.parent_id,
        )
        for message in newest_messages
        if message.message_id > after_id and message.channel_id not in covered_ids
    ]
    if rows:
        await connection.executemany(SAVE_TASK_SQL, rows)
    else:
        await _complete_period(connection, span.guild_id, span.channel_id, span.from_at)
    return len(rows)


async def _complete_period(connection: asyncpg.Connection, guild_id: int, channel_id: int, from_at: datetime) -> None:
    """Delete a period without tasks, and record its time unless a channel was refused."""
    period = await connection.fetchrow(COMPLETE_PERIOD_SQL, guild_id, channel_id, from_at)
    if period is None:
        return
    if period["source"] == BACKFILL_SOURCE:
        await connection.execute(FINISH_BACKFILL_SQL, guild_id, from_at)
    if period["refused"]:
        return
    if channel_id == ALL_CHANNELS:
        await connection.execute(RECORD_PERIOD_SQL, guild_id, from_at, period["to_at"], period["source"])
    else:
        await connection.execute(FILL_GAP_SQL, guild_id, channel_id, from_at)
