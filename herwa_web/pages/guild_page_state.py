"""State and handlers that all pages of a server share: load, authorize, show failures.

A page's state inherits from `GuildPageState` and implements `_get_surface`, `_fetch` and `_present`. Its handlers that
change the view go through `_edit`, which authorizes the visitor again.
"""

import asyncio
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from typing import Any
from urllib.parse import quote

import reflex as rx
from reflex_base.utils.format import format_event_handler

from herwa_shared.auth.guild_access import UserGuildInfo
from herwa_shared.authorization import AccessDenied
from herwa_shared.catalog import Surface
from herwa_shared.charts.formatting import format_time
from herwa_shared.clock import utc_now
from herwa_shared.errors import NotFound, Unauthenticated
from herwa_shared.guardrail.verdict import Reason
from herwa_web import app_context, auth
from herwa_web.error_messages import describe_error
from herwa_web.export_notices import load_export_notice
from herwa_web.idle_polls import CheckPage, idle_polls
from herwa_web.layout_state import NO_SERVER, LayoutState, build_server_view, set_changed
from herwa_web.offers import Offer, find_offer
from herwa_web.turns import get_order_lock, new_turn

LOAD_TIMEOUT_SECONDS = 12
"""Timeout of a load while a database does not respond; then the page shows an error."""

PHASES_WITH_DATA = ("ready", "new", "no_channel")
ACCESS_ERRORS = (Unauthenticated, NotFound, AccessDenied)


