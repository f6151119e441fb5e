"""The overview's state: the address says the view, `load` asks for it, and what came is laid out by the page.

Every public method is an endpoint: each asks anew who looks and whether they may, and believes no argument.
"""

import asyncio
from dataclasses import replace
from datetime import datetime
from typing import Any
from urllib.parse import quote

import reflex as rx

from herwa_shared.analytics.date_ranges import whole_days
from herwa_shared.analytics.timezones import parse_moment
from herwa_shared.authorization import Refused
from herwa_shared.charts.formatting import clock_time, exact, period
from herwa_shared.errors import BadRequest, HerwaError, NotFound, Unauthenticated
from herwa_shared.services.channels import places
from herwa_shared.services.live_counters import Now, guilds_now
from herwa_web import app_context, auth
from herwa_web.error_messages import words
from herwa_web.layout_state import NO_SERVER, Frame, ServerShown, server_shown
from herwa_web.pages.guild.links import addresses, with_span
from herwa_web.pages.guild.presenter import Laid, figure_of, laid_out
from herwa_web.pages.guild.queries import answers_to, series_pair
from herwa_web.pages.guild.request import Asked, asked_by, guild_id_in
from herwa_web.pages.guild.view_models import PlaceShown, places_shown, table_shown
from herwa_web.surfaces import OVERVIEW

PATIENCE_SECONDS = 12
"""With stores that do not answer; then people are told."""


class Course(rx.State):
    """The large chart's figure, apart: a chart is drawn anew with every change of the state that it belongs to."""

    figure: dict[str, Any] = rx.field(default_factory=dict)


