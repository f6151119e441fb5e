"""Sparklines: active members and 24 hours of messages for several guilds in one query."""

from datetime import datetime, timedelta

import pytest

from herwa_shared.analytics.comparison import Change
from herwa_shared.analytics.sparklines import Sparkline, query_sparklines
from herwa_shared.clock import utc_now
from herwa_shared.stores import Stores
from tests.support.row_factories import (
    EventRow,
    add_gateway_session,
    add_guild,
    add_imported_period,
    insert_events,
)

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
NOW = utc_now().replace(hour=10, minute=40, second=0, microsecond=0) - 2 * DAY
RUNNING_HOUR = NOW.replace(minute=0)


async def query_sparkline(stores: Stores, guild_id: int) -> Sparkline:
    return (await query_sparklines(stores.database, stores.clickhouse, [guild_id], now=NOW))[guild_id]


def build_messages(user_count: int, at: datetime) -> list[EventRow]:
    return [EventRow(at, user) for user in range(1, user_count + 1)]


async def test_sparkline_has_active_members_and_24_hours_per_guild(stores: Stores):
    active_guild_id, silent_guild_id, other_guild_id = [await add_guild(stores) for _ in range(3)]
    for guild_id in (active_guild_id, silent_guild_id):
        await add_gateway_session(stores, guild_id, NOW - 1.5 * DAY, NOW)
    old_messages = [EventRow(RUNNING_HOUR - 23 * HOUR - timedelta(minutes=1), 5)]
    new_messages = [
        EventRow(RUNNING_HOUR - 23 * HOUR),
        EventRow(NOW - timedelta(minutes=1)),
        EventRow(RUNNING_HOUR + timedelta(minutes=1), 8),
    ]
    bot_messages = [EventRow(NOW - HOUR, 9, kind="message_bot"), EventRow(NOW - HOUR, 9, kind="voice")]
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


async def test_hours_without_a_collector_have_no_value(stores: Stores):
    recorded_guild_id, unknown_guild_id = await add_guild(stores), await add_guild(stores)
    await add_gateway_session(stores, recorded_guild_id, NOW - 2 * HOUR, NOW)

    recorded = await query_sparkline(stores, recorded_guild_id)
    unknown = await query_sparkline(stores, unknown_guild_id)

    assert (recorded.active_members, recorded.messages) == (0, (*[None] * 21, 0, 0, 0))
    assert (unknown.active_members, unknown.messages) == (None, (None,) * 24)


async def test_active_members_are_compared_with_the_same_time_one_day_earlier_to_the_second(stores: Stores):
    guild_id = await add_guild(stores)
    await add_gateway_session(stores, guild_id, NOW - 3 * DAY, NOW)
    start = RUNNING_HOUR - 23 * HOUR
    ignored_messages = build_messages(9, start - DAY - timedelta(seconds=1)) + build_messages(9, NOW - DAY)
    base_messages = build_messages(3, start - DAY) + build_messages(4, NOW - DAY - timedelta(seconds=1))
    current_messages = build_messages(2, start) + build_messages(5, NOW - timedelta(seconds=1))
    await insert_events(stores, guild_id, ignored_messages + base_messages + current_messages)

    sparkline = await query_sparkline(stores, guild_id)

    assert (sparkline.active_members, sparkline.change) == (5, Change(5, 4))


@pytest.mark.parametrize("since", [timedelta(hours=47), timedelta(hours=30), timedelta(hours=20)])
async def test_change_is_none_when_previous_hours_were_not_recorded(stores: Stores, since: timedelta):
    guild_id = await add_guild(stores)
    await insert_events(stores, guild_id, build_messages(4, NOW - 26 * HOUR) + build_messages(5, NOW - 2 * HOUR))
    await add_gateway_session(stores, guild_id, NOW - since, NOW)
    assert (await query_sparkline(stores, guild_id)).change is None

    await add_imported_period(stores, guild_id, NOW - 3 * DAY, NOW - since + timedelta(minutes=1))
    assert (await query_sparkline(stores, guild_id)).change == Change(5, 4)


async def test_change_is_none_when_the_bot_was_not_in_the_guild(stores: Stores):
    guild_id = await add_guild(stores, joined_at=NOW - 40 * HOUR)
    await add_gateway_session(stores, guild_id, NOW - 3 * DAY, NOW)
    await insert_events(stores, guild_id, build_messages(4, NOW - 26 * HOUR) + build_messages(5, NOW - 2 * HOUR))

    assert (await query_sparkline(stores, guild_id)).change is None
