"""No message is counted twice, none is lost, whatever order and however often it comes."""

import random

import asyncpg
import pytest

from herwa_shared.clock import utc_now
from herwa_shared.pipeline.buffer import append
from herwa_shared.pipeline.events import Event
from tests.events import message, snowflake

DAY = 86_400_000


def now_ms() -> int:
    return int(utc_now().timestamp() * 1000)


async def store(stores, events: list[Event]) -> int:
    async with stores.database.raw() as connection:
        return (await append(connection, events)).stored


async def ranges(stores, guild_id: int) -> int:
    async with stores.database.raw() as connection:
        return await connection.fetchval("SELECT count(*) FROM channel_coverage WHERE guild_id = $1", guild_id)


async def test_a_message_that_comes_twice_is_stored_once(stores, guild_id):
    event = message(guild_id, snowflake(now_ms()))
    assert await store(stores, [event, event]) == 1
    assert await store(stores, [event]) == 0


async def test_the_same_id_in_another_channel_is_another_message(stores, guild_id):
    first = message(guild_id, snowflake(now_ms()))
    assert await store(stores, [first]) == 1
    assert await store(stores, [first._replace(channel_id=2)]) == 1


async def test_a_replay_of_two_windows_leaves_what_lies_between_them_uncovered(stores, guild_id):
    start = now_ms() - 400 * DAY
    history = [message(guild_id, snowflake(start + hour * 3_600_000), since_ms=now_ms()) for hour in range(300)]
    assert await store(stores, history[:100] + history[200:]) == 200
    assert await store(stores, history) == 100
    assert await store(stores, history) == 0


async def test_what_was_heard_live_without_a_break_is_one_range(stores, guild_id):
    start = now_ms() - 60_000
    heard = [message(guild_id, snowflake(start + 100 * i), since_ms=start) for i in range(500)]
    for at in range(0, 500, 50):
        assert await store(stores, heard[at : at + 50]) == 50
    assert await ranges(stores, guild_id) == 1
    assert await store(stores, heard) == 0


async def test_a_break_in_listening_starts_a_new_range(stores, guild_id):
    start = now_ms() - 60_000
    before = message(guild_id, snowflake(start), since_ms=start)
    missed = message(guild_id, snowflake(start + 10_000), since_ms=start + 20_000)
    after = message(guild_id, snowflake(start + 30_000), since_ms=start + 20_000)
    assert await store(stores, [before]) == 1
    assert await store(stores, [after]) == 1
    assert await store(stores, [missed]) == 1, "it was sent while nobody listened, so nothing covers it"


async def test_a_message_overtaken_by_a_moment_is_not_lost(stores, guild_id):
    now = now_ms()
    early, late = snowflake(now - 40), snowflake(now)
    assert await store(stores, [message(guild_id, snowflake(now - 1000), since_ms=now - 2000)]) == 1
    assert await store(stores, [message(guild_id, late, since_ms=now - 2000)]) == 1
    assert await store(stores, [message(guild_id, early, since_ms=now - 2000)]) == 1
    assert await store(stores, [message(guild_id, early, since_ms=now - 2000)]) == 0


async def test_a_straggler_of_another_collector_does_not_hide_what_the_first_has_recorded(stores, guild_id):
    now = now_ms()
    ids = [snowflake(now + 10 * n) for n in range(6)]
    old = [message(guild_id, i, since_ms=now - 60_000) for i in ids]
    new = [message(guild_id, i, since_ms=now + 10_000) for i in ids]
    assert await store(stores, [old[0], old[1], old[3], old[4]]) == 4
    assert await store(stores, [new[2]]) == 1, "the first collector has not heard it yet"
    assert await store(stores, [new[3], new[4]]) == 0
    assert await store(stores, [old[2], old[5]]) == 1
    assert await store(stores, new) == 0


async def test_two_collectors_that_hear_the_same_in_any_order_store_it_once(stores, guild_id):
    """Seeded: an old bot and a new one during a deploy, their batches interleaved, messages overtaking each other."""
    for seed in range(25):
        chance = random.Random(seed)
        guild, now = guild_id + seed + 1, now_ms()
        ids = [snowflake(now - 4_000 + 20 * n, n) for n in range(150)]
        queues = []
        for since in (now - 60_000, now - 2_000 + 10_000):
            heard = [message(guild, i, since_ms=since) for i in ids]
            queues.append(sorted(heard, key=lambda event: event.message_id + chance.randrange(400 << 22)))
        stored = 0
        while any(queues):
            queue = chance.choice([queue for queue in queues if queue])
            size = chance.randrange(1, 12)
            stored += await store(stores, queue[:size])
            del queue[:size]
        assert stored == len(ids), f"seed {seed}"


async def test_any_mixture_of_live_old_late_and_repeated_messages_is_stored_once_each(stores, guild_id):
    """Seeded random histories: what the buffer holds in the end is the set of ids that were sent."""
    for seed in range(12):
        chance = random.Random(seed)
        guild = guild_id + seed + 1
        now = now_ms()
        since = now - 4_000
        ids = [
            snowflake(chance.choice((now - 300 * DAY, now - 3_900)) + chance.randrange(3_800), n) for n in range(400)
        ]
        sent = [message(guild, i, channel=chance.choice((1, 2)), since_ms=since) for i in ids]
        arriving = sent + chance.sample(sent, 150)
        chance.shuffle(arriving)
        stored = 0
        while arriving:
            size = chance.randrange(1, 60)
            stored += await store(stores, arriving[:size])
            arriving = arriving[size:]
        assert stored == len({(e.channel_id, e.message_id) for e in sent}), f"seed {seed}"


async def test_a_batch_that_fails_leaves_no_trace(stores, guild_id):
    good = message(guild_id, snowflake(now_ms()))
    broken = good._replace(kind=None, message_id=0)
    with pytest.raises(asyncpg.NotNullViolationError):
        await store(stores, [good, broken])
    assert await store(stores, [good]) == 1
