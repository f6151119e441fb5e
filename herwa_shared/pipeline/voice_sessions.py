"""Voice sessions and their events, saved in one transaction.

Each session stores the time up to which its seconds are counted, so that no second is counted twice or lost.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import asyncpg

from herwa_shared.pipeline.buffer import APPEND_LOCK_ID, append_events
from herwa_shared.pipeline.events import ActivityEvent
from herwa_shared.pipeline.privacy_filter import PrivacyFilter

CLOSED_SESSION_RETENTION_MS = 3_600_000
ACCRUAL_INTERVAL_MS = 300_000

COUNTED_UNTIL_SQL = """
SELECT s.guild_id, s.user_id, s.counted_until_ms
FROM unnest($1::bigint[], $2::bigint[]) AS person (guild_id, user_id)
JOIN voice_session AS s ON s.guild_id = person.guild_id AND s.user_id = person.user_id
"""
# A row that another collector of the guild has advanced further is not overwritten. A guild that could not be stored in
# the directory (table `guild`) gets no rows.
SAVE_SESSIONS_SQL = """
INSERT INTO voice_session (guild_id, user_id, channel_id, since_ms, counted_until_ms, muted, streaming, video, open,
    audience, afk)
SELECT stay.*
FROM unnest($1::bigint[], $2::bigint[], $3::bigint[], $4::bigint[], $5::bigint[], $6::bool[], $7::bool[], $8::bool[],
            $9::bool[], $10::bool[], $11::bool[])
    AS stay (guild_id, user_id, channel_id, since_ms, counted_until_ms, muted, streaming, video, open, audience, afk)
JOIN guild ON guild.id = stay.guild_id
ON CONFLICT (guild_id, user_id) DO UPDATE
SET channel_id = excluded.channel_id, since_ms = excluded.since_ms, counted_until_ms = excluded.counted_until_ms,
    muted = excluded.muted, streaming = excluded.streaming, video = excluded.video, open = excluded.open,
    audience = excluded.audience, afk = excluded.afk
