"""State of the layout around every page: the user, their servers, the age of the data, whether the API is up."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import reflex as rx

from herwa_shared.auth.guild_access import UserGuildInfo
from herwa_shared.auth.operators import Operator
from herwa_shared.auth.sessions import SessionUser
from herwa_shared.discord.endpoints import build_avatar_url, build_icon_url, get_cdn_url
from herwa_shared.runtime.data_dir import DataFolder
from herwa_web import app_context, texts
from herwa_web.auth import Visitor
from herwa_web.avatars import get_hue, get_initial
from herwa_web.offers import Offer
from herwa_web.panel import PANEL_URL

MAX_SWITCHER_SERVERS = 100
"""Servers in the switcher. The home page lists and searches all of them."""


@dataclass(frozen=True, slots=True)
class ServerView:
    """A server in the side bar and the switcher."""

    id: str
    name: str
    picture: str
    hue: int
    initial: str
    href: str


NO_SERVER = ServerView("", "", "", 0, "", "")


class LayoutState(rx.State):
    """State of the layout. It has no event handlers: the pages fill it when they load.

    `server` is the server of the current page; all pages share it, so that the frame does not change with the page.
    `loaded_at` is the minute of the page's data (ISO 8601, UTC), `zone` the time zone in which the page shows it; empty
    for the browser's own. `offer` is the tier that the server can buy. `export_notice` is about the user's exports of
    this server. `view_text` is set while an operator views a server as its owner sees it.
    """

    name: str = ""
    picture: str = ""
    hue: int = 0
    initial: str = ""
    server: ServerView = rx.field(default_factory=lambda: NO_SERVER)
    servers: list[ServerView] = rx.field(default_factory=list)
    is_api_up: bool = True
    is_operator: bool = False
    news: list[str] = rx.field(default_factory=list)
    offer: Offer = rx.field(default_factory=Offer)
    export_notice: str = ""
    view_text: str = ""
    view_href: str = ""
    loaded_at: str = ""
    zone: str = ""

    def _fill(self, visitor: Visitor) -> None:
        """Set the user, and the servers that they manage and that have the bot."""
        self._fill_user(visitor.user, is_operator=visitor.is_operator)
        view = visitor.view
        managed = [guild for guild in visitor.guilds if guild.can_manage and guild.has_bot]
        set_changed(
            self,
            view_text=texts.format_view(view.guild.name, view.ends_at) if view else "",
            view_href=f"{PANEL_URL}/servers/{view.guild.id}" if view else "",
            servers=[build_server_view(guild) for guild in managed[:MAX_SWITCHER_SERVERS]],
        )

    def _fill_user(self, user: SessionUser | Operator, *, is_operator: bool) -> None:
        """Set the user alone, for a page that asks Discord nothing."""
        set_changed(
            self,
            name=user.name,
            picture=build_avatar_url(load_cdn_url(), user.user_id, user.avatar) or "",
            hue=get_hue(user.user_id),
            initial=get_initial(user.name),
            is_api_up=app_context.is_api_up(),
            is_operator=is_operator,
        )

    def _set_data_time(self, moment: datetime, zone: ZoneInfo | None = None) -> None:
        """Set the time of the data on the page."""
        set_changed(self, loaded_at=f"{moment:%Y-%m-%dT%H:%MZ}", zone=str(zone or ""))

    def _find_server(self, guild_id: str) -> ServerView:
        """Return a server of the switcher; `NO_SERVER` if it is not among them."""
        return next((server for server in self.servers if server.id == guild_id), NO_SERVER)


def set_changed(state: rx.State, **values: Any) -> None:
    """Set those vars of a state that have another value: Reflex sends each var that is set to the browser."""
    for name, value in values.items():
        if getattr(state, name) != value:
            setattr(state, name, value)


def build_server_view(guild: UserGuildInfo) -> ServerView:
    """Build the view of a server for the side bar."""
    picture = build_icon_url(load_cdn_url(), guild.id, guild.icon) or ""
    return ServerView(str(guild.id), guild.name, picture, get_hue(guild.id), get_initial(guild.name), f"/g/{guild.id}")


def load_cdn_url() -> str:
    """Return the base URL of the images of this installation's Discord (real or local)."""
    settings = app_context.get_settings()
    return get_cdn_url(settings, DataFolder(settings.data_dir))


def build_tab_title(page: str) -> Any:
    """Build the title of the browser tab of a server's page; without the server while it is unknown."""
    server = LayoutState.server
    return rx.cond(server.name != "", texts.build_page_title(server.name, page), texts.build_tab_title(page))
