"""The rows of a panel as a table, for every file format: all rows, not only those on the screen.

An interval or hour without data is an empty cell, and one in the future is no row.
"""

from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass, replace
from enum import StrEnum
from itertools import zip_longest
from zoneinfo import ZoneInfo

from herwa_shared.analytics.command_uses import CommandUses, load_command_uses
from herwa_shared.analytics.compared_series import ComparedSeries
from herwa_shared.analytics.heatmap import query_weekly_heatmap
from herwa_shared.analytics.metric_definitions import Metric, get_definition
from herwa_shared.analytics.rankings import rank_channels, rank_members
from herwa_shared.analytics.results import Interval, PointStatus, Ranking, WeeklyHeatmap
from herwa_shared.charts.formatting import WEEKDAYS
from herwa_shared.dashboard_query import DashboardQuery
from herwa_shared.stores import Stores
from herwa_shared.tables.table import Cell, Column, ColumnType, Table
from herwa_web import texts
from herwa_web.pages.guild import tile_texts
from herwa_web.pages.guild.queries import (
    build_panel_query,
    load_compared_series,
    resolve_channel_metric,
    resolve_command_metric,
    resolve_hour_metric,
    resolve_member_metric,
)

MAX_ROWS = 50_000
"""The most rows of a file, so that it is written in seconds. Only lists of members can be longer."""


class Panel(StrEnum):
    """A panel of the overview that can be downloaded."""

    COURSE = "course"
    CHANNELS = "channels"
    MEMBERS = "members"
    COMMANDS = "commands"
    WEEK = "week"


@dataclass(frozen=True, slots=True)
class PanelTable:
    """A panel's table. `metric` is what it shows; `is_cut` means that there are more rows than `MAX_ROWS`."""

    metric: Metric
    table: Table
    is_cut: bool = False


async def load_panel_table(stores: Stores, view: DashboardQuery, panel: Panel) -> PanelTable:
    """Load the data of a panel as a table. Its rows are built when they are written."""
    match panel:
        case Panel.COURSE:
            compared = await load_compared_series(stores, view)
            return PanelTable(view.metric, _build_series_table(compared, view.metric, view.zone))
        case Panel.CHANNELS:
            metric = resolve_channel_metric(view)
            return await _load_ranking(stores, rank_channels, view, metric, texts.CHANNEL_COLUMN, texts.CHANNELS_SHEET)
        case Panel.MEMBERS:
            metric = resolve_member_metric(view)
            return await _load_ranking(stores, rank_members, view, metric, texts.MEMBER_COLUMN, texts.MEMBERS_SHEET)
        case Panel.COMMANDS:
            metric = resolve_command_metric(view)
            uses = await load_command_uses(stores.clickhouse, build_panel_query(view, metric), now=view.now)
            return PanelTable(metric, _build_command_table(uses, metric, view.zone))
        case Panel.WEEK:
            metric = resolve_hour_metric(view)
            query = build_panel_query(view, metric)
            heatmap = await query_weekly_heatmap(stores.database, stores.clickhouse, query, now=view.now)
            return PanelTable(metric, _build_heatmap_table(heatmap, metric, view.zone))


async def _load_ranking(
    stores: Stores,
    rank: Callable[..., Awaitable[Ranking]],
    view: DashboardQuery,
    metric: Metric,
    name_title: str,
    sheet_title: str,
) -> PanelTable:
    query = build_panel_query(view, metric)
    if rank is rank_channels:  # the list of channels is never filtered by channel
        query = replace(query, channel_id=None)
    ranking = await rank(stores.database, stores.clickhouse, query, limit=MAX_ROWS + 1, now=view.now)
    columns = (
        Column("id", texts.ID_COLUMN, ColumnType.ID),
        Column("name", name_title, ColumnType.TEXT),
        _build_metric_column(metric),
    )
    rows = ((item.id, item.name, item.value) for item in ranking.items[:MAX_ROWS])
    return PanelTable(metric, Table(sheet_title, columns, rows, view.zone), len(ranking.items) > MAX_ROWS)


def _build_series_table(compared: ComparedSeries, metric: Metric, zone: ZoneInfo) -> Table:
    is_hourly = compared.series.interval is Interval.HOUR
    time_type = ColumnType.TIME if is_hourly else ColumnType.DAY
    title = texts.TIME_COLUMN if is_hourly else texts.DATE_COLUMN
    previous_title = texts.PREVIOUS_TIME_COLUMN if is_hourly else texts.PREVIOUS_DATE_COLUMN
    columns = [
        Column("start", texts.format_time_column(title, zone), time_type),
        _build_metric_column(metric),
        Column("status", texts.STATUS_COLUMN, ColumnType.LABEL),
    ]
    if compared.comparison is not None:
        columns += [
            Column("previous_start", texts.format_time_column(previous_title, zone), time_type),
            Column("previous", texts.PREVIOUS_PERIOD, ColumnType.NUMBER),
            Column("previous_status", texts.PREVIOUS_STATUS_COLUMN, ColumnType.LABEL),
        ]
    return Table(get_definition(metric).title, tuple(columns), _build_series_rows(compared), zone)


def _build_series_rows(compared: ComparedSeries) -> Iterator[tuple[Cell, ...]]:
    """Yield a row per interval that has begun, beside the interval at the same place of the comparison."""
    points = compared.series.started_points
    if compared.comparison is None:
        yield from ((point.start, point.value, point.status.value) for point in points)
        return
    previous_points = compared.comparison.started_points[: len(points)]
    for point, previous in zip_longest(points, previous_points):
        previous_cells = (previous.start, previous.value, previous.status.value) if previous else (None, None, None)
        yield (point.start, point.value, point.status.value, *previous_cells)


def _build_command_table(uses: CommandUses, metric: Metric, zone: ZoneInfo) -> Table:
    columns = (
        Column("command", tile_texts.COMMAND_COLUMN, ColumnType.TEXT),
        Column("surface", tile_texts.SURFACE_COLUMN, ColumnType.LABEL),
        Column("outcome", tile_texts.OUTCOME_COLUMN, ColumnType.LABEL),
        _build_metric_column(metric),
        Column("milliseconds", tile_texts.MILLISECONDS_COLUMN, ColumnType.NUMBER),
    )
    rows = ((use.command, use.surface, use.outcome, use.count, use.milliseconds) for use in uses.items)
    return Table(tile_texts.COMMANDS_SHEET, columns, rows, zone)


def _build_heatmap_table(heatmap: WeeklyHeatmap, metric: Metric, zone: ZoneInfo) -> Table:
    columns = (
        Column("weekday", texts.WEEKDAY_COLUMN, ColumnType.LABEL),
        Column("hour", texts.format_time_column(texts.HOUR_COLUMN, zone), ColumnType.NUMBER),
        _build_metric_column(metric),
        Column("status", texts.STATUS_COLUMN, ColumnType.LABEL),
    )
    rows = (
        (WEEKDAYS[cell.weekday - 1], cell.hour, cell.value, cell.status.value)
        for cell in heatmap.cells
        if cell.status is not PointStatus.FUTURE
    )
    return Table(texts.BUSIEST_TIMES, columns, rows, zone)


def _build_metric_column(metric: Metric) -> Column:
    definition = get_definition(metric)
    title = tile_texts.format_seconds_column(definition.title) if definition.is_in_seconds else definition.title
    return Column(metric.value, title, ColumnType.NUMBER)
