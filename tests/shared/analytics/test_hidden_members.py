"""Events without a member count as events, and their user 0 is not counted as a member."""

from datetime import timedelta
from zoneinfo import ZoneInfo

from herwa_shared.analytics.kpis import query_kpis
from herwa_shared.analytics.metric_definitions import Metric
from herwa_shared.analytics.query import ActivityQuery
from herwa_shared.analytics.rankings import rank_members
from herwa_shared.clock import utc_now
from tests.support.row_factories import EventRow, add_guild, insert_events


async def test_events_without_a_member_are_counted_and_add_no_member(stores):
    guild_id, now = await add_guild(stores), utc_now()
    query = ActivityQuery.from_last_days(7, guild_id=guild_id, zone=ZoneInfo("UTC"), now=now)
    await insert_events(
        stores, guild_id, [EventRow(now - timedelta(days=1, minutes=minute), user=minute % 3) for minute in range(9)]
    )
    messages, members = await query_kpis(
        stores.database,
        stores.clickhouse,
        query,
        comparison=None,
        metrics=[Metric.MESSAGES, Metric.ACTIVE_MEMBERS],
        now=now,
    )
    assert (sum(value or 0 for value in messages.values), max(value or 0 for value in members.values)) == (9, 2)
    ranking = await rank_members(stores.database, stores.clickhouse, query, now=now)
    assert {item.id for item in ranking.items} == {1, 2}
