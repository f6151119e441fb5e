"""Downloads of the overview: panels as CSV, the chart as PNG.

The handlers authorize the user as every handler does.
"""

import asyncio
import csv
from collections.abc import Iterable
from io import StringIO
from typing import Any

import reflex as rx

from herwa_shared.analytics.heatmap import query_weekly_heatmap
from herwa_shared.charts.formatting import WEEKDAYS
from herwa_shared.charts.timeseries_figure import build_timeseries_figure
from herwa_shared.errors import NotFound
from herwa_web import app_context
from herwa_web.pages.guild.queries import load_compared_series, load_overview
from herwa_web.pages.guild.request import DashboardRequest, load_request

PANELS = ("course", "channels", "members", "week")
FORMULA_PREFIXES = ("=", "+", "-", "@", "\t", "\r")
"""Prefixes of cells that a spreadsheet would evaluate as a formula (CSV injection)."""


class DownloadState(rx.State):
    """Download handlers. The state has no vars."""

    @rx.event
    async def download_csv(self, panel: str) -> Any:
        """Download a panel as CSV: `course` (the series), `channels`, `members` or `week`.

        Raises NotFound for another panel.
        """
        request = await load_request(self)
        if panel not in PANELS:
            raise NotFound
        return rx.download(
            data=format_csv(await _load_rows(request, panel)), filename=f"{_build_file_stem(request)}-{panel}.csv"
        )

    @rx.event
    async def download_png(self) -> Any:
        """Download the chart as PNG, rendered as the bot sends it."""
        from herwa_shared.charts.render.png import render_png  # noqa: PLC0415 - the renderer is large and rarely needed

        request = await load_request(self)
        compared = await load_compared_series(app_context.get_stores(), request.view)
        figure = build_timeseries_figure(compared, title=request.guild_info.name)
        return rx.download(
            data=await asyncio.to_thread(render_png, figure), filename=f"{_build_file_stem(request)}.png"
        )


async def _load_rows(request: DashboardRequest, panel: str) -> Iterable[tuple[Any, ...]]:
    view, stores = request.view, app_context.get_stores()
    if panel == "course":
        compared = await load_compared_series(stores, view)
        previous_values = [point.value for point in compared.comparison.points] if compared.comparison else []
        lines = [
            (
                point.start.astimezone(view.zone).isoformat(),
                point.value,
                previous_values[index] if index < len(previous_values) else None,
            )
            for index, point in enumerate(compared.series.started_points)
        ]
        return [("start", view.metric.value, "before"), *lines]
    if panel == "week":
        cells = (
            await query_weekly_heatmap(stores.database, stores.clickhouse, view.to_activity_query(), now=view.now)
        ).cells
        return [
            ("weekday", "hour", view.metric.value),
            *((WEEKDAYS[cell.weekday - 1], cell.hour, cell.value) for cell in cells),
        ]
    data = await load_overview(stores, view)
    ranking = data.channels if panel == "channels" else data.members
    return [("id", "name", view.metric.value), *((str(item.id), item.name or "", item.value) for item in ranking.items)]


def format_csv(rows: Iterable[tuple[Any, ...]]) -> str:
    """Format rows as CSV with formulas escaped. A gap (None) is an empty cell."""
    text = StringIO()
    writer = csv.writer(text)
    for row in rows:
        writer.writerow(
            [f"'{cell}" if isinstance(cell, str) and cell.startswith(FORMULA_PREFIXES) else cell for cell in row]
        )
    return text.getvalue()


def _build_file_stem(request: DashboardRequest) -> str:
    return f"herwa-{request.guild.id}-{request.view.metric.value.replace('_', '-')}"
