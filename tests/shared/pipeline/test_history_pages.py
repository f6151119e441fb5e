"""Fetched pages and live batches in any order store each message once, and coverage never overlaps."""

from datetime import timedelta

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from herwa_shared.clock import utc_now
from herwa_shared.pipeline.buffer import append_events
from herwa_shared.pipeline.catch_up import CatchUpSpan, NewestMessage, finish_task, load_tasks, plan_period
from herwa_shared.pipeline.history_pages import AuthorName, store_history_page
from herwa_shared.services.guilds import GuildData, MemberData, save_guilds, save_members
from tests.support.event_factories import build_message_event, build_snowflake

NOW = utc_now()
GAP_START_MS = int((NOW - timedelta(hours=2)).timestamp() * 1000)
LIVE_SINCE_MS = GAP_START_MS + 3_600_000
OVERLAPS_QUERY = """
SELECT count(*) FROM channel_coverage AS a JOIN channel_coverage AS b USING (guild_id, channel_id)
WHERE a.guild_id = $1 AND a.from_id < b.from_id AND a.to_id >= b.from_id
"""
guild_numbers = iter(range(3_000_000_000_000_000, 4_000_000_000_000_000, 1 << 22))


async def create_guild(stores) -> int:
    guild_id = next(guild_numbers)
    async with stores.database.transaction() as session:
        await save_guilds(session, [GuildData(guild_id, "Tea", 1, None, 0, NOW)])
    return guild_id


async def count_stored(connection, guild_id: int) -> int:
    return await connection.fetchval("SELECT count(*) FROM event_buffer WHERE guild_id = $1", guild_id)


async def plan(connection, guild_id: int, newest_id: int) -> int:
    span = CatchUpSpan(guild_id, 0, NOW - timedelta(hours=2), NOW - timedelta(hours=1))
    return await plan_period(connection, span, [NewestMessage(1, 0, newest_id)])


async def fetch_pages(connection, guild_id: int, message_ids: list[int], *, page_size: int, pages: int = 1_000) -> None:
    """Run the guild's task as the bot does, for a number of pages at most."""
    for task in [task for task in await load_tasks(connection) if task.guild_id == guild_id]:
        for _ in range(pages):
            if task.before_id <= task.after_id + 1:
                await finish_task(connection, task)
                break
            page = [id_ for id_ in sorted(message_ids, reverse=True) if id_ < task.before_id][:page_size]
            events = [build_message_event(guild_id, id_) for id_ in page]
            task = await store_history_page(connection, task, events, oldest_id=min(page, default=None))  # noqa: PLW2901


