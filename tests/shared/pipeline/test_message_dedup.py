"""Deduplication of messages: each is stored exactly once, for any order, repetition and number of collectors."""

import random

import asyncpg
import pytest

from herwa_shared.clock import utc_now
from herwa_shared.pipeline.buffer import append_events
from herwa_shared.pipeline.events import ActivityEvent
from tests.support.event_factories import build_message_event, build_snowflake

DAY_MS = 86_400_000


def get_now_ms() -> int:
    return int(utc_now().timestamp() * 1000)


async def store(stores, events: list[ActivityEvent]) -> int:
    async with stores.database.acquire_connection() as connection:
        return (await append_events(connection, events)).stored


async def count_ranges(stores, guild_id: int) -> int:
    async with stores.database.acquire_connection() as connection:
        return await connection.fetchval("SELECT count(*) FROM channel_coverage WHERE guild_id = $1", guild_id)


async def test_repeated_message_is_stored_once(stores, guild_id):
    event = build_message_event(guild_id, build_snowflake(get_now_ms()))
    assert await store(stores, [event, event]) == 1
    assert await store(stores, [event]) == 0


async def test_same_id_in_another_channel_is_another_message(stores, guild_id):
    first = build_message_event(guild_id, build_snowflake(get_now_ms()))
    assert await store(stores, [first]) == 1
    assert await store(stores, [first._replace(channel_id=2)]) == 1


async def test_replay_of_two_windows_does_not_cover_the_time_between_them(stores, guild_id):
    start_ms = get_now_ms() - 400 * DAY_MS
    events = [
        build_message_event(guild_id, build_snowflake(start_ms + hour * 3_600_000), since_ms=get_now_ms())
        for hour in range(300)
    ]
    assert await store(stores, events[:100] + events[200:]) == 200
    assert await store(stores, events) == 100
    assert await store(stores, events) == 0


async def test_replayed_messages_are_recorded_in_few_rows(stores, guild_id):
    start_ms = get_now_ms() - 400 * DAY_MS
    events = [
        build_message_event(guild_id, build_snowflake(start_ms + 1000 * index), since_ms=get_now_ms())
        for index in range(1_000)
    ]
    assert await store(stores, events[::2]) == 500
    assert await count_ranges(stores, guild_id) == 3
    assert await store(stores, events) == 500
    assert await count_ranges(stores, guild_id) <= 6
    assert await store(stores, events) == 0


async def test_uninterrupted_live_messages_are_one_range(stores, guild_id):
    start_ms = get_now_ms() - 60_000
    events = [
        build_message_event(guild_id, build_snowflake(start_ms + 100 * index), since_ms=start_ms)
        for index in range(500)
    ]
    for offset in range(0, 500, 50):
        assert await store(stores, events[offset : offset + 50]) == 50
    assert await count_ranges(stores, guild_id) == 1
    assert await store(stores, events) == 0


async def test_interruption_starts_a_new_range(stores, guild_id):
    start_ms = get_now_ms() - 60_000
    earlier_event = build_message_event(guild_id, build_snowflake(start_ms), since_ms=start_ms)
    missed_event = build_message_event(guild_id, build_snowflake(start_ms + 10_000), since_ms=start_ms + 20_000)
    later_event = build_message_event(guild_id, build_snowflake(start_ms + 30_000), since_ms=start_ms + 20_000)
    assert await store(stores, [earlier_event]) == 1
    assert await store(stores, [later_event]) == 1
    assert await store(stores, [missed_event]) == 1, (
        "a message sent while no collector ran is in no range and must be stored"
    )


async def test_out_of_order_message_is_stored(stores, guild_id):
    now = get_now_ms()
    early_id, late_id = build_snowflake(now - 40), build_snowflake(now)
    assert await store(stores, [build_message_event(guild_id, build_snowflake(now - 1000), since_ms=now - 2000)]) == 1
    assert await store(stores, [build_message_event(guild_id, late_id, since_ms=now - 2000)]) == 1
    assert await store(stores, [build_message_event(guild_id, early_id, since_ms=now - 2000)]) == 1
    assert await store(stores, [build_message_event(guild_id, early_id, since_ms=now - 2000)]) == 0


async def test_late_message_of_a_second_collector_keeps_both_ranges_correct(stores, guild_id):
    now = get_now_ms()
    message_ids = [build_snowflake(now + 10 * index) for index in range(6)]
    old_events = [build_message_event(guild_id, message_id, since_ms=now - 60_000) for message_id in message_ids]
    new_events = [build_message_event(guild_id, message_id, since_ms=now + 10_000) for message_id in message_ids]
    assert await store(stores, [old_events[0], old_events[1], old_events[3], old_events[4]]) == 4
    assert await store(stores, [new_events[2]]) == 1, (
        "a message that the first collector has not received must be stored"
    )
    assert await store(stores, [new_events[3], new_events[4]]) == 0
    assert await store(stores, [old_events[2], old_events[5]]) == 1
    assert await store(stores, new_events) == 0


async def test_two_collectors_store_the_same_messages_once(stores, guild_id):
    """Seeded simulation of a deploy: the batches of an old and a new bot interleave, and messages arrive out of order."""
    for seed in range(25):
        rng = random.Random(seed)
        seed_guild_id, now = guild_id + seed + 1, get_now_ms()
        message_ids = [build_snowflake(now - 4_000 + 20 * index, index) for index in range(150)]
        queues = []
        for since_ms in (now - 60_000, now - 2_000 + 10_000):
            events = [build_message_event(seed_guild_id, message_id, since_ms=since_ms) for message_id in message_ids]
            queues.append(sorted(events, key=lambda event: event.message_id + rng.randrange(400 << 22)))
        stored_count = 0
        while any(queues):
            queue = rng.choice([queue for queue in queues if queue])
            size = rng.randrange(1, 12)
            stored_count += await store(stores, queue[:size])
            del queue[:size]
        assert stored_count == len(message_ids), f"seed {seed}"


async def test_random_mix_of_live_old_and_repeated_messages_is_stored_once(stores, guild_id):
    """Seeded random histories: in the end the buffer contains each sent message id once."""
    for seed in range(12):
        rng = random.Random(seed)
        seed_guild_id = guild_id + seed + 1
        now = get_now_ms()
        since_ms = now - 4_000
        message_ids = [
            build_snowflake(rng.choice((now - 300 * DAY_MS, now - 3_900)) + rng.randrange(3_800), index)
            for index in range(400)
        ]
        sent_events = [
            build_message_event(seed_guild_id, message_id, channel=rng.choice((1, 2)), since_ms=since_ms)
            for message_id in message_ids
        ]
        arriving_events = sent_events + rng.sample(sent_events, 150)
        rng.shuffle(arriving_events)
        stored_count = 0
        while arriving_events:
            size = rng.randrange(1, 60)
            stored_count += await store(stores, arriving_events[:size])
            arriving_events = arriving_events[size:]
        assert stored_count == len({(event.channel_id, event.message_id) for event in sent_events}), f"seed {seed}"


async def test_failed_batch_stores_nothing(stores, guild_id):
    valid_event = build_message_event(guild_id, build_snowflake(get_now_ms()))
    invalid_event = valid_event._replace(kind=None, message_id=0)
    with pytest.raises(asyncpg.NotNullViolationError):
        await store(stores, [valid_event, invalid_event])
    assert await store(stores, [valid_event]) == 1
