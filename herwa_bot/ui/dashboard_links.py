"""The dashboard page that shows the same as a reply, and the button that opens it."""

from datetime import datetime
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

import discord

from herwa_bot.texts import buttons as texts
from herwa_bot.ui.replies import get_dashboard_url
from herwa_shared.analytics.date_ranges import DateRange, match_preset
from herwa_shared.analytics.metric_definitions import Metric
from herwa_shared.analytics.query import ActivityQuery, Window
from herwa_shared.dashboard_params import ComparisonMode
from herwa_shared.dashboard_query import DashboardQuery

MAX_URL_LENGTH = 512  # Discord's limit


def build_window_query(
    guild_id: int,
    window: Window,
    metric: Metric,
    *,
    zone: ZoneInfo,
    now: datetime,
    history_start: datetime | None = None,
    comparison_mode: ComparisonMode = ComparisonMode.PREVIOUS,
) -> DashboardQuery:
    """Build the state of the dashboard page for the last days, from which the query of a reply follows.

    The window begins at `history_start`, if that is later.
    """
    query = ActivityQuery.from_last_days(window, guild_id=guild_id, zone=zone, now=now)
    date_range = DateRange(query.start, query.end)
    preset = match_preset(date_range, zone, now)
    if history_start is not None:
        date_range = DateRange(max(query.start, history_start), query.end)
    return DashboardQuery(
        guild_id,
        zone,
        now,
        preset,
        date_range,
        query.interval,
        metric=metric,
        comparison_mode=comparison_mode,
        history_start=history_start,
    )


def build_link_button(
    interaction: discord.Interaction, query: DashboardQuery
) -> discord.ui.Button[discord.ui.View] | None:
    """Build the button that opens the dashboard page; None if Discord accepts no link to it."""
    dashboard_url = get_dashboard_url(interaction)
    if dashboard_url is None:
        return None
    params = urlencode(query.to_params())
    url = f"{dashboard_url}/g/{query.guild_id}{f'?{params}' if params else ''}"
    return discord.ui.Button(label=texts.OPEN_DASHBOARD, url=url) if len(url) <= MAX_URL_LENGTH else None
