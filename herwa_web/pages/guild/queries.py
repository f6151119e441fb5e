"""Data queries of the overview, run concurrently.

Numbers come from `herwa_shared.analytics`; names and live counters come from PostgreSQL.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, replace

from herwa_shared.analytics.compared_series import ComparedSeries, query_compared_series
from herwa_shared.analytics.comparison import Change, align_windows
from herwa_shared.analytics.heatmap import query_weekly_heatmap
from herwa_shared.analytics.kpis import Kpi, find_top_contributor, query_kpis
from herwa_shared.analytics.metric_definitions import CHANNEL_METRICS, HEATMAP_METRICS, MEMBER_METRICS, Metric
from herwa_shared.analytics.query import ActivityQuery
from herwa_shared.analytics.rankings import rank_channels, rank_members
from herwa_shared.analytics.results import RankedItem, Ranking, TimeSeries, WeeklyHeatmap
from herwa_shared.analytics.timeseries import query_timeseries
from herwa_shared.dashboard_query import DashboardQuery
from herwa_shared.services.channels import ChannelInfo, GuildInfo, find_guild_info, list_channels
from herwa_shared.services.departed_members import list_departed_members
from herwa_shared.services.live_counters import LiveCounters, load_live_counters
from herwa_shared.services.processes import list_live_processes
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

ChangesById = Mapping[int, Change]
"""Change by id. For an id that is missing the change is unknown."""


@dataclass(frozen=True, slots=True)
class OverviewData:
    """Query results that the overview shows.

    `kpis` are those of the strip; a metric without channels has no numbers there if the view has a channel. `kpi` is
    that of the selected metric, which is always shown.
    """

    compared: ComparedSeries
    kpis: tuple[Kpi, ...]
    kpi: Kpi
    contributor: RankedItem | None
    channels: Ranking
    channel_changes: ChangesById | None
    members: Ranking
    member_changes: ChangesById | None
    heatmap: WeeklyHeatmap
    departed_members: frozenset[int]
    live_counters: LiveCounters | None
    missing_intents: frozenset[str]


async def load_directory(stores: Stores, guild_id: int) -> tuple[GuildInfo | None, Mapping[int, ChannelInfo]]:
    """Load the guild's name, time zone and join time (None if it is unknown), and its channels in display order."""
    async with stores.database.transaction() as session:
        guild_info = await find_guild_info(session, guild_id=guild_id)
        channels = await list_channels(session, guild_id=guild_id)
    return guild_info, {channel.id: channel for channel in channels}


async def load_overview(stores: Stores, view: DashboardQuery) -> OverviewData:
    """Run all queries of the overview concurrently.

    Only the top contributor and the departed members follow afterwards: they need the other results.
    """
    query, comparison_query = view.to_activity_query(), view.to_comparison_query()
    database, clickhouse, now = stores.database, stores.clickhouse, view.now
    member_query = build_panel_query(view, resolve_member_metric(view))
    heatmap_query = build_panel_query(view, resolve_hour_metric(view))
    # The channel ranking is never filtered by channel, so that the user can select another one.
    all_channels_query = replace(query, metric=resolve_channel_metric(view), channel_id=None)
    numbers = asyncio.gather(
        query_timeseries(database, clickhouse, query, now=now),
        _await_optional(
            query_timeseries(database, clickhouse, comparison_query, now=now) if comparison_query else None
        ),
        _load_kpis(stores, view),
    )
    lists = asyncio.gather(
        rank_channels(database, clickhouse, all_channels_query, limit=MAX_LIST_ROWS, now=now),
        _load_changes(stores, rank_channels, all_channels_query, view),
        rank_members(database, clickhouse, member_query, limit=MAX_LIST_ROWS, now=now),
        _load_changes(stores, rank_members, member_query, view),
    )
    extras = asyncio.gather(
        query_weekly_heatmap(database, clickhouse, heatmap_query, now=now), load_live_data(stores, view)
    )
    (series, comparison, (kpi_by_metric, kpi)), rankings, (heatmap, live_data) = await asyncio.gather(
        numbers, lists, extras
    )
    channels, channel_changes, members, member_changes = rankings
    contributor, departed_members = await asyncio.gather(
        _find_contributor(stores, view, kpi), _load_departed_members(stores, view, members)
    )
    windows = align_windows(query, comparison_query, now) if comparison_query else None
    return OverviewData(
        ComparedSeries(series, comparison, kpi.change, windows),
        tuple(kpi_by_metric[metric] for metric in _list_metrics(view)),
        kpi,
        contributor,
        channels,
        channel_changes if _is_comparable(kpi_by_metric, all_channels_query.metric) else None,
        members,
        member_changes if _is_comparable(kpi_by_metric, member_query.metric) else None,
        heatmap,
        departed_members,
        *live_data,
    )


async def load_compared_series(stores: Stores, view: DashboardQuery) -> ComparedSeries:
    """Load the large chart's series, its comparison series and its change."""
    return await query_compared_series(
        stores.database, stores.clickhouse, view.to_activity_query(), view.to_comparison_query(), now=view.now
    )


