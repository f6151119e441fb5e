"""Chart replies: a metric's chart as an image with alt text, and three insights as text."""

import asyncio
from dataclasses import replace
from datetime import datetime
from zoneinfo import ZoneInfo

import discord
from discord import app_commands

from herwa_bot.texts import stats as texts
from herwa_bot.ui.escaping import escape
from herwa_bot.ui.replies import build_chart_attachment, defer_if_slow, reply
from herwa_shared.analytics.compared_series import query_compared_series
from herwa_shared.analytics.metric_definitions import Metric
from herwa_shared.analytics.query import ActivityQuery, Window
from herwa_shared.analytics.timeseries import query_timeseries
from herwa_shared.charts.text.insights import build_alt_text, list_insights
from herwa_shared.charts.text.metric_phrases import format_amount
from herwa_shared.charts.timeseries_figure import build_timeseries_figure
from herwa_shared.clock import utc_now
from herwa_shared.services.guilds import get_timezone
from herwa_shared.stores import Stores

WINDOW_CHOICES = [app_commands.Choice(name=texts.format_period_choice(window), value=int(window)) for window in Window]


async def reply_with_chart(
    stores: Stores,
    interaction: discord.Interaction,
    *,
    metric: Metric,
    window: int,
    name: str,
    extra_metric: Metric | None = None,
) -> None:
    """Reply with a chart of `metric` over the last `window` days.

    The chart shows the same period before for comparison. `name` is the file name of the image without its extension.
    `extra_metric` is shown as text in the heading only.
    """
    assert interaction.guild is not None
    rendering = _render_reply(stores, interaction.guild, metric, window, name, extra_metric)
    text, attachment = await defer_if_slow(interaction, rendering)
    await reply(interaction, text, file=attachment)


async def _render_reply(
    stores: Stores, guild: discord.Guild, metric: Metric, window: int, name: str, extra_metric: Metric | None
) -> tuple[str, discord.File | None]:
    """Build the reply's text and image; the image is None if it cannot be rendered."""
    now = utc_now()
    query = ActivityQuery.from_last_days(window, guild_id=guild.id, zone=await _load_zone(stores, guild.id), now=now)
    query = replace(query, metric=metric)
    compared, extra_text = await asyncio.gather(
        query_compared_series(stores.database, stores.clickhouse, query, query.shift_back(), now=now),
        _format_extra_metric(stores, query, extra_metric, now),
    )
    if compared.series.total == 0:
        extra_text = ""  # the sentences say that there was nothing
    figure = build_timeseries_figure(compared, title=guild.name)
    attachment = await build_chart_attachment(figure, name=name, alt=build_alt_text(compared))
    lines = [texts.format_heading(escape(guild.name), window, extra_text)]
    lines += [f"- {sentence}" for sentence in list_insights(compared)]
    return "\n".join(lines if attachment else [*lines, texts.NO_IMAGE]), attachment


async def _format_extra_metric(stores: Stores, query: ActivityQuery, metric: Metric | None, now: datetime) -> str:
    """Format the metric's total as `12 members in voice`.

    The text is empty without a metric or without data.
    """
    if metric is None:
        return ""
    series = await query_timeseries(stores.database, stores.clickhouse, replace(query, metric=metric), now=now)
    return format_amount(series.total, metric) if series.recorded_points else ""


async def _load_zone(stores: Stores, guild_id: int) -> ZoneInfo:
    async with stores.database.transaction() as session:
        return await get_timezone(session, guild_id=guild_id)
