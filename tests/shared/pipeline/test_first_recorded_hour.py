"""The first hour with stored data of a guild: stored by the mover, else read from ClickHouse, and right in both cases."""

from datetime import datetime

import pytest

from herwa_shared.analytics.first_recorded_hour import find_first_recorded_hour
from herwa_shared.demo_guild import DEMO_GUILD_ID
from herwa_shared.pipeline import mover
from herwa_shared.pipeline.buffer import append_events
from herwa_shared.pipeline.events import ActivityEvent, EventKind
from herwa_shared.pipeline.mover import move_batch, plan_batch, transfer_batch
from tests.support.event_factories import build_message_event, build_snowflake
from tests.support.row_factories import EventRow, insert_events, make_utc


@pytest.fixture
async def connection(stores):
    """A connection to PostgreSQL; the buffer is emptied before the test."""
    async with stores.database.acquire_connection() as connection:
        while await move_batch(connection, stores.clickhouse_writer):
            pass
        yield connection


def build_message(guild_id: int, at: datetime) -> ActivityEvent:
    return build_message_event(guild_id, build_snowflake(int(at.timestamp() * 1000)))


def build_sample(guild_id: int, at: datetime) -> ActivityEvent:
    return build_message(guild_id, at)._replace(kind=EventKind.MEMBER_COUNT, message_id=0, user_id=0, value=3)


async def move(connection, stores, *events: ActivityEvent) -> None:
    await append_events(connection, list(events))
    assert await move_batch(connection, stores.clickhouse_writer) == len(events)


async def find_stored(connection, guild_id: int) -> datetime | None:
    return await connection.fetchval("SELECT hour FROM first_recorded_hour WHERE guild_id = $1", guild_id)


async def find(stores, guild_id: int) -> datetime | None:
    return await find_first_recorded_hour(stores.database, stores.clickhouse, guild_id)


async def test_mover_stores_the_first_hour_and_replaces_it_by_an_earlier_one(stores, connection, guild_id):
    assert await find(stores, guild_id) is None
    other_id = guild_id + 1
    await move(
        connection,
        stores,
        build_message(guild_id, make_utc(2024, 3, 2, 5, 20)),
        build_message(guild_id, make_utc(2024, 3, 1, 9, 59, 59)),
        build_message(other_id, make_utc(2024, 5, 1)),
    )
    assert await find_stored(connection, guild_id) == make_utc(2024, 3, 1, 9)
    await move(
        connection,
        stores,
        build_message(guild_id, make_utc(2024, 4, 1)),
        build_message(other_id, make_utc(2023, 5, 1, 0, 30)),
    )
    assert await find_stored(connection, guild_id) == await find(stores, guild_id) == make_utc(2024, 3, 1, 9)
    assert await find_stored(connection, other_id) == await find(stores, other_id) == make_utc(2023, 5, 1)


async def test_guild_with_samples_only_has_a_first_hour(stores, connection, guild_id):
    await insert_events(
        stores, guild_id, [EventRow(make_utc(2023, 7, 1, 9, 50), kind="member_count", user=0, channel=0, value=3)]
    )
    assert (await find_stored(connection, guild_id), await find(stores, guild_id)) == (None, make_utc(2023, 7, 1, 9))
    await move(connection, stores, build_sample(guild_id, make_utc(2024, 3, 1)))
    assert await find_stored(connection, guild_id) == make_utc(2023, 7, 1, 9)
    await move(connection, stores, build_sample(guild_id, make_utc(2022, 1, 1, 7, 30)))
    assert await find_stored(connection, guild_id) == make_utc(2022, 1, 1, 7)


async def test_first_hour_from_before_an_upgrade_is_read_from_clickhouse(stores, connection, guild_id, monkeypatch):
    monkeypatch.setattr(mover, "MAX_UNKNOWN_GUILDS", 1)
    guild_ids = [guild_id, guild_id + 1]
    for known_id in guild_ids:
        await insert_events(
            stores,
            known_id,
            [EventRow(make_utc(2021, 8, 2, 5, 30)), EventRow(make_utc(2021, 9, 1), kind="join")],
        )
        assert await find(stores, known_id) == make_utc(2021, 8, 2, 5)
    for stored_count in (1, 2):
        at = make_utc(2024, 3, stored_count)
        await move(connection, stores, *(build_message(known_id, at) for known_id in guild_ids))
        stored = [await find_stored(connection, known_id) for known_id in guild_ids]
        assert stored.count(make_utc(2021, 8, 2, 5)) == stored_count
        assert stored.count(None) == 2 - stored_count
        assert [await find(stores, known_id) for known_id in guild_ids] == [make_utc(2021, 8, 2, 5)] * 2


@pytest.mark.parametrize("is_known", [True, False])
async def test_first_hour_is_right_after_a_crash_between_insert_and_acknowledgement(
    stores, connection, guild_id, is_known
):
    if is_known:
        await move(connection, stores, build_message(guild_id, make_utc(2024, 3, 1)))
    await append_events(connection, [build_message(guild_id, make_utc(2023, 5, 1))])
    await transfer_batch(connection, stores.clickhouse_writer, await plan_batch(connection))
    assert await move_batch(connection, stores.clickhouse_writer) == 1
    assert await find_stored(connection, guild_id) == make_utc(2023, 5, 1)


async def test_second_mover_of_a_batch_does_not_overwrite_a_later_first_hour(stores, connection, guild_id, monkeypatch):
    """It sends a batch that the first one has acknowledged meanwhile, and reads no first hour."""

    async def transfer_slowly(*arguments) -> None:
        await transfer_batch(*arguments)
        monkeypatch.setattr(mover, "transfer_batch", transfer_batch)
        async with stores.database.acquire_connection() as other_connection:
            assert await move_batch(other_connection, stores.clickhouse_writer) == 1
            await move(other_connection, stores, build_message(guild_id, make_utc(2022, 1, 1)))

    await append_events(connection, [build_message(guild_id, make_utc(2024, 3, 1))])
    monkeypatch.setattr(mover, "transfer_batch", transfer_slowly)
    assert await move_batch(connection, stores.clickhouse_writer) == 1
    assert await find_stored(connection, guild_id) == make_utc(2022, 1, 1)


async def test_demo_guild_has_a_first_hour(stores):
    first_hour = await find(stores, DEMO_GUILD_ID)
    assert first_hour is not None
    assert first_hour.minute == 0