class Overview(rx.State):
    """One guild's numbers. `phase` is loading, ready, missing, refused or failed."""

    phase: str = "loading"
    busy: bool = False
    fault: str = ""
    mend: str = ""
    stale: str = ""
    server: ServerShown = rx.field(default_factory=lambda: NO_SERVER)
    online: str = ""
    in_voice: str = ""
    laid: Laid = rx.field(default_factory=Laid)
    hrefs: dict[str, str] = rx.field(default_factory=dict)
    places: list[PlaceShown] = rx.field(default_factory=list)
    table_open: bool = False
    table: list[list[str]] = rx.field(default_factory=list)
    zoom_text: str = ""
    zoom_href: str = ""
    _turn: int = 0
    _at: datetime | None = None

    @rx.event(background=True)
    async def load(self) -> Any:
        """The address has changed, or the page was opened."""
        async with self:
            self.busy = True
            self.zoom_text = ""
            if guild_id_in(self.router.url.path) != self.server.id:
                self.phase, self.server = "loading", NO_SERVER
        return await self._ask()

    @rx.event(background=True)
    async def refresh(self) -> Any:
        """Time has passed while somebody looks: ask again where the window is not over."""
        if self.phase == "ready" and self.laid.running:
            return await self._ask()
        return None

    @rx.event(background=True)
    async def retry(self) -> Any:
        """Somebody wants to try again."""
        async with self:
            self.busy = True
        return await self._ask()

    @rx.event
    async def follow(self) -> None:
        """The live counter, and whether the API answers."""
        frame = await self.get_state(Frame)
        frame.api_is_up = app_context.api_is_up()
        if self.phase != "ready":
            return
        try:
            _, guild = await auth.require_guild(self, guild_id_in(self.router.url.path), OVERVIEW)
            async with app_context.stores().database.transaction() as session:
                self._count((await guilds_now(session, [guild.id])).get(guild.id))
        except (Unauthenticated, NotFound):
            self.phase = "missing"
        except Refused as refused:
            await self._refuse(refused)
        except Exception as away:  # noqa: BLE001 - `words` logs it; the numbers on the page say how old they are
            words(away)

    @rx.event
    async def zoomed(self, start: str, end: str) -> None:
        """The chart shows a part of the window, from one local time to another; empty ones: all of it."""
        self.zoom_text = self.zoom_href = ""
        if not start or not end:
            return
        try:
            asked = await asked_by(self)
            first, last = (parse_moment(str(text)[:10], asked.view.zone, field="zoom").date() for text in (start, end))
        except HerwaError:
            return
        span = whole_days(first, last, asked.view.zone)
        self.zoom_text = period(span.start, span.end, asked.view.zone)
        self.zoom_href = with_span(asked.view, span)

    @rx.event
    async def pick_dates(self, form: dict[str, Any]) -> Any:
        """Dates of somebody's own, in whichever order."""
        asked = await asked_by(self)
        form = form if isinstance(form, dict) else {}
        try:
            first, last = (
                parse_moment(str(form.get(name))[:10], asked.view.zone, field=name).date() for name in ("from", "to")
            )
            return rx.redirect(with_span(asked.view, whole_days(first, last, asked.view.zone)))
        except BadRequest as problem:
            return rx.toast.error(str(problem), id="dates")

    @rx.event
    async def list_places(self) -> None:
        """The filter menu opens: the channels to choose from."""
        asked = await asked_by(self)
        async with app_context.stores().database.transaction() as session:
            self.places = places_shown(await places(session, guild_id=asked.guild.id), asked.view)

    @rx.event
    async def turn_table(self) -> None:
        """Show the points as a table, or no longer."""
        self.table_open = not self.table_open
        self.table = []
        if self.table_open:
            asked = await asked_by(self)
            self.table = table_shown(*await series_pair(app_context.stores(), asked.view), asked.view)

    async def _ask(self) -> Any:
        """Ask for everything; a newer question makes an older answer void."""
        async with self:
            self._turn += 1
            turn = self._turn
        try:
            async with asyncio.timeout(PATIENCE_SECONDS):
                await self._frame()
                asked = await asked_by(self)
                answers = await answers_to(app_context.stores(), asked.view)
            laid, figure = laid_out(answers, asked), figure_of(answers, asked.view)
        except Unauthenticated:
            url = self.router.url
            return rx.redirect(
                f"/login?reason=expired&next={quote(f'{url.path}?{url.query}' if url.query else url.path)}"
            )
        except NotFound as missing:
            async with self:
                await self._forget()
                self.phase, self.fault = "missing", str(missing)
            return None
        except Refused as refused:
            async with self:
                await self._refuse(refused)
            return None
        except Exception as away:  # noqa: BLE001 - `words` logs it and finds the sentence for people
            said = words(away)
            async with self:
                if turn == self._turn:
                    self._fail(said)
            return None
        async with self:
            if turn == self._turn:
                self._show(asked, laid, answers.now)
                course = await self.get_state(Course)
                if figure != course.figure:
                    course.figure = figure
                if self.table_open:
                    self.table = table_shown(answers.series, answers.compare, asked.view)
        return None

    async def _frame(self) -> None:
        """Who looks, and their own servers: whatever becomes of the server that they ask for."""
        viewer, rights = await auth.require_viewer(self), app_context.rights()
        guilds = await rights.guilds(viewer.user_id) if rights else ()
        async with self:
            (await self.get_state(Frame))._fill(viewer, guilds)  # noqa: SLF001 - not an endpoint

    async def _forget(self) -> None:
        """Nothing of what was shown may be shown any more."""
        self.reset()  # type: ignore[no-untyped-call]
        (await self.get_state(Course)).reset()  # type: ignore[no-untyped-call]

    async def _refuse(self, refused: Refused) -> None:
        """The server is theirs and keeps its name on the page, but that is all."""
        here, frame = guild_id_in(self.router.url.path), await self.get_state(Frame)
        await self._forget()
        self.server = next((server for server in frame.servers if server.id == here), NO_SERVER)
        self.phase, self.fault, self.mend = "refused", refused.headline, refused.who

    def _show(self, asked: Asked, laid: Laid, now: Now | None) -> None:
        self.phase, self.busy, self.fault, self.stale = "ready", False, "", ""
        self.server = replace(server_shown(asked.guild), name=asked.facts.name)
        if laid != self.laid:  # what has not changed is not sent again
            self.laid = laid
        self.hrefs = addresses(asked.view)
        self._at = asked.view.now.astimezone(asked.view.zone)
        self._count(now)

    def _fail(self, why: str) -> None:
        """What was there stays, and says how old it is."""
        self.busy, self.fault = False, why
        if self.phase == "ready" and self._at:
            self.stale = f"as of {clock_time(self._at)}"
        else:
            self.phase = "failed"

    def _count(self, now: Now | None) -> None:
        self.online = "" if now is None or now.online is None else exact(now.online)
        self.in_voice = "" if now is None else exact(now.in_voice)
