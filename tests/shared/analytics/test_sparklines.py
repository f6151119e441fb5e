"""Sparklines: active members and 24 hours of messages for several guilds in one query."""

from datetime import datetime, timedelta

import pytest

from herwa_shared.analytics.sparklines import Sparkline, query_sparklines
from herwa_shared.analytics.timeseries import find_first_recorded_hour
from herwa_shared.stores import Stores
from tests.support.row_factories import (
    EventRow,
    add_gateway_session,
    add_guild,
    add_imported_period,
    insert_events,
    make_utc,
)

NOW = make_utc(2024, 3, 2, 10, 40)


async def test_sparkline_has_active_members_and_24_hours_per_guild(stores: Stores):
    active_guild_id, silent_guild_id, other_guild_id = [await add_guild(stores) for _ in range(3)]
    old_messages = [EventRow(make_utc(2024, 3, 1, 10, 59)), EventRow(make_utc(2024, 3, 2, 11), 6)]
    new_messages = [
        EventRow(make_utc(2024, 3, 1, 11)),
        EventRow(make_utc(2024, 3, 2, 10, 39)),
        EventRow(make_utc(2024, 3, 2, 10, 1), 8),
    ]
    bot_messages = [
        EventRow(NOW - timedelta(hours=1), 9, kind="message_bot"),
        EventRow(NOW - timedelta(hours=1), 9, kind="voice"),
    ]
    await insert_events(stores, active_guild_id, old_messages + new_messages + bot_messages)
    await insert_events(stores, other_guild_id, new_messages)

    sparkline_by_guild = await query_sparklines(
        stores.database, stores.clickhouse, [active_guild_id, silent_guild_id], now=NOW
    )

    assert sparkline_by_guild == {
        active_guild_id: Sparkline(active_guild_id, 2, (1, *[0] * 22, 2)),
        silent_guild_id: Sparkline(silent_guild_id, 0, (0,) * 24),
    }
    assert await query_sparklines(stores.database, stores.clickhouse, [], now=NOW) == {}


async def query_change(stores: Stores, guild_id: int) -> float | None:
    return (await query_sparklines(stores.database, stores.clickhouse, [guild_id], now=NOW))[guild_id].change


def build_messages(user_count: int, at: datetime) -> list[EventRow]:
    return [EventRow(at, user) for user in range(1, user_count + 1)]


async def test_active_members_are_compared_with_the_previous_24_hours(stores: Stores):
    guild_id = await add_guild(stores)
    await add_gateway_session(stores, guild_id, NOW - timedelta(days=3), NOW)
    ignored_messages = (
        build_messages(9, make_utc(2024, 2, 29, 10, 59))
        + build_messages(9, make_utc(2024, 3, 1, 10))
        + build_messages(9, make_utc(2024, 3, 2, 10))
    )
    await insert_events(stores, guild_id, ignored_messages)
    await insert_events(
        stores, guild_id, build_messages(4, make_utc(2024, 2, 29, 11)) + build_messages(3, make_utc(2024, 3, 1, 9, 59))
    )
    await insert_events(
        stores, guild_id, build_messages(5, make_utc(2024, 3, 1, 11)) + build_messages(2, make_utc(2024, 3, 2, 9, 59))
    )

    assert await query_change(stores, guild_id) == 0.25


@pytest.mark.parametrize("since", [timedelta(hours=47), timedelta(hours=30), timedelta(hours=20)])
async def test_change_is_none_when_previous_hours_were_not_counted(stores: Stores, since: timedelta):
    guild_id = await add_guild(stores)
    await insert_events(
        stores, guild_id, build_messages(4, NOW - timedelta(hours=26)) + build_messages(5, NOW - timedelta(hours=2))
    )
    await add_gateway_session(stores, guild_id, NOW - since, NOW)
    assert await query_change(stores, guild_id) is None

    await add_imported_period(stores, guild_id, NOW - timedelta(days=3), NOW - since + timedelta(minutes=1))
    assert await query_change(stores, guild_id) == 0.25


async def test_change_is_none_when_the_bot_was_not_in_the_guild(stores: Stores):
    guild_id = await add_guild(stores, joined_at=NOW - timedelta(hours=40))
    await add_gateway_session(stores, guild_id, NOW - timedelta(days=3), NOW)
    await insert_events(
        stores, guild_id, build_messages(4, NOW - timedelta(hours=26)) + build_messages(5, NOW - timedelta(hours=2))
    )

    assert await query_change(stores, guild_id) is None


async def test_first_recorded_hour_includes_all_event_kinds(stores: Stores):
    guild_id = await add_guild(stores)
    assert await find_first_recorded_hour(stores.clickhouse, guild_id) is None

    await insert_events(
        stores, guild_id, [EventRow(make_utc(2024, 3, 2, 5, 20)), EventRow(make_utc(2023, 7, 1, 9, 50), kind="join")]
    )

    assert await find_first_recorded_hour(stores.clickhouse, guild_id) == make_utc(2023, 7, 1, 9)
