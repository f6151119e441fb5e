"""Changes in the lists of the overview need coverage of the same hours before."""

from datetime import datetime, timedelta

from herwa_shared.analytics.comparison import Change
from herwa_shared.analytics.metric_definitions import Metric
from herwa_shared.analytics.timezones import UTC_ZONE
from herwa_shared.clock import utc_now
from herwa_shared.dashboard_query import DashboardQuery
from herwa_shared.models import MembershipPeriod
from herwa_shared.stores import Stores
from herwa_web.pages.guild.queries import OVERVIEW_METRICS, load_overview
from tests.support.row_factories import (
    COMMAND_COLUMNS,
    EVENT_COLUMNS,
    EventRow,
    add_guild,
    add_imported_period,
    add_ticket,
    insert_events,
)

# Recent, because the current hour is read from the raw events, and ClickHouse deletes old ones.
NOW = (utc_now() - timedelta(days=1)).replace(hour=10, minute=40, second=0, microsecond=0)
LOUD_USER, QUIET_USER, LATE_USER = 11, 12, 13
CROWD_SIZE = 520


def parse_view(guild_id: int, **params: str) -> DashboardQuery:
    return DashboardQuery.parse(params, UTC_ZONE, NOW, guild_id=guild_id)


async def create_counted_guild(stores: Stores, *messages: EventRow, since: datetime) -> int:
    """Create a guild with these messages and coverage since then."""
    guild_id = await add_guild(stores)
    await add_imported_period(stores, guild_id, since, NOW)
    await insert_events(stores, guild_id, messages)
    return guild_id


def create_messages(user: int, start: datetime, count: int = 1, channel: int = 1) -> list[EventRow]:
    return [EventRow(start + timedelta(seconds=second), user, channel) for second in range(count)]


async def test_lists_have_no_changes_if_the_earlier_period_is_not_covered(stores: Stores):
    earlier, recent = NOW - timedelta(days=100), NOW - timedelta(days=5)
    messages = [*create_messages(LOUD_USER, earlier, 3), *create_messages(LOUD_USER, recent, 9)]
    guild_id = await create_counted_guild(stores, *messages, since=NOW - timedelta(days=119))

    data = await load_overview(stores, parse_view(guild_id, range="91d"))

    assert data.kpi.change is None
    assert [item.value for item in data.members.items] == [9]
    assert (data.channel_changes, data.member_changes) == (None, None)


async def test_lists_have_a_change_per_item_and_mark_new_ones(stores: Stores):
    earlier, recent = NOW - timedelta(days=10), NOW - timedelta(days=3)
    messages = [
        *create_messages(LOUD_USER, earlier, 4),
        *create_messages(LOUD_USER, recent, 5),
        *create_messages(QUIET_USER, recent, 2, channel=2),
    ]
    guild_id = await create_counted_guild(stores, *messages, since=NOW - timedelta(days=30))

    data = await load_overview(stores, parse_view(guild_id, range="7d"))

    assert data.kpi.change == Change(7, 4)
    assert data.member_changes == {LOUD_USER: Change(5, 4), QUIET_USER: Change(2, 0)}
    assert data.channel_changes == {1: Change(5, 4), 2: Change(2, 0)}


async def test_current_day_is_compared_with_the_same_hours_of_the_previous_day(stores: Stores):
    today = NOW.replace(hour=0, minute=0)
    yesterday = today - timedelta(days=1)
    messages = [
        *create_messages(LOUD_USER, yesterday + timedelta(hours=9), 4),
        *create_messages(LOUD_USER, yesterday + timedelta(hours=20), 40),
        *create_messages(LOUD_USER, today + timedelta(hours=9), 4),
        *create_messages(LOUD_USER, today + timedelta(hours=10), 8),
        *create_messages(LATE_USER, today + timedelta(hours=10), 1),
    ]
    guild_id = await create_counted_guild(stores, *messages, since=yesterday - timedelta(days=9))

    data = await load_overview(stores, parse_view(guild_id, range="today"))

    assert [item.value for item in data.members.items] == [12, 1]
    assert data.kpi.change == Change(13, 4)
    assert data.member_changes == {LOUD_USER: Change(12, 4), LATE_USER: Change(1, 0)}


async def test_each_list_checks_the_coverage_of_its_own_metric(stores: Stores):
    earlier, recent = NOW - timedelta(days=10), NOW - timedelta(days=3)
    messages = [
        *create_messages(LOUD_USER, earlier, 4),
        *create_messages(LOUD_USER, recent, 5),
        EventRow(recent, LOUD_USER, kind="join"),
    ]
    guild_id = await create_counted_guild(stores, *messages, since=NOW - timedelta(days=30))

    data = await load_overview(stores, parse_view(guild_id, range="7d", metric=Metric.JOINS))

    assert data.kpi.change is None
    assert data.member_changes == {LOUD_USER: Change(5, 4)}, "members are ranked by messages, which were counted"


