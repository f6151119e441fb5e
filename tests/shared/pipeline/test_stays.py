"""Joinings and leavings are counted once each, whoever repeats them and in whatever order the past arrives."""

import pytest

from herwa_shared.clock import utc_now
from herwa_shared.pipeline.buffer import append
from herwa_shared.pipeline.events import Event, EventKind
from herwa_shared.services.guilds import GuildSeen, MemberSeen, save_guilds, save_members

ADA, BOB = 11, 12
SPRING = 1_700_000_000_123
DAY = 86_400_000


@pytest.fixture
async def guild(stores, guild_id) -> int:
    async with stores.database.transaction() as session:
        await save_guilds(session, [GuildSeen(guild_id, "Tea", 1, None, 0, utc_now())])
    return guild_id


@pytest.fixture
def store(stores, guild):
    async def stored(*events: Event) -> int:
        async with stores.database.raw() as connection:
            return (await append(connection, events)).stored

    return stored


@pytest.fixture
def tenures(stores, guild):
    async def seconds() -> list[int | None]:
        query = "SELECT value FROM event_buffer WHERE guild_id = $1 AND kind = 'leave' ORDER BY txid, seq"
        async with stores.database.raw() as connection:
            return [row["value"] for row in await connection.fetch(query, guild)]

    return seconds


def event(guild: int, kind: EventKind, user: int, at_ms: int) -> Event:
    return Event(guild, kind.value, at_ms, 0, 0, user, False, None, None, 0, 0)


def joins(guild: int, user: int, at_ms: int) -> Event:
    return event(guild, EventKind.JOIN, user, at_ms)


def leaves(guild: int, user: int, at_ms: int) -> Event:
    return event(guild, EventKind.LEAVE, user, at_ms)


async def test_a_joining_is_counted_once_however_often_and_late_it_is_told(store, guild):
    assert await store(joins(guild, ADA, SPRING), joins(guild, ADA, SPRING), joins(guild, BOB, SPRING)) == 2
    assert await store(joins(guild, ADA, SPRING)) == 0
    assert await store(joins(guild, ADA, SPRING + DAY)) == 1, "the same member came again"
    assert await store(joins(guild, ADA, SPRING - DAY), joins(guild, ADA, SPRING)) == 1, "an older one came to light"


async def test_a_leaving_carries_how_long_the_stay_lasted(store, guild, tenures):
    assert await store(joins(guild, ADA, SPRING), leaves(guild, ADA, SPRING + DAY + 1_500)) == 2
    assert await tenures() == [86_401]


async def test_two_collectors_that_hear_the_same_leaving_count_one(store, guild, tenures):
    await store(joins(guild, ADA, SPRING))
    assert await store(leaves(guild, ADA, SPRING + DAY)) == 1
    assert await store(leaves(guild, ADA, SPRING + DAY + 40)) == 0
    assert await store(leaves(guild, BOB, SPRING + DAY)) == 1
    assert await store(leaves(guild, BOB, SPRING + DAY + 40)) == 0
    assert await tenures() == [86_400, None]


async def test_leaving_and_coming_back_in_one_batch_is_both(store, guild, tenures):
    await store(joins(guild, ADA, SPRING))
    back = joins(guild, ADA, SPRING + DAY + 10)
    assert await store(leaves(guild, ADA, SPRING + DAY), back, leaves(guild, ADA, SPRING + 2 * DAY)) == 3
    assert await tenures() == [86_400, 86_399]


async def test_who_left_unheard_and_came_back_has_the_newer_stay(store, guild, tenures):
    await store(joins(guild, ADA, SPRING), joins(guild, ADA, SPRING + 3 * DAY))
    assert await store(leaves(guild, ADA, SPRING + 4 * DAY)) == 1
    assert await store(leaves(guild, ADA, SPRING + 4 * DAY)) == 0
    assert await tenures() == [86_400]


async def test_who_came_back_unheard_leaves_once_more(store, guild, tenures):
    await store(joins(guild, ADA, SPRING), leaves(guild, ADA, SPRING + DAY))
    assert await store(leaves(guild, ADA, SPRING + 9 * DAY)) == 1
    assert await tenures() == [86_400, None]


async def test_a_joining_that_only_a_message_told_is_where_the_stay_began(stores, store, guild, tenures):
    joined = utc_now()
    async with stores.database.transaction() as session:
        await save_members(session, [MemberSeen(guild, ADA, "ada", bot=False, joined_at=joined)])
        await save_members(session, [MemberSeen(guild, ADA, "Ada", bot=False)])
    await store(leaves(guild, ADA, round(joined.timestamp() * 1000) + 90_000))
    assert await tenures() == [90]


async def test_old_joinings_do_not_reopen_a_stay_that_is_over(store, guild, tenures):
    await store(joins(guild, ADA, SPRING + 5 * DAY), leaves(guild, ADA, SPRING + 6 * DAY))
    assert await store(joins(guild, ADA, SPRING)) == 1
    assert await store(leaves(guild, ADA, SPRING + 6 * DAY + 50)) == 0
    assert await tenures() == [86_400]


async def test_in_a_server_that_is_not_known_they_are_counted_all_the_same(stores, guild_id):
    async with stores.database.raw() as connection:
        assert (await append(connection, [joins(guild_id + 1, ADA, SPRING)])).stored == 1


async def test_a_thread_is_opened_once_whatever_is_replayed(store, guild):
    def opened(thread_id: int) -> Event:
        return event(guild, EventKind.THREAD, ADA, (thread_id >> 22) + 1_420_070_400_000)._replace(
            channel_id=5, thread_id=thread_id, message_id=thread_id, live_since_ms=SPRING
        )

    first, second = 1_170_000_000_000_000_000, 1_180_000_000_000_000_000
    assert await store(opened(first), opened(second), opened(first)) == 2
    assert await store(opened(first), opened(second)) == 0
    said = opened(first)._replace(kind=EventKind.MESSAGE.value)
    assert await store(said) == 1, "the message that a forum post begins with has the id of its thread"
