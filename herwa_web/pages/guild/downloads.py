"""What can be taken along: tables as CSV, the chart as a picture. Asks and checks like every handler."""

import asyncio
import csv
from collections.abc import Iterable
from io import StringIO
from typing import Any

import reflex as rx

from herwa_shared.analytics.heatmap import hours_of_week
from herwa_shared.charts.formatting import WEEKDAYS
from herwa_shared.charts.timeseries_figure import messages_over_time
from herwa_shared.errors import NotFound
from herwa_web import app_context
from herwa_web.pages.guild.queries import answers_to, series_pair
from herwa_web.pages.guild.request import Asked, asked_by

PANELS = ("course", "channels", "members", "week")
FORMULA = ("=", "+", "-", "@", "\t", "\r")
"""How a cell begins that a spreadsheet would compute."""


class Downloads(rx.State):
    """Keeps nothing."""

    @rx.event
    async def csv(self, panel: str) -> Any:
        """One panel as a table: course, channels, members or week."""
        asked = await asked_by(self)
        if panel not in PANELS:
            raise NotFound
        return rx.download(data=as_csv(await _rows(asked, panel)), filename=f"{_name(asked)}-{panel}.csv")

    @rx.event
    async def png(self) -> Any:
        """The chart as the bot sends it."""
        from herwa_shared.charts.render.png import render_png  # noqa: PLC0415 - the drawing engine is large and rarely needed

        asked = await asked_by(self)
        series, compare = await series_pair(app_context.stores(), asked.view)
        figure = messages_over_time(series, title=asked.facts.name, compare=compare, now=asked.view.now)
        return rx.download(data=await asyncio.to_thread(render_png, figure), filename=f"{_name(asked)}.png")


async def _rows(asked: Asked, panel: str) -> Iterable[tuple[Any, ...]]:
    view, stores = asked.view, app_context.stores()
    if panel == "course":
        series, compare = await series_pair(stores, view)
        before = [point.value for point in compare.points] if compare else []
        lines = [
            (point.start.astimezone(view.zone).isoformat(), point.value, before[at] if at < len(before) else None)
            for at, point in enumerate(series.points)
        ]
        return [("start", view.metric.value, "before"), *lines]
    if panel == "week":
        cells = (await hours_of_week(stores.clickhouse, view.query(), now=view.now)).cells
        return [("weekday", "hour", view.metric.value), *((WEEKDAYS[c.weekday - 1], c.hour, c.value) for c in cells)]
    answers = await answers_to(stores, view)
    ranking = answers.channels if panel == "channels" else answers.members
    return [("id", "name", view.metric.value), *((str(one.id), one.name or "", one.value) for one in ranking.items)]


def as_csv(rows: Iterable[tuple[Any, ...]]) -> str:
    """Rows as CSV that no spreadsheet takes for a formula; what was not counted is an empty cell."""
    text = StringIO()
    writer = csv.writer(text)
    for row in rows:
        writer.writerow([f"'{cell}" if isinstance(cell, str) and cell.startswith(FORMULA) else cell for cell in row])
    return text.getvalue()


def _name(asked: Asked) -> str:
    return f"herwa-{asked.guild.id}-{asked.view.metric.value.replace('_', '-')}"