@settings(deadline=None, max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    missed=st.sets(st.integers(0, 3_599_000), min_size=1, max_size=12),
    live=st.sets(st.integers(3_600_000, 3_700_000), max_size=8),
    before=st.sets(st.integers(-100_000, -11_000), max_size=6),
    page_size=st.sampled_from([1, 3, 10]),
    interruption=st.integers(0, 6),
)
async def test_any_interleaving_stores_each_message_once(stores, missed, live, before, page_size, interruption):
    guild_id = await create_guild(stores)
    old_ids, missed_ids, live_ids = (
        [build_snowflake(GAP_START_MS + ms) for ms in sorted(part)] for part in (before, missed, live)
    )
    async with stores.database.acquire_connection() as connection:
        early_since_ms = GAP_START_MS - 200_000
        await append_events(
            connection, [build_message_event(guild_id, id_, since_ms=early_since_ms) for id_ in old_ids]
        )
        await plan(connection, guild_id, missed_ids[-1])
        batches = [build_message_event(guild_id, id_, since_ms=LIVE_SINCE_MS) for id_ in live_ids]
        await append_events(connection, batches[: len(batches) // 2])
        known_ids = old_ids + missed_ids + live_ids
        await fetch_pages(connection, guild_id, known_ids, page_size=page_size, pages=interruption)
        await append_events(connection, batches[len(batches) // 2 :])
        await fetch_pages(connection, guild_id, known_ids, page_size=page_size)

        assert await count_stored(connection, guild_id) == len(known_ids)
        assert await connection.fetchval(OVERLAPS_QUERY, guild_id) == 0
        everything = [build_message_event(guild_id, id_) for id_ in known_ids]
        assert (await append_events(connection, everything)).stored == 0
        assert not [task for task in await load_tasks(connection) if task.guild_id == guild_id]


@settings(deadline=None, max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    known=st.sets(st.integers(-50_000, 3_700_000), min_size=2, max_size=14),
    imported=st.lists(st.sets(st.integers(0, 13)), max_size=4),
    page_size=st.sampled_from([1, 2, 5]),
    interruption=st.integers(0, 6),
)
async def test_pages_and_imports_of_parts_store_each_message_once(stores, known, imported, page_size, interruption):
    """An import records the ids of its messages only; pages record ranges across them."""
    guild_id = await create_guild(stores)
    ids = [build_snowflake(GAP_START_MS + ms) for ms in sorted(known)]
    parts = [[ids[index] for index in sorted(part) if index < len(ids)] for part in imported]
    async with stores.database.acquire_connection() as connection:
        stored = set()
        for number, part in enumerate([*parts, ids]):
            events = [build_message_event(guild_id, id_, since_ms=LIVE_SINCE_MS + 10_000_000) for id_ in part]
            if number == len(parts) // 2:
                await plan(connection, guild_id, ids[-1])
                await fetch_pages(connection, guild_id, ids, page_size=page_size, pages=interruption)
            if number == len(parts):
                await fetch_pages(connection, guild_id, ids, page_size=page_size)
            await append_events(connection, events)
            stored.update(part)
        assert stored == set(ids)
        assert await count_stored(connection, guild_id) == len(ids)
        assert await connection.fetchval(OVERLAPS_QUERY, guild_id) == 0


async def test_period_without_newer_messages_is_complete_at_once(stores):
    guild_id = await create_guild(stores)
    async with stores.database.acquire_connection() as connection:
        assert await plan(connection, guild_id, build_snowflake(GAP_START_MS - 60_000)) == 0
        periods = await connection.fetch("SELECT source FROM imported_period WHERE guild_id = $1", guild_id)
    assert [row["source"] for row in periods] == ["catch_up"]


async def test_period_with_a_refused_channel_is_never_complete(stores):
    guild_id = await create_guild(stores)
    async with stores.database.acquire_connection() as connection:
        await plan(connection, guild_id, build_snowflake(GAP_START_MS + 60_000))
        (task,) = [task for task in await load_tasks(connection) if task.guild_id == guild_id]
        await finish_task(connection, task, refused=True)
        periods = await connection.fetchval("SELECT count(*) FROM imported_period WHERE guild_id = $1", guild_id)
    assert periods == 0


async def test_known_nicknames_are_kept_and_unknown_names_added(stores):
    guild_id = await create_guild(stores)
    async with stores.database.transaction() as session:
        await save_members(session, [MemberData(guild_id, 7, "Countess", bot=False)])
    async with stores.database.acquire_connection() as connection:
        newest_id = build_snowflake(GAP_START_MS + 60_000)
        await plan(connection, guild_id, newest_id)
        (task,) = [task for task in await load_tasks(connection) if task.guild_id == guild_id]
        names = [AuthorName(7, "ada", is_bot=False), AuthorName(8, "bob", is_bot=False)]
        event = build_message_event(guild_id, newest_id)
        await store_history_page(connection, task, [event], oldest_id=newest_id, names=names)
        rows = await connection.fetch("SELECT name FROM member WHERE guild_id = $1 ORDER BY user_id", guild_id)
    assert [row["name"] for row in rows] == ["Countess", "bob"]


async def test_period_that_is_prolonged_is_fetched_up_to_its_new_end(stores):
    """A bot that was killed before its session was recorded plans the same period again, with a later end."""
    guild_id = await create_guild(stores)
    ids = [build_snowflake(GAP_START_MS + number * 1_000) for number in range(1, 9)]
    async with stores.database.acquire_connection() as connection:
        await plan(connection, guild_id, ids[3])
        await fetch_pages(connection, guild_id, ids, page_size=2, pages=1)
        await plan(connection, guild_id, ids[7])
        await fetch_pages(connection, guild_id, ids, page_size=2)
        assert await count_stored(connection, guild_id) == len(ids)


async def test_channel_whose_newest_message_alone_is_stored_is_fetched(stores):
    guild_id = await create_guild(stores)
    ids = [build_snowflake(GAP_START_MS + number * 1_000) for number in range(1, 6)]
    async with stores.database.acquire_connection() as connection:
        await append_events(connection, [build_message_event(guild_id, ids[-1], since_ms=LIVE_SINCE_MS)])
        assert await plan(connection, guild_id, ids[-1]) == 1
        await fetch_pages(connection, guild_id, ids, page_size=2)
        assert await count_stored(connection, guild_id) == len(ids)
        assert await plan(connection, guild_id, ids[-1]) == 0


async def test_period_that_is_prolonged_while_it_is_fetched_keeps_its_new_task(stores):
    guild_id = await create_guild(stores)
    ids = [build_snowflake(GAP_START_MS + number * 1_000) for number in range(1, 9)]
    async with stores.database.acquire_connection() as connection:
        await plan(connection, guild_id, ids[3])
        (task,) = [task for task in await load_tasks(connection) if task.guild_id == guild_id]
        await plan(connection, guild_id, ids[7])
        events = [build_message_event(guild_id, id_) for id_ in ids[:4]]
        task = await store_history_page(connection, task, events, oldest_id=None)
        await finish_task(connection, task)
        await fetch_pages(connection, guild_id, ids, page_size=2)
        assert await count_stored(connection, guild_id) == len(ids)
        assert not [task for task in await load_tasks(connection) if task.guild_id == guild_id]
