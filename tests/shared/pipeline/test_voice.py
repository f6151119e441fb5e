"""Seconds in voice and the note of up to when they are counted are stored together or not at all."""

import asyncpg
import pytest

from herwa_shared.clock import utc_now
from herwa_shared.pipeline.events import Event, EventKind
from herwa_shared.pipeline.voice_sessions import VoiceChange, VoiceStay, forget_stays, open_stays, store_voice
from herwa_shared.services.gateway_sessions import begin_run, still_listening
from herwa_shared.services.guilds import GuildSeen, save_guilds

ADA, CAFE = 11, 100
NOON = 1_800_000_000_000


@pytest.fixture
async def guild(stores, guild_id) -> int:
    async with stores.database.transaction() as session:
        await save_guilds(session, [GuildSeen(guild_id, "Tea", 1, None, 0, utc_now())])
    return guild_id


@pytest.fixture
def store(stores):
    async def stored(*changes: VoiceChange) -> int:
        async with stores.database.raw() as connection:
            return await store_voice(connection, changes)

    return stored


async def loaded(stores, guild: int):
    async with stores.database.raw() as connection:
        stays, heard = await open_stays(connection)
    return [stay for stay in stays if stay.guild_id == guild], heard.get(guild)


def change(guild: int, begin: int, end: int, *, is_open: bool = True) -> VoiceChange:
    stay = VoiceStay(guild, ADA, CAFE, NOON, NOON + end * 1000, False, False, False, is_open)
    piece = Event(guild, EventKind.VOICE.value, NOON + begin * 1000, CAFE, 0, ADA, False, end - begin, None, 0, 0)
    return VoiceChange(stay, [piece] if end > begin else [])


async def test_storing_the_same_again_stores_nothing(store, guild):
    assert await store(change(guild, 0, 60)) == 1
    assert await store(change(guild, 0, 60)) == 0
    assert await store(change(guild, 60, 90, is_open=False)) == 1
    assert await store(change(guild, 60, 90, is_open=False)) == 0


async def test_a_collector_that_is_behind_another_adds_nothing_and_turns_nothing_back(stores, store, guild):
    await store(change(guild, 0, 0))
    assert await store(change(guild, 0, 300)) == 1
    assert await store(change(guild, 0, 290)) == 0
    [stay], _ = await loaded(stores, guild)
    assert stay.counted_until_ms == NOON + 300_000


async def test_when_one_half_fails_so_does_the_other(stores, store, guild):
    broken = change(guild, 0, 60)
    broken.events.append(broken.events[0]._replace(kind=None))
    with pytest.raises(asyncpg.NotNullViolationError):
        await store(broken)
    assert (await loaded(stores, guild))[0] == []
    assert await store(change(guild, 0, 60)) == 1


async def test_who_sat_there_is_found_again_and_until_when_somebody_listened(stores, store, guild):
    await store(change(guild, 0, 60))
    stays, heard = await loaded(stores, guild)
    assert stays == [change(guild, 60, 60).stay]
    assert heard == NOON + 60_000, "no collector ran: the last counted second is the last that was heard"
    count = 1 << 21
    async with stores.database.transaction() as session:
        run = await begin_run(session, shard_id=(guild >> 22) % count, shard_count=count)
        other = await begin_run(session, shard_id=((guild >> 22) + 1) % count, shard_count=count)
        later = utc_now().replace(year=2027, month=2, day=1, microsecond=0)
        await still_listening(session, run_ids=[run], until=later)
        await still_listening(session, run_ids=[other], until=later.replace(day=2))
    assert (await loaded(stores, guild))[1] == later.timestamp() * 1000


async def test_stays_that_are_over_are_forgotten_and_open_ones_never(stores, store, guild):
    await store(change(guild, 0, 60))
    async with stores.database.raw() as connection:
        await forget_stays(connection, now_ms=NOON + 10**9)
    assert len((await loaded(stores, guild))[0]) == 1
    await store(change(guild, 60, 70, is_open=False))
    async with stores.database.raw() as connection:
        await forget_stays(connection, now_ms=NOON + 10**9)
        assert await connection.fetchval("SELECT count(*) FROM voice_stay WHERE guild_id = $1", guild) == 0


async def test_a_server_that_is_not_known_holds_up_nothing(store, guild, guild_id):
    assert await store(change(guild_id + 5, 0, 10), change(guild, 0, 10)) == 2
