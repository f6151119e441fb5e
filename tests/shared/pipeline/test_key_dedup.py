"""Deduplication of events without an id: each natural key counts once, for a day."""

from datetime import timedelta

from herwa_shared.clock import utc_now
from herwa_shared.pipeline.buffer import append_events
from herwa_shared.pipeline.events import ActivityEvent, EventKind
from herwa_shared.pipeline.key_dedup import KEY_RETENTION, hash_event_key, purge_event_keys


def build_reaction(guild_id: int, key: str) -> ActivityEvent:
    now_ms = int(utc_now().timestamp() * 1000)
    return ActivityEvent(
        guild_id, EventKind.REACTION, now_ms, 1, 0, 7, False, None, None, 0, 0, hash_event_key(f"{guild_id} {key}")
    )


async def store(stores, *events: ActivityEvent) -> int:
    async with stores.database.acquire_connection() as connection:
        return (await append_events(connection, events)).stored


async def test_repeated_key_is_stored_once(stores, guild_id):
    first, second = build_reaction(guild_id, "first"), build_reaction(guild_id, "second")
    assert await store(stores, first, first, second) == 2
    assert await store(stores, second, first) == 0


async def test_keys_are_kept_for_a_day(stores, guild_id):
    event = build_reaction(guild_id, "kept")
    await store(stores, event)
    async with stores.database.acquire_connection() as connection:
        await purge_event_keys(connection, now=utc_now() + KEY_RETENTION - timedelta(minutes=1))
        assert await store(stores, event) == 0
        await purge_event_keys(connection, now=utc_now() + KEY_RETENTION + timedelta(minutes=1))
    assert await store(stores, event) == 1


def test_hash_of_a_key_is_positive_and_stable():
    assert hash_event_key("reaction 1 2 tea") == hash_event_key("reaction 1 2 tea")
    assert all(0 < hash_event_key(str(number)) < 1 << 63 for number in range(1_000))
