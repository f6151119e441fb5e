"""State of the list of servers in the operator's panel: search and filters in the URL."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

import reflex as rx
from sqlalchemy.ext.asyncio import AsyncSession

from herwa_shared.discord.endpoints import build_icon_url
from herwa_shared.operators.server_criteria import (
    MAX_QUERY_LENGTH,
    ServerActivity,
    ServerFilter,
    ServerSize,
    ServerTrouble,
)
from herwa_shared.operators.server_search import FoundServer, FoundServers, search_servers
from herwa_shared.services.tiers import TierStatus, list_tiers
from herwa_web import auth
from herwa_web.avatars import get_hue, get_initial
from herwa_web.layout_state import load_cdn_url
from herwa_web.pages.admin import texts as panel_texts
from herwa_web.pages.admin.panel_state import PanelPageState, get_text
from herwa_web.pages.admin.servers import texts
from herwa_web.panel import PANEL_URL

SERVERS_URL = f"{PANEL_URL}/servers"
PARAMETERS = ("q", "tier", "size", "activity", "trouble")
MAX_BAR_PERCENT = 100


@dataclass(frozen=True, slots=True)
class PanelServerRow:
    """A server in the list. `share` is its members in percent of those of the largest in the list."""

    href: str
    name: str
    id: str
    picture: str
    hue: int
    initial: str
    tier: str
    is_paid: bool
    members: str
    share: int
    events: str
    trouble: list[str]


@dataclass(frozen=True, slots=True)
class PanelOption:
    """A choice of a select."""

    value: str
    label: str
    selected: bool


@dataclass(frozen=True, slots=True)
class ServersData:
    """The data of the page."""

    criteria: ServerFilter
    found: FoundServers
    tiers: tuple[TierStatus, ...]


class AdminServersState(PanelPageState, rx.State):
    """State of the list of servers."""

    search_text: str = ""
    rows: list[PanelServerRow] = rx.field(default_factory=list)
    tier_options: list[PanelOption] = rx.field(default_factory=list)
    size_options: list[PanelOption] = rx.field(default_factory=list)
    activity_options: list[PanelOption] = rx.field(default_factory=list)
    trouble_options: list[PanelOption] = rx.field(default_factory=list)
    is_filtered: bool = False
    has_more: bool = False

    @rx.event(background=True, temporal=True)
    async def search(self, form: dict[str, Any]) -> Any:
        """Go to the URL of a search."""
        await auth.load_operator(self)
        parameters = {name: text for name in PARAMETERS if (text := get_text(form, name, limit=MAX_QUERY_LENGTH))}
        return rx.redirect(f"{SERVERS_URL}?{urlencode(parameters)}" if parameters else SERVERS_URL)

    async def _fetch(self, session: AsyncSession, url: Any) -> ServersData:
        criteria = parse_filter(url.query_parameters)
        return ServersData(criteria, await search_servers(session, criteria), await list_tiers(session))

    def _present(self, data: ServersData) -> None:
        criteria = data.criteria
        self.search_text = criteria.query
        titles = {tier.key: tier.title for tier in data.tiers}
        largest = max((server.member_count for server in data.found.servers), default=0)
        cdn_url = load_cdn_url()
        self.rows = [_build_row(server, titles, largest, cdn_url, data.tiers[0].key) for server in data.found.servers]
        self.tier_options = build_options(titles, criteria.tier)
        self.size_options = build_options(texts.SIZES, criteria.size)
        self.activity_options = build_options(texts.ACTIVITIES, criteria.activity)
        self.trouble_options = build_options(texts.TROUBLES, criteria.trouble)
        self.is_filtered = criteria != ServerFilter()
        self.has_more = data.found.has_more


def parse_filter(parameters: Mapping[str, Any]) -> ServerFilter:
    """Parse the parameters of the URL; unknown values do not filter."""
    values = {name: str(parameters.get(name) or "")[:MAX_QUERY_LENGTH] for name in PARAMETERS}
    return ServerFilter(
        values["q"],
        values["tier"] or None,
        ServerSize(values["size"]) if values["size"] in set(ServerSize) else None,
        ServerActivity(values["activity"]) if values["activity"] in set(ServerActivity) else None,
        ServerTrouble(values["trouble"]) if values["trouble"] in set(ServerTrouble) else None,
    )


def build_options(labels: Mapping[str, str], selected: str | None) -> list[PanelOption]:
    """Build the options of a filter, the first of which does not filter."""
    return [PanelOption("", texts.ANY, selected is None)] + [
        PanelOption(str(value), label, value == selected) for value, label in labels.items()
    ]


def _build_row(
    server: FoundServer, titles: Mapping[str, str], largest: int, cdn_url: str, lowest_tier: str
) -> PanelServerRow:
    return PanelServerRow(
        f"{SERVERS_URL}/{server.id}",
        server.name,
        str(server.id),
        build_icon_url(cdn_url, server.id, server.icon) or "",
        get_hue(server.id),
        get_initial(server.name),
        titles.get(server.tier, server.tier),
        server.tier != lowest_tier,
        panel_texts.format_members(server.member_count),
        MAX_BAR_PERCENT * server.member_count // largest if largest else 0,
        panel_texts.format_events(server.events),
        [texts.TROUBLES[trouble] for trouble in server.trouble],
    )
