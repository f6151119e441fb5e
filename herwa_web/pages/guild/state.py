"""State of the overview page: the URL describes the view, the handlers load its data.

Every public method is an endpoint that any client can call. Each one checks session and access, and trusts no argument.
"""

import asyncio
from dataclasses import replace
from datetime import datetime
from typing import Any
from urllib.parse import quote

import reflex as rx

from herwa_shared.analytics.date_ranges import build_day_range
from herwa_shared.analytics.timezones import parse_moment
from herwa_shared.authorization import AccessDenied
from herwa_shared.charts.formatting import format_int, format_period, format_time
from herwa_shared.errors import BadRequest, HerwaError, NotFound, Unauthenticated
from herwa_shared.services.channels import list_channels
from herwa_shared.services.live_counters import LiveCounters, load_live_counters
from herwa_web import app_context, auth
from herwa_web.error_messages import describe_error
from herwa_web.layout_state import NO_SERVER, LayoutState, ServerView, build_server_view
from herwa_web.pages.guild.links import build_links, link_to_date_range
from herwa_web.pages.guild.presenter import OverviewView, build_figure, present_overview
from herwa_web.pages.guild.queries import load_compared_series, load_overview
from herwa_web.pages.guild.request import DashboardRequest, load_request, parse_guild_id
from herwa_web.pages.guild.view_models import ChannelView, build_channel_views, build_table
from herwa_web.surfaces import OVERVIEW

LOAD_TIMEOUT_SECONDS = 12
"""Timeout of a load while a database does not respond; then the page shows an error."""


class ChartState(rx.State):
    """The large chart's figure, in a state of its own.

    A Plotly chart is redrawn on every change of the state to which its figure belongs.
    """

    figure: dict[str, Any] = rx.field(default_factory=dict)


