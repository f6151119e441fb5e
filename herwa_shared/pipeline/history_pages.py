"""Store pages of a channel's history that were fetched through Discord's REST API, newest first.

A page and the range of message ids that it proves are stored in one transaction, so that an interruption at any moment
neither loses nor doubles a message.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import NamedTuple

import asyncpg

from herwa_shared.pipeline.buffer import copy_events, lock_appends
from herwa_shared.pipeline.events import ActivityEvent
from herwa_shared.pipeline.message_dedup import filter_uncovered, save_single_messages
from herwa_shared.pipeline.privacy_filter import PrivacyFilter
from herwa_shared.pipeline.tickets import record_responses

# No other row may lie within a new one. A row that begins inside and goes on (a range of live messages) keeps its part.
RANGE_END_SQL = """
SELECT least($4, min(from_id) - 1)
FROM channel_coverage
WHERE guild_id = $1 AND channel_id = $2 AND from_id BETWEEN $3 AND $4
  AND greatest(to_id, (SELECT max(known) FROM unnest(recent) AS known)) > $4
"""
# A row that begins before a new one and lists ids beyond it would be hidden by it: those ids get a row of their own.
SPLIT_EARLIER_ROW_SQL = """
WITH earlier AS (
    SELECT from_id, (SELECT array_agg(id ORDER BY id) FROM unnest(recent) AS id WHERE id > $4) AS ids
    FROM channel_coverage
    WHERE guild_id = $1 AND channel_id = $2 AND from_id < $3
    ORDER BY from_id DESC
    LIMIT 1
), shortened AS (
    UPDATE channel_coverage AS c
    SET recent = (SELECT coalesce(array_agg(id ORDER BY id), '{}') FROM unnest(c.recent) AS id WHERE id <= $4)
    FROM earlier
    WHERE c.guild_id = $1 AND c.channel_id = $2 AND c.from_id = earlier.from_id AND earlier.ids IS NOT NULL
)
INSERT INTO channel_coverage (guild_id, channel_id, from_id, to_id, recent)
SELECT $1, $2, ids[1], ids[1], ids[2:] FROM earlier WHERE ids IS NOT NULL
"""
DELETE_INNER_RANGES_SQL = """
DELETE FROM channel_coverage WHERE guild_id = $1 AND channel_id = $2 AND from_id BETWEEN $3 AND $4
"""
SAVE_RANGE_SQL = """
INSERT INTO channel_coverage (guild_id, channel_id, from_id, to_id) VALUES ($1, $2, $3, $4)
ON CONFLICT (guild_id, channel_id, from_id) DO UPDATE SET to_id = greatest(channel_coverage.to_id, excluded.to_id)
"""
MOVE_TASK_SQL = """
WITH counted AS (
    UPDATE backfill SET fetched = fetched + $5 WHERE guild_id = $1 AND from_at = $3
)
UPDATE catch_up_task SET before_id = $4, fetched = fetched + $5
WHERE guild_id = $1 AND channel_id = $2 AND from_at = $3 AND end_id = $6
"""


ADD_UNKNOWN_MEMBERS_SQL = """
INSERT INTO member (guild_id, user_id, name, bot, seen_at)
SELECT $1, person.user_id, person.name, person.bot, now()
FROM unnest($2::bigint[], $3::text[], $4::boolean[]) AS person (user_id, name, bot)
ON CONFLICT DO NOTHING
"""


class AuthorName(NamedTuple):
    """The name of the author of a message."""

    user_id: int
    name: str
    is_bot: bool


@dataclass(frozen=True, slots=True)
class ChannelTask:
    """The missing messages of one channel or thread: ids above `after_id` and below `before_id`.

    Those from `before_id` to `end_id` are stored already. `from_at` is the start of the period, `fetched` the number of
    messages so far, `parent_id` the channel of a thread, else 0.
    """

    guild_id: int
    channel_id: int
    from_at: datetime
    period_channel_id: int
    after_id: int
    before_id: int
    end_id: int
    fetched: int = 0
    parent_id: int = 0


async def store_history_page(
    connection: asyncpg.Connection,
    task: ChannelTask,
    events: Sequence[ActivityEvent],
    *,
    oldest_id: int | None,
    names: Collection[AuthorName] = (),
    privacy: PrivacyFilter | None = None,
) -> ChannelTask:
    """Store the page before `task.before_id`, and return the task moved behind it.

    `events` are the counted messages of the page, `oldest_id` is the id of its oldest message of any kind, or None if
    no message precedes the page. The names of unknown members are stored; a known name may be a nickname and is kept.
    The task is finished when `before_id` is `after_id + 1`. `privacy` hides members; only tests may omit it.
    """
    is_finished = oldest_id is None or oldest_id <= task.after_id
    lower = task.after_id + 1 if is_finished or oldest_id is None else oldest_id
    missing = [event for event in events if event.message_id > task.after_id]
    async with connection.transaction():
        await lock_appends(connection)
        if privacy is not None:
            await privacy.refresh(connection)
        await record_responses(connection, missing, privacy=privacy)
        if privacy is not None:
            missing = privacy.hide_members(missing)
            visible_ids = {event.user_id for event in missing}
            names = [name for name in names if name.user_id in visible_ids]
        new_events = await filter_uncovered(connection, missing)
        await copy_events(connection, new_events)
        if names:
            await add_unknown_members(connection, task.guild_id, names)
        end = await connection.fetchval(RANGE_END_SQL, task.guild_id, task.channel_id, lower, task.end_id)
        end = task.end_id if end is None else end
        if lower <= end:
            await connection.execute(SPLIT_EARLIER_ROW_SQL, task.guild_id, task.channel_id, lower, end)
            await connection.execute(DELETE_INNER_RANGES_SQL, task.guild_id, task.channel_id, lower, end)
            await connection.execute(SAVE_RANGE_SQL, task.guild_id, task.channel_id, lower, end)
        if beyond := [event for event in new_events if event.message_id > end]:
            await save_single_messages(connection, beyond)
        await connection.execute(
            MOVE_TASK_SQL, task.guild_id, task.channel_id, task.from_at, lower, len(missing), task.end_id
        )
    return replace(task, before_id=lower, fetched=task.fetched + len(missing))


async def add_unknown_members(connection: asyncpg.Connection, guild_id: int, names: Collection[AuthorName]) -> None:
    """Store the names of members who have none."""
    columns = [name.user_id for name in names], [name.name for name in names], [name.is_bot for name in names]
    await connection.execute(ADD_UNKNOWN_MEMBERS_SQL, guild_id, *columns)
