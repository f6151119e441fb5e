"""Numbers of both windows from one statement are those of the single queries, for every kind of comparison."""

import random
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from itertools import product
from zoneinfo import ZoneInfo

import pytest

from herwa_shared.analytics.compared_rankings import compare_channels_and_members, name_rankings
from herwa_shared.analytics.comparison import align_windows
from herwa_shared.analytics.coverage import MEMBERS_INTENT
from herwa_shared.analytics.heatmap import build_weekly_heatmap, query_weekly_heatmap
from herwa_shared.analytics.kpis import list_available_metrics
from herwa_shared.analytics.metric_definitions import Metric
from herwa_shared.analytics.query import ActivityQuery
from herwa_shared.analytics.ranked_lists import RankedMetrics
from herwa_shared.analytics.rankings import rank_channels, rank_members
from herwa_shared.analytics.results import Interval, Ranking
from herwa_shared.analytics.timeseries import query_timeseries
from herwa_shared.analytics.window_numbers import load_window_numbers
from herwa_shared.clock import utc_now
from herwa_shared.stores import Stores
from tests.support.row_factories import EventRow, add_gateway_session, add_guild, add_imported_period, insert_events

ZONES = ("UTC", "America/New_York", "Asia/Kolkata")
KINDS = ("message", "voice", "join", "leave", "reaction", "thread", "member_count", "message_bot")
NOW = utc_now().replace(minute=41, second=17, microsecond=0) - timedelta(hours=3)
COMPARISONS = {
    "none": lambda _: None,
    "previous": ActivityQuery.shift_back,
    "year": ActivityQuery.shift_year_back,
    "overlapping": lambda query: replace(
        query, start=query.start - timedelta(days=3), end=query.end - timedelta(days=5)
    ),
    "later": lambda query: replace(query, start=query.end, end=query.end + timedelta(days=2)),
    "cut": lambda query: replace(
        query, start=query.start - timedelta(days=9), end=query.start - timedelta(days=4, minutes=25)
    ),
}
LIST_METRICS = [
    (Metric.MESSAGES, Metric.MESSAGES),
    (Metric.ACTIVE_MEMBERS, Metric.MESSAGES),
    (Metric.VOICE_MEMBERS, Metric.VOICE_MINUTES),
    (Metric.VOICE_MINUTES, Metric.VOICE_MINUTES),
]
WINDOWS = {  # days of the window, and days from its end back to the day after today
    "running": (12, 0),
    "past": (7, 6),
    "partly without raw events": (70, 0),  # the window before it is older than the raw events
}


async def record_activity(stores: Stores, query: ActivityQuery, comparison: ActivityQuery | None, *, seed: str) -> None:
    """Insert random events before `NOW` in both windows and around them, and periods that cover parts of both."""
    rng = random.Random(seed)
    windows = [query, comparison] if comparison else [query]
    start, end = min(window.start for window in windows), min(NOW, max(window.end for window in windows))

    def pick_moment() -> datetime:
        window = rng.choice(windows)
        moment = window.start + timedelta(seconds=rng.randrange(int((window.end - window.start).total_seconds())))
        return rng.choice((moment, moment, window.start, NOW - timedelta(seconds=1), moment.replace(minute=0)))

    moments = [moment for moment in (pick_moment() for _ in range(400)) if moment < NOW]
    await insert_events(
        stores,
        query.guild_id,
        [
            EventRow(moment, rng.randint(1, 9), rng.randint(1, 4), rng.choice(KINDS), rng.randint(1, 4000))
            for moment in moments
        ],
    )
    middle = start + (end - start) / 2
    await add_gateway_session(stores, query.guild_id, start, middle, intents=MEMBERS_INTENT)
    await add_imported_period(stores, query.guild_id, middle + timedelta(hours=5), end)


def list_values(ranking: Ranking) -> Mapping[int, int]:
    return {item.id: item.value for item in ranking.items}


