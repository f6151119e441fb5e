"""Downloads of the overview: panels as XLSX for people and CSV for programs, the chart as PNG.

The handlers authorize the user as every handler does. Files are written one at a time, outside the event loop, with at
most `MAX_ROWS` rows.
"""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import reflex as rx

from herwa_shared.analytics.date_ranges import get_first_day, get_last_day
from herwa_shared.analytics.metric_definitions import Metric
from herwa_shared.charts.timeseries_figure import build_timeseries_figure
from herwa_shared.dashboard_query import DashboardQuery
from herwa_shared.errors import Forbidden, NotFound
from herwa_shared.services.member_data_views import MemberView
from herwa_shared.tables.csv_writer import write_csv
from herwa_shared.tables.table import Table
from herwa_web import app_context, texts
from herwa_web.pages.guild import tile_texts
from herwa_web.pages.guild.panel_tables import MAX_ROWS, Panel, load_panel_table
from herwa_web.pages.guild.queries import load_compared_series
from herwa_web.pages.guild.request import load_request

CSV_TYPE = "text/csv"
XLSX_TYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"

_file_writer = ThreadPoolExecutor(max_workers=1, thread_name_prefix="file-writer")


class DownloadState(rx.State):
    """Download handlers. The state has no vars."""

    @rx.event
    async def download_csv(self, panel: str) -> Any:
        """Download a panel as CSV; `panel` is a value of `Panel`. Raises NotFound for another one."""
        return await _download_table(self, panel, write_csv, "csv", CSV_TYPE)

    @rx.event
    async def download_xlsx(self, panel: str) -> Any:
        """Download a panel as an Excel workbook; `panel` is a value of `Panel`. Raises NotFound for another one."""
        from herwa_shared.tables.xlsx_writer import write_xlsx  # noqa: PLC0415 - rarely needed

        return await _download_table(self, panel, write_xlsx, "xlsx", XLSX_TYPE)

    @rx.event
    async def download_png(self) -> Any:
        """Download the chart as PNG, rendered as the bot sends it."""
        from herwa_shared.charts.render.png import render_png  # noqa: PLC0415 - the renderer is large and rarely needed

        request = await load_request(self)
        compared = await load_compared_series(app_context.get_stores(), request.view)
        figure = build_timeseries_figure(compared, title=request.guild_info.name)
        return rx.download(
            data=await asyncio.to_thread(render_png, figure),
            filename=build_file_name(request.view, request.view.metric, Panel.COURSE, "png"),
        )


async def _download_table(state: Any, panel: str, write: Callable[[Table], bytes], suffix: str, mime_type: str) -> Any:
    request = await load_request(state)
    if panel not in set(Panel):
        raise NotFound
    if panel == Panel.MEMBERS:
        if not request.sees_members:
            raise Forbidden(texts.MEMBERS_HIDDEN)
        await app_context.record_member_view(request.guild.id, request.user.user_id, MemberView.DOWNLOAD)
    loaded = await load_panel_table(app_context.get_stores(), request.view, Panel(panel))
    data = await asyncio.get_running_loop().run_in_executor(_file_writer, write, loaded.table)
    file_name = build_file_name(request.view, loaded.metric, Panel(panel), suffix)
    download = rx.download(data=data, filename=file_name, mime_type=mime_type)
    return [download, rx.toast.warning(texts.describe_cut_download(MAX_ROWS))] if loaded.is_cut else download


def build_file_name(view: DashboardQuery, metric: Metric, panel: Panel, suffix: str) -> str:
    """Build a name that says what the file contains: server, metric, panel, channel, first and last day."""
    days = (get_first_day(view.date_range, view.zone), get_last_day(view.date_range, view.zone))
    parts = ["herwa", str(view.guild_id), metric.value.replace("_", "-"), tile_texts.FILE_NAME_PARTS[panel]]
    channel_id = view.to_activity_query().channel_id
    if channel_id is not None and panel is not Panel.CHANNELS:
        parts.append(f"channel-{channel_id}")
    return f"{'-'.join([*parts, *(day.isoformat() for day in days)])}.{suffix}"
