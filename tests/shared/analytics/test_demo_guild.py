"""The demo guild of test keys: computed activity that is counted by the same code, is alive, and never changes."""

from dataclasses import replace
from datetime import timedelta

import pytest

from herwa_shared.analytics.compared_series import query_compared_series, query_several_compared_series
from herwa_shared.analytics.demo_activity import HISTORY
from herwa_shared.analytics.heatmap import query_weekly_heatmap
from herwa_shared.analytics.metric_definitions import Metric, get_definition
from herwa_shared.analytics.query import ActivityQuery
from herwa_shared.analytics.rankings import rank_channels, rank_members
from herwa_shared.analytics.results import Interval
from herwa_shared.analytics.table_selection import HOURLY_ACTIVITY_SQL, RAW_ACTIVITY_SQL, TableSelection
from herwa_shared.clock import utc_now
from herwa_shared.demo_guild import DEMO_CHANNEL_NAMES, DEMO_GUILD_ID, DEMO_MEMBER_NAMES
from herwa_shared.stores import Stores
from herwa_shared.zone_names import parse_zone

TOTALS_SQL = "SELECT toString(kind) AS name, sum(events), sum(total), uniqExact(user_id) FROM activity GROUP BY name"
KINDS = ("message", "reaction", "voice", "thread", "join", "leave", "command", "command_denied", "member_count")


def build_query(days: int = 30, *, until: timedelta = timedelta(0), zone: str = "UTC") -> ActivityQuery:
    """Build a query about whole days that ended before `until`."""
    end = utc_now().date() - until
    return ActivityQuery.parse(
        str(end - timedelta(days=days)), str(end), guild_id=DEMO_GUILD_ID, zone=parse_zone(zone), now=utc_now()
    )


async def test_every_metric_has_numbers_without_gaps(stores: Stores):
    query = build_query()
    several = await query_several_compared_series(
        stores.database, stores.clickhouse, query, query.shift_back(), metrics=tuple(Metric), now=utc_now()
    )
    for metric, compared in zip(Metric, several, strict=True):
        assert compared.series.total, metric
        assert all(point.value is not None for point in compared.series.points), metric
        assert compared.comparison is not None, metric
        assert compared.comparison.total, metric
    messages = several[0].series
    assert len({point.value for point in messages.points}) > 20, "no day is like another"


async def test_hourly_and_single_events_agree(stores: Stores):
    query = build_query(3, until=timedelta(days=1))
    hourly, raw = [
        sorted(
            await TableSelection(sql, query, KINDS, approximate=False, has_pseudonyms=False).fetch(
                stores.clickhouse, TOTALS_SQL, audit_key=None
            )
        )
        for sql in (HOURLY_ACTIVITY_SQL, RAW_ACTIVITY_SQL)
    ]
    assert [row[0] for row in hourly] == sorted(KINDS)
    assert hourly == raw


async def test_the_past_does_not_change_and_the_present_grows(stores: Stores):
    now = utc_now()
    past = replace(build_query(7, until=timedelta(days=400)), interval=Interval.HOUR)
    first, second = [
        (await query_compared_series(stores.database, stores.clickhouse, past, None, now=moment)).series.points
        for moment in (now, now + timedelta(minutes=1))
    ]
    assert first == second
    today = replace(build_query(2, until=-timedelta(days=1)), interval=Interval.HOUR)
    series = (await query_compared_series(stores.database, stores.clickhouse, today, None, now=now)).series
    assert series.started_points[-1].start <= now < series.started_points[-1].start + timedelta(hours=1)
    assert sum(point.value or 0 for point in series.started_points) > 100


async def test_before_the_history_is_a_gap(stores: Stores):
    query = build_query(5, until=HISTORY + timedelta(days=10))
    series = (await query_compared_series(stores.database, stores.clickhouse, query, None, now=utc_now())).series
    assert [point.value for point in series.points] == [None] * 5


@pytest.mark.parametrize("metric", [Metric.MESSAGES, Metric.VOICE_MINUTES])
async def test_rankings_have_names_and_a_few_members_lead(stores: Stores, metric):
    query = replace(build_query(), metric=metric)
    channels = await rank_channels(stores.database, stores.clickhouse, query, limit=100)
    members = await rank_members(stores.database, stores.clickhouse, query, limit=100)
    assert {item.name for item in channels.items} <= set(DEMO_CHANNEL_NAMES.values())
    assert {item.name for item in members.items} <= set(DEMO_MEMBER_NAMES.values())
    assert len(members.items) == 100
    assert members.items[0].value > 5 * members.items[-1].value
    assert get_definition(metric).supports_members


async def test_evenings_are_busier_than_nights_in_any_zone(stores: Stores):
    heatmap = await query_weekly_heatmap(stores.database, stores.clickhouse, build_query(28, zone="Asia/Kolkata"))
    by_hour = {hour: sum(cell.value or 0 for cell in heatmap.cells if cell.hour == hour) for hour in range(24)}
    assert len(heatmap.cells) == 168
    assert by_hour[1] > 2 * by_hour[13], "20:00 UTC is 01:30 there"
