"""Numbers of widgets: those of analytics, exactly; nothing about fewer than five people."""

from datetime import timedelta

import pytest

from herwa_shared.analytics.history_limit import HistoryLimit
from herwa_shared.clock import utc_now
from herwa_shared.services.widget_settings import WidgetMetric, WidgetSettings, WidgetTemplate
from herwa_shared.services.widgets import PublicWidget, WidgetStatus
from herwa_shared.stores import Stores
from herwa_shared.widgets.numbers import WidgetNumbers, compute_numbers, hide_small_days, is_small_group, read_numbers
from tests.support.row_factories import EventRow, add_channel, add_guild, add_imported_period, insert_events

ALL_HISTORY = HistoryLimit(None)


async def compute(stores: Stores, guild_id: int, *, history: HistoryLimit = ALL_HISTORY, **overrides) -> WidgetNumbers:
    settings = WidgetSettings(**({"name": "Blog", "days": 7} | overrides))
    now = utc_now()
    status = WidgetStatus(1, guild_id, "x" * 22, False, settings, 1, now, None)
    widget = PublicWidget(status, "Tea", None, 1)
    return await compute_numbers(stores.database, stores.clickhouse, widget, history=history, now=now)


async def add_covered_guild(stores: Stores) -> int:
    guild_id = await add_guild(stores)
    await add_imported_period(stores, guild_id, utc_now() - timedelta(days=400), utc_now() + timedelta(days=1))
    return guild_id


async def write(stores: Stores, guild_id: int, *, days_ago: float, users: range, channel: int = 1) -> None:
    """Let each of these users write one message."""
    at = (utc_now() - timedelta(days=days_ago)).replace(microsecond=0)
    await insert_events(stores, guild_id, [EventRow(at, user, channel) for user in users])


async def test_totals_days_and_change_are_those_of_analytics(stores):
    guild_id = await add_covered_guild(stores)
    await write(stores, guild_id, days_ago=0, users=range(10, 18))
    await write(stores, guild_id, days_ago=2, users=range(10, 17))
    await write(stores, guild_id, days_ago=9, users=range(10, 35))
    numbers = await compute(stores, guild_id, metrics=(WidgetMetric.MESSAGES, WidgetMetric.ACTIVE_MEMBERS))
    messages, members = numbers.numbers
    assert (messages.value, messages.days) == (15, (0, 0, 0, 0, 7, 0, 8))
    assert (members.value, members.days) == (8, (0, 0, 0, 0, 7, 0, 8))
    assert messages.change is not None
    assert (messages.change.value, messages.change.base) == (15, 25)
    assert read_numbers(numbers.to_value()) == numbers


async def test_number_of_four_people_is_hidden(stores):
    guild_id = await add_covered_guild(stores)
    await write(stores, guild_id, days_ago=1, users=range(10, 14))
    numbers = await compute(stores, guild_id, metrics=(WidgetMetric.MESSAGES, WidgetMetric.ACTIVE_MEMBERS))
    assert [(number.value, number.is_hidden, number.change, number.days) for number in numbers.numbers] == [
        (None, True, None, ())
    ] * 2


async def test_change_from_four_people_is_hidden(stores):
    guild_id = await add_covered_guild(stores)
    await write(stores, guild_id, days_ago=1, users=range(10, 30))
    await write(stores, guild_id, days_ago=8, users=range(10, 14))
    [messages] = (await compute(stores, guild_id, metrics=(WidgetMetric.MESSAGES,))).numbers
    assert (messages.value, messages.change) == (20, None)


async def test_window_is_not_longer_than_the_history_and_compared_only_within_it(stores):
    guild_id = await add_covered_guild(stores)
    await write(stores, guild_id, days_ago=1, users=range(10, 30))
    options = {"metrics": (WidgetMetric.MESSAGES,), "days": 30}
    shorter = await compute(stores, guild_id, history=HistoryLimit(10), **options)
    assert (shorter.end - shorter.start, shorter.numbers[0].change) == (timedelta(days=10), None)
    assert (await compute(stores, guild_id, history=HistoryLimit(90), **options)).numbers[0].change is not None


async def test_nothing_recorded_is_unknown_and_not_zero(stores):
    guild_id = await add_guild(stores, joined_at=utc_now())
    [messages] = (await compute(stores, guild_id, metrics=(WidgetMetric.MESSAGES,))).numbers
    assert (messages.value, messages.is_hidden) == (None, False)


async def test_channel_list_has_only_chosen_channels_with_five_people(stores):
    guild_id = await add_covered_guild(stores)
    names = ("general", "help", "secret", "quiet")
    channels = [await add_channel(stores, guild_id, name) for name in names]
    for channel, count in zip(channels, (5, 9, 20, 4), strict=True):
        await write(stores, guild_id, days_ago=1, users=range(10, 10 + count), channel=channel)
    chosen = (channels[0], channels[1], channels[3])
    numbers = await compute(stores, guild_id, template=WidgetTemplate.CHANNELS, channel_ids=chosen)
    assert [(channel.name, channel.members) for channel in numbers.channels] == [("help", 9), ("general", 5)]
    assert numbers.numbers == ()


@pytest.mark.parametrize(
    ("value", "people", "is_hidden"),
    [(3, 3, True), (4, 4, True), (5, 5, False), (900, 4, True), (0, 0, False), (None, None, False), (7, None, True)],
)
def test_fewer_than_five_people_are_a_small_group(value, people, is_hidden):
    assert is_small_group(value, people) == is_hidden


def test_single_hidden_day_hides_the_lowest_other_day():
    assert hide_small_days((100, 2, 60, 0, 70), (9, 2, 8, 0, 8)) == (100, None, None, 0, 70)
    assert hide_small_days((100, 2, 60, 1, 70), (9, 2, 8, 1, 8)) == (100, None, 60, None, 70)
    assert hide_small_days((100, None, 60), (9, None, 8)) == (100, None, 60)
    assert hide_small_days((100, 2), (9, 2)) == (None, None)
