"""State of the overview page: the URL describes the view, the handlers load its data.

Every public method is an endpoint that any client can call. Each one checks session and access, and trusts no argument.
The handlers run in the background and write only if the page has not moved on in the meantime.
"""

import asyncio
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import reflex as rx

from herwa_shared.analytics.date_ranges import DateRange, build_day_range
from herwa_shared.analytics.timezones import parse_moment
from herwa_shared.charts.formatting import format_int
from herwa_shared.dashboard_query import DashboardQuery
from herwa_shared.errors import BadRequest, HerwaError
from herwa_shared.services.live_counters import LiveCounters
from herwa_shared.services.member_data_views import MemberView
from herwa_web import app_context, auth, texts
from herwa_web.error_messages import describe_error
from herwa_web.export_notices import load_export_notice
from herwa_web.layout_state import LayoutState, set_changed
from herwa_web.pages.guild.channel_views import ChannelView, build_channel_options
from herwa_web.pages.guild.chart_views import PointRow, build_table
from herwa_web.pages.guild.links import build_links, build_url, link_to_comparison, link_to_date_range
from herwa_web.pages.guild.new_server import describe_age, is_new_server
from herwa_web.pages.guild.presenter import OverviewView, Presentation, present_controls, present_shared
from herwa_web.pages.guild.queries import (
    LiveData,
    OverviewData,
    SharedOverview,
    is_current_overview,
    load_compared_series,
    load_shared_live_data,
    load_shared_overview,
)
from herwa_web.pages.guild.request import DashboardRequest, authorize_request, load_request
from herwa_web.pages.guild.zoom import find_point_view, find_selected_view
from herwa_web.pages.guild_page_state import (
    ACCESS_ERRORS,
    LOAD_TIMEOUT_SECONDS,
    PHASES_WITH_DATA,
    GuildPageState,
    parse_guild_id,
)
from herwa_web.surfaces import OVERVIEW
from herwa_web.turns import new_turn

DOUBLE_CLICK_SECONDS = 0.35
"""A second click within this time belongs to the first. Plotly waits 0.3 seconds."""


class FigureState(rx.State):
    """The large chart's figure, in a state of its own.

    A Plotly chart is redrawn on every change of the state to which its figure belongs.
    """

    figure: dict[str, Any] = rx.field(default_factory=dict)

    def _reset_axis(self) -> None:
        """Make Plotly show the axis of the figure again: it keeps the user's axis while `uirevision` is the same."""
        if self.figure:
            self.figure = {**self.figure, "layout": {**self.figure["layout"], "uirevision": new_turn()}}


