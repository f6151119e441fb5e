"""A metric's chart as the answer to a command: the picture, three findings in words, and both for who cannot see it."""

import asyncio
from dataclasses import replace
from datetime import datetime
from zoneinfo import ZoneInfo

import discord
from discord import app_commands

from herwa_bot.ui.replies import NO_PICTURE, answer, patiently, picture, plain
from herwa_shared.analytics.query import ActivityQuery, Window
from herwa_shared.analytics.results import Metric, Series
from herwa_shared.analytics.timeseries import series_of
from herwa_shared.charts.text.insights import alt_text, findings
from herwa_shared.charts.text.metric_phrases import amount
from herwa_shared.charts.timeseries_figure import messages_over_time
from herwa_shared.clock import utc_now
from herwa_shared.services.guilds import guild_zone
from herwa_shared.stores import Stores

WINDOWS = [app_commands.Choice(name=f"{int(window)} days", value=int(window)) for window in Window]
HOW_FAR = "How far to look back; 30 days when you choose nothing"


async def answer_charted(
    stores: Stores,
    interaction: discord.Interaction,
    *,
    metric: Metric,
    window: int,
    name: str,
    beside: Metric | None = None,
) -> None:
    """Answer with the metric over so many days beside the days before. `beside` is a metric that is told, not drawn."""
    assert interaction.guild is not None
    work = _charted(stores, interaction.guild, metric, window, name, beside)
    words, drawn = await patiently(interaction, work)
    await answer(interaction, words, file=drawn)


async def _charted(
    stores: Stores, guild: discord.Guild, metric: Metric, window: int, name: str, beside: Metric | None
) -> tuple[str, discord.File | None]:
    now = utc_now()
    query = ActivityQuery.last(window, guild_id=guild.id, zone=await _zone(stores, guild.id), now=now)
    series, before, aside = await asyncio.gather(
        _series(stores, query, metric, now),
        _series(stores, query.previous(), metric, now),
        _aside(stores, query, beside, now),
    )
    figure = messages_over_time(series, title=guild.name, compare=before, now=now)
    drawn = await picture(figure, name=name, alt=alt_text(series, compare=before, now=now))
    lines = [f"**{plain(guild.name)}**, the last {window} days{aside}"]
    lines += [f"- {sentence}" for sentence in findings(series, compare=before, now=now)]
    return "\n".join(lines if drawn else [*lines, NO_PICTURE]), drawn


async def _series(stores: Stores, query: ActivityQuery, metric: Metric, now: datetime) -> Series:
    return await series_of(stores.database, stores.clickhouse, replace(query, metric=metric), now=now)


async def _aside(stores: Stores, query: ActivityQuery, metric: Metric | None, now: datetime) -> str:
    """` · 12 members in voice`; nothing where nobody counted."""
    if metric is None:
        return ""
    series = await _series(stores, query, metric, now)
    counted = any(point.value is not None for point in series.points)
    return f" · {amount(series.total, metric)}" if counted else ""


async def _zone(stores: Stores, guild_id: int) -> ZoneInfo:
    async with stores.database.transaction() as session:
        return await guild_zone(session, guild_id=guild_id)
