"""Home's state: one's own servers, asked anew each time by whoever the session says."""

from typing import Any

import reflex as rx

from herwa_shared.analytics.sparklines import sparklines
from herwa_shared.auth.guild_access import OwnGuild
from herwa_shared.auth.sessions import Viewer
from herwa_shared.clock import utc_now
from herwa_shared.discord.endpoints import discord_place
from herwa_shared.errors import Unauthenticated
from herwa_shared.runtime.data_dir import DataFolder
from herwa_shared.services.channels import joined_at
from herwa_shared.services.live_counters import guilds_now
from herwa_web import app_context, auth
from herwa_web.error_messages import words
from herwa_web.layout_state import Frame
from herwa_web.pages.home.view_models import CardShown, WaitingShown, card_shown, closed_card, waiting_shown
from herwa_web.surfaces import OVERVIEW

REMEMBER = "localStorage.setItem('herwa.known','1')"
MOST_WAITING = 24


class Home(rx.State):
    """`phase` is unknown, visitor, ready or failed."""

    phase: str = "unknown"
    fault: str = ""
    is_local: bool = True
    log_in_is_set_up: bool = True
    cards: list[CardShown] = rx.field(default_factory=list)
    waiting: list[WaitingShown] = rx.field(default_factory=list)
    member_of: int = 0

    @rx.event
    async def load(self) -> Any:
        """The page was opened."""
        return await self._ask(fresh=False)

    @rx.event
    async def again(self) -> Any:
        """Somebody has been given a role, and does not want to wait."""
        return await self._ask(fresh=True)

    @rx.event
    async def refresh(self) -> Any:
        """Time has passed while somebody looks."""
        return await self._ask(fresh=False) if self.phase == "ready" else None

    async def _ask(self, *, fresh: bool) -> Any:
        try:
            viewer = await auth.require_viewer(self)
            rights = app_context.rights()
            guilds = await rights.guilds(viewer.user_id, fresh=fresh) if rights else ()
            await self._show(viewer, guilds)
        except Unauthenticated:
            self._show_visitor()
            return None
        except Exception as away:  # noqa: BLE001 - `words` logs it and finds the sentence for people
            self.fault = words(away)
            self.phase = "ready" if self.cards else "failed"
            return None
        return rx.call_script(REMEMBER)

    async def _show(self, viewer: Viewer, guilds: tuple[OwnGuild, ...]) -> None:
        """Lay out what was found."""
        now, stores = utc_now(), app_context.stores()
        mine = [guild for guild in guilds if guild.manages]
        inside = [guild for guild in mine if guild.bot_is_in]
        is_open = await app_context.clearance().open_guilds(viewer.user_id, inside, OVERVIEW)
        ids = [guild.id for guild in inside if guild.id in is_open]
        sparks = await sparklines(stores.database, stores.clickhouse, ids, now=now)
        async with stores.database.transaction() as session:
            live, joined = await guilds_now(session, ids), await joined_at(session, guild_ids=ids)
        shown = sorted(inside, key=lambda guild: -(sparks[guild.id].talked_today if guild.id in sparks else 0))
        self.cards = [
            card_shown(guild, sparks.get(guild.id), live.get(guild.id), joined.get(guild.id), at=at, now=now)
            if guild.id in is_open
            else closed_card(guild, at=at)
            for at, guild in enumerate(shown)
        ]
        settings = app_context.settings()
        place = discord_place(settings, DataFolder(settings.data_dir))
        outside = [guild for guild in mine if not guild.bot_is_in]
        self.waiting = [waiting_shown(guild, place) for guild in outside[:MOST_WAITING]] if place else []
        self.member_of = len(guilds)
        self.phase, self.fault = "ready", ""
        (await self.get_state(Frame))._fill(viewer, guilds)  # noqa: SLF001 - not an endpoint

    def _show_visitor(self) -> None:
        self.reset()  # type: ignore[no-untyped-call]
        self.phase = "visitor"
        self.is_local = app_context.settings().discord.is_local
        self.log_in_is_set_up = app_context.rights() is not None
