"""What the address of a guild's page asks, answered only to somebody who may see it."""

from dataclasses import dataclass
from typing import Any

from herwa_shared.analytics.date_ranges import Range
from herwa_shared.analytics.timeseries import first_hour
from herwa_shared.auth.guild_access import NO_SUCH_GUILD, OwnGuild
from herwa_shared.auth.sessions import Viewer
from herwa_shared.clock import utc_now
from herwa_shared.dashboard_query import View
from herwa_shared.errors import NotFound
from herwa_shared.services.channels import GuildFacts
from herwa_web import app_context, auth
from herwa_web.pages.guild.queries import facts_of
from herwa_web.surfaces import OVERVIEW

LONGEST_PART = 200
"""Of an address; what is longer is nonsense."""


@dataclass(frozen=True, slots=True)
class Asked:
    """Who asks, about which guild, and the view that the address names."""

    viewer: Viewer
    guild: OwnGuild
    facts: GuildFacts
    view: View


async def asked_by(state: Any) -> Asked:
    """Read the address anew and check everything anew.

    Raises Unauthenticated, NotFound in the same words for every guild that one may not see, Refused; DiscordAway and
    PolicyAway.
    """
    url = state.router.url
    viewer, guild = await auth.require_guild(state, guild_id_in(url.path), OVERVIEW)
    facts = await facts_of(app_context.stores(), guild.id)
    if facts is None:
        raise NotFound(NO_SUCH_GUILD)
    params = {name: value for name, value in url.query_parameters.items() if len(value) <= LONGEST_PART}
    begin = await first_hour(app_context.stores().clickhouse, guild.id) if params.get("range") == Range.ALL else None
    return Asked(viewer, guild, facts, View.parse(params, facts.zone, utc_now(), guild_id=guild.id, begin=begin))


def guild_id_in(path: str) -> str:
    """What stands after `/g/`."""
    parts = path.strip("/").split("/")
    return parts[1] if len(parts) > 1 and parts[0] == "g" else ""