class GuildPageState(rx.State, mixin=True):
    """State of a server's page. `phase` is loading, ready, missing, refused, failed, or a phase of the page itself.

    `announcement` is read out by screen readers.
    """

    phase: str = "loading"
    busy: bool = False
    error_text: str = ""
    remedy: str = ""
    stale_time: str = ""
    announcement: str = ""
    _turn: str = ""
    _guild_id: str = ""
    _loaded_at: datetime | None = None

    @rx.event(background=True)
    async def load(self) -> Any:
        """Load the page when it opens."""
        async with self:
            await self._begin_load()
        return await self._load_page()

    @rx.event(background=True, temporal=True)
    async def retry(self) -> Any:
        """Load the page again after a click on a retry button."""
        async with self:
            self.busy = True
        return await self._load_page()

    @rx.event(background=True, temporal=True)
    async def refresh(self) -> Any:
        """Load the page again periodically while it is visible."""
        return await self._load_page() if self.phase == "ready" else None

    def _get_surface(self) -> Surface:
        """Return the surface of the page."""
        raise NotImplementedError

    async def _fetch(self, _visitor: auth.Visitor, _guild: UserGuildInfo, _url: Any) -> Any:
        """Load the data of the page at this URL. It reads no vars, because the state is not locked."""
        raise NotImplementedError

    def _present(self, data: Any) -> None:
        """Set the vars of the page from its data."""
        raise NotImplementedError

    def _prepare_present(self) -> None:
        """Run before new data is shown."""

    async def _begin_load(self) -> None:
        """Prepare the load of a page. Without the data of this server, the page shows its skeleton."""
        guild_id = parse_guild_id(self.router.url.path)
        layout = await self.get_state(LayoutState)
        if guild_id != layout.server.id:
            layout.server = layout._find_server(guild_id)  # noqa: SLF001 - not an endpoint
            layout.export_notice = ""
        if guild_id != self._guild_id:
            await self._clear()
            self._guild_id = guild_id
        self.busy = True

    async def _load_page(self) -> Any:
        """Load and show the page. A result is dropped if a newer load has started in the meantime.

        Locks the state (`async with self`) only to write, so that the queries do not block other events of the tab.
        """
        turn = new_turn()
        async with self:
            self._turn, url = turn, self.router.url
        try:
            async with asyncio.timeout(LOAD_TIMEOUT_SECONDS):
                visitor = await auth.load_visitor(self)
                await self._show_layout(visitor, turn)
                guild = await auth.authorize(visitor, parse_guild_id(url.path), self._get_surface())
                data = await self._fetch(visitor, guild, url)
                news, offer = await app_context.list_announcements(guild.id), await find_offer(guild.id)
                export_notice = await load_export_notice(guild.id, visitor.user.user_id)
        except Exception as error:  # noqa: BLE001 - `_show_failure` logs it and shows it
            return await self._show_failure(error, url, turn)
        async with self:
            if turn == self._turn:
                await self._show_data(guild, data)
                layout = await self.get_state(LayoutState)
                set_changed(layout, news=news, offer=offer, export_notice=export_notice)
        return None

    async def _show_data(self, guild: UserGuildInfo, data: Any) -> None:
        now = utc_now()
        layout = await self.get_state(LayoutState)
        layout._set_data_time(now)  # noqa: SLF001 - not an endpoint
        await self._show_server(guild)
        set_changed(self, phase="ready", busy=False, error_text="", stale_time="")
        self._loaded_at = now
        self._prepare_present()
        self._present(data)

    async def _show_server(self, guild: UserGuildInfo, name: str = "") -> None:
        """Show the server in the frame of the page, which all pages share."""
        server = replace(build_server_view(guild), name=name or guild.name)
        layout = await self.get_state(LayoutState)
        if layout.server != server:
            layout.server = server

    async def _edit(self, change: Callable[[], Any]) -> Any:
        """Authorize the visitor and run `change`, which sets vars, if the page still shows the same server.

        The changes of a tab run in the order in which they arrived, however long their authorization takes.
        """
        async with self._get_order_lock():
            async with self:
                url, turn = self.router.url, self._turn
            try:
                await auth.authorize(await auth.load_visitor(self), parse_guild_id(url.path), self._get_surface())
            except Exception as error:  # noqa: BLE001 - `_show_failure` logs it and shows it
                return await self._show_failure(error, url, turn)
            async with self:
                if self._is_at(url) and self.phase == "ready":
                    change()
        return None

    def _get_order_lock(self) -> asyncio.Lock:
        """Return the lock under which the changes of this tab happen, each in its place."""
        return get_order_lock(self.router.session.client_token)

    async def _show_layout(self, visitor: auth.Visitor, turn: str) -> None:
        """Fill the layout with the user and their servers, even if the page's server is not theirs."""
        async with self:
            if turn == self._turn:
                (await self.get_state(LayoutState))._fill(visitor)  # noqa: SLF001 - not an endpoint

    async def _show_failure(self, error: Exception, url: Any, turn: str) -> Any:
        """Show why the load of this turn failed, unless a newer load has started in the meantime."""
        text = "" if isinstance(error, ACCESS_ERRORS) else describe_error(error)
        offer = await self._find_missing_tier(error, url)
        async with self:
            if turn != self._turn:
                return None
            if isinstance(error, Unauthenticated):
                destination = f"{url.path}?{url.query}" if url.query else url.path
                return rx.redirect(f"/login?reason=expired&next={quote(destination)}")
            if isinstance(error, NotFound):
                await self._clear()
                (await self.get_state(LayoutState)).server = NO_SERVER
                self.phase = "missing"
            elif isinstance(error, AccessDenied):
                await self._show_denial(error, parse_guild_id(url.path))
                set_changed(await self.get_state(LayoutState), offer=offer)
            else:
                self._show_error(text)
        return None

    async def _find_missing_tier(self, error: Exception, url: Any) -> Offer:
        """Find the tier for sale that has the page; none if something else than the tier refused it."""
        if not isinstance(error, AccessDenied) or error.reason != Reason.TIER:
            return Offer()
        return await find_offer(int(parse_guild_id(url.path)), feature=self._get_surface().feature)

    def _register_poll(self, handler: Any, visitor: auth.Visitor, surface: Surface, is_current: CheckPage) -> None:
        """Register that the page shows what this handler of a poll would show to this visitor.

        The caller holds the lock of the state. `is_current` checks the data; that the visitor may still see it, is
        checked here, and that no setting of the server has changed.
        """
        cookie, url = self.router.headers.cookie, self.router.url
        policies, guild_id = app_context.get_authorizer().policy_cache, parse_guild_id(url.path)
        policy = policies.find_cached(int(guild_id))

        async def check() -> bool:
            current_visitor = await auth.load_visitor_of(cookie)
            await auth.authorize(current_visitor, guild_id, surface)
            is_same = current_visitor == visitor and policies.find_cached(int(guild_id)) is policy
            return is_same and await is_current()

        path = f"{url.path}?{url.query}" if url.query else url.path
        idle_polls.register(self.router.session.client_token, format_event_handler(handler), path, check)

    def _forget_poll(self, handler: Any) -> None:
        """Forget what `_register_poll` has registered: the page shows something else."""
        idle_polls.forget(self.router.session.client_token, format_event_handler(handler))

    async def _clear(self) -> None:
        """Reset this state, so that no data remains that the user may no longer see."""
        self.reset()  # type: ignore[no-untyped-call]

    async def _show_denial(self, denial: AccessDenied, guild_id: str) -> None:
        """Show the guardrail's refusal. Only the name of the server remains on the page."""
        await self._clear()
        layout = await self.get_state(LayoutState)
        layout.server = layout._find_server(guild_id)  # noqa: SLF001 - not an endpoint
        self._guild_id = guild_id
        self.phase, self.error_text, self.remedy = "refused", denial.headline, denial.remedy

    def _show_error(self, text: str) -> None:
        """Keep the data that is shown and set its time; without data, show the error view."""
        self.busy, self.error_text = False, text
        if self.phase in PHASES_WITH_DATA and self._loaded_at:
            self.stale_time = format_time(self._loaded_at)
        else:
            self.phase = "failed"

    def _is_at(self, url: Any) -> bool:
        """Return whether the page still shows this URL."""
        return str(self.router.url) == str(url)


def parse_guild_id(path: str) -> str:
    """Return the path segment after `/g/`, unvalidated; an empty string if there is none."""
    parts = path.strip("/").split("/")
    return parts[1] if len(parts) > 1 and parts[0] == "g" else ""
