"""Everything that the overview asks, at once: numbers from analytics, names and the moment from PostgreSQL."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, replace

from herwa_shared.analytics.heatmap import query_weekly_heatmap
from herwa_shared.analytics.kpis import Kpi, find_top_contributor, query_kpis
from herwa_shared.analytics.metric_definitions import CHANNEL_METRICS, HEATMAP_METRICS, MEMBER_METRICS
from herwa_shared.analytics.query import ActivityQuery
from herwa_shared.analytics.rankings import rank_channels, rank_members
from herwa_shared.analytics.results import Metric, RankedItem, Ranking, TimeSeries, WeeklyHeatmap
from herwa_shared.analytics.timeseries import query_timeseries
from herwa_shared.dashboard_query import DashboardQuery
from herwa_shared.services.channels import GuildInfo, find_channel_name, find_guild_info
from herwa_shared.services.live_counters import LiveCounters, load_live_counters
from herwa_shared.services.processes import list_live
from herwa_shared.stores import Stores

KPI_METRICS = (
    Metric.MESSAGES,
    Metric.ACTIVE_MEMBERS,
    Metric.VOICE_MINUTES,
    Metric.REACTIONS,
    Metric.THREADS,
    Metric.JOINS,
    Metric.MEMBERS,
)
MAX_LIST_ROWS = 9
MAX_COMPARED_ROWS = 500

ChangesById = Mapping[int, float | None]
"""Of each in a list by its id: 0.12 is 12% more, None is new. Of who is missing nothing can be said."""


@dataclass(frozen=True, slots=True)
class OverviewData:
    """What the page shows, as analytics gives it."""

    series: TimeSeries
    comparison: TimeSeries | None
    kpis: tuple[Kpi, ...]
    kpi: Kpi
    contributor: RankedItem | None
    channels: Ranking
    channel_changes: ChangesById | None
    members: Ranking
    member_changes: ChangesById | None
    heatmap: WeeklyHeatmap
    channel_name: str | None
    live_counters: LiveCounters | None
    missing_intents: frozenset[str]


async def load_guild_info(stores: Stores, guild_id: int) -> GuildInfo | None:
    """What the guild is called, and its zone."""
    async with stores.database.transaction() as session:
        return await find_guild_info(session, guild_id=guild_id)


async def load_overview(stores: Stores, view: DashboardQuery) -> OverviewData:
    """Ask for everything at once."""
    query, earlier = view.to_activity_query(), view.to_comparison_query()
    database, clickhouse, now = stores.database, stores.clickhouse, view.now
    metrics = KPI_METRICS if view.metric in KPI_METRICS else (*KPI_METRICS, view.metric)
    by_channel = replace(query, metric=resolve_channel_metric(view))
    by_member = replace(query, metric=resolve_member_metric(view))
    by_hour = replace(query, metric=resolve_hour_metric(view))
    all_channels = replace(by_channel, channel_id=None)  # the list stays whole, so that another row can be chosen
    numbers = asyncio.gather(
        query_timeseries(database, clickhouse, query, now=now),
        _await_optional(query_timeseries(database, clickhouse, earlier, now=now) if earlier else None),
        query_kpis(
            database,
            clickhouse,
            replace(query, channel_id=view.channel_id),
            comparison=earlier,
            metrics=metrics,
            now=now,
        ),
    )
    lists = asyncio.gather(
        rank_channels(database, clickhouse, all_channels, limit=MAX_LIST_ROWS, now=now),
        _load_changes(stores, rank_channels, all_channels, view),
        rank_members(database, clickhouse, by_member, limit=MAX_LIST_ROWS, now=now),
        _load_changes(stores, rank_members, by_member, view),
    )
    extras = asyncio.gather(query_weekly_heatmap(clickhouse, by_hour, now=now), _load_live_data(stores, view))
    (series, comparison, kpi_list), rankings, (heatmap, live_data) = await asyncio.gather(numbers, lists, extras)
    kpi_by_metric = {item.metric: item for item in kpi_list}
    kpi, (channels, channel_changes, members, member_changes) = kpi_by_metric[view.metric], rankings
    contributor = (
        await find_top_contributor(database, clickhouse, query, earlier, kpi=kpi, now=now) if earlier else None
    )
    return OverviewData(
        series,
        comparison,
        kpi_list,
        kpi,
        contributor,
        channels,
        channel_changes if kpi_by_metric[all_channels.metric].change is not None else None,
        members,
        member_changes if kpi_by_metric[by_member.metric].change is not None else None,
        heatmap,
        *live_data,
    )


async def load_series_pair(stores: Stores, view: DashboardQuery) -> tuple[TimeSeries, TimeSeries | None]:
    """The large chart's series and the one that it is compared with."""
    earlier = view.to_comparison_query()
    return await asyncio.gather(
        query_timeseries(stores.database, stores.clickhouse, view.to_activity_query(), now=view.now),
        _await_optional(
            query_timeseries(stores.database, stores.clickhouse, earlier, now=view.now) if earlier else None
        ),
    )


def resolve_channel_metric(view: DashboardQuery) -> Metric:
    """By what channels are ranked: the chosen metric where channels have it."""
    return view.metric if view.metric in CHANNEL_METRICS else Metric.MESSAGES


def resolve_member_metric(view: DashboardQuery) -> Metric:
    """By what members are ranked."""
    if view.metric is Metric.VOICE_MEMBERS:
        return Metric.VOICE_MINUTES
    return view.metric if view.metric in MEMBER_METRICS else Metric.MESSAGES


def resolve_hour_metric(view: DashboardQuery) -> Metric:
    """What the hours of the week are counted in."""
    return view.metric if view.metric in HEATMAP_METRICS else Metric.MESSAGES


async def _load_live_data(
    stores: Stores, view: DashboardQuery
) -> tuple[str | None, LiveCounters | None, frozenset[str]]:
    async with stores.database.transaction() as session:
        counters = (await load_live_counters(session, [view.guild_id])).get(view.guild_id)
        missing_intents = {
            intent
            for process in await list_live(session)
            if process.name == "bot"
            for intent in (process.detail or {}).get("missing_intents", [])
        }
        channel_name = None
        if view.channel_id is not None:
            channel_name = await find_channel_name(session, guild_id=view.guild_id, channel_id=view.channel_id)
    return channel_name, counters, frozenset(missing_intents)


async def _await_optional(awaitable: Awaitable[TimeSeries] | None) -> TimeSeries | None:
    return None if awaitable is None else await awaitable


async def _load_changes(
    stores: Stores, list_top: Callable[..., Awaitable[Ranking]], query: ActivityQuery, view: DashboardQuery
) -> ChangesById | None:
    """How the list has changed: whole hours that are over against the same hours of the earlier window."""
    earlier = view.to_elapsed_comparison_query()
    if earlier is None:
        return None
    windows = (
        replace(query, end=query.get_complete_end(view.now)),
        replace(query, start=earlier.start, end=earlier.end),
    )
    current, previous = await asyncio.gather(
        *(
            list_top(stores.database, stores.clickhouse, window, limit=MAX_COMPARED_ROWS, now=view.now)
            for window in windows
        )
    )
    previous_values = {item.id: item.value for item in previous.items}
    is_complete = len(previous_values) < MAX_COMPARED_ROWS
    return {
        item.id: item.value / previous_values[item.id] - 1 if item.id in previous_values else None
        for item in current.items
        if item.id in previous_values or is_complete
    }
