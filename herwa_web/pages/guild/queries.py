"""Data queries of the overview, run concurrently.

Numbers come from `herwa_shared.analytics`; names and live counters come from PostgreSQL.
"""

import asyncio
from collections.abc import Hashable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

from herwa_shared.analytics.command_uses import COMMAND_METRICS, CommandUses, load_command_uses
from herwa_shared.analytics.compared_rankings import ComparedRanking, compare_channels_and_members, name_rankings
from herwa_shared.analytics.compared_series import ComparedSeries, build_compared_series, query_compared_series
from herwa_shared.analytics.comparison import Change, align_windows
from herwa_shared.analytics.heatmap import build_weekly_heatmap
from herwa_shared.analytics.kpis import Kpi, build_kpi, find_top_contributor, list_available_metrics
from herwa_shared.analytics.metric_definitions import CHANNEL_METRICS, HEATMAP_METRICS, MEMBER_METRICS, Metric
from herwa_shared.analytics.query import ActivityQuery
from herwa_shared.analytics.ranked_lists import RankedMetrics
from herwa_shared.analytics.results import RankedItem, Ranking, WeeklyHeatmap
from herwa_shared.analytics.validity import get_valid_until
from herwa_shared.analytics.window_numbers import WindowNumbers, load_window_numbers
from herwa_shared.dashboard_query import DashboardQuery
from herwa_shared.query_cache.cache import Computed, QueryCache
from herwa_shared.services.channels import ChannelInfo, GuildInfo, find_guild_info, list_channels
from herwa_shared.services.departed_members import list_departed_members
from herwa_shared.services.live_counters import LiveCounters, load_live_counters
from herwa_shared.services.process_details import BotDetail, parse_detail
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
MORE_METRICS = (
    Metric.VOICE_MEMBERS,
    Metric.LEAVES,
    Metric.COMMANDS,
    Metric.COMMANDS_DENIED,
    Metric.FIRST_RESPONSE_SECONDS,
)
"""The metrics of the row below the strip of KPIs, without sparklines."""
OVERVIEW_METRICS = KPI_METRICS + MORE_METRICS
MAX_LIST_ROWS = 9
SHARED_TIME = timedelta(seconds=2)
"""How long all tabs of a server share what has no data version: names of channels, live counters."""
POLL_SHARED_TIME = timedelta(seconds=10)
"""How long tabs that poll a lively server share an overview. Shorter than their interval, so each poll shows news."""
ANY_TIME = datetime.min.replace(tzinfo=UTC)

ChangesById = Mapping[int, Change]
"""Change by id. For an id that is missing the change is unknown."""


@dataclass(frozen=True, slots=True)
class OverviewData:
    """Query results that the overview shows.

    `kpis` are those of all metrics; one without channels has no numbers there if the view has a channel. `kpi` is that
    of the selected metric, which is always shown. `command_uses` is None unless that is a metric of commands.
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
    command_uses: CommandUses | None = None


@dataclass(frozen=True, slots=True)
class LiveData:
    """What is read again after SHARED_TIME: the live counters, and the gateway intents that the bot lacks."""

    counters: LiveCounters | None = None
    missing_intents: frozenset[str] = frozenset()

    def has_same_numbers(self, other: "LiveData") -> bool:
        """Return whether a page shows the same counters for both."""
        if self.counters is None or other.counters is None:
            return self.counters is other.counters
        numbers, other_numbers = ((counters.online, counters.in_voice) for counters in (self.counters, other.counters))
        return numbers == other_numbers


@dataclass(frozen=True, slots=True, eq=False)
class SharedOverview:
    """An overview that all tabs with the same view share, and the view at the time of its numbers."""

    data: OverviewData
    view: DashboardQuery
    presentations: dict[Hashable, Any] = field(default_factory=dict)
    """What the presenter has built from it, for all tabs."""


@dataclass(frozen=True, slots=True)
class OverviewNumbers:
    """The numbers of the panels, and those of the selected metric.

    They are the same unless the view has a channel and the selected metric has none.
    """

    panels: WindowNumbers
    selected: WindowNumbers

    def get_week_numbers(self, view: DashboardQuery) -> WindowNumbers:
        """Return the numbers from which the heatmap is built."""
        return self.selected if resolve_hour_metric(view) is view.metric else self.panels


async def load_shared_directory(
    stores: Stores, cache: QueryCache, guild_id: int
) -> tuple[GuildInfo | None, Mapping[int, ChannelInfo]]:
    """Load the directory once for all tabs of the server within SHARED_TIME."""
    return await cache.get_recent(guild_id, "directory", partial(load_directory, stores, guild_id), SHARED_TIME)


async def load_directory(stores: Stores, guild_id: int) -> tuple[GuildInfo | None, Mapping[int, ChannelInfo]]:
    """Load the guild's name, time zone and join time (None if it is unknown), and its channels in display order."""
    async with stores.database.transaction() as session:
        guild_info = await find_guild_info(session, guild_id=guild_id)
        channels = await list_channels(session, guild_id=guild_id)
    return guild_info, {channel.id: channel for channel in channels}


