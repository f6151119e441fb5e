"""Deduplication of joins, leaves and threads, for repeated events and events in any order."""

import pytest

from herwa_shared.clock import utc_now
from herwa_shared.pipeline.buffer import append_events
from herwa_shared.pipeline.events import ActivityEvent, EventKind
from herwa_shared.pipeline.membership_dedup import JOIN_SHIFT_MS
from herwa_shared.services.guilds import GuildData, MemberData, save_guilds, save_members

ADA, BOB = 11, 12
START_MS = 1_700_000_000_123
DAY_MS = 86_400_000


@pytest.fixture
async def guild(stores, guild_id) -> int:
    async with stores.database.transaction() as session:
        await save_guilds(session, [GuildData(guild_id, "Tea", 1, None, 0, utc_now())])
    return guild_id


@pytest.fixture
def store(stores, guild):
    async def store_events(*events: ActivityEvent) -> int:
        async with stores.database.acquire_connection() as connection:
            return (await append_events(connection, events)).stored

    return store_events


@pytest.fixture
def leave_durations(stores, guild):
    async def load_durations() -> list[int | None]:
        query = "SELECT value FROM event_buffer WHERE guild_id = $1 AND kind = 'leave' ORDER BY txid, seq"
        async with stores.database.acquire_connection() as connection:
            return [row["value"] for row in await connection.fetch(query, guild)]

    return load_durations


def build_event(guild: int, kind: EventKind, user_id: int, at_ms: int) -> ActivityEvent:
    return ActivityEvent(guild, kind.value, at_ms, 0, 0, user_id, False, None, None, 0, 0)


def build_join(guild: int, user_id: int, at_ms: int, *, live_since_ms: int = 0) -> ActivityEvent:
    """Build a join that a collector received which has missed no event since `live_since_ms`."""
    return build_event(guild, EventKind.JOIN, user_id, at_ms)._replace(live_since_ms=live_since_ms)


def build_leave(guild: int, user_id: int, at_ms: int) -> ActivityEvent:
    return build_event(guild, EventKind.LEAVE, user_id, at_ms)


async def test_join_is_counted_once(store, guild):
    assert (
        await store(
            build_join(guild, ADA, START_MS), build_join(guild, ADA, START_MS), build_join(guild, BOB, START_MS)
        )
        == 2
    )
    assert await store(build_join(guild, ADA, START_MS)) == 0
    for shift_ms in (-JOIN_SHIFT_MS, 400, JOIN_SHIFT_MS, DAY_MS):
        assert await store(build_join(guild, ADA, START_MS + shift_ms)) == 0, "no leave was missed: the same join"
    assert await store(build_join(guild, ADA, START_MS - DAY_MS), build_join(guild, ADA, START_MS)) == 1, (
        "an older unknown join must count"
    )


async def test_leave_contains_the_duration_of_the_membership(store, guild, leave_durations):
    assert await store(build_join(guild, ADA, START_MS), build_leave(guild, ADA, START_MS + DAY_MS + 1_500)) == 2
    assert await leave_durations() == [86_401]


async def test_leave_seen_by_two_collectors_is_counted_once(store, guild, leave_durations):
    await store(build_join(guild, ADA, START_MS))
    assert await store(build_leave(guild, ADA, START_MS + DAY_MS)) == 1
    assert await store(build_leave(guild, ADA, START_MS + DAY_MS + 40)) == 0
    assert await store(build_leave(guild, BOB, START_MS + DAY_MS)) == 1
    assert await store(build_leave(guild, BOB, START_MS + DAY_MS + 40)) == 0
    assert await leave_durations() == [86_400, None]


async def test_leave_and_rejoin_in_one_batch_are_both_counted(store, guild, leave_durations):
    await store(build_join(guild, ADA, START_MS))
    rejoin = build_join(guild, ADA, START_MS + DAY_MS + 10)
    assert (
        await store(build_leave(guild, ADA, START_MS + DAY_MS), rejoin, build_leave(guild, ADA, START_MS + 2 * DAY_MS))
        == 3
    )
    assert await leave_durations() == [86_400, 86_399]


async def test_rejoin_after_a_missed_leave_starts_a_new_membership(store, guild, leave_durations):
    rejoin = build_join(guild, ADA, START_MS + 3 * DAY_MS, live_since_ms=START_MS + 2 * DAY_MS)
    assert await store(build_join(guild, ADA, START_MS), rejoin) == 2
    assert await store(build_leave(guild, ADA, START_MS + 4 * DAY_MS)) == 1
    assert await store(build_leave(guild, ADA, START_MS + 4 * DAY_MS)) == 0
    assert await leave_durations() == [86_400]


async def test_leave_after_a_missed_rejoin_is_counted(store, guild, leave_durations):
    await store(build_join(guild, ADA, START_MS), build_leave(guild, ADA, START_MS + DAY_MS))
    assert await store(build_leave(guild, ADA, START_MS + 9 * DAY_MS)) == 1
    assert await leave_durations() == [86_400, None]


async def test_join_date_from_a_message_starts_the_membership(stores, store, guild, leave_durations):
    joined_at = utc_now()
    async with stores.database.transaction() as session:
        await save_members(session, [MemberData(guild, ADA, "ada", bot=False, joined_at=joined_at)])
        await save_members(session, [MemberData(guild, ADA, "Ada", bot=False)])
    await store(build_leave(guild, ADA, round(joined_at.timestamp() * 1000) + 90_000))
    assert await leave_durations() == [90]


async def test_old_joins_do_not_reopen_an_ended_membership(store, guild, leave_durations):
    await store(build_join(guild, ADA, START_MS + 5 * DAY_MS), build_leave(guild, ADA, START_MS + 6 * DAY_MS))
    assert await store(build_join(guild, ADA, START_MS)) == 1
    assert await store(build_leave(guild, ADA, START_MS + 6 * DAY_MS + 50)) == 0
    assert await leave_durations() == [86_400]


async def test_join_in_an_unknown_guild_is_counted(stores, guild_id):
    async with stores.database.acquire_connection() as connection:
        assert (await append_events(connection, [build_join(guild_id + 1, ADA, START_MS)])).stored == 1


async def test_shifted_join_during_or_after_a_short_membership(store, guild):
    await store(build_join(guild, ADA, START_MS), build_leave(guild, ADA, START_MS + 10_000))
    assert await store(build_join(guild, ADA, START_MS + 400)) == 0, "the join that started the ended membership"
    assert await store(build_join(guild, ADA, START_MS + 20_000)) == 1, "the leave was received: a rejoin"


async def test_thread_is_counted_once(store, guild):
    def build_thread_event(thread_id: int) -> ActivityEvent:
        return build_event(guild, EventKind.THREAD, ADA, (thread_id >> 22) + 1_420_070_400_000)._replace(
            channel_id=5, thread_id=thread_id, message_id=thread_id, live_since_ms=START_MS
        )

    first, second = 1_170_000_000_000_000_000, 1_180_000_000_000_000_000
    assert await store(build_thread_event(first), build_thread_event(second), build_thread_event(first)) == 2
    assert await store(build_thread_event(first), build_thread_event(second)) == 0
    message_event = build_thread_event(first)._replace(kind=EventKind.MESSAGE.value)
    assert await store(message_event) == 1, (
        "the first message of a forum post has the id of its thread and must still count"
    )
