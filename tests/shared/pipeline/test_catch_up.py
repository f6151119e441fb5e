"""Since when the messages of a guild were missed, and which lists of archived threads may have some of them."""

from datetime import timedelta

from sqlalchemy import text

from herwa_shared.clock import utc_now
from herwa_shared.discord.constants import ChannelType
from herwa_shared.pipeline.catch_up import (
    MAX_PERIOD,
    CatchUpSpan,
    ThreadTraces,
    UnlistedPeriod,
    find_period_start,
    load_unlisted_periods,
    plan_archived_threads,
    plan_period,
)
from herwa_shared.pipeline.events import encode_snowflake
from tests.support.db_assertions import fetch_rows
from tests.support.row_factories import add_channel, add_gateway_session, add_guild, make_utc

NOW = make_utc(2016, 5, 1)  # the bots of other tests have later sessions of all shards
HOUR = timedelta(hours=1)


async def test_break_that_was_not_planned_is_part_of_the_next_period(stores):
    """A bot that is killed before it has planned its catch-up leaves the break to the next session."""
    guild_id = await add_guild(stores)

    async def find_start(hours: int):
        """Find the start for a session that began so many hours ago."""
        async with stores.database.acquire_connection() as connection:
            return await find_period_start(connection, guild_id, session_started_at=NOW - hours * HOUR)

    assert await find_start(0) is None
    for begin, is_planned in ((9, False), (7, True), (5, False), (3, False), (1, True)):
        start, end = NOW - begin * HOUR, NOW - begin * HOUR + HOUR / 2
        await add_gateway_session(stores, guild_id, start, end, break_planned=is_planned)
    # Nothing was missed before the first session.
    ends = {hours: await find_start(hours) for hours in (8, 6, 4, 2, 0)}
    assert ends == {hours: NOW - begin * HOUR + HOUR / 2 for hours, begin in ((8, 9), (6, 7), (4, 7), (2, 7), (0, 1))}
    async with stores.database.acquire_connection() as connection:
        late = NOW + MAX_PERIOD
        assert await find_period_start(connection, guild_id, session_started_at=late) == NOW


async def test_only_channels_that_can_have_archived_threads_are_listed(stores):
    guild_id, now = await add_guild(stores), utc_now()
    channels = {name: await add_channel(stores, guild_id, name) for name in ("quiet", "old", "recent", "thread", "new")}
    channels["news"] = await add_channel(stores, guild_id, "news", kind=ChannelType.NEWS)
    channels["forum"] = await add_channel(stores, guild_id, "forum", kind=ChannelType.FORUM)
    await add_channel(stores, guild_id, "voice", kind=ChannelType.VOICE)
    thread = await add_channel(stores, guild_id, "t", kind=ChannelType.PUBLIC_THREAD, parent_id=channels["thread"])
    names = {channel_id: name for name, channel_id in channels.items()}

    async def plan(traces: ThreadTraces, *, channel_id: int = 0) -> UnlistedPeriod:
        span = CatchUpSpan(guild_id, channel_id, now, now + HOUR)
        async with stores.database.acquire_connection() as connection:
            await plan_period(connection, span, [], threads_listed=False, traces=traces if not channel_id else None)
            return next(
                period
                for period in await load_unlisted_periods(connection)
                if (period.span.guild_id, period.span.channel_id) == (guild_id, channel_id)
            )

    async def list_parents(traces: ThreadTraces) -> set[str]:
        period = await plan(traces)
        return {names[id_] for id_ in period.parents.public_ids}

    async def save_lists(period: UnlistedPeriod, **have_archived_threads: bool) -> None:
        lists = {channels[name]: has_threads for name, has_threads in have_archived_threads.items()}
        async with stores.database.acquire_connection() as connection:
            await plan_archived_threads(connection, period, [], lists, is_complete=True)

    active = ThreadTraces([thread], {})
    assert await list_parents(active) == set(channels)  # nothing is known about them
    known_lists = dict.fromkeys(("quiet", "recent", "thread", "news", "forum"), False) | {"old": True}
    await save_lists(await plan(active), **known_lists)
    assert await list_parents(active) == {"old", "new", "news"}
    newest_ids = {
        channels["quiet"]: encode_snowflake(now - 2 * HOUR),
        channels["recent"]: encode_snowflake(now - HOUR / 2),
        channels["forum"]: encode_snowflake(now),
    }
    traces = ThreadTraces([], newest_ids)  # the thread is archived
    assert await list_parents(traces) == {"old", "new", "news", "recent", "forum", "thread"}
    await save_lists(await plan(active), old=False, new=False)
    assert await list_parents(active) == {"news"}
    private = await add_channel(stores, guild_id, "p", kind=ChannelType.PRIVATE_THREAD, parent_id=channels["quiet"])
    assert (await plan(active)).parents == ({channels["news"]}, {channels["quiet"]})
    active = ThreadTraces([thread, private], {})

    hidden = await plan(active, channel_id=channels["quiet"])
    assert (hidden.parents, hidden.is_last_listing) == (None, True)
    assert await list_parents(active) == {"news", "quiet"}  # until the list is empty again
    await save_lists(hidden, quiet=False)
    assert await list_parents(active) == {"news"}
    async with stores.database.transaction() as session:
        await session.execute(
            text("UPDATE guild SET joined_at = now() + interval '1 s' WHERE id = :g"), {"g": guild_id}
        )
    assert await list_parents(active) == set(channels)  # the bot was not in the guild for some time


async def test_period_is_recorded_before_the_joined_threads_are_listed(stores):
    guild_id, now = await add_guild(stores), utc_now()
    span = CatchUpSpan(guild_id, 0, now - HOUR, now)
    query = "SELECT count(*) FROM imported_period WHERE guild_id = :g"

    async def count(query: str) -> int:
        return (await fetch_rows(stores, query, g=guild_id))[0][0]

    async def load_period(connection) -> list[UnlistedPeriod]:
        return [period for period in await load_unlisted_periods(connection) if period.span.guild_id == guild_id]

    async with stores.database.acquire_connection() as connection:
        await plan_period(connection, span, [], threads_listed=False, traces=ThreadTraces([], {}))
        [period] = await load_period(connection)
        assert (period.only_joined, await count(query)) == (False, 0)
        await plan_archived_threads(connection, period, [], {}, is_complete=True)
        [period] = await load_period(connection)
        assert (period.only_joined, await count(query)) == (True, 1)
        await plan_archived_threads(connection, period, [], {}, is_complete=True)
        assert await load_period(connection) == []
    assert (await count(query), await count("SELECT count(*) FROM catch_up_period WHERE guild_id = :g")) == (1, 0)