def resolve_channel_metric(view: DashboardQuery) -> Metric:
    """Return the metric that ranks channels: the selected one if possible, else messages."""
    return view.metric if view.metric in CHANNEL_METRICS else Metric.MESSAGES


def resolve_member_metric(view: DashboardQuery) -> Metric:
    """Return the metric that ranks members; for voice members the voice minutes."""
    if view.metric is Metric.VOICE_MEMBERS:
        return Metric.VOICE_MINUTES
    return view.metric if view.metric in MEMBER_METRICS else Metric.MESSAGES


def resolve_hour_metric(view: DashboardQuery) -> Metric:
    """Return the metric of the heatmap: the selected one if it has hours, else messages."""
    return view.metric if view.metric in HEATMAP_METRICS else Metric.MESSAGES


def build_panel_query(view: DashboardQuery, metric: Metric) -> ActivityQuery:
    """Return the query of a panel that shows another metric than the selected one."""
    return replace(view, metric=metric).to_activity_query()


def _list_metrics(view: DashboardQuery) -> tuple[Metric, ...]:
    return KPI_METRICS if view.metric in KPI_METRICS else (*KPI_METRICS, view.metric)


async def _load_kpis(stores: Stores, view: DashboardQuery) -> tuple[Mapping[Metric, Kpi], Kpi]:
    """Load the KPIs of the view by metric, and that of the selected metric.

    A metric without channels is loaded for the whole server only if it is selected.
    """
    query, comparison_query = view.to_activity_query(), view.to_comparison_query()
    is_server_wide = view.channel_id is not None and query.channel_id is None
    parts = [(view.channel_id, _list_metrics(view)), *([(None, (view.metric,))] if is_server_wide else ())]
    kpis, *server_wide_kpis = await asyncio.gather(
        *(
            query_kpis(
                stores.database,
                stores.clickhouse,
                replace(query, channel_id=channel_id),
                comparison=comparison_query,
                metrics=metrics,
                now=view.now,
            )
            for channel_id, metrics in parts
        )
    )
    kpi_by_metric = {kpi.metric: kpi for kpi in kpis}
    return kpi_by_metric, server_wide_kpis[0][0] if server_wide_kpis else kpi_by_metric[view.metric]


def _is_comparable(kpi_by_metric: Mapping[Metric, Kpi], metric: Metric) -> bool:
    return metric in kpi_by_metric and kpi_by_metric[metric].change is not None


async def _find_contributor(stores: Stores, view: DashboardQuery, kpi: Kpi) -> RankedItem | None:
    """Find the channel that contributes most to the change; None if the view already has a channel."""
    comparison_query = view.to_comparison_query()
    if comparison_query is None or view.channel_id is not None:
        return None
    return await find_top_contributor(
        stores.database, stores.clickhouse, view.to_activity_query(), comparison_query, kpi=kpi, now=view.now
    )


async def _load_departed_members(stores: Stores, view: DashboardQuery, members: Ranking) -> frozenset[int]:
    async with stores.database.transaction() as session:
        return await list_departed_members(
            session, guild_id=view.guild_id, user_ids=[member.id for member in members.items]
        )


async def load_live_data(stores: Stores, view: DashboardQuery) -> tuple[LiveCounters | None, frozenset[str]]:
    """Load the live counters, and the gateway intents that the bot lacks."""
    async with stores.database.transaction() as session:
        counters = (await load_live_counters(session, [view.guild_id])).get(view.guild_id)
        missing_intents = {
            intent
            for process in await list_live_processes(session)
            if process.name == "bot"
            for intent in (process.detail or {}).get("missing_intents", [])
        }
    return counters, frozenset(missing_intents)


async def _await_optional(awaitable: Awaitable[TimeSeries] | None) -> TimeSeries | None:
    return None if awaitable is None else await awaitable


async def _load_changes(
    stores: Stores, list_top: Callable[..., Awaitable[Ranking]], query: ActivityQuery, view: DashboardQuery
) -> ChangesById | None:
    """Load the change of each row of a ranking; None without a comparison.

    At most `MAX_COMPARED_ROWS` rows of the earlier window are loaded. If that limit is reached, an id that is not among
    them has no known change; otherwise its base is 0.
    """
    comparison_query = view.to_comparison_query()
    aligned = comparison_query and align_windows(query, comparison_query, view.now)
    if not aligned:
        return None
    windows = (aligned.current, replace(query, start=aligned.base.start, end=aligned.base.end))
    current, previous = await asyncio.gather(
        *(
            list_top(stores.database, stores.clickhouse, window, limit=MAX_COMPARED_ROWS, now=view.now)
            for window in windows
        )
    )
    previous_values = {item.id: item.value for item in previous.items}
    is_complete = len(previous_values) < MAX_COMPARED_ROWS
    return {
        item.id: Change(item.value, previous_values.get(item.id, 0))
        for item in current.items
        if item.id in previous_values or is_complete
    }