@pytest.mark.parametrize(
    ("zone", "window", "comparison_name"),
    [
        pytest.param(zone, window, name, marks=() if number % len(ZONES) == index else pytest.mark.slow)
        for number, (window, name) in enumerate(product(WINDOWS, COMPARISONS))
        for index, zone in enumerate(ZONES)
    ],
)
async def test_numbers_of_both_windows_match_the_single_queries(
    stores: Stores, zone: str, window: str, comparison_name: str
):
    days, age = WINDOWS[window]
    query = ActivityQuery.from_last_days(
        days, guild_id=await add_guild(stores), zone=ZoneInfo(zone), now=NOW - timedelta(days=age)
    )
    seed = f"{zone} {window} {comparison_name}"
    rng = random.Random(seed)
    channel_id, interval = rng.choice((None, 2)), rng.choice(list(Interval))
    query = replace(query, channel_id=channel_id, interval=interval)
    comparison = COMPARISONS[comparison_name](query)
    await record_activity(stores, query, comparison, seed=seed)
    metrics = list_available_metrics(Metric, channel_id)

    numbers = await load_window_numbers(
        stores.database,
        stores.clickhouse,
        query,
        comparison=comparison,
        metrics=metrics,
        week_metric=Metric.ACTIVE_MEMBERS,
        now=NOW,
    )

    for metric in metrics:
        expected = await query_timeseries(stores.database, stores.clickhouse, replace(query, metric=metric), now=NOW)
        assert numbers.build_series(metric) == expected
        if comparison:
            expected = await query_timeseries(
                stores.database, stores.clickhouse, replace(comparison, metric=metric), now=NOW
            )
            assert numbers.build_base_series(metric) == expected
    heatmap = await query_weekly_heatmap(
        stores.database, stores.clickhouse, replace(query, metric=Metric.ACTIVE_MEMBERS), now=NOW
    )
    assert build_weekly_heatmap(numbers, Metric.ACTIVE_MEMBERS) == heatmap


@pytest.mark.parametrize("window", WINDOWS)
@pytest.mark.parametrize("comparison_name", COMPARISONS)
async def test_lists_and_their_changes_match_the_single_rankings(stores: Stores, window: str, comparison_name: str):
    rng = random.Random(f"{window} {comparison_name}")
    channel_metric, member_metric = rng.choice(LIST_METRICS)
    channel_id, zone = rng.choice((None, 2)), rng.choice(("UTC", "Asia/Kolkata"))
    days, age = WINDOWS[window]
    query = ActivityQuery.from_last_days(
        days, guild_id=await add_guild(stores), zone=ZoneInfo(zone), now=NOW - timedelta(days=age)
    )
    comparison = COMPARISONS[comparison_name](query)
    await record_activity(stores, query, comparison, seed=f"{window} {comparison_name}")
    windows = align_windows(query, comparison, NOW) if comparison else None

    ranked = RankedMetrics(channel_metric, member_metric, max_members=20)
    filtered_query = replace(query, channel_id=channel_id)
    channels, members = await compare_channels_and_members(
        stores.database, stores.clickhouse, filtered_query, windows, ranked=ranked, now=NOW
    )

    async def rank(rank_items, metric: Metric, ranked_window: ActivityQuery, channel: int | None) -> Ranking:
        ranked_query = replace(ranked_window, metric=metric, channel_id=channel)
        return await rank_items(stores.database, stores.clickhouse, ranked_query, limit=500, now=NOW)

    for compared, rank_items, metric, channel in (
        (channels, rank_channels, channel_metric, None),
        (members, rank_members, member_metric, channel_id),
    ):
        assert compared.get_top(500) == await rank(rank_items, metric, query, channel)
        if windows:
            changes = {item.item.id: item.change for item in compared.items}
            values = list_values(await rank(rank_items, metric, windows.current, channel))
            bases = list_values(await rank(rank_items, metric, windows.base, channel))
            assert {id_: change.value for id_, change in changes.items() if change.value} == values
            assert {id_: change.base for id_, change in changes.items() if change.base} == bases


@pytest.mark.parametrize("window", WINDOWS)
@pytest.mark.parametrize("comparison_name", COMPARISONS)
async def test_lists_beside_the_numbers_are_the_same(stores: Stores, window: str, comparison_name: str):
    rng = random.Random(f"{comparison_name} {window}")
    ranked = RankedMetrics(*rng.choice(LIST_METRICS), max_members=5)
    days, age = WINDOWS[window]
    query = ActivityQuery.from_last_days(
        days, guild_id=await add_guild(stores), zone=ZoneInfo("UTC"), now=NOW - timedelta(days=age)
    )
    comparison = COMPARISONS[comparison_name](query)
    await record_activity(stores, query, comparison, seed=f"{comparison_name} {window}")
    windows = align_windows(query, comparison, NOW) if comparison else None
    separate = await compare_channels_and_members(
        stores.database, stores.clickhouse, query, windows, ranked=ranked, now=NOW
    )

    numbers, numbers_alone = [
        await load_window_numbers(
            stores.database,
            stores.clickhouse,
            query,
            comparison=comparison,
            metrics=[Metric.MESSAGES, Metric.JOINS],
            week_metric=Metric.MESSAGES,
            ranked=metrics_of_lists,
            now=NOW,
        )
        for metrics_of_lists in (ranked, None)
    ]

    is_approximate = numbers.current.approximate or (numbers.base is not None and numbers.base.approximate)
    assert (numbers.list_rows is None) == is_approximate
    assert replace(numbers, list_rows=None) == numbers_alone
    if numbers.list_rows:
        named = await name_rankings(stores.database, query.guild_id, ranked, numbers.list_rows)
        assert len(named[1].items) == 5
        assert named == separate
