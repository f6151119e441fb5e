"""Render a chart reply: a metric's chart as an image with alt text, and the insights as text."""

import asyncio
from dataclasses import dataclass, replace

import discord

from herwa_bot.cogs.stats.chart_selection import ChartSelection
from herwa_bot.texts import stats as texts
from herwa_bot.ui.escaping import escape
from herwa_bot.ui.names import MESSAGE_NAMES
from herwa_bot.ui.replies import build_chart_attachment
from herwa_shared.analytics.compared_series import query_compared_series
from herwa_shared.analytics.history_limit import HistoryLimit
from herwa_shared.analytics.metric_definitions import Metric
from herwa_shared.analytics.query import ActivityQuery
from herwa_shared.analytics.ticket_summary import TicketSummary, load_ticket_summary
from herwa_shared.analytics.timeseries import query_timeseries
from herwa_shared.charts.formatting import format_duration, format_long_day
from herwa_shared.charts.text.insights import build_alt_text, list_insights
from herwa_shared.charts.text.metric_phrases import format_amount
from herwa_shared.charts.timeseries_figure import build_timeseries_figure
from herwa_shared.clock import utc_now
from herwa_shared.dashboard_query import DashboardQuery
from herwa_shared.guardrail.member_data import MemberAudience
from herwa_shared.services.guild_settings import GuildSettings, load_guild_settings
from herwa_shared.stores import Stores

MAX_RESPONDERS = 10


@dataclass(frozen=True, slots=True)
class ChartReply:
    """A rendered reply. `image` is None if it cannot be drawn. `query` is the same view on the dashboard.

    `responders` says who answered tickets, for members of `member_audience`; empty without any.
    """

    text: str
    image: discord.File | None
    query: DashboardQuery
    responders: str = ""
    member_audience: MemberAudience = MemberAudience.INSIGHTS


async def render_chart_reply(
    stores: Stores, guild: discord.Guild, selection: ChartSelection, history: HistoryLimit
) -> ChartReply:
    """Render the reply's text and image. The numbers reach back as far as the `history` of the guild's tier."""
    now, settings = utc_now(), await _load_settings(stores, guild.id)
    history_start = history.get_start(settings.zone, now)
    query = selection.build_dashboard_query(guild.id, zone=settings.zone, now=now, history_start=history_start)
    compared, extra_text, tickets = await asyncio.gather(
        query_compared_series(
            stores.database, stores.clickhouse, query.to_activity_query(), query.to_comparison_query(), now=now
        ),
        _format_extra_metric(stores, query, selection.extra_metric),
        _load_tickets(stores, query.to_activity_query()) if selection.command.has_tickets else _load_nothing(),
    )
    if compared.series.total == 0:
        extra_text = ""  # the sentences say that there was nothing
    figure = build_timeseries_figure(compared, title=guild.name)
    image = await build_chart_attachment(figure, name=selection.command.name, alt=build_alt_text(compared))
    lines = [texts.format_heading(escape(guild.name), selection.window, extra_text)]
    lines += [f"- {sentence}" for sentence in list_insights(compared)]
    if history_start is not None and query.date_range.start == history_start:
        lines.append(texts.format_history_start(format_long_day(history_start, settings.zone)))
    elif selection.is_compared and compared.change is None and compared.series.recorded_points:
        is_hidden = query.to_comparison_query() is None
        lines.append(texts.COMPARISON_BEFORE_HISTORY if is_hidden else texts.NO_COMPARISON)
    lines += _format_tickets(tickets, selection.charted_metric) if tickets else []
    return ChartReply(
        "\n".join(lines if image else [*lines, texts.NO_IMAGE]),
        image,
        query,
        _format_responders(tickets) if tickets else "",
        settings.member_audience,
    )


async def _format_extra_metric(stores: Stores, query: DashboardQuery, metric: Metric | None) -> str:
    """Format the metric's total as `12 members in voice`.

    The text is empty without a metric or without data.
    """
    if metric is None:
        return ""
    metric_query = replace(query, metric=metric).to_activity_query()
    series = await query_timeseries(stores.database, stores.clickhouse, metric_query, now=query.now)
    return format_amount(series.total, metric) if series.recorded_points else ""


async def _load_tickets(stores: Stores, query: ActivityQuery) -> TicketSummary | None:
    async with stores.database.transaction() as session:
        return await load_ticket_summary(session, query)


async def _load_nothing() -> None:
    return None


def _format_tickets(tickets: TicketSummary, charted_metric: Metric) -> list[str]:
    """Format the numbers of tickets, and the times to the first response unless the insights are about them."""
    lines = [texts.format_tickets(tickets.opened_count, tickets.answered_count, tickets.open_count)]
    if charted_metric is Metric.FIRST_RESPONSE_SECONDS:
        return lines
    if tickets.median_seconds is not None and tickets.long_wait_seconds is not None:
        median, long_wait = format_duration(tickets.median_seconds), format_duration(tickets.long_wait_seconds)
        lines.append(texts.format_first_response(median, long_wait))
    return lines


def _format_responders(tickets: TicketSummary) -> str:
    names = [(MESSAGE_NAMES.format_member(user_id), count) for user_id, count in tickets.responders[:MAX_RESPONDERS]]
    return texts.format_responders(names) if names else ""


async def _load_settings(stores: Stores, guild_id: int) -> GuildSettings:
    async with stores.database.transaction() as session:
        return await load_guild_settings(session, guild_id=guild_id)
