"""Plan which missed messages are fetched through Discord's REST API, and record when a period is complete.

A period is the time in which a collector did not listen to a guild or to one channel. It has one task per channel and
thread that may have messages in it. Tasks are stored, so that an interrupted catch-up continues where it was. The tasks
of archived threads are added later, when Discord has listed these threads. Only threads of those channels are listed
that can have any with messages in the period (docs/decisions/0038).
"""

from collections.abc import Collection, Mapping
from datetime import datetime, timedelta
from typing import NamedTuple

import asyncpg

from herwa_shared.discord.constants import THREAD_CHANNEL_TYPES, THREAD_PARENT_TYPES, ChannelType
from herwa_shared.models.collection import ALL_CHANNELS, BACKFILL_SOURCE, CATCH_UP_SOURCE
from herwa_shared.pipeline.events import encode_snowflake
from herwa_shared.pipeline.history_pages import ChannelTask
from herwa_shared.pipeline.message_dedup import find_covered_channels

CLOCK_MARGIN = timedelta(seconds=10)  # between Discord's clock, which made the ids, and ours
MAX_PERIOD = timedelta(days=30)
THREAD_START_AGE = timedelta(hours=1)
"""A thread that is started from an older message has a system message in its channel. Discord calls this age small."""

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
INSERT INTO catch_up_period (
    guild_id, channel_id, from_at, to_at, source, threads_listed, public_parent_ids, private_parent_ids,
    joined_threads_listed
)
SELECT $1, $2, $3, $4, $5, $6, $7, $8, $8::bigint[] IS NULL WHERE EXISTS (SELECT FROM guild WHERE id = $1)
ON CONFLICT (guild_id, channel_id, from_at) DO UPDATE
SET to_at = excluded.to_at, threads_listed = excluded.threads_listed,
    public_parent_ids = excluded.public_parent_ids, private_parent_ids = excluded.private_parent_ids,
    joined_threads_listed = excluded.joined_threads_listed
"""
# Channels with archived public or private threads, as far as it is known, and those of which it is not known: threads
# may have been archived while the bot was not in the guild. A thread that is not active any more is archived, or was
# deleted. A new thread in an announcement channel need not leave a system message.
THREAD_PARENTS_SQL = """
SELECT c.id, false AS is_private FROM channel AS c JOIN guild AS g ON g.id = c.guild_id
WHERE c.guild_id = $1 AND NOT c.deleted AND c.kind = ANY ($2::int[])
    AND (c.kind = $6 OR coalesce(c.no_archived_threads_at < g.joined_at, true))