WHERE excluded.counted_until_ms >= voice_session.counted_until_ms
"""
OPEN_SESSIONS_SQL = """
SELECT guild_id, user_id, channel_id, since_ms, counted_until_ms, muted, streaming, video, open, audience, afk
FROM voice_session
WHERE open
"""
# The latest heartbeat of a collector that received events of each guild.
LAST_SEEN_SQL = """
SELECT place.guild_id, (extract(epoch FROM max(r.seen_at)) * 1000)::bigint AS heard_ms
FROM unnest($1::bigint[]) AS place (guild_id)
JOIN gateway_session AS r ON r.shard_id = (place.guild_id >> 22) % r.shard_count
WHERE r.seen_at >= to_timestamp($2::bigint / 1000)
GROUP BY place.guild_id
"""
PURGE_SESSIONS_SQL = "DELETE FROM voice_session WHERE NOT open AND counted_until_ms < $1"


class VoiceSessionRow(NamedTuple):
    """A row of `voice_session`: a member in a voice channel. The fields are the columns."""

    guild_id: int
    user_id: int
    channel_id: int
    since_ms: int
    counted_until_ms: int
    muted: bool
    streaming: bool
    video: bool
    open: bool
    audience: bool = False
    afk: bool = False


@dataclass(slots=True)
class VoiceChange:
    """The new state of a voice session, and the events with the seconds since the last state."""

    voice_session: VoiceSessionRow
    events: list[ActivityEvent]


def split_voice_seconds(
    since_ms: int, begin_ms: int, end_ms: int, *, interval_ms: int = ACCRUAL_INTERVAL_MS
) -> Iterator[tuple[int, int]]:
    """Split a part of a voice session at every full five minutes of the clock, or another interval.

    Yields the start in milliseconds and the number of seconds of each piece with seconds. Seconds are counted from the
    start of the session, `since_ms`, so that the pieces of a session add up to it.
    """
    while begin_ms < end_ms:
        piece_end_ms = min(begin_ms - begin_ms % interval_ms + interval_ms, end_ms)
        seconds = (piece_end_ms - since_ms) // 1000 - (begin_ms - since_ms) // 1000
        if seconds:
            yield begin_ms, seconds
        begin_ms = piece_end_ms


async def save_voice_changes(
    connection: asyncpg.Connection, changes: Sequence[VoiceChange], *, privacy: PrivacyFilter | None = None
) -> int:
    """Save sessions and their events in one transaction; returns the number of new events.

    Events before the stored `counted_until_ms` of their member are dropped as duplicates. `privacy` hides members; only
    tests may omit it. Takes the append lock.
    """
    async with connection.transaction():
        await connection.execute("SELECT pg_advisory_xact_lock($1)", APPEND_LOCK_ID)
        hidden_events: list[ActivityEvent] = []
        if privacy is not None:
            await privacy.refresh(connection)
            changes, hidden_events = _split_hidden_sessions(changes, privacy)
        new_events = await _filter_counted(connection, changes) + hidden_events
        result = await append_events(connection, new_events, privacy=privacy)
        if changes:
            sessions = [change.voice_session for change in changes]
            await connection.execute(SAVE_SESSIONS_SQL, *zip(*sessions, strict=True))
    return result.stored


async def _filter_counted(connection: asyncpg.Connection, changes: Sequence[VoiceChange]) -> list[ActivityEvent]:
    """Return the events of the changes whose seconds are not stored yet."""
    if not changes:
        return []
    member_keys = [(change.voice_session.guild_id, change.voice_session.user_id) for change in changes]
    rows = await connection.fetch(COUNTED_UNTIL_SQL, *zip(*member_keys, strict=True))
    counted_until = {(row["guild_id"], row["user_id"]): row["counted_until_ms"] for row in rows}
    return [
        event
        for member_key, change in zip(member_keys, changes, strict=True)
        for event in change.events
        if event.at_ms >= counted_until.get(member_key, 0)
    ]


def _split_hidden_sessions(
    changes: Sequence[VoiceChange], privacy: PrivacyFilter
) -> tuple[list[VoiceChange], list[ActivityEvent]]:
    """Separate the sessions of hidden members: no row is kept of them, and their events have no member.

    A session is hidden if it began before its member was erased. Its events are deduplicated by keys, since there is no
    row with the time up to which it is counted.
    """
    visible_changes: list[VoiceChange] = []
    hidden_events: list[ActivityEvent] = []
    for change in changes:
        guild_id, user_id = change.voice_session.guild_id, change.voice_session.user_id
        if privacy.find(guild_id, user_id).is_hidden(change.voice_session.since_ms):
            hidden_events += [
                event._replace(
                    user_id=0, key=privacy.build_hidden_key(guild_id, user_id, f"{event.kind} {event.at_ms}")
                )
                for event in change.events
            ]
        else:
            visible_changes.append(change)
    return visible_changes, hidden_events


async def load_open_voice_sessions(connection: asyncpg.Connection) -> tuple[list[VoiceSessionRow], dict[int, int]]:
    """Load the open voice sessions, and the time until which each guild was being recorded.

    The times are in milliseconds since 1970, by guild id: the last heartbeat of a collector or the last counted second.
    """
    voice_sessions = [VoiceSessionRow(*row) for row in await connection.fetch(OPEN_SESSIONS_SQL)]
    if not voice_sessions:
        return [], {}
    guild_ids = list({voice_session.guild_id for voice_session in voice_sessions})
    oldest_ms = min(voice_session.counted_until_ms for voice_session in voice_sessions)
    last_seen_ms = {
        row["guild_id"]: row["heard_ms"] for row in await connection.fetch(LAST_SEEN_SQL, guild_ids, oldest_ms)
    }
    for guild_id, counted_ms in _get_last_counted(voice_sessions).items():
        last_seen_ms[guild_id] = max(last_seen_ms.get(guild_id, 0), counted_ms)
    return voice_sessions, last_seen_ms


async def purge_voice_sessions(connection: asyncpg.Connection, *, now_ms: int) -> None:
    """Delete sessions that were closed more than an hour ago.

    After that time no collector sends their events again.
    """
    await connection.execute(PURGE_SESSIONS_SQL, now_ms - CLOSED_SESSION_RETENTION_MS)


def _get_last_counted(voice_sessions: Iterable[VoiceSessionRow]) -> dict[int, int]:
    last_counted_ms: dict[int, int] = {}
    for voice_session in voice_sessions:
        last_counted_ms[voice_session.guild_id] = max(
            last_counted_ms.get(voice_session.guild_id, 0), voice_session.counted_until_ms
        )
    return last_counted_ms
