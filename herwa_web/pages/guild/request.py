"""Request context of a guild's page: parses its URL and authorizes the user."""

from dataclasses import dataclass
from typing import Any

from herwa_shared.analytics.date_ranges import DateRangePreset
from herwa_shared.analytics.timeseries import find_first_recorded_hour
from herwa_shared.auth.guild_access import NO_SUCH_GUILD, UserGuildInfo
from herwa_shared.auth.sessions import SessionUser
from herwa_shared.clock import utc_now
from herwa_shared.dashboard_query import DashboardQuery
from herwa_shared.errors import NotFound
from herwa_shared.services.channels import GuildInfo
from herwa_web import app_context, auth
from herwa_web.pages.guild.queries import load_guild_info
from herwa_web.surfaces import OVERVIEW

MAX_PARAM_LENGTH = 200
"""Longer query parameters are ignored; no valid value is that long."""


@dataclass(frozen=True, slots=True)
class DashboardRequest:
    """The user, the guild, and the view that the URL describes."""

    user: SessionUser
    guild: UserGuildInfo
    guild_info: GuildInfo
    view: DashboardQuery


async def load_request(state: Any, url: Any = None) -> DashboardRequest:
    """Parse the URL of the state's page and authorize its user. Nothing is cached between calls.

    A background handler passes the `url` for which it was called: the page may have moved on since then.

    Raises what `auth.require_guild` raises; NotFound has the same message for every guild that the user may not see.
    """
    url = url or state.router.url
    user, guild = await auth.require_guild(state, parse_guild_id(url.path), OVERVIEW)
    guild_info = await load_guild_info(app_context.get_stores(), guild.id)
    if guild_info is None:
        raise NotFound(NO_SUCH_GUILD)
    params = {name: value for name, value in url.query_parameters.items() if len(value) <= MAX_PARAM_LENGTH}
    first_hour_at = (
        await find_first_recorded_hour(app_context.get_stores().clickhouse, guild.id)
        if params.get("range") == DateRangePreset.ALL
        else None
    )
    return DashboardRequest(
        user,
        guild,
        guild_info,
        DashboardQuery.parse(params, guild_info.zone, utc_now(), guild_id=guild.id, data_start=first_hour_at),
    )


def parse_guild_id(path: str) -> str:
    """Return the path segment after `/g/`, unvalidated; an empty string if there is none."""
    parts = path.strip("/").split("/")
    return parts[1] if len(parts) > 1 and parts[0] == "g" else ""