async def load_shared_overview(
    stores: Stores, cache: QueryCache, view: DashboardQuery, *, is_poll: bool = False
) -> SharedOverview:
    """Load the overview once for all tabs with this view, while its data does not change.

    A poll takes an overview that another tab has loaded within POLL_SHARED_TIME, although its data has changed. Raises
    TooManyQuestions.
    """

    async def compute() -> Computed[SharedOverview]:
        queries = filter(None, (view.to_activity_query(), view.to_comparison_query()))
        async with cache.slots.hold(view.guild_id), cache.slots.hold_shared(view.guild_id):
            shared = SharedOverview(await load_overview(stores, view), view)
        return Computed(shared, get_valid_until(view.now, *queries, has_names=True))

    question = _build_question(view)
    recent: SharedOverview | None = cache.find_recent(view.guild_id, question) if is_poll else None
    if recent is not None:
        return recent
    shared = await cache.get_object(view.guild_id, question, compute)
    cache.keep_recent(view.guild_id, question, shared, POLL_SHARED_TIME)
    return shared


def is_current_overview(cache: QueryCache, shared: SharedOverview) -> bool:
    """Return whether a poll would get this overview again."""
    guild_id, question = shared.view.guild_id, _build_question(shared.view)
    return shared is (cache.find_recent(guild_id, question) or cache.find_object(guild_id, question))


async def load_shared_live_data(stores: Stores, cache: QueryCache, guild_id: int) -> LiveData:
    """Load the live data once for all tabs of the server within SHARED_TIME."""
    return await cache.get_recent(guild_id, "live", partial(load_live_data, stores, guild_id), SHARED_TIME)


def _build_question(view: DashboardQuery) -> tuple[str, DashboardQuery]:
    return "overview", replace(view, now=ANY_TIME)