class OverviewState(GuildPageState, rx.State):
    """State of one guild's overview, which has the phases `new` and `no_channel`, too.

    `target` is the URL to which the page goes on by itself, keeping its scroll position. `announcement` changes when
    the user has changed the view, not at each refresh.
    """

    server_age: str = ""
    online: str = ""
    in_voice: str = ""
    overview: OverviewView = rx.field(default_factory=OverviewView)
    hrefs: dict[str, str] = rx.field(default_factory=dict)
    channels: list[ChannelView] = rx.field(default_factory=list)
    table_open: bool = False
    table: list[PointRow] = rx.field(default_factory=list)
    target: str = ""
    _click: str = ""
    _shown: str = ""

    @rx.event(background=True)
    async def load(self) -> Any:
        """Load the overview when the page opens or its URL changes."""
        async with self:
            self.target = ""
            await self._begin_load()
        return await self._load_overview(announces=True)

    @rx.event(background=True, temporal=True)
    async def refresh(self) -> Any:
        """Reload periodically while the page is visible, if its window has not ended yet."""
        if self.phase in PHASES_WITH_DATA and self.overview.is_running:
            return await self._load_overview(is_poll=True)
        return None

    @rx.event(background=True, temporal=True)
    async def retry(self) -> Any:
        """Reload after a click on a retry button."""
        async with self:
            self.busy = True
        return await self._load_overview(announces=True)

    @rx.event(background=True, temporal=True)
    async def poll_live(self) -> Any:
        """Update the live counters and whether the API is up."""
        is_api_up = app_context.is_api_up()
        async with self:
            set_changed(await self.get_state(LayoutState), is_api_up=is_api_up)
            url, turn, has_data = self.router.url, self._turn, self.phase in PHASES_WITH_DATA
        if not has_data:
            return None
        try:
            visitor = await auth.load_visitor(self)
            guild = await auth.authorize(visitor, parse_guild_id(url.path), OVERVIEW)
            live = await _load_live_data(guild.id)
            export_notice = await load_export_notice(guild.id, visitor.user.user_id)
        except ACCESS_ERRORS as error:
            return await self._show_failure(error, url, turn)
        except Exception as error:  # noqa: BLE001 - `describe_error` logs it; `refresh` shows the data's age
            describe_error(error)
            return None
        async with self:
            if self._is_at(url):
                self._set_live_counters(live.counters)
                set_changed(await self.get_state(LayoutState), export_notice=export_notice)

                async def is_current() -> bool:
                    current = await _load_live_data(guild.id)
                    is_same = is_api_up is app_context.is_api_up() and current.has_same_numbers(live)
                    return is_same and export_notice == await load_export_notice(guild.id, visitor.user.user_id)

                self._register_poll(OverviewState.poll_live, visitor, OVERVIEW, is_current)
        return None

    @rx.event(background=True, temporal=True)
    async def on_zoom(self, start: str, end: str) -> None:
        """Go to the window to which the chart was zoomed or panned.

        `start` and `end` are local times of the view's zone as Plotly writes them; empty if only the size has changed.
        """
        if start and end:
            await self._go(lambda view: find_selected_view(view, str(start), str(end)))

    @rx.event(background=True, temporal=True)
    async def on_point(self, position: str, clicks: int) -> None:
        """Zoom into the clicked interval, unless the click is a part of a double click."""
        if not position or clicks != 1:
            return
        async with self:
            self._click = click = new_turn()
        await asyncio.sleep(DOUBLE_CLICK_SECONDS)
        async with self:
            is_single = self._click == click
        if is_single:
            await self._go(lambda view: find_point_view(view, str(position)))

    @rx.event(background=True, temporal=True)
    async def zoom_out(self) -> None:
        """Go back to the window before the zoom."""
        async with self:
            self._click = ""
        await self._go(lambda view: view.zoom_out() if view.zoom_origin else None)

    @rx.event(background=True, temporal=True)
    async def pick_dates(self, form: dict[str, Any]) -> Any:
        """Go to the window of the submitted dates, in either order; show a toast if one is invalid."""
        return await self._pick_range(form, link_to_date_range)

    @rx.event(background=True, temporal=True)
    async def pick_comparison(self, form: dict[str, Any]) -> Any:
        """Compare with the window of the submitted dates, in either order; show a toast if one is invalid."""
        return await self._pick_range(form, link_to_comparison)

    @rx.event(background=True, temporal=True)
    async def load_channels(self) -> None:
        """Load the channels of the filter menu when it opens."""
        async with self:
            url = self.router.url
        request = await load_request(self, url)
        channels = build_channel_options(request.channels.values(), request.view)
        async with self:
            if self._is_at(url):
                self.channels = channels

    @rx.event(background=True, temporal=True)
    async def toggle_table(self) -> None:
        """Show or hide the points as a table."""
        async with self:
            self.table_open = not self.table_open
            self.table = []
            url, turn, is_open = self.router.url, self._turn, self.table_open
        if not is_open:
            return
        request = await load_request(self, url)
        rows = build_table(await load_compared_series(app_context.get_stores(), request.view), request.view)
        async with self:
            if self.table_open and (turn == self._turn or (self._is_at(url) and not self.table)):
                self.table = rows

    async def _load_overview(self, *, announces: bool = False, is_poll: bool = False) -> Any:
        """Load and show everything. A result is dropped if a newer load has started in the meantime.

        Locks the state (`async with self`) only to write, so that the queries do not block other events of the tab.
        """
        turn = new_turn()
        async with self:
            self._turn, url = turn, self.router.url
            self._forget_poll(OverviewState.refresh)
        try:
            async with asyncio.timeout(LOAD_TIMEOUT_SECONDS):
                visitor = await auth.load_visitor(self)
                if not is_poll:
                    await self._show_layout(visitor, turn)
                request = await authorize_request(visitor, url, is_poll=is_poll)
                if request.is_channel_unknown:
                    return await self._show_unknown_channel(request, turn)
                shared, live = await asyncio.gather(
                    load_shared_overview(
                        app_context.get_stores(),
                        app_context.get_query_cache(),
                        request.view,
                        is_poll=is_poll,
                    ),
                    _load_live_data(request.guild.id),
                )
                export_notice = await load_export_notice(request.guild.id, visitor.user.user_id)
                if request.sees_members and shared.data.members.items:
                    await app_context.record_member_view(request.guild.id, visitor.user.user_id, MemberView.OVERVIEW)
            request = replace(request, view=shared.view)
            presentation = present_shared(shared, request, live.missing_intents)
        except Exception as error:  # noqa: BLE001 - `_show_failure` logs it and shows it
            return await self._show_failure(error, url, turn)
        async with self:
            if turn == self._turn:
                layout = await self.get_state(LayoutState)
                layout._fill(visitor)  # noqa: SLF001 - not an endpoint
                set_changed(layout, export_notice=export_notice)
                await self._show(request, shared.data, presentation)
                self._set_live_counters(live.counters)
                if announces:
                    self.announcement = f"{presentation.overview.sentence} {presentation.overview.period_label}"
                self._register_refresh(visitor, shared, live.missing_intents)
        return None

    def _register_refresh(self, visitor: auth.Visitor, shared: SharedOverview, missing_intents: frozenset[str]) -> None:
        """Register that this overview is shown, so that a refresh which would load it again is dropped."""

        async def is_current() -> bool:
            live = await _load_live_data(shared.view.guild_id)
            return live.missing_intents == missing_intents and is_current_overview(
                app_context.get_query_cache(), shared
            )

        self._register_poll(OverviewState.refresh, visitor, OVERVIEW, is_current)

    async def _clear(self) -> None:
        """Reset this state and the chart, so that no data remains that the user may no longer see."""
        self.reset()  # type: ignore[no-untyped-call]
        (await self.get_state(FigureState)).reset()  # type: ignore[no-untyped-call]

    async def _show_unknown_channel(self, request: DashboardRequest, turn: str) -> None:
        """Show that the channel of the filter does not exist; no numbers, only the controls of the view."""
        live = await _load_live_data(request.guild.id)
        async with self:
            if turn == self._turn:
                await self._show_controls(request)
                set_changed(self, overview=present_controls(request), hrefs=build_links(request.view))
                self._shown = ""
                self._set_live_counters(live.counters)
                self.phase = "no_channel"

    async def _show(self, request: DashboardRequest, data: OverviewData, presentation: Presentation) -> None:
        await self._show_controls(request)
        if presentation.id != self._shown:
            self._shown = presentation.id
            set_changed(self, overview=presentation.overview, hrefs=presentation.hrefs)
            set_changed(await self.get_state(FigureState), figure=presentation.figure)
        is_new = is_new_server(request, data)
        set_changed(self, phase="new" if is_new else "ready", server_age=describe_age(request) if is_new else "")
        if self.table_open:
            set_changed(self, table=build_table(data.compared, request.view))
        self._loaded_at = request.view.now.astimezone(request.view.zone)
        (await self.get_state(LayoutState))._set_data_time(request.view.now, request.view.zone)  # noqa: SLF001 - not an endpoint

    async def _show_controls(self, request: DashboardRequest) -> None:
        set_changed(self, busy=False, error_text="", stale_time="")
        await self._show_server(request.guild, request.guild_info.name)

    async def _go(self, find_view: Callable[[DashboardQuery], DashboardQuery | None]) -> None:
        """Go to the view that a gesture on the chart selects; without one, move the chart's axis back."""
        async with self:
            url = self.router.url
        try:
            request = await load_request(self, url)
        except HerwaError:
            return
        view = find_view(request.view)
        async with self:
            if self._is_at(url):
                self.target = build_url(view) if view else ""
                if view is None:
                    (await self.get_state(FigureState))._reset_axis()  # noqa: SLF001 - not an endpoint

    async def _pick_range(self, form: Any, build_link: Callable[[DashboardQuery, DateRange], str]) -> Any:
        async with self:
            url = self.router.url
        request = await load_request(self, url)
        form = form if isinstance(form, dict) else {}
        try:
            first_day, last_day = (
                parse_moment(str(form.get(name))[:10], request.view.zone, field=name).date() for name in ("from", "to")
            )
            target = build_link(request.view, build_day_range(first_day, last_day, request.view.zone))
        except BadRequest:
            return rx.toast.error(texts.SUPPORTED_DATES, id="dates")
        async with self:
            if self._is_at(url):
                self.target = target
        return None

    def _set_live_counters(self, counters: LiveCounters | None) -> None:
        set_changed(
            self,
            online="" if counters is None or counters.online is None else format_int(counters.online),
            in_voice="" if counters is None else format_int(counters.in_voice),
        )


async def _load_live_data(guild_id: int) -> LiveData:
    """Load the live counters once for all tabs of the server."""
    return await load_shared_live_data(app_context.get_stores(), app_context.get_query_cache(), guild_id)