async def test_change_of_a_member_is_exact_however_many_were_active_before(stores: Stores):
    earlier, recent = NOW - timedelta(days=10), NOW - timedelta(days=3)
    crowd = [message for user in range(CROWD_SIZE) for message in create_messages(1000 + user, earlier, 2)]
    messages = [
        *crowd,
        *create_messages(LOUD_USER, earlier),
        *create_messages(LOUD_USER, recent, 5),
        *create_messages(1000, recent),
    ]
    guild_id = await create_counted_guild(stores, *messages, since=NOW - timedelta(days=30))

    data = await load_overview(stores, parse_view(guild_id, range="7d"))

    assert data.member_changes == {LOUD_USER: Change(5, 1), 1000: Change(1, 2)}


async def test_filtered_page_is_not_explained_by_its_channel(stores: Stores):
    earlier, recent = NOW - timedelta(days=10), NOW - timedelta(days=3)
    messages = [
        *create_messages(LOUD_USER, earlier, 4, channel=2),
        *create_messages(LOUD_USER, recent, 40, channel=2),
        *create_messages(QUIET_USER, recent, 2),
    ]
    guild_id = await create_counted_guild(stores, *messages, since=NOW - timedelta(days=30))

    everything = await load_overview(stores, parse_view(guild_id, range="7d"))
    filtered = await load_overview(stores, parse_view(guild_id, range="7d", channel="2"))

    assert everything.contributor.id == 2
    assert (filtered.kpi.total, filtered.contributor) == (40, None)
    assert [item.id for item in filtered.members.items] == [LOUD_USER]


async def test_selected_metric_without_channels_is_shown_for_the_entire_server(stores: Stores):
    recent, earlier = NOW - timedelta(days=3), NOW - timedelta(days=10)
    joins = [EventRow(earlier, LOUD_USER, channel=0, kind="join"), EventRow(recent, QUIET_USER, channel=0, kind="join")]
    guild_id = await create_counted_guild(
        stores, *joins, *create_messages(LATE_USER, recent, 3, channel=2), since=NOW - timedelta(days=30)
    )

    data = await load_overview(stores, parse_view(guild_id, range="7d", channel="2", metric="joins"))

    assert (data.kpi.total, data.compared.series.total) == (1, 1)
    assert {kpi.metric: kpi.total for kpi in data.kpis}[Metric.JOINS] is None
    assert [item.id for item in data.members.items] == [LATE_USER], "the other panels stay filtered"


async def test_members_who_left_are_known(stores: Stores):
    recent = NOW - timedelta(days=3)
    guild_id = await create_counted_guild(
        stores,
        *create_messages(LOUD_USER, recent),
        *create_messages(QUIET_USER, recent),
        since=NOW - timedelta(days=30),
    )
    async with stores.database.transaction() as session:
        session.add(MembershipPeriod(guild_id=guild_id, user_id=LOUD_USER, joined_at=recent, left_at=NOW))

    data = await load_overview(stores, parse_view(guild_id, range="7d"))

    assert data.departed_members == {LOUD_USER}


async def test_every_metric_has_a_tile_and_commands_have_a_list(stores: Stores):
    guild_id = await create_counted_guild(stores, since=NOW - timedelta(days=30))
    at = NOW - timedelta(days=2)
    rows = [
        [guild_id, kind, at, 1, 0, LOUD_USER, False, None, None, "why", "command", outcome]
        for kind, outcome in (("command", "ok"), ("command", "failed"), ("command_denied", "tier"))
    ]
    await stores.clickhouse_writer.insert("activity_events", rows, column_names=[*EVENT_COLUMNS, *COMMAND_COLUMNS])
    await add_ticket(stores, guild_id, at, seconds=90)

    data = await load_overview(stores, parse_view(guild_id, range="7d", metric="commands"))

    totals = {kpi.metric: kpi.total for kpi in data.kpis}
    assert list(totals) == list(OVERVIEW_METRICS)
    assert set(OVERVIEW_METRICS) == set(Metric)
    assert (totals[Metric.COMMANDS], totals[Metric.COMMANDS_DENIED]) == (2, 1)
    assert totals[Metric.FIRST_RESPONSE_SECONDS] == 90
    assert {(use.command, use.outcome): use.count for use in data.command_uses.items} == {
        ("why", "ok"): 1,
        ("why", "failed"): 1,
    }
    denied = await load_overview(stores, parse_view(guild_id, range="7d", metric="commands_denied"))
    assert [(use.outcome, use.count) for use in denied.command_uses.items] == [("tier", 1)]
    assert (await load_overview(stores, parse_view(guild_id, range="7d"))).command_uses is None
