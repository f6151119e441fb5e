"""Statistics of one guild: `/api/guilds/{guild_id}/…`."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from datetime import datetime
from functools import partial
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request, Response

from herwa_api import texts
from herwa_api.app_state import read_app_state
from herwa_api.auth import (
    HeatmapGuildId,
    StatsGuildId,
    TopChannelsGuildId,
    TopMembersGuildId,
    get_caller,
    load_history_limit,
)
from herwa_api.cached_responses import respond_cached
from herwa_api.member_identities import get_member_identities
from herwa_api.question_costs import HEATMAP_WEIGHT, RANKING_WEIGHT, charge_question, compute_cost
from herwa_api.schemas import responses
from herwa_api.schemas.problems import PROBLEM_RESPONSES
from herwa_api.schemas.requests import HeatmapQuery, StatsComparison, StatsQuery, TopChannelsQuery, TopMembersQuery
from herwa_api.schemas.serializers import (
    serialize_heatmap,
    serialize_ranking,
    serialize_several_stats,
    serialize_stats,
)
from herwa_shared.analytics.compared_series import ComparedSeries, query_compared_series, query_several_compared_series
from herwa_shared.analytics.heatmap import query_weekly_heatmap
from herwa_shared.analytics.large_results import run_by_size
from herwa_shared.analytics.metric_definitions import Metric
from herwa_shared.analytics.query import ActivityQuery
from herwa_shared.analytics.rankings import rank_channels, rank_members
from herwa_shared.analytics.results import Ranking
from herwa_shared.analytics.validity import get_valid_until
from herwa_shared.query_cache.cache import Computed
from herwa_shared.services.channels import require_channel

RESPONSES = {304: {"description": texts.NOT_MODIFIED_DESCRIPTION}, **PROBLEM_RESPONSES}
router = APIRouter(prefix="/api/guilds/{guild_id}", tags=["statistics"], responses=RESPONSES)
COMPARISON_WINDOWS = {
    StatsComparison.PREVIOUS: ActivityQuery.shift_back,
    StatsComparison.YEAR: ActivityQuery.shift_year_back,
}


@router.get(
    "/stats",
    summary=texts.ROUTE_SUMMARIES["stats"],
    description=texts.ROUTE_DESCRIPTIONS["stats"],
    response_model=responses.StatsResponse | responses.SeveralStatsResponse,
)
async def get_stats(
    request: Request,
    guild_id: StatsGuildId,
    params: Annotated[StatsQuery, Query()],
) -> Response:
    """Return one or several metrics as time series."""
    app_state = read_app_state(request)
    stores, history = app_state.stores, await load_history_limit(request, app_state, guild_id)

    async def build(now: datetime) -> Computed[Any]:
        window = await params.to_activity_query(app_state.load_guild_settings, guild_id, now=now)
        query = replace(window, metric=params.metrics[0], interval=params.interval, channel_id=params.channel)
        comparison = None if params.compare is None else COMPARISON_WINDOWS[params.compare](query)
        history.require(query, comparison, now=now)
        valid_until = get_valid_until(now, *filter(None, (query, comparison)))
        cost = compute_cost(query, comparison, metrics=len(params.metrics))
        await charge_question(request, app_state, cost)
        several: Sequence[ComparedSeries]
        serialize: Callable[[], dict[str, Any]]
        if len(params.metrics) == 1:
            several = [await query_compared_series(stores.database, stores.clickhouse, query, comparison, now=now)]
            serialize = partial(serialize_stats, several[0])
        else:
            several = await query_several_compared_series(
                stores.database, stores.clickhouse, query, comparison, metrics=params.metrics, now=now
            )
            serialize = partial(serialize_several_stats, several)
        if query.channel_id is not None and not any(compared.series.total for compared in several):
            await require_channel(stores.database, guild_id, query.channel_id)
        body = await run_by_size(sum(len(compared.series.points) for compared in several), serialize)
        return Computed(body, history.limit_validity(valid_until, query.zone, now))

    return await respond_cached(request, app_state, guild_id, params, build, history=history)


@router.get(
    "/top/channels",
    summary=texts.ROUTE_SUMMARIES["top_channels"],
    description=texts.ROUTE_DESCRIPTIONS["top_channels"],
    response_model=responses.RankingResponse,
)
async def list_top_channels(
    request: Request,
    guild_id: TopChannelsGuildId,
    params: Annotated[TopChannelsQuery, Query()],
) -> Response:
    """Rank the channels by a metric, highest first, ties by id. A thread counts for its channel."""
    return await _rank(request, guild_id, params, rank_channels)


@router.get(
    "/top/members",
    summary=texts.ROUTE_SUMMARIES["top_members"],
    description=texts.ROUTE_DESCRIPTIONS["top_members"],
    response_model=responses.RankingResponse,
)
async def list_top_members(
    request: Request,
    guild_id: TopMembersGuildId,
    params: Annotated[TopMembersQuery, Query()],
) -> Response:
    """Rank the members by a metric, highest first, ties by id."""
    personalize = get_member_identities(get_caller(request)).hide_in_ranking
    return await _rank(request, guild_id, params, rank_members, personalize=personalize)


@router.get(
    "/heatmap",
    summary=texts.ROUTE_SUMMARIES["heatmap"],
    description=texts.ROUTE_DESCRIPTIONS["heatmap"],
    response_model=responses.HeatmapResponse,
)
async def get_heatmap(
    request: Request,
    guild_id: HeatmapGuildId,
    params: Annotated[HeatmapQuery, Query()],
) -> Response:
    """Return the activity in each of the 168 hours of the week, in local time of the time zone."""
    app_state = read_app_state(request)
    stores, history = app_state.stores, await load_history_limit(request, app_state, guild_id)

    async def build(now: datetime) -> Computed[Any]:
        window = await params.to_activity_query(app_state.load_guild_settings, guild_id, now=now)
        query = replace(window, metric=Metric(params.metric), channel_id=params.channel)
        history.require(query, now=now)
        await charge_question(request, app_state, compute_cost(query, weight=HEATMAP_WEIGHT))
        heatmap = await query_weekly_heatmap(stores.database, stores.clickhouse, query, now=now)
        valid_until = history.limit_validity(get_valid_until(now, query), query.zone, now)
        return Computed(serialize_heatmap(heatmap), valid_until)

    return await respond_cached(request, app_state, guild_id, params, build, history=history)


async def _rank(
    request: Request,
    guild_id: int,
    params: TopChannelsQuery | TopMembersQuery,
    rank: Callable[..., Awaitable[Ranking]],
    *,
    personalize: Callable[[Any], Any] | None = None,
) -> Response:
    app_state = read_app_state(request)
    stores, history = app_state.stores, await load_history_limit(request, app_state, guild_id)

    async def build(now: datetime) -> Computed[Any]:
        window, after = await params.to_page(app_state.load_guild_settings, guild_id, app_state.cursors, now=now)
        query = replace(window, metric=Metric(params.metric))
        history.require(query, now=now)
        await charge_question(request, app_state, compute_cost(query, weight=RANKING_WEIGHT))
        ranking = await rank(stores.database, stores.clickhouse, query, limit=params.limit, after=after, now=now)
        valid_until = history.limit_validity(get_valid_until(now, query, has_names=True), query.zone, now)
        body = serialize_ranking(ranking, params.format_next_cursor(query, ranking, app_state.cursors))
        return Computed(body, valid_until)

    return await respond_cached(request, app_state, guild_id, params, build, history=history, personalize=personalize)
