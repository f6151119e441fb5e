"""What the lists of the overview say about before: only what was counted then, and only of the same hours."""

from datetime import datetime, timedelta

from herwa_shared.analytics.results import Metric
from herwa_shared.analytics.timezones import UTC_ZONE
from herwa_shared.dashboard_query import View
from herwa_shared.stores import Stores
from herwa_web.pages.guild.queries import answers_to
from tests.activity import Wrote, add_guild, add_history, record, utc

NOW = utc(2024, 3, 20, 10, 40)
LOUD, QUIET, LATE = 11, 12, 13
MANY = 520


def view(guild_id: int, **params: str) -> View:
    return View.parse(params, UTC_ZONE, NOW, guild_id=guild_id)


async def counted(stores: Stores, *messages: Wrote, since: datetime) -> int:
    """A guild with these messages, which somebody counted since then."""
    guild_id = await add_guild(stores)
    await add_history(stores, guild_id, since, NOW)
    await record(stores, guild_id, messages)
    return guild_id


def said(user: int, at: datetime, times: int = 1, channel: int = 1) -> list[Wrote]:
    return [Wrote(at + timedelta(seconds=second), user, channel) for second in range(times)]


async def test_lists_say_no_change_where_too_little_of_the_earlier_period_was_counted(stores: Stores):
    before, within = NOW - timedelta(days=100), NOW - timedelta(days=5)
    wrote = [*said(LOUD, before, 3), *said(LOUD, within, 9)]
    guild_id = await counted(stores, *wrote, since=NOW - timedelta(days=119))

    answers = await answers_to(stores, view(guild_id, range="91d"))

    assert answers.kpi.change is None
    assert [item.value for item in answers.members.items] == [9]
    assert (answers.channel_changes, answers.member_changes) == (None, None)


async def test_lists_say_the_change_of_each_and_who_is_new(stores: Stores):
    before, within = NOW - timedelta(days=10), NOW - timedelta(days=3)
    wrote = [*said(LOUD, before, 4), *said(LOUD, within, 5), *said(QUIET, within, 2, channel=2)]
    guild_id = await counted(stores, *wrote, since=NOW - timedelta(days=30))

    answers = await answers_to(stores, view(guild_id, range="7d"))

    assert answers.kpi.change == 0.75
    assert answers.member_changes == {LOUD: 0.25, QUIET: None}
    assert answers.channel_changes == {1: 0.25, 2: None}


async def test_a_running_day_is_compared_with_the_same_hours_of_the_day_before(stores: Stores):
    yesterday, today = utc(2024, 3, 19), utc(2024, 3, 20)
    wrote = [
        *said(LOUD, yesterday + timedelta(hours=9), 4),
        *said(LOUD, yesterday + timedelta(hours=20), 40),
        *said(LOUD, today + timedelta(hours=9), 4),
        *said(LOUD, today + timedelta(hours=10), 8),
        *said(LATE, today + timedelta(hours=10), 1),
    ]
    guild_id = await counted(stores, *wrote, since=yesterday - timedelta(days=9))

    answers = await answers_to(stores, view(guild_id, range="today"))

    assert [item.value for item in answers.members.items] == [12, 1]
    assert answers.kpi.change == 0
    assert answers.member_changes == {LOUD: 0}, "of the hour that runs nothing can be said yet"


async def test_each_list_asks_whether_its_own_metric_was_counted_before(stores: Stores):
    before, within = NOW - timedelta(days=10), NOW - timedelta(days=3)
    wrote = [*said(LOUD, before, 4), *said(LOUD, within, 5), Wrote(within, LOUD, kind="join")]
    guild_id = await counted(stores, *wrote, since=NOW - timedelta(days=30))

    answers = await answers_to(stores, view(guild_id, range="7d", metric=Metric.JOINS))

    assert answers.kpi.change is None
    assert answers.member_changes == {LOUD: 0.25}, "members are ranked by messages, which were counted"


async def test_nobody_is_called_new_while_the_list_of_before_is_cut_short(stores: Stores):
    before, within = NOW - timedelta(days=10), NOW - timedelta(days=3)
    crowd = [message for user in range(MANY) for message in said(1000 + user, before, 2)]
    wrote = [*crowd, *said(LOUD, before), *said(LOUD, within, 5), *said(1000, within)]
    guild_id = await counted(stores, *wrote, since=NOW - timedelta(days=30))

    answers = await answers_to(stores, view(guild_id, range="7d"))

    assert answers.member_changes == {1000: -0.5}
