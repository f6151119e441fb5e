"""The back-fill of a guild is bounded by the tier's history, starts once, pauses and goes on, and is audited."""

from datetime import datetime, timedelta

import pytest
from sqlalchemy import text

from herwa_shared.clock import utc_now
from herwa_shared.pipeline.backfill import load_unplanned, plan_backfill
from herwa_shared.pipeline.catch_up import NewestMessage, finish_task, load_tasks
from herwa_shared.pipeline.history_pages import store_history_page
from herwa_shared.services.audit import Actor, ChangeSource
from herwa_shared.services.backfills import (
    BackfillNotPossible,
    BackfillState,
    BackfillStatus,
    list_open_backfills,
    load_backfill_status,
    pause_backfill,
    resume_backfill,
    start_backfill,
)
from herwa_shared.services.guilds import GuildData, save_guilds
from tests.support.event_factories import build_message_event, build_snowflake

ADMIN = Actor(ChangeSource.DISCORD, 42, "an admin")
NOW = utc_now()
CREATED_AT = NOW - timedelta(days=400)
CHANNEL = 11
guild_numbers = iter(range(1, 1 << 20))


async def add_guild(stores, *, joined_at: datetime = NOW) -> int:
    guild_id = build_snowflake(int(CREATED_AT.timestamp() * 1000), next(guild_numbers))
    async with stores.database.transaction() as session:
        await save_guilds(session, [GuildData(guild_id, "Tea", 1, None, 0, joined_at)])
    return guild_id


async def start(stores, guild_id: int, *, days: int | None = 90) -> BackfillStatus:
    async with stores.database.transaction() as session:
        await start_backfill(session, ADMIN, guild_id=guild_id, history_days=days, now=utc_now())
    return await load_status(stores, guild_id)


async def load_status(stores, guild_id: int) -> BackfillStatus:
    async with stores.database.transaction() as session:
        status = await load_backfill_status(session, guild_id=guild_id)
    assert status is not None
    return status


async def plan(stores, guild_id: int, newest: datetime) -> int:
    async with stores.database.acquire_connection() as connection:
        [period] = [period for period in await load_unplanned(connection) if period.guild_id == guild_id]
        message = NewestMessage(CHANNEL, 0, build_snowflake(int(newest.timestamp() * 1000)))
        return await plan_backfill(connection, period, [message])


async def finish(stores, guild_id: int) -> None:
    async with stores.database.acquire_connection() as connection:
        for task in await list_tasks(connection, guild_id):
            await finish_task(connection, task)


async def list_tasks(connection, guild_id: int):
    return [task for task in await load_tasks(connection, source="backfill") if task.guild_id == guild_id]


async def test_nothing_is_planned_before_a_manager_starts_it(stores):
    guild_id = await add_guild(stores)
    async with stores.database.acquire_connection() as connection:
        assert [period for period in await load_unplanned(connection) if period.guild_id == guild_id] == []
    async with stores.database.transaction() as session:
        assert await load_backfill_status(session, guild_id=guild_id) is None


@pytest.mark.parametrize("days", [90, None])
async def test_period_is_bounded_by_the_tier_and_by_the_age_of_the_server(stores, days):
    guild_id = await add_guild(stores)
    started_at = utc_now()
    status = await start(stores, guild_id, days=days)
    expected = started_at - timedelta(days=days) if days else CREATED_AT
    assert abs(status.begin - expected) < timedelta(minutes=1)
    assert abs(status.end - NOW) < timedelta(minutes=2)
    assert (status.state, status.channels, status.fetched) == (BackfillState.RUNNING, None, 0)


async def test_second_start_is_refused_until_the_tier_reaches_back_further(stores):
    guild_id = await add_guild(stores)
    first = await start(stores, guild_id)
    with pytest.raises(BackfillNotPossible):
        await start(stores, guild_id)
    await plan(stores, guild_id, NOW)
    await finish(stores, guild_id)
    assert (await load_status(stores, guild_id)).state is BackfillState.FINISHED
    with pytest.raises(BackfillNotPossible):
        await start(stores, guild_id)
    second = await start(stores, guild_id, days=None)
    assert second.end == first.begin
    assert abs(second.begin - CREATED_AT) < timedelta(seconds=1)


async def test_pages_are_counted_and_a_paused_back_fill_has_no_tasks(stores):
    guild_id = await add_guild(stores)
    await start(stores, guild_id)
    newest = NOW - timedelta(days=1)
    assert await plan(stores, guild_id, newest) == 1
    async with stores.database.acquire_connection() as connection:
        [task] = await list_tasks(connection, guild_id)
        middle_id = build_snowflake(int((NOW - timedelta(days=45)).timestamp() * 1000))
        event = build_message_event(guild_id, middle_id, channel=CHANNEL)
        await store_history_page(connection, task, [event], oldest_id=middle_id)
        status = await load_status(stores, guild_id)
        assert (status.channels, status.open_channels, status.fetched) == (1, 1, 1)
        assert 0.4 < status.done_share < 0.6
        assert status.estimate_seconds_left(utc_now()) is not None
        async with stores.database.transaction() as session:
            await pause_backfill(session, ADMIN, guild_id=guild_id)
        assert await list_tasks(connection, guild_id) == []
        assert (await load_status(stores, guild_id)).state is BackfillState.PAUSED
        async with stores.database.transaction() as session:
            with pytest.raises(BackfillNotPossible):
                await pause_backfill(session, ADMIN, guild_id=guild_id)
            await resume_backfill(session, ADMIN, guild_id=guild_id)
        [task] = await list_tasks(connection, guild_id)
        assert task.before_id == middle_id
        async with stores.database.transaction() as session:
            assert "Tea" in await list_open_backfills(session)
            actions = await session.scalars(
                text("SELECT action FROM audit_entry WHERE guild_id = :guild ORDER BY number"), {"guild": guild_id}
            )
    assert actions.all() == ["history.import", "history.pause", "history.resume"]


async def test_server_without_messages_is_finished_at_once_and_covered(stores):
    guild_id = await add_guild(stores)
    await start(stores, guild_id)
    assert await plan(stores, guild_id, NOW - timedelta(days=200)) == 0
    assert (await load_status(stores, guild_id)).state is BackfillState.FINISHED
    async with stores.database.acquire_connection() as connection:
        sources = await connection.fetch("SELECT source FROM imported_period WHERE guild_id = $1", guild_id)
    assert [row["source"] for row in sources] == ["backfill"]
