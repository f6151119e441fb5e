"""Joinings and leavings are counted once each, whoever repeats them and in whatever order the past arrives."""

import pytest

from herwa_shared.clock import utc_now
from herwa_shared.pipeline.buffer import append_events
from herwa_shared.pipeline.events import ActivityEvent, EventKind
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


def build_join(guild: int, user_id: int, at_ms: int) -> ActivityEvent:
    return build_event(guild, EventKind.JOIN, user_id, at_ms)


def build_leave(guild: int, user_id: int, at_ms: int) -> ActivityEvent:
    return build_event(guild, EventKind.LEAVE, user_id, at_ms)


async def test_a_join_is_counted_once_however_often_and_late_it_is_reported(store, guild):
    assert (
        await store(
            build_join(guild, ADA, START_MS), build_join(guild, ADA, START_MS), build_join(guild, BOB, START_MS)
        )
        == 2
    )
    assert await store(build_join(guild, ADA, START_MS)) == 0
    assert await store(build_join(guild, ADA, START_MS + DAY_MS)) == 1, "the same member came again"
    assert await store(build_join(guild, ADA, START_MS - DAY_MS), build_join(guild, ADA, START_MS)) == 1, (
        "an older one came to light"
    )


async def test_a_leave_carries_the_length_of_the_membership(store, guild, leave_durations):
    assert await store(build_join(guild, ADA, START_MS), build_leave(guild, ADA, START_MS + DAY_MS + 1_500)) == 2
    assert await leave_durations() == [86_401]


async def test_two_collectors_that_see_the_same_leave_count_one(store, guild, leave_durations):
    await store(build_join(guild, ADA, START_MS))
    assert await store(build_leave(guild, ADA, START_MS + DAY_MS)) == 1
    assert await store(build_leave(guild, ADA, START_MS + DAY_MS + 40)) == 0
    assert await store(build_leave(guild, BOB, START_MS + DAY_MS)) == 1
    assert await store(build_leave(guild, BOB, START_MS + DAY_MS + 40)) == 0
    assert await leave_durations() == [86_400, None]


async def test_leaving_and_coming_back_in_one_batch_is_both(store, guild, leave_durations):
    await store(build_join(guild, ADA, START_MS))
    rejoin = build_join(guild, ADA, START_MS + DAY_MS + 10)
    assert (
        await store(build_leave(guild, ADA, START_MS + DAY_MS), rejoin, build_leave(guild, ADA, START_MS + 2 * DAY_MS))
        == 3
    )
    assert await leave_durations() == [86_400, 86_399]


async def test_who_left_unnoticed_and_came_back_has_the_newer_membership(store, guild, leave_durations):
    await store(build_join(guild, ADA, START_MS), build_join(guild, ADA, START_MS + 3 * DAY_MS))
    assert await store(build_leave(guild, ADA, START_MS + 4 * DAY_MS)) == 1
    assert await store(build_leave(guild, ADA, START_MS + 4 * DAY_MS)) == 0
    assert await leave_durations() == [86_400]


async def test_who_came_back_unheard_leaves_once_more(store, guild, leave_durations):
    await store(build_join(guild, ADA, START_MS), build_leave(guild, ADA, START_MS + DAY_MS))
    assert await store(build_leave(guild, ADA, START_MS + 9 * DAY_MS)) == 1
    assert await leave_durations() == [86_400, None]


async def test_a_join_known_only_from_a_message_starts_the_membership(stores, store, guild, leave_durations):
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


async def test_in_a_server_that_is_not_known_they_are_counted_all_the_same(stores, guild_id):
    async with stores.database.acquire_connection() as connection:
        assert (await append_events(connection, [build_join(guild_id + 1, ADA, START_MS)])).stored == 1


async def test_a_thread_is_opened_once_whatever_is_replayed(store, guild):
    def build_thread_event(thread_id: int) -> ActivityEvent:
        return build_event(guild, EventKind.THREAD, ADA, (thread_id >> 22) + 1_420_070_400_000)._replace(
            channel_id=5, thread_id=thread_id, message_id=thread_id, live_since_ms=START_MS
        )

    first, second = 1_170_000_000_000_000_000, 1_180_000_000_000_000_000
    assert await store(build_thread_event(first), build_thread_event(second), build_thread_event(first)) == 2
    assert await store(build_thread_event(first), build_thread_event(second)) == 0
    message_event = build_thread_event(first)._replace(kind=EventKind.MESSAGE.value)
    assert await store(message_event) == 1, "the message that a forum post begins with has the id of its thread"
