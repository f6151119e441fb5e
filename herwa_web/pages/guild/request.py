"""Request context of a guild's page: parses its URL and authorizes the user."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from herwa_shared.analytics.first_recorded_hour import find_first_recorded_hour
from herwa_shared.auth.guild_access import NO_SUCH_GUILD, UserGuildInfo
from herwa_shared.auth.sessions import SessionUser
from herwa_shared.clock import utc_now
from herwa_shared.dashboard_params import QueryProblem, QueryProblemCode
from herwa_shared.dashboard_query import DashboardQuery
from herwa_shared.errors import NotFound
from herwa_shared.guardrail.member_data import can_see_members
from herwa_shared.query_cache.cache import Computed
from herwa_shared.services.channels import ChannelInfo, GuildInfo, find_parent_channel
from herwa_web import app_context, auth
from herwa_web.pages.guild.queries import POLL_SHARED_TIME, load_shared_directory
from herwa_web.pages.guild_page_state import parse_guild_id
from herwa_web.surfaces import OVERVIEW

MAX_PARAM_LENGTH = 200
"""Longer query parameters are ignored; no valid value is that long."""


@dataclass(frozen=True, slots=True)
class DashboardRequest:
    """The user, the guild, and the view that the URL describes.

    `channels` are the channels of the guild by id, deleted ones included.
    """

    user: SessionUser
    guild: UserGuildInfo
    guild_info: GuildInfo
    view: DashboardQuery
    channels: Mapping[int, ChannelInfo] = field(default_factory=dict)

    @property
    def sees_members(self) -> bool:
        """Whether the user sees data about single members."""
        return can_see_members(self.guild_info.member_audience, self.guild.permissions, is_owner=self.guild.owner)

    @property
    def channel(self) -> ChannelInfo | None:
        """The channel that the view is filtered by; None without a filter and for an unknown channel."""
        return None if self.view.channel_id is None else self.channels.get(self.view.channel_id)

    @property
    def is_channel_unknown(self) -> bool:
        """Whether the view is filtered by a channel that the guild does not have and never had."""
        return self.view.channel_id is not None and self.channel is None


async def load_request(state: Any, url: Any = None) -> DashboardRequest:
    """Load the visitor of the state's page, authorize them and parse the URL. Nothing is cached between calls.

    A background handler passes the `url` for which it was called: the page may have moved on since then.

    Raises what `auth.load_visitor` and `authorize_request` raise.
    """
    return await authorize_request(await auth.load_visitor(state), url or state.router.url)


async def authorize_request(visitor: auth.Visitor, url: Any, *, is_poll: bool = False) -> DashboardRequest:
    """Authorize the visitor for the page of this URL and parse the URL.

    A poll takes the start of "all time" that another tab has loaded within POLL_SHARED_TIME.

    Raises what `auth.authorize` raises; NotFound has the same message for every guild that the user may not see.
    """
    stores, guild = app_context.get_stores(), await auth.authorize(visitor, parse_guild_id(url.path), OVERVIEW)
    (guild_info, channels), history, first_hour_at = await asyncio.gather(
        load_shared_directory(stores, app_context.get_query_cache(), guild.id),
        app_context.get_authorizer().load_history_limit(guild.id),
        _find_first_recorded_hour(guild.id, is_poll=is_poll),
    )
    if guild_info is None:
        raise NotFound(NO_SUCH_GUILD)
    params = {name: value for name, value in url.query_parameters.items() if len(value) <= MAX_PARAM_LENGTH}
    now = utc_now()
    view = DashboardQuery.parse(
        params,
        guild_info.zone,
        now,
        guild_id=guild.id,
        data_start=first_hour_at or guild_info.joined_at,
        history_start=history.get_start(guild_info.zone, now),
        week_start=guild_info.week_start,
    )
    if view.channel_id is not None and view.channel_id not in channels:
        view = await _replace_thread(view, channels)
    return DashboardRequest(visitor.user, guild, guild_info, view, channels)


async def _find_first_recorded_hour(guild_id: int, *, is_poll: bool) -> datetime | None:
    """Return the start of "all time", which only a change of the data changes."""
    cache, question = app_context.get_query_cache(), "first recorded hour"

    async def compute() -> Computed[datetime | None]:
        stores = app_context.get_stores()
        return Computed(await find_first_recorded_hour(stores.database, stores.clickhouse, guild_id))

    async def load() -> datetime | None:
        return await cache.get_object(guild_id, question, compute)

    return await (cache.get_recent(guild_id, question, load, POLL_SHARED_TIME) if is_poll else load())


async def _replace_thread(view: DashboardQuery, channels: Mapping[int, ChannelInfo]) -> DashboardQuery:
    """Filter by the channel of a thread instead of the thread: its events count for the channel."""
    async with app_context.get_stores().database.transaction() as session:
        channel_id = await find_parent_channel(session, guild_id=view.guild_id, channel_id=view.channel_id or 0)
    if channel_id not in channels:
        return view
    problem = QueryProblem(QueryProblemCode.THREAD, str(view.channel_id))
    return replace(view, channel_id=channel_id, problems=(*view.problems, problem))
