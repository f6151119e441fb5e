"""Deduplication of messages across replays, resumes and several collectors.

A row of `channel_coverage` states that every message of a channel from `from_id` to `to_id` is recorded, and so are the
ids in `recent`. Rows never overlap, so that only the nearest row at or below an id can contain it.

While a shard receives events without interruption, its newest row grows: no message can exist between two messages that
were received one after the other. Messages may arrive slightly out of order, so the ids of the last seconds are kept
individually in `recent`. A message that was sent before the shard began to listen proves nothing about its neighbors:
it is recorded by its id alone, together with up to MAX_IDS_PER_ROW others of its channel in one row.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import asyncpg

from herwa_shared.pipeline.events import ActivityEvent, decode_snowflake_ms

REORDER_WINDOW_MS = 5_000
MAX_RECENT_IDS = 500
MAX_IDS_PER_ROW = 200  # of messages that are recorded one by one; such a row is small enough to be stored in place

NEWEST_RANGES_SQL = """
SELECT newest.*
FROM unnest($1::bigint[], $2::bigint[]) AS place (guild_id, channel_id)
CROSS JOIN LATERAL (
    SELECT guild_id, channel_id, from_id, to_id, recent
    FROM channel_coverage AS c
    WHERE c.guild_id = place.guild_id AND c.channel_id = place.channel_id
    ORDER BY from_id DESC
    LIMIT 1
) AS newest
"""
COVERED_MESSAGES_SQL = """
SELECT message.id
FROM unnest($1::bigint[], $2::bigint[], $3::bigint[]) AS message (guild_id, channel_id, id)
CROSS JOIN LATERAL (
    SELECT to_id, recent
    FROM channel_coverage AS c
    WHERE c.guild_id = message.guild_id AND c.channel_id = message.channel_id AND c.from_id <= message.id
    ORDER BY from_id DESC
    LIMIT 1
) AS nearest
WHERE message.id <= nearest.to_id OR message.id = ANY (nearest.recent)
"""
COVERED_CHANNELS_SQL = """
SELECT channel.id
FROM unnest($2::bigint[], $3::bigint[]) AS channel (id, newest_id)
CROSS JOIN LATERAL (
    SELECT from_id, to_id
    FROM channel_coverage AS c
    WHERE c.guild_id = $1 AND c.channel_id = channel.id AND c.from_id <= channel.newest_id
    ORDER BY from_id DESC
    LIMIT 1
) AS nearest
WHERE nearest.from_id <= $4::bigint + 1 AND channel.newest_id <= nearest.to_id
"""
# A single message below the highest id in a row's `recent` is added to that `recent`. A row of its own would become the
# nearest row for the higher ids and hide that they are recorded. For the same reason the messages of a new row have one
# nearest row: no other row lies between them.
SAVE_SINGLE_MESSAGES_SQL = """
WITH message AS (
    SELECT message.*, nearest.from_id AS nearest_id, nearest.highest_id > message.id AS is_within
    FROM unnest($1::bigint[], $2::bigint[], $3::bigint[]) AS message (guild_id, channel_id, id)
    LEFT JOIN LATERAL (
        SELECT from_id, (SELECT max(known) FROM unnest(recent) AS known) AS highest_id
        FROM channel_coverage AS c
        WHERE c.guild_id = message.guild_id AND c.channel_id = message.channel_id AND c.from_id <= message.id
        ORDER BY from_id DESC
        LIMIT 1
    ) AS nearest ON true
), joined AS (
    UPDATE channel_coverage AS c
    SET recent = c.recent || guests.ids
    FROM (
        SELECT guild_id, channel_id, nearest_id, array_agg(id) AS ids
        FROM message
        WHERE is_within
        GROUP BY guild_id, channel_id, nearest_id
    ) AS guests
    WHERE c.guild_id = guests.guild_id AND c.channel_id = guests.channel_id AND c.from_id = guests.nearest_id
), numbered AS (
    SELECT guild_id, channel_id, nearest_id, id,
        (row_number() OVER (PARTITION BY guild_id, channel_id, nearest_id ORDER BY id) - 1) / $4 AS number
    FROM message
    WHERE is_within IS NOT TRUE
)
INSERT INTO channel_coverage (guild_id, channel_id, from_id, to_id, recent)
SELECT guild_id, channel_id, min(id), min(id), array_remove(array_agg(id ORDER BY id), min(id))
FROM numbered
GROUP BY guild_id, channel_id, nearest_id, number
"""
SAVE_RANGE_SQL = """
INSERT INTO channel_coverage (guild_id, channel_id, from_id, to_id, recent) VALUES ($1, $2, $3, $4, $5)
ON CONFLICT (guild_id, channel_id, from_id) DO UPDATE SET to_id = excluded.to_id, recent = excluded.recent
"""

ChannelKey = tuple[int, int]
RangeRow = tuple[int, int, int, int, list[int]]


@dataclass(frozen=True, slots=True)
class CoveredRange:
    """One row of `channel_coverage`: all ids in `[from_id, to_id]`, and those in `recent`.

    The ids in `recent` are above `to_id`.
    """

    from_id: int
    to_id: int
    recent: frozenset[int]

    @property
    def highest_id(self) -> int:
        """The id of its newest message."""
        return max(self.recent, default=self.to_id)

    @property
    def last_message_ms(self) -> int:
        """The time of its newest message, in milliseconds since 1970."""
        return decode_snowflake_ms(self.highest_id)

    def extend(self, ids: Iterable[int], *, now_ms: int) -> "CoveredRange":
        """Return the row extended by newer ids.

        Ids older than REORDER_WINDOW_MS, and the oldest beyond MAX_RECENT_IDS, move from `recent` into the range.
        """
        sorted_ids = sorted({*self.recent, *ids})
        settled_ids = sorted_ids[:-MAX_RECENT_IDS] + [
            message_id
            for message_id in sorted_ids[-MAX_RECENT_IDS:]
            if decode_snowflake_ms(message_id) < now_ms - REORDER_WINDOW_MS
        ]
        to_id = max(settled_ids, default=self.to_id)
        return CoveredRange(
            self.from_id,
            max(self.to_id, to_id),
            frozenset(message_id for message_id in sorted_ids if message_id > to_id),
        )


async def filter_new_messages(
    connection: asyncpg.Connection, messages: Sequence[ActivityEvent], *, now_ms: int
) -> list[ActivityEvent]:
    """Return the messages that are not recorded yet, each once, and record them.

    They are recorded when the surrounding transaction commits. The caller holds the append lock, which serializes two
    collectors of the same guild.
    """
    events_by_channel: dict[ChannelKey, dict[int, ActivityEvent]] = {}
    for event in messages:
        events_by_channel.setdefault((event.guild_id, event.source_channel_id), {}).setdefault(event.message_id, event)
    newest_ranges = await _load_newest_ranges(connection, events_by_channel)
    new_events: dict[ChannelKey, list[ActivityEvent]] = {}
    older_events: list[ActivityEvent] = []
    for channel_key, events in events_by_channel.items():
        covered_range = newest_ranges.get(channel_key)
        new_events[channel_key] = [
            event
            for message_id, event in events.items()
            if covered_range is None or (message_id > covered_range.to_id and message_id not in covered_range.recent)
        ]
        if covered_range is not None:
            older_events += [event for message_id, event in events.items() if message_id < covered_range.from_id]
    for event in await filter_uncovered(connection, older_events):
        new_events[event.guild_id, event.source_channel_id].append(event)
    await _save_ranges(connection, new_events, newest_ranges, now_ms=now_ms)
    return [event for events in new_events.values() for event in events]


async def find_covered_channels(
    connection: asyncpg.Connection, guild_id: int, newest_ids: Mapping[int, int], *, after_id: int
) -> frozenset[int]:
    """Return the channels and threads of which every message after `after_id`, up to the newest id, is recorded.

    That the newest message is recorded proves nothing about those before it: an import may have brought it alone.
    """
    columns = list(newest_ids), list(newest_ids.values())
    return frozenset(row["id"] for row in await connection.fetch(COVERED_CHANNELS_SQL, guild_id, *columns, after_id))


async def _load_newest_ranges(
    connection: asyncpg.Connection, channel_keys: Iterable[ChannelKey]
) -> dict[ChannelKey, CoveredRange]:
    guild_ids, channel_ids = zip(*channel_keys, strict=True) if channel_keys else ((), ())
    return {
        (row["guild_id"], row["channel_id"]): CoveredRange(row["from_id"], row["to_id"], frozenset(row["recent"]))
        for row in await connection.fetch(NEWEST_RANGES_SQL, guild_ids, channel_ids)
    }


async def filter_uncovered(connection: asyncpg.Connection, events: Sequence[ActivityEvent]) -> list[ActivityEvent]:
    """Return the messages that no range contains, without recording them."""
    if not events:
        return []
    covered_ids = {row["id"] for row in await connection.fetch(COVERED_MESSAGES_SQL, *_split_columns(events))}
    return [event for event in events if event.message_id not in covered_ids]


async def save_single_messages(connection: asyncpg.Connection, events: Sequence[ActivityEvent]) -> None:
    """Record new messages by their ids alone, without a claim about others between them."""
    await connection.execute(SAVE_SINGLE_MESSAGES_SQL, *_split_columns(events), MAX_IDS_PER_ROW)


async def _save_ranges(
    connection: asyncpg.Connection,
    new_events: dict[ChannelKey, list[ActivityEvent]],
    newest_ranges: dict[ChannelKey, CoveredRange],
    *,
    now_ms: int,
) -> None:
    # Not part of an uninterrupted sequence: recorded by their ids alone.
    single_events: list[ActivityEvent] = []
    rows: list[RangeRow] = []
    for channel_key, events in new_events.items():
        if not events:
            continue
        newest_range = newest_ranges.get(channel_key)
        listening_since = max(event.live_since_ms for event in events)
        if _are_later_messages(events, newest_range, listening_since):
            rows += _build_single_rows(channel_key, [event.message_id for event in events])
            continue
        live_ids: list[int] = []
        for event in events:
            is_below_range = newest_range is not None and event.message_id < newest_range.from_id
            if event.at_ms < listening_since or is_below_range:
                single_events.append(event)
            else:
                live_ids.append(event.message_id)
        if live_ids:
            rows.append(_extend_range(channel_key, newest_range, live_ids, listening_since, now_ms))
    if rows:
        await connection.executemany(SAVE_RANGE_SQL, rows)
    if single_events:
        await save_single_messages(connection, single_events)


def _extend_range(
    channel_key: ChannelKey, newest_range: CoveredRange | None, live_ids: list[int], listening_since: int, now_ms: int
) -> RangeRow:
    """Build the row of an uninterrupted sequence, which goes on or begins."""
    if newest_range is None or newest_range.last_message_ms < listening_since:
        newest_range = CoveredRange(min(live_ids), min(live_ids), frozenset())
    extended = newest_range.extend(live_ids, now_ms=now_ms)
    return (*channel_key, extended.from_id, extended.to_id, sorted(extended.recent))


def _are_later_messages(
    events: Sequence[ActivityEvent], newest_range: CoveredRange | None, listening_since: int
) -> bool:
    """Return whether all these messages were missed live, and are above all rows of their channel."""
    highest_id = 0 if newest_range is None else newest_range.highest_id
    return all(event.at_ms < listening_since and event.message_id > highest_id for event in events)


def _build_single_rows(channel_key: ChannelKey, ids: list[int]) -> Iterator[RangeRow]:
    """Build the rows of single messages above all rows of their channel."""
    ids.sort()
    for start in range(0, len(ids), MAX_IDS_PER_ROW):
        first_id, *other_ids = ids[start : start + MAX_IDS_PER_ROW]
        yield (*channel_key, first_id, first_id, other_ids)


def _split_columns(events: Sequence[ActivityEvent]) -> tuple[list[int], list[int], list[int]]:
    return (
        [event.guild_id for event in events],
        [event.source_channel_id for event in events],
        [event.message_id for event in events],
    )
