"""Which messages are already recorded, so that no replay, resume or second collector counts one twice.

A row of `channel_coverage` says: every message of this channel from `from_id` to `to_id` is recorded, and so are those
in `recent`. Rows never overlap, so the nearest row at or below an id alone can contain it. While a shard listens
without a break its newest row grows: nothing can lie between two messages that it heard one after the other. Two
messages may overtake each other by moments, so the last seconds are kept id by id in `recent`. Whatever was sent before
the shard began to listen proves nothing about its neighbours and becomes a row of its own.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import asyncpg

from herwa_shared.pipeline.events import Event, snowflake_ms

SETTLED_AFTER_MS = 5_000
RECENT_AT_MOST = 500

NEWEST = """
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
COVERED = """
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
# A single message among the ids that a row keeps by name joins them: a row of its own there would hide those above it.
SAVE_SINGLES = """
WITH message AS (
    SELECT message.*, nearest.from_id AS home
    FROM unnest($1::bigint[], $2::bigint[], $3::bigint[]) AS message (guild_id, channel_id, id)
    LEFT JOIN LATERAL (
        SELECT from_id, recent
        FROM channel_coverage AS c
        WHERE c.guild_id = message.guild_id AND c.channel_id = message.channel_id AND c.from_id <= message.id
        ORDER BY from_id DESC
        LIMIT 1
    ) AS nearest ON message.id < (SELECT max(known) FROM unnest(nearest.recent) AS known)
), joined AS (
    UPDATE channel_coverage AS c
    SET recent = c.recent || guests.ids
    FROM (
        SELECT guild_id, channel_id, home, array_agg(id) AS ids
        FROM message
        WHERE home IS NOT NULL
        GROUP BY guild_id, channel_id, home
    ) AS guests
    WHERE c.guild_id = guests.guild_id AND c.channel_id = guests.channel_id AND c.from_id = guests.home
)
INSERT INTO channel_coverage (guild_id, channel_id, from_id, to_id)
SELECT guild_id, channel_id, id, id FROM message WHERE home IS NULL
"""
SAVE_RANGE = """
INSERT INTO channel_coverage (guild_id, channel_id, from_id, to_id, recent) VALUES ($1, $2, $3, $4, $5)
ON CONFLICT (guild_id, channel_id, from_id) DO UPDATE SET to_id = excluded.to_id, recent = excluded.recent
"""

Place = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Range:
    """One row: all of `[from_id, to_id]` and the ids in `recent`, which lie above `to_id`."""

    from_id: int
    to_id: int
    recent: frozenset[int]

    @property
    def last_ms(self) -> int:
        """When the newest message in it was sent."""
        return snowflake_ms(max(self.recent, default=self.to_id))

    def grown_by(self, ids: Iterable[int], *, now_ms: int) -> "Range":
        """The same row with these newer messages; what is older than a few seconds is no longer kept by name."""
        ordered = sorted({*self.recent, *ids})
        settled = ordered[:-RECENT_AT_MOST] + [
            i for i in ordered[-RECENT_AT_MOST:] if snowflake_ms(i) < now_ms - SETTLED_AFTER_MS
        ]
        to_id = max(settled, default=self.to_id)
        return Range(self.from_id, max(self.to_id, to_id), frozenset(i for i in ordered if i > to_id))


async def admit(connection: asyncpg.Connection, messages: Sequence[Event], *, now_ms: int) -> list[Event]:
    """Those messages that are not recorded yet, each once; from the commit of this transaction on they are.

    The caller holds the append lock: two collectors of the same guild take turns here.
    """
    by_place: dict[Place, dict[int, Event]] = {}
    for event in messages:
        by_place.setdefault((event.guild_id, event.place_id), {}).setdefault(event.message_id, event)
    newest = await _newest(connection, by_place)
    fresh: dict[Place, list[Event]] = {}
    doubtful: list[Event] = []
    for place, events in by_place.items():
        row = newest.get(place)
        fresh[place] = [e for i, e in events.items() if row is None or (i > row.to_id and i not in row.recent)]
        if row is not None:
            doubtful += [e for i, e in events.items() if i < row.from_id]
    for event in await _uncovered(connection, doubtful):
        fresh[event.guild_id, event.place_id].append(event)
    await _record(connection, fresh, newest, now_ms=now_ms)
    return [event for events in fresh.values() for event in events]


async def _newest(connection: asyncpg.Connection, places: Iterable[Place]) -> dict[Place, Range]:
    guilds, channels = zip(*places, strict=True) if places else ((), ())
    return {
        (row["guild_id"], row["channel_id"]): Range(row["from_id"], row["to_id"], frozenset(row["recent"]))
        for row in await connection.fetch(NEWEST, guilds, channels)
    }


async def _uncovered(connection: asyncpg.Connection, events: list[Event]) -> list[Event]:
    if not events:
        return []
    covered = {row["id"] for row in await connection.fetch(COVERED, *_columns(events))}
    return [event for event in events if event.message_id not in covered]


async def _record(
    connection: asyncpg.Connection, fresh: dict[Place, list[Event]], newest: dict[Place, Range], *, now_ms: int
) -> None:
    singles: list[Event] = []
    ranges: list[tuple[int, int, int, int, list[int]]] = []
    for place, events in fresh.items():
        if not events:
            continue
        row = newest.get(place)
        listening_since = max(event.live_since_ms for event in events)
        heard: list[int] = []
        for event in events:
            before_the_row = row is not None and event.message_id < row.from_id
            if event.at_ms < listening_since or before_the_row:
                singles.append(event)
            else:
                heard.append(event.message_id)
        if heard:
            if row is None or row.last_ms < listening_since:
                row = Range(min(heard), min(heard), frozenset())
            row = row.grown_by(heard, now_ms=now_ms)
            ranges.append((*place, row.from_id, row.to_id, sorted(row.recent)))
    if ranges:
        await connection.executemany(SAVE_RANGE, ranges)
    if singles:
        await connection.execute(SAVE_SINGLES, *_columns(singles))


def _columns(events: list[Event]) -> tuple[list[int], list[int], list[int]]:
    return [e.guild_id for e in events], [e.place_id for e in events], [e.message_id for e in events]