async def load_overview(stores: Stores, view: DashboardQuery) -> OverviewData:
    """Run the queries of the overview concurrently, without what is live.

    Only the departed members are read afterwards, from the list.

    A statement of ClickHouse costs more than the few rows that it reads, so that one reads the numbers and the lists. A
    view of one channel has a statement for the lists, and a metric of commands one for its own list.
    """
    (numbers, (channels, members)), command_uses = await asyncio.gather(
        _load_numbers_and_lists(stores, view), _load_command_uses(stores, view)
    )
    kpi_by_metric = {metric: build_kpi(numbers.panels, metric) for metric in OVERVIEW_METRICS}
    kpi, top_members = build_kpi(numbers.selected, view.metric), members.get_top(MAX_LIST_ROWS)
    return OverviewData(
        build_compared_series(numbers.selected, view.metric),
        tuple(kpi_by_metric.values()),
        kpi,
        find_top_contributor(kpi, channels.items) if view.channel_id is None else None,
        channels.get_top(MAX_LIST_ROWS),
        _list_changes(channels, kpi_by_metric.get(resolve_channel_metric(view))),
        top_members,
        _list_changes(members, kpi_by_metric.get(resolve_member_metric(view))),
        build_weekly_heatmap(numbers.get_week_numbers(view), resolve_hour_metric(view)),
        await _load_departed_members(stores, view, top_members),
        command_uses,
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


def resolve_command_metric(view: DashboardQuery) -> Metric:
    """Return the metric of the list of commands: the selected one if possible, else commands that ran."""
    return view.metric if view.metric in COMMAND_METRICS else Metric.COMMANDS


def build_panel_query(view: DashboardQuery, metric: Metric) -> ActivityQuery:
    """Return the query of a panel that shows another metric than the selected one."""
    return replace(view, metric=metric).to_activity_query()


async def _load_numbers_and_lists(
    stores: Stores, view: DashboardQuery
) -> tuple[OverviewNumbers, tuple[ComparedRanking, ComparedRanking]]:
    """Load the numbers of all metrics, and the lists of channels and members."""
    ranked = RankedMetrics(resolve_channel_metric(view), resolve_member_metric(view), MAX_LIST_ROWS)
    if view.channel_id is not None:
        return await asyncio.gather(_load_numbers(stores, view, None), _load_lists(stores, view, ranked))
    numbers = await _load_numbers(stores, view, ranked)
    rows = numbers.panels.list_rows
    rankings = rows and await name_rankings(stores.database, view.guild_id, ranked, rows)
    return numbers, rankings or await _load_lists(stores, view, ranked)


async def _load_numbers(stores: Stores, view: DashboardQuery, ranked: RankedMetrics | None) -> OverviewNumbers:
    """Load the numbers of all metrics, and the rows of the lists for a view without a channel.

    A metric without channels is loaded for the entire server, in a statement of its own, only if it is selected.
    """
    query, comparison = view.to_activity_query(), view.to_comparison_query()
    hour_metric = resolve_hour_metric(view)
    is_server_wide = view.channel_id is not None and query.channel_id is None
    parts: list[tuple[int | None, tuple[Metric, ...]]] = [(view.channel_id, OVERVIEW_METRICS)]
    if is_server_wide:
        parts.append((None, (view.metric,)))
    loaded = await asyncio.gather(
        *(
            load_window_numbers(
                stores.database,
                stores.clickhouse,
                replace(query, channel_id=channel_id),
                comparison=comparison,
                metrics=(available_metrics := list_available_metrics(metrics, channel_id)),
                week_metric=hour_metric if hour_metric in available_metrics else None,
                ranked=ranked,
                now=view.now,
            )
            for channel_id, metrics in parts
        )
    )
    return OverviewNumbers(loaded[0], loaded[-1])


async def _load_lists(
    stores: Stores, view: DashboardQuery, ranked: RankedMetrics
) -> tuple[ComparedRanking, ComparedRanking]:
    """Load the lists of channels and members. That of channels is complete, and never filtered by channel."""
    query, comparison = build_panel_query(view, ranked.member), view.to_comparison_query()
    windows = align_windows(query, comparison, view.now) if comparison else None
    return await compare_channels_and_members(
        stores.database, stores.clickhouse, query, windows, ranked=ranked, now=view.now
    )


async def _load_command_uses(stores: Stores, view: DashboardQuery) -> CommandUses | None:
    if view.metric not in COMMAND_METRICS:
        return None
    return await load_command_uses(stores.clickhouse, view.to_activity_query(), now=view.now)


def _list_changes(ranking: ComparedRanking, kpi: Kpi | None) -> ChangesById | None:
    """List the changes of a ranking; None if those of its metric cannot be shown."""
    if kpi is None or kpi.change is None:
        return None
    return {compared.item.id: compared.change for compared in ranking.items if compared.change.value}


async def _load_departed_members(stores: Stores, view: DashboardQuery, members: Ranking) -> frozenset[int]:
    async with stores.database.acquire_reader() as connection:
        return await list_departed_members(
            connection, guild_id=view.guild_id, user_ids=[member.id for member in members.items]
        )


async def load_live_data(stores: Stores, guild_id: int) -> LiveData:
    """Load the live counters, and the gateway intents that the bot lacks."""
    async with stores.database.transaction() as session:
        counters = (await load_live_counters(session, [guild_id])).get(guild_id)
        details = [parse_detail(process.name, process.detail) for process in await list_live_processes(session)]
    bots = (detail for detail in details if isinstance(detail, BotDetail))
    return LiveData(counters, frozenset(intent for bot in bots for intent in bot.missing_intents))
