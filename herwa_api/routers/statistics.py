"""Statistics of one guild: `/api/guilds/{guild_id}/…`."""

from dataclasses import replace
from typing import Annotated

from fastapi import APIRouter, Query, Response

from herwa_api import texts
from herwa_api.app_state import ClickHouseDep, DatabaseDep
from herwa_api.auth import HeatmapGuildId, StatsGuildId, TopChannelsGuildId, TopMembersGuildId
from herwa_api.schemas import responses
from herwa_api.schemas.problems import PROBLEM_RESPONSES
from herwa_api.schemas.requests import HeatmapQuery, StatsComparison, StatsQuery, TopChannelsQuery, TopMembersQuery
from herwa_api.schemas.serializers import OrjsonResponse, serialize_heatmap, serialize_ranking, serialize_stats
from herwa_shared.analytics.compared_series import query_compared_series
from herwa_shared.analytics.heatmap import query_weekly_heatmap
from herwa_shared.analytics.metric_definitions import Metric
from herwa_shared.analytics.query import ActivityQuery
from herwa_shared.analytics.rankings import rank_channels, rank_members
from herwa_shared.services.channels import require_channel

router = APIRouter(prefix="/api/guilds/{guild_id}", tags=["statistics"], responses=PROBLEM_RESPONSES)
COMPARISON_WINDOWS = {
    StatsComparison.PREVIOUS: ActivityQuery.shift_back,
    StatsComparison.YEAR: ActivityQuery.shift_year_back,
}


@router.get(
    "/stats",
    summary=texts.ROUTE_SUMMARIES["stats"],
    description=texts.ROUTE_DESCRIPTIONS["stats"],
    response_model=responses.StatsResponse,
)
async def get_stats(
    guild_id: StatsGuildId, params: Annotated[StatsQuery, Query()], database: DatabaseDep, clickhouse: ClickHouseDep
) -> Response:
    """Return one metric as a time series."""
    window = await params.to_activity_query(database, guild_id)
    query = replace(window, metric=params.metric, interval=params.interval, channel_id=params.channel)
    comparison = None if params.compare is None else COMPARISON_WINDOWS[params.compare](query)
    compared = await query_compared_series(database, clickhouse, query, comparison)
    if query.channel_id is not None and compared.series.total == 0:
        await require_channel(database, guild_id, query.channel_id)
    return OrjsonResponse(serialize_stats(compared))


@router.get(
    "/top/channels",
    summary=texts.ROUTE_SUMMARIES["top_channels"],
    description=texts.ROUTE_DESCRIPTIONS["top_channels"],
    response_model=responses.RankingResponse,
)
async def list_top_channels(
    guild_id: TopChannelsGuildId,
    params: Annotated[TopChannelsQuery, Query()],
    database: DatabaseDep,
    clickhouse: ClickHouseDep,
) -> Response:
    """Rank the channels by a metric, highest first, ties by id. A thread counts for its channel."""
    query = replace(await params.to_activity_query(database, guild_id), metric=Metric(params.metric))
    return OrjsonResponse(serialize_ranking(await rank_channels(database, clickhouse, query, limit=params.limit)))


@router.get(
    "/top/members",
    summary=texts.ROUTE_SUMMARIES["top_members"],
    description=texts.ROUTE_DESCRIPTIONS["top_members"],
    response_model=responses.RankingResponse,
)
async def list_top_members(
    guild_id: TopMembersGuildId,
    params: Annotated[TopMembersQuery, Query()],
    database: DatabaseDep,
    clickhouse: ClickHouseDep,
) -> Response:
    """Rank the members by a metric, highest first, ties by id."""
    query = replace(await params.to_activity_query(database, guild_id), metric=Metric(params.metric))
    return OrjsonResponse(serialize_ranking(await rank_members(database, clickhouse, query, limit=params.limit)))


@router.get(
    "/heatmap",
    summary=texts.ROUTE_SUMMARIES["heatmap"],
    description=texts.ROUTE_DESCRIPTIONS["heatmap"],
    response_model=responses.HeatmapResponse,
)
async def get_heatmap(
    guild_id: HeatmapGuildId, params: Annotated[HeatmapQuery, Query()], database: DatabaseDep, clickhouse: ClickHouseDep
) -> Response:
    """Return the activity in each of the 168 hours of the week, in local time of the time zone."""
    query = replace(
        await params.to_activity_query(database, guild_id), metric=Metric(params.metric), channel_id=params.channel
    )
    return OrjsonResponse(serialize_heatmap(await query_weekly_heatmap(database, clickhouse, query)))
