"""Voice sessions: counted seconds and the time until which they are counted are stored atomically."""

import asyncpg
import pytest

from herwa_shared.clock import utc_now
from herwa_shared.pipeline.events import ActivityEvent, EventKind
from herwa_shared.pipeline.voice_sessions import (
    VoiceChange,
    VoiceSessionRow,
    load_open_voice_sessions,
    purge_voice_sessions,
    save_voice_changes,
)
from herwa_shared.services.gateway_sessions import start_gateway_session, update_gateway_sessions
from herwa_shared.services.guilds import GuildData, save_guilds

USER_ID, CHANNEL_ID = 11, 100
START_MS = 1_800_000_000_000


@pytest.fixture
async def guild(stores, guild_id) -> int:
    async with stores.database.transaction() as session:
        await save_guilds(session, [GuildData(guild_id, "Tea", 1, None, 0, utc_now())])
    return guild_id


@pytest.fixture
def store(stores):
    async def save_changes(*changes: VoiceChange) -> int:
        async with stores.database.acquire_connection() as connection:
            return await save_voice_changes(connection, changes)

    return save_changes


async def load_open_sessions(stores, guild: int):
    async with stores.database.acquire_connection() as connection:
        voice_sessions, last_seen_by_guild = await load_open_voice_sessions(connection)
    return [
        voice_session for voice_session in voice_sessions if voice_session.guild_id == guild
    ], last_seen_by_guild.get(guild)


def build_change(guild: int, begin_seconds: int, end_seconds: int, *, is_open: bool = True) -> VoiceChange:
    voice_session = VoiceSessionRow(
        guild, USER_ID, CHANNEL_ID, START_MS, START_MS + end_seconds * 1000, False, False, False, is_open
    )
    event = ActivityEvent(
        guild,
        EventKind.VOICE.value,
        START_MS + begin_seconds * 1000,
        CHANNEL_ID,
        0,
        USER_ID,
        False,
        end_seconds - begin_seconds,
        None,
        0,
        0,
    )
    return VoiceChange(voice_session, [event] if end_seconds > begin_seconds else [])


async def test_repeated_change_stores_nothing(store, guild):
    assert await store(build_change(guild, 0, 60)) == 1
    assert await store(build_change(guild, 0, 60)) == 0
    assert await store(build_change(guild, 60, 90, is_open=False)) == 1
    assert await store(build_change(guild, 60, 90, is_open=False)) == 0


async def test_late_collector_adds_no_seconds_and_does_not_reset_the_session(stores, store, guild):
    await store(build_change(guild, 0, 0))
    assert await store(build_change(guild, 0, 300)) == 1
    assert await store(build_change(guild, 0, 290)) == 0
    [voice_session], _ = await load_open_sessions(stores, guild)
    assert voice_session.counted_until_ms == START_MS + 300_000


async def test_session_and_events_are_stored_atomically(stores, store, guild):
    invalid_change = build_change(guild, 0, 60)
    invalid_change.events.append(invalid_change.events[0]._replace(kind=None))
    with pytest.raises(asyncpg.NotNullViolationError):
        await store(invalid_change)
    assert (await load_open_sessions(stores, guild))[0] == []
    assert await store(build_change(guild, 0, 60)) == 1


async def test_open_sessions_are_loaded_with_the_time_last_seen(stores, store, guild):
    await store(build_change(guild, 0, 60))
    voice_sessions, last_seen_ms = await load_open_sessions(stores, guild)
    assert voice_sessions == [build_change(guild, 60, 60).voice_session]
    assert last_seen_ms == START_MS + 60_000, (
        "without a gateway session the guild was last seen at the last counted second"
    )
    shard_count = 1 << 21
    async with stores.database.transaction() as session:
        session_id = await start_gateway_session(session, shard_id=(guild >> 22) % shard_count, shard_count=shard_count)
        other_session_id = await start_gateway_session(
            session, shard_id=((guild >> 22) + 1) % shard_count, shard_count=shard_count
        )
        later_time = utc_now().replace(year=2027, month=2, day=1, microsecond=0)
        await update_gateway_sessions(session, session_ids=[session_id], seen_at=later_time)
        await update_gateway_sessions(session, session_ids=[other_session_id], seen_at=later_time.replace(day=2))
    assert (await load_open_sessions(stores, guild))[1] == later_time.timestamp() * 1000


async def test_only_closed_sessions_are_purged(stores, store, guild):
    await store(build_change(guild, 0, 60))
    async with stores.database.acquire_connection() as connection:
        await purge_voice_sessions(connection, now_ms=START_MS + 10**9)
    assert len((await load_open_sessions(stores, guild))[0]) == 1
    await store(build_change(guild, 60, 70, is_open=False))
    async with stores.database.acquire_connection() as connection:
        await purge_voice_sessions(connection, now_ms=START_MS + 10**9)
        assert await connection.fetchval("SELECT count(*) FROM voice_session WHERE guild_id = $1", guild) == 0


async def test_change_of_an_unknown_guild_is_stored(store, guild, guild_id):
    assert await store(build_change(guild_id + 5, 0, 10), build_change(guild, 0, 10)) == 2
