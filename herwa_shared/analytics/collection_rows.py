"""Rows about when data of a guild was recorded, read by one statement.

A round trip to PostgreSQL costs more than these few rows, so they come as one JSON value.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import asyncpg
import orjson

from herwa_shared.models.collection import ALL_CHANNELS

# $1 guild, $2 and $3 the window, $4 the channels, $5 now. A session counts while its last heartbeat is at most 30
# seconds old. Gaps and join messages reach back to the start of the first session that overlaps the window.
ROWS_SQL = """
WITH running AS MATERIALIZED (
    SELECT started_at, seen_at, intents
    FROM gateway_session JOIN (SELECT $1::bigint AS guild_id) AS guild ON shard_id = (guild_id >> 22) % shard_count
        AND seen_at >= $2::timestamptz - interval '30 seconds' AND started_at < $3::timestamptz
)
SELECT json_build_object(
    'memberships', ARRAY(
        SELECT json_build_array(joined_at, left_at) FROM guild_membership WHERE guild_id = $1
    ),
    'sessions', ARRAY(SELECT json_build_array(started_at, seen_at, intents) FROM running),
    'imports', ARRAY(
        SELECT json_build_array(from_at, to_at, source, kinds) FROM imported_period
        WHERE guild_id = $1 AND channel_id = ANY($4::bigint[]) AND to_at > $2 AND from_at < $3
    ),
    'gaps', ARRAY(
        SELECT json_build_array(from_at, to_at, messages_filled) FROM collection_gap
        WHERE guild_id = $1 AND channel_id = ANY($4::bigint[]) AND from_at < $3
            AND coalesce(to_at, $5::timestamptz) > least($2, (SELECT min(started_at) FROM running))
    ),
    'join_messages', ARRAY(
        SELECT json_build_array(from_at, to_at) FROM join_message_period
        WHERE guild_id = $1 AND from_at < $3
            AND coalesce(to_at, $5::timestamptz) > least($2, (SELECT min(started_at) FROM running))
    )
)::text
"""


@dataclass(frozen=True, slots=True)
class MembershipRow:
    """A period in which the bot was in the guild; `left_at` is None while it is."""

    joined_at: datetime
    left_at: datetime | None


@dataclass(frozen=True, slots=True)
class GatewaySessionRow:
    """A gateway session of the guild's shard."""

    started_at: datetime
    seen_at: datetime
    intents: int


@dataclass(frozen=True, slots=True)
class ImportRow:
    """A period that was added later; `kinds` None: messages, and each other kind from its first event on."""

    from_at: datetime
    to_at: datetime
    source: str
    kinds: tuple[str, ...] | None


@dataclass(frozen=True, slots=True)
class GapRow:
    """A period without events of the guild or channel; `to_at` is None while it lasts."""

    from_at: datetime
    to_at: datetime | None
    messages_filled: bool


@dataclass(frozen=True, slots=True)
class JoinMessageRow:
    """A period in which joins were read from join messages; `to_at` is None while it lasts."""

    from_at: datetime
    to_at: datetime | None


@dataclass(frozen=True, slots=True)
class CollectionRows:
    """All rows about the recording of a guild, or of one of its channels, in a window."""

    memberships: tuple[MembershipRow, ...]
    sessions: tuple[GatewaySessionRow, ...]
    imports: tuple[ImportRow, ...]
    gaps: tuple[GapRow, ...]
    join_messages: tuple[JoinMessageRow, ...]


async def load_collection_rows(
    connection: asyncpg.Connection,
    guild_id: int,
    start: datetime,
    end: datetime,
    *,
    channel_id: int | None,
    now: datetime,
) -> CollectionRows:
    """Load the rows of a guild that overlap `[start, end)`; without a channel those about the entire guild."""
    channel_ids = [ALL_CHANNELS, channel_id or ALL_CHANNELS]
    rows = orjson.loads(await connection.fetchval(ROWS_SQL, guild_id, start, end, channel_ids, now))
    return CollectionRows(
        tuple(MembershipRow(_parse(joined), _find(left)) for joined, left in rows["memberships"]),
        tuple(GatewaySessionRow(_parse(started), _parse(seen), intents) for started, seen, intents in rows["sessions"]),
        tuple(_parse_imports(rows["imports"])),
        tuple(GapRow(_parse(begin), _find(stop), filled) for begin, stop, filled in rows["gaps"]),
        tuple(JoinMessageRow(_parse(begin), _find(stop)) for begin, stop in rows["join_messages"]),
    )


def _parse_imports(rows: list[list[Any]]) -> Iterator[ImportRow]:
    for begin, stop, source, kinds in rows:
        yield ImportRow(_parse(begin), _parse(stop), source, None if kinds is None else tuple(kinds))


def _parse(text: str) -> datetime:
    return datetime.fromisoformat(text)


def _find(text: str | None) -> datetime | None:
    return None if text is None else _parse(text)
