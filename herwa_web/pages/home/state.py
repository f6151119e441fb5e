"""State of the home page: the servers of the session's user, loaded on every event."""

from dataclasses import dataclass
from typing import Any

import reflex as rx

from herwa_shared.analytics.sparklines import query_sparklines
from herwa_shared.auth.guild_access import UserGuildInfo
from herwa_shared.auth.sessions import SessionUser
from herwa_shared.clock import utc_now
from herwa_shared.discord.endpoints import find_discord_endpoints
from herwa_shared.errors import Unauthenticated
from herwa_shared.runtime.data_dir import DataFolder
from herwa_shared.services.channels import load_join_times
from herwa_shared.services.live_counters import load_live_counters
from herwa_web import app_context, auth, texts
from herwa_web.error_messages import describe_error
from herwa_web.layout_state import LayoutState
from herwa_web.pages.home.view_models import CardView, InviteCardView, build_card, build_invite_card, build_locked_card
from herwa_web.surfaces import OVERVIEW
from herwa_web.turns import new_turn

REMEMBER_SCRIPT = "localStorage.setItem('herwa.known','1')"
MAX_INVITE_CARDS = 24


@dataclass(frozen=True, slots=True)
class ServerList:
    """The loaded content of the home page."""

    guild_count: int
    cards: list[CardView]
    invite_cards: list[InviteCardView]


class HomeState(rx.State):
    """State of the home page. `phase` is unknown, visitor, ready or failed.

    `unmanaged_text` explains to a user who manages no server why the page is empty.
    """

    phase: str = "unknown"
    error_text: str = ""
    is_local: bool = True
    is_login_configured: bool = True
    cards: list[CardView] = rx.field(default_factory=list)
    invite_cards: list[InviteCardView] = rx.field(default_factory=list)
    unmanaged_text: str = ""
    _turn: str = ""

    @rx.event(background=True)
    async def load(self) -> Any:
        """Load the servers when the page opens."""
        return await self._load_servers(fresh=False)

    @rx.event(background=True, temporal=True)
    async def refresh_guilds(self) -> Any:
        """Reload the servers from Discord without the cache, for example after a new role."""
        return await self._load_servers(fresh=True)

    @rx.event(background=True, temporal=True)
    async def refresh(self) -> Any:
        """Reload periodically while the page is visible. herwa.js triggers it."""
        return await self._load_servers(fresh=False) if self.phase == "ready" else None

    async def _load_servers(self, *, fresh: bool) -> Any:
        """Load and show the servers. A result is dropped if a newer load has started in the meantime."""
        turn = new_turn()
        async with self:
            self._turn = turn
        try:
            visitor = await auth.load_visitor(self, fresh=fresh)
            servers = await _load_server_list(visitor)
        except Unauthenticated:
            async with self:
                if turn == self._turn:
                    self._show_visitor()
            return None
        except Exception as error:  # noqa: BLE001 - `describe_error` logs it and returns the message
            text = describe_error(error)
            async with self:
                if turn == self._turn:
                    self.error_text = text
                    self.phase = "ready" if self.cards else "failed"
            return None
        async with self:
            if turn != self._turn:
                return None
            self._show(servers)
            layout = await self.get_state(LayoutState)
            layout._fill(visitor)  # noqa: SLF001 - not an endpoint
            layout._set_data_time(utc_now())  # noqa: SLF001 - not an endpoint
        return rx.call_script(REMEMBER_SCRIPT)

    def _show(self, servers: ServerList) -> None:
        self.cards, self.invite_cards = servers.cards, servers.invite_cards
        guild_count = servers.guild_count
        self.unmanaged_text = texts.describe_unmanaged_servers(guild_count) if guild_count else ""
        self.phase, self.error_text = "ready", ""

    def _show_visitor(self) -> None:
        self.reset()  # type: ignore[no-untyped-call]
        self.phase = "visitor"
        self.is_local = app_context.get_settings().discord.is_local
        self.is_login_configured = app_context.find_guild_access() is not None


async def _load_server_list(visitor: auth.Visitor) -> ServerList:
    """Load the numbers of the user's servers.

    Guilds with the bot are sorted by active members. A guild whose guardrail denies the overview gets a card without
    numbers; its numbers are not queried. At most `MAX_INVITE_CARDS` guilds without the bot are listed.
    """
    managed = [guild for guild in visitor.guilds if guild.can_manage]
    cards = await _load_cards(visitor.user, [guild for guild in managed if guild.has_bot])
    settings = app_context.get_settings()
    endpoints = find_discord_endpoints(settings, DataFolder(settings.data_dir))
    without_bot = [guild for guild in managed if not guild.has_bot][:MAX_INVITE_CARDS] if endpoints else []
    return ServerList(len(visitor.guilds), cards, [build_invite_card(guild, endpoints) for guild in without_bot])


async def _load_cards(user: SessionUser, guilds: list[UserGuildInfo]) -> list[CardView]:
    now, stores = utc_now(), app_context.get_stores()
    open_ids = await app_context.get_authorizer().list_allowed_guild_ids(user.user_id, guilds, OVERVIEW)
    ids = [guild.id for guild in guilds if guild.id in open_ids]
    sparks = await query_sparklines(stores.database, stores.clickhouse, ids, now=now)
    async with stores.database.transaction() as session:
        live_by_guild = await load_live_counters(session, ids)
        joined_by_guild = await load_join_times(session, guild_ids=ids)
    ranked = sorted(guilds, key=lambda guild: -((sparks[guild.id].active_members or 0) if guild.id in sparks else 0))
    return [
        build_card(
            guild,
            sparks.get(guild.id),
            live_by_guild.get(guild.id),
            joined_by_guild.get(guild.id),
            position=position,
            now=now,
        )
        if guild.id in open_ids
        else build_locked_card(guild, position=position)
        for position, guild in enumerate(ranked)
    ]
