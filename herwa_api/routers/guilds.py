"""The statistics of one guild."""

from dataclasses import replace
from typing import Annotated

from fastapi import APIRouter, Query, Response

from herwa_api.app_state import ClickHouse, PostgreSQL
from herwa_api.auth import HeatmapReader, StatsReader, TopChannelsReader, TopMembersReader
from herwa_api.schemas import responses
from herwa_api.schemas.problems import PROBLEMS
from herwa_api.schemas.requests import AskedHeatmap, AskedStats, AskedTopChannels, AskedTopMembers, Comparison
from herwa_api.schemas.serializers import Json, heatmap_body, stats_body, top_body
from herwa_shared.analytics.heatmap import hours_of_week
from herwa_shared.analytics.query import ActivityQuery
from herwa_shared.analytics.rankings import top_channels, top_members
from herwa_shared.analytics.results import Metric
from herwa_shared.analytics.timeseries import series_of
from herwa_shared.services.channels import require_channel

router = APIRouter(prefix="/api/guilds/{guild_id}", tags=["statistics"], responses=PROBLEMS)
COMPARED = {Comparison.PREVIOUS: ActivityQuery.previous, Comparison.YEAR: ActivityQuery.year_before}


@router.get("/stats", summary="One metric over time", response_model=responses.Stats)
async def stats(
    guild_id: StatsReader, asked: Annotated[AskedStats, Query()], database: PostgreSQL, clickhouse: ClickHouse
) -> Response:
    """Silent intervals are 0, gaps null; an interval of which only a part was counted is marked `partial`."""
    window = await asked.query(database, guild_id)
    query = replace(window, metric=asked.metric, interval=asked.interval, channel_id=asked.channel)
    series = await series_of(database, clickhouse, query)
    if query.channel_id is not None and series.total == 0:
        await require_channel(database, guild_id, query.channel_id)
    if asked.compare is None:
        return Json(stats_body(series))
    return Json(stats_body(series, await series_of(database, clickhouse, COMPARED[asked.compare](query))))


@router.get("/top/channels", summary="Channels with most activity", response_model=responses.Top)
async def channels(
    guild_id: TopChannelsReader,
    asked: Annotated[AskedTopChannels, Query()],
    database: PostgreSQL,
    clickhouse: ClickHouse,
) -> Response:
    """A thread counts for its channel. Highest first, equals by id."""
    query = replace(await asked.query(database, guild_id), metric=Metric(asked.metric))
    return Json(top_body(await top_channels(database, clickhouse, query, limit=asked.limit)))


@router.get("/top/members", summary="Members with most activity", response_model=responses.Top)
async def members(
    guild_id: TopMembersReader, asked: Annotated[AskedTopMembers, Query()], database: PostgreSQL, clickhouse: ClickHouse
) -> Response:
    """Bots and webhooks are not among them. The key needs the scope `members:read`."""
    query = replace(await asked.query(database, guild_id), metric=Metric(asked.metric))
    return Json(top_body(await top_members(database, clickhouse, query, limit=asked.limit)))


@router.get("/heatmap", summary="Activity by hour of the week", response_model=responses.Heatmap)
async def heatmap(
    guild_id: HeatmapReader, asked: Annotated[AskedHeatmap, Query()], database: PostgreSQL, clickhouse: ClickHouse
) -> Response:
    """Every one of the 168 hours, by the clocks of the zone."""
    query = replace(await asked.query(database, guild_id), metric=Metric(asked.metric), channel_id=asked.channel)
    return Json(heatmap_body(await hours_of_week(clickhouse, query)))
