"""Time in voice: stored together with the note of up to when it is, so that no second is counted twice or forgotten."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import asyncpg

from herwa_shared.pipeline.buffer import APPEND_LOCK, append
from herwa_shared.pipeline.events import Event

FORGOTTEN_AFTER_MS = 3_600_000

COUNTED = """
SELECT s.guild_id, s.user_id, s.counted_until_ms
FROM unnest($1::bigint[], $2::bigint[]) AS person (guild_id, user_id)
JOIN voice_stay AS s ON s.guild_id = person.guild_id AND s.user_id = person.user_id
"""
# Another collector of the same guild may be further; a guild that the directory could not take has no rows.
SAVE = """
INSERT INTO voice_stay (guild_id, user_id, channel_id, since_ms, counted_until_ms, muted, streaming, video, open)
SELECT stay.*
FROM unnest($1::bigint[], $2::bigint[], $3::bigint[], $4::bigint[], $5::bigint[], $6::bool[], $7::bool[], $8::bool[],
            $9::bool[])
    AS stay (guild_id, user_id, channel_id, since_ms, counted_until_ms, muted, streaming, video, open)
JOIN guild ON guild.id = stay.guild_id
ON CONFLICT (guild_id, user_id) DO UPDATE
SET channel_id = excluded.channel_id, since_ms = excluded.since_ms, counted_until_ms = excluded.counted_until_ms,
    muted = excluded.muted, streaming = excluded.streaming, video = excluded.video, open = excluded.open
WHERE excluded.counted_until_ms >= voice_stay.counted_until_ms
"""
OPEN = """
SELECT guild_id, user_id, channel_id, since_ms, counted_until_ms, muted, streaming, video, open
FROM voice_stay
WHERE open
"""
# The newest sign of life of a collector that listened to these guilds.
HEARD = """
SELECT place.guild_id, (extract(epoch FROM max(r.seen_at)) * 1000)::bigint AS heard_ms
FROM unnest($1::bigint[]) AS place (guild_id)
JOIN collector_run AS r ON r.shard_id = (place.guild_id >> 22) % r.shard_count
WHERE r.seen_at >= to_timestamp($2::bigint / 1000)
GROUP BY place.guild_id
"""
FORGET = "DELETE FROM voice_stay WHERE NOT open AND counted_until_ms < $1"


class VoiceStay(NamedTuple):
    """Somebody in a voice channel, in this state. The columns of `voice_stay`, in their order."""

    guild_id: int
    user_id: int
    channel_id: int
    since_ms: int
    counted_until_ms: int
    muted: bool
    streaming: bool
    video: bool
    open: bool


@dataclass(slots=True)
class VoiceChange:
    """A stay as it is now, and the seconds that were counted on the way there."""

    stay: VoiceStay
    events: list[Event]


async def store_voice(connection: asyncpg.Connection, changes: Sequence[VoiceChange]) -> int:
    """Store them, all or nothing; how many events were news. What is stored already is left out."""
    people = [(change.stay.guild_id, change.stay.user_id) for change in changes]
    async with connection.transaction():
        await connection.execute("SELECT pg_advisory_xact_lock($1)", APPEND_LOCK)
        rows = await connection.fetch(COUNTED, *zip(*people, strict=True))
        counted = {(row["guild_id"], row["user_id"]): row["counted_until_ms"] for row in rows}
        fresh = [
            event
            for person, change in zip(people, changes, strict=True)
            for event in change.events
            if event.at_ms >= counted.get(person, 0)
        ]
        await append(connection, fresh)
        await connection.execute(SAVE, *zip(*(change.stay for change in changes), strict=True))
    return len(fresh)


async def open_stays(connection: asyncpg.Connection) -> tuple[list[VoiceStay], dict[int, int]]:
    """Who sat in voice when collectors were last there, and by guild until when those had listened (milliseconds)."""
    stays = [VoiceStay(*row) for row in await connection.fetch(OPEN)]
    if not stays:
        return [], {}
    guilds = list({stay.guild_id for stay in stays})
    oldest = min(stay.counted_until_ms for stay in stays)
    heard = {row["guild_id"]: row["heard_ms"] for row in await connection.fetch(HEARD, guilds, oldest)}
    for guild_id, last in _last_counted(stays).items():
        heard[guild_id] = max(heard.get(guild_id, 0), last)
    return stays, heard


async def forget_stays(connection: asyncpg.Connection, *, now_ms: int) -> None:
    """Stays that ended an hour ago: no collector will count them once more."""
    await connection.execute(FORGET, now_ms - FORGOTTEN_AFTER_MS)


def _last_counted(stays: Iterable[VoiceStay]) -> dict[int, int]:
    last: dict[int, int] = {}
    for stay in stays:
        last[stay.guild_id] = max(last.get(stay.guild_id, 0), stay.counted_until_ms)
    return last