UNION
SELECT t.parent_id, t.kind = $5 FROM channel AS t LEFT JOIN unnest($4::bigint[]) AS active (id) ON active.id = t.id
WHERE t.guild_id = $1 AND NOT t.deleted AND t.kind = ANY ($3::int[]) AND active.id IS NULL AND t.parent_id IS NOT NULL
"""
SAVE_THREAD_LISTS_SQL = """
UPDATE channel AS c SET no_archived_threads_at = CASE WHEN NOT listed.has_threads THEN now() END
FROM unnest($1::bigint[], $2::boolean[]) AS listed (id, has_threads) WHERE c.id = listed.id
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
FIND_COMPLETE_SQL = """
SELECT to_at, refused, source, joined_threads_listed FROM catch_up_period AS p
WHERE p.guild_id = $1 AND p.channel_id = $2 AND p.from_at = $3 AND p.threads_listed AND NOT EXISTS (
    SELECT FROM catch_up_task AS t
    WHERE t.guild_id = $1 AND t.period_channel_id = $2 AND t.from_at = $3
)
FOR UPDATE
"""
DELETE_PERIOD_SQL = "DELETE FROM catch_up_period WHERE guild_id = $1 AND channel_id = $2 AND from_at = $3"
UNLISTED_PERIODS_SQL = """
SELECT guild_id, channel_id, from_at, to_at, public_parent_ids, private_parent_ids, threads_listed FROM catch_up_period
WHERE NOT threads_listed OR NOT joined_threads_listed ORDER BY threads_listed, to_at DESC
"""
SAVE_LISTED_SQL = """
UPDATE catch_up_period SET threads_listed = true, joined_threads_listed = joined_threads_listed OR $4
WHERE guild_id = $1 AND channel_id = $2 AND from_at = $3
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


class ThreadTraces(NamedTuple):
    """What GUILD_CREATE says about threads: the active ones, and the newest id in each channel that can have threads.

    The newest id is that of a message, in a forum that of a thread.
    """

    active_ids: Collection[int]
    newest_ids: Mapping[int, int]


class ListedParents(NamedTuple):
    """The channels whose archived public threads, and those whose archived private threads, may have messages."""

    public_ids: Collection[int]
    private_ids: Collection[int]


class UnlistedPeriod(NamedTuple):
    """A period whose archived threads have to be listed.

    `parents` are the channels that can have such threads; None: all. `only_joined`: only the private threads of other
    channels that the bot is in are not listed yet.
    """

    span: CatchUpSpan
    parents: ListedParents | None
    only_joined: bool

    @property
    def is_last_listing(self) -> bool:
        """Whether no threads are left when this period has been listed."""
        return self.only_joined or self.parents is None


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
    traces: ThreadTraces | None = None,
) -> int:
    """Store the tasks of a period; returns their number. `source` is that of its imported period.

    Only channels and threads are fetched whose newest message is newer than the start of the period and not stored.
    A period without tasks is complete at once, unless archived threads are not among `newest_messages` and have to be
    listed (`threads_listed` is False). `traces` say of which channels; None: of all, and nothing is known about them.
    """
    async with connection.transaction():
        parents = (None, None) if traces is None else await _find_thread_parents(connection, span, traces)
        if span.channel_id != ALL_CHANNELS:
            await connection.execute(SAVE_THREAD_LISTS_SQL, [span.channel_id], [True])
        await connection.execute(SAVE_PERIOD_SQL, *span, source, threads_listed, *parents)
        return await _save_tasks(connection, span, newest_messages)


async def load_unlisted_periods(connection: asyncpg.Connection) -> list[UnlistedPeriod]:
    """Load the periods whose archived threads have to be listed, the newest first, those with only joined ones last."""
    return [
        UnlistedPeriod(
            CatchUpSpan(row["guild_id"], row["channel_id"], row["from_at"], row["to_at"]),
            None
            if row["public_parent_ids"] is None
            else ListedParents(frozenset(row["public_parent_ids"]), frozenset(row["private_parent_ids"])),
            row["threads_listed"],
        )
        for row in await connection.fetch(UNLISTED_PERIODS_SQL)
    ]


async def plan_archived_threads(
    connection: asyncpg.Connection,
    period: UnlistedPeriod,
    newest_messages: Collection[NewestMessage],
    have_archived_threads: Mapping[int, bool],
    *,
    is_complete: bool,
) -> int:
    """Store the tasks of a period's archived threads; returns their number.

    `have_archived_threads`: whether the channels whose public threads were listed have any. `is_complete`: Discord let
    the bot list those of each channel, else the period is never complete.
    """
    key = period.span.guild_id, period.span.channel_id, period.span.from_at
    async with connection.transaction():
        await connection.execute(SAVE_LISTED_SQL, *key, period.is_last_listing)
        await connection.execute(SAVE_THREAD_LISTS_SQL, list(have_archived_threads), [*have_archived_threads.values()])
        if not is_complete:
            await connection.execute(REFUSE_PERIOD_SQL, *key)
        return await _save_tasks(connection, period.span, newest_messages)


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


async def _find_thread_parents(
    connection: asyncpg.Connection, span: CatchUpSpan, traces: ThreadTraces
) -> ListedParents:
    """Return the channels that may have archived threads with messages in a span.

    They had archived threads before, or threads that are not active any more; or a public thread may have been started
    in them meanwhile: its system message, the message from which it was started, or in a forum the thread itself is
    recent. A new private thread leaves no trace.
    """
    rows = await connection.fetch(
        THREAD_PARENTS_SQL,
        span.guild_id,
        list(THREAD_PARENT_TYPES),
        list(THREAD_CHANNEL_TYPES),
        list(traces.active_ids),
        ChannelType.PRIVATE_THREAD,
        ChannelType.NEWS,
    )
    recent_id = encode_snowflake(span.from_at - THREAD_START_AGE)
    recent_ids = {channel_id for channel_id, newest_id in traces.newest_ids.items() if newest_id >= recent_id}
    return ListedParents(
        recent_ids | {row["id"] for row in rows if not row["is_private"]},
        {row["id"] for row in rows if row["is_private"]},
    )


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
    """Record the time of a period without tasks, unless a channel was refused, and delete it.

    It is kept while private threads that the bot is in have to be listed.
    """
    period = await connection.fetchrow(FIND_COMPLETE_SQL, guild_id, channel_id, from_at)
    if period is None:
        return
    if period["joined_threads_listed"]:
        await connection.execute(DELETE_PERIOD_SQL, guild_id, channel_id, from_at)
    if period["source"] == BACKFILL_SOURCE:
        await connection.execute(FINISH_BACKFILL_SQL, guild_id, from_at)
    if period["refused"]:
        return
    if channel_id == ALL_CHANNELS:
        await connection.execute(RECORD_PERIOD_SQL, guild_id, from_at, period["to_at"], period["source"])
    else:
        await connection.execute(FILL_GAP_SQL, guild_id, channel_id, from_at)
