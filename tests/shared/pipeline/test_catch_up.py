"""Since when the messages of a guild were missed before a new gateway session."""

from datetime import timedelta

from herwa_shared.pipeline.catch_up import MAX_PERIOD, find_period_start
from tests.support.row_factories import add_gateway_session, add_guild, make_utc

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
