"""The overview of a server that the bot has just joined: what happens next, in place of empty panels."""

from datetime import timedelta

import reflex as rx

from herwa_shared.analytics.metric_definitions import Metric
from herwa_web import texts
from herwa_web.components.controls import link
from herwa_web.components.status_views import empty_state
from herwa_web.navigation import START_ITEM
from herwa_web.pages.guild.queries import OverviewData
from herwa_web.pages.guild.request import DashboardRequest

MAX_AGE = timedelta(days=1)
HOUR = timedelta(hours=1)


def is_new_server(request: DashboardRequest, data: OverviewData) -> bool:
    """Return whether the bot joined less than a day ago, has counted nothing since then, and nothing was imported.

    The number of members does not matter: it is known from the start.
    """
    view, joined_at = request.view, request.guild_info.joined_at
    is_imported = view.data_start is not None and view.data_start <= joined_at - HOUR
    if view.channel_id is not None or is_imported or view.now - joined_at > MAX_AGE:
        return False
    is_covered = view.date_range.start <= joined_at and view.date_range.end > joined_at
    return is_covered and not any(kpi.total for kpi in data.kpis if kpi.metric is not Metric.MEMBERS)


def describe_age(request: DashboardRequest) -> str:
    """Describe how long ago the bot joined the server."""
    return texts.format_age(int((request.view.now - request.guild_info.joined_at).total_seconds() // 60))


def new_server_view(server_name: rx.Var[str], age: rx.Var[str], server_url: rx.Var[str]) -> rx.Component:
    """Render the page of a new server. `server_url` is the URL of its overview."""
    return empty_state(
        "sprout",
        texts.describe_new_server(server_name, age),
        texts.NEW_SERVER_HINT,
        texts.NEW_SERVER_COUNTED,
        texts.NEW_SERVER_OPEN,
        actions=(link(texts.FIRST_STEPS, href=server_url + START_ITEM.path, class_name="button main"),),
    )