class OverviewState(rx.State):
    """State of one guild's overview. `phase` is loading, ready, missing, refused or failed."""

    phase: str = "loading"
    busy: bool = False
    error_text: str = ""
    remedy: str = ""
    stale_age: str = ""
    server: ServerView = rx.field(default_factory=lambda: NO_SERVER)
    online: str = ""
    in_voice: str = ""
    overview: OverviewView = rx.field(default_factory=OverviewView)
    hrefs: dict[str, str] = rx.field(default_factory=dict)
    channels: list[ChannelView] = rx.field(default_factory=list)
    table_open: bool = False
    table: list[list[str]] = rx.field(default_factory=list)
    zoom_text: str = ""
    zoom_href: str = ""
    _request_number: int = 0
    _loaded_at: datetime | None = None

    @rx.event(background=True)
    async def load(self) -> Any:
        """Load the overview when the page opens or its URL changes."""
        async with self:
            self.busy = True
            self.zoom_text = ""
            if parse_guild_id(self.router.url.path) != self.server.id:
                self.phase, self.server = "loading", NO_SERVER
        return await self._load_overview()

    @rx.event(background=True)
    async def refresh(self) -> Any:
        """Reload periodically while the page is visible, if its window has not ended yet."""
        if self.phase == "ready" and self.overview.is_running:
            return await self._load_overview()
        return None

    @rx.event(background=True)
    async def retry(self) -> Any:
        """Reload after a click on a retry button."""
        async with self:
            self.busy = True
        return await self._load_overview()

    @rx.event
    async def poll_live(self) -> None:
        """Update the live counters and whether the API is up."""
        layout = await self.get_state(LayoutState)
        layout.is_api_up = app_context.is_api_up()
        if self.phase != "ready":
            return
        try:
            _, guild = await auth.require_guild(self, parse_guild_id(self.router.url.path), OVERVIEW)
            async with app_context.get_stores().database.transaction() as session:
                self._set_live_counters((await load_live_counters(session, [guild.id])).get(guild.id))
        except (Unauthenticated, NotFound):
            self.phase = "missing"
        except AccessDenied as denial:
            await self._show_denial(denial)
        except Exception as error:  # noqa: BLE001 - `describe_error` logs it; `refresh` shows the data's age
            describe_error(error)

    @rx.event
    async def on_zoom(self, start: str, end: str) -> None:
        """Offer a link to the zoomed window of the chart.

        `start` and `end` are local times of the view's zone as Plotly writes them; empty strings mean no zoom.
        """
        self.zoom_text = self.zoom_href = ""
        if not start or not end:
            return
        try:
            request = await load_request(self)
            first_day, last_day = (
                parse_moment(str(text)[:10], request.view.zone, field="zoom").date() for text in (start, end)
            )
        except HerwaError:
            return
        span = build_day_range(first_day, last_day, request.view.zone)
        self.zoom_text = format_period(span.start, span.end, request.view.zone)
        self.zoom_href = link_to_date_range(request.view, span)

    @rx.event
    async def pick_dates(self, form: dict[str, Any]) -> Any:
        """Go to the window of the submitted dates, in either order; show a toast if one is invalid."""
        request = await load_request(self)
        form = form if isinstance(form, dict) else {}
        try:
            first_day, last_day = (
                parse_moment(str(form.get(name))[:10], request.view.zone, field=name).date() for name in ("from", "to")
            )
            return rx.redirect(
                link_to_date_range(request.view, build_day_range(first_day, last_day, request.view.zone))
            )
        except BadRequest as error:
            return rx.toast.error(str(error), id="dates")

    @rx.event
    async def load_channels(self) -> None:
        """Load the channels of the filter menu when it opens."""
        request = await load_request(self)
        async with app_context.get_stores().database.transaction() as session:
            self.channels = build_channel_views(await list_channels(session, guild_id=request.guild.id), request.view)

    @rx.event
    async def toggle_table(self) -> None:
        """Show or hide the points as a table."""
        self.table_open = not self.table_open
        self.table = []
        if self.table_open:
            request = await load_request(self)
            self.table = build_table(await load_compared_series(app_context.get_stores(), request.view))

    async def _load_overview(self) -> Any:
        """Load and show everything. A result is dropped if a newer load has started in the meantime.

        Locks the state (`async with self`) only to write, so that the queries do not block other events of the tab.
        """
        async with self:
            self._request_number += 1
            request_number = self._request_number
        try:
            async with asyncio.timeout(LOAD_TIMEOUT_SECONDS):
                await self._load_layout()
                request = await load_request(self)
                data = await load_overview(app_context.get_stores(), request.view)
            overview, figure = present_overview(data, request), build_figure(data, request.view)
        except Unauthenticated:
            url = self.router.url
            return rx.redirect(
                f"/login?reason=expired&next={quote(f'{url.path}?{url.query}' if url.query else url.path)}"
            )
        except NotFound as error:
            async with self:
                await self._clear()
                self.phase, self.error_text = "missing", str(error)
            return None
        except AccessDenied as denial:
            async with self:
                await self._show_denial(denial)
            return None
        except Exception as error:  # noqa: BLE001 - `describe_error` logs it and returns the message
            text = describe_error(error)
            async with self:
                if request_number == self._request_number:
                    self._show_error(text)
            return None
        async with self:
            if request_number == self._request_number:
                self._show(request, overview, data.live_counters)
                chart = await self.get_state(ChartState)
                if figure != chart.figure:
                    chart.figure = figure
                if self.table_open:
                    self.table = build_table(data.compared)
        return None

    async def _load_layout(self) -> None:
        """Fill the layout with the user and their servers, even if the page's server is not theirs."""
        user, guild_access = await auth.require_user(self), app_context.find_guild_access()
        guilds = await guild_access.list_guilds(user.user_id) if guild_access else ()
        async with self:
            (await self.get_state(LayoutState))._fill(user, guilds)  # noqa: SLF001 - not an endpoint

    async def _clear(self) -> None:
        """Reset this state and the chart, so that no data remains that the user may no longer see."""
        self.reset()  # type: ignore[no-untyped-call]
        (await self.get_state(ChartState)).reset()  # type: ignore[no-untyped-call]

    async def _show_denial(self, denial: AccessDenied) -> None:
        """Show the guardrail's refusal. Only the name of the server remains on the page, no numbers."""
        guild_id, layout = parse_guild_id(self.router.url.path), await self.get_state(LayoutState)
        await self._clear()
        self.server = next((server for server in layout.servers if server.id == guild_id), NO_SERVER)
        self.phase, self.error_text, self.remedy = "refused", denial.headline, denial.remedy

    def _show(self, request: DashboardRequest, overview: OverviewView, counters: LiveCounters | None) -> None:
        self.phase, self.busy, self.error_text, self.stale_age = "ready", False, "", ""
        self.server = replace(build_server_view(request.guild), name=request.guild_info.name)
        if overview != self.overview:  # an equal value would be sent to the browser again
            self.overview = overview
        self.hrefs = build_links(request.view)
        self._loaded_at = request.view.now.astimezone(request.view.zone)
        self._set_live_counters(counters)

    def _show_error(self, text: str) -> None:
        """Keep the data that is shown and set its age; without data, show the error view."""
        self.busy, self.error_text = False, text
        if self.phase == "ready" and self._loaded_at:
            self.stale_age = f"as of {format_time(self._loaded_at)}"
        else:
            self.phase = "failed"

    def _set_live_counters(self, counters: LiveCounters | None) -> None:
        self.online = "" if counters is None or counters.online is None else format_int(counters.online)
        self.in_voice = "" if counters is None else format_int(counters.in_voice)
