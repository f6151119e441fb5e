"""State and handlers that all pages of the operator's panel share: authorize, load, change, show failures.

Every handler loads the operator itself. For everyone else it does nothing: `herwa_web/panel.py` lets no event of others
come so far.
"""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any
from urllib.parse import quote

import reflex as rx
from sqlalchemy.ext.asyncio import AsyncSession

from herwa_shared.auth.operators import Operator, RecentLoginRequired
from herwa_shared.charts.formatting import format_time
from herwa_shared.clock import utc_now
from herwa_shared.errors import HerwaError, NotFound
from herwa_shared.operators.audit import build_operator_actor
from herwa_shared.services.audit import Actor, ChangeSource
from herwa_shared.services.write_transaction import open_write_transaction
from herwa_web import app_context, auth
from herwa_web.error_messages import describe_error
from herwa_web.layout_state import LayoutState
from herwa_web.pages.admin import texts
from herwa_web.turns import new_turn

LOAD_TIMEOUT_SECONDS = 12
MAX_DIGITS = 19  # of a Discord id

PanelChange = Callable[[AsyncSession, Actor], Awaitable[Any]]
"""A change in a transaction of the database, as this actor."""


class PanelPageState(rx.State, mixin=True):
    """State of a page of the panel. `phase` is loading, ready, missing or failed.

    `login_url` is set after an act that needs a recent log-in. `serial` changes when a form has been saved, so that it
    is empty again.
    """

    phase: str = "loading"
    error_text: str = ""
    stale_time: str = ""
    announcement: str = ""
    login_url: str = ""
    working: bool = False
    serial: str = ""
    _turn: str = ""
    _loaded_at: Any = None

    @rx.event(background=True)
    async def load(self) -> Any:
        """Load the page when it opens."""
        async with self:
            self.phase, self.login_url = "loading", ""
        return await self._load_page()

    @rx.event(background=True, temporal=True)
    async def retry(self) -> Any:
        """Load the page again after a click on a retry button."""
        return await self._load_page()

    @rx.event(background=True, temporal=True)
    async def refresh(self) -> Any:
        """Load the page again periodically while it is visible."""
        return await self._load_page() if self.phase == "ready" else None

    async def _fetch(self, _session: AsyncSession, _url: Any) -> Any:
        """Load the data of the page at this URL. It reads no vars, because the state is not locked."""
        raise NotImplementedError

    def _present(self, data: Any) -> None:
        """Set the vars of the page from its data."""
        raise NotImplementedError

    def _show_done(self) -> None:
        """Close the form whose change was saved."""

    async def _load_page(self) -> Any:
        turn = new_turn()
        async with self:
            self._turn, url = turn, self.router.url
        operator = await self._find_operator()
        if operator is None:
            return None
        try:
            async with asyncio.timeout(LOAD_TIMEOUT_SECONDS):
                async with app_context.get_stores().database.transaction() as session:
                    data = await self._fetch(session, url)
        except Exception as error:  # noqa: BLE001 - `describe_error` logs it and returns the message
            text = describe_error(error)
            async with self:
                if turn == self._turn:
                    await self._show_frame(operator)
                    self._show_failure(error, text)
            return None
        async with self:
            if turn == self._turn:
                await self._show_frame(operator)
                self.phase, self.stale_time = "ready", ""
                self._loaded_at = utc_now()
                self._present(data)
        return None

    async def _change(self, change: PanelChange, *, recent_login: bool = False, done: str = texts.SAVED) -> Any:
        """Authorize and make a change in one transaction, then load the page again.

        An empty `done` is for a preview, which changes nothing.
        """
        async with self:
            if self.working:
                return None
            self.working, url = True, self.router.url
        try:
            operator = await auth.load_operator(self, recent_login=recent_login)
            await asyncio.shield(asyncio.create_task(_run_change(change, operator)))
        except RecentLoginRequired as error:
            text, path = str(error), quote(url.path)
            async with self:
                self.working, self.error_text, self.login_url = False, text, f"/auth/login?next={path}"
                self.announcement = text
            return None
        except Exception as error:  # noqa: BLE001 - `describe_error` logs it and returns the message
            text = str(error) if isinstance(error, HerwaError) else describe_error(error)
            async with self:
                self.working, self.announcement = False, text
            return rx.toast.error(text, id="panel")
        async with self:
            self.working, self.announcement, self.login_url = False, done, ""
            if done:
                self.serial = new_turn()
                self._show_done()
        if not done:
            return None
        await self._load_page()
        return rx.toast.success(done, id="panel")

    async def _find_operator(self) -> Operator | None:
        """Load the operator; None, and an empty state, for everyone else."""
        try:
            return await auth.load_operator(self)
        except NotFound:
            async with self:
                self.reset()  # type: ignore[no-untyped-call]
            return None

    async def _show_frame(self, operator: Operator) -> None:
        layout = await self.get_state(LayoutState)
        layout._fill_user(operator, is_operator=True)  # noqa: SLF001 - not an endpoint
        layout._set_data_time(utc_now())  # noqa: SLF001 - not an endpoint

    def _show_failure(self, error: Exception, text: str) -> None:
        """Keep the data that is shown and set its time; without data, show the error view."""
        self.error_text = text
        if isinstance(error, NotFound):
            self.phase = "missing"
        elif self.phase == "ready" and self._loaded_at:
            self.stale_time = format_time(self._loaded_at)
        else:
            self.phase = "failed"


async def _run_change(change: PanelChange, operator: Operator) -> None:
    async with open_write_transaction(app_context.get_stores().database) as session:
        await change(session, build_operator_actor(operator, ChangeSource.WEB))


def get_text(form: Any, name: str, *, limit: int = 500) -> str:
    """Return a field of a submitted form as text; an empty text for anything else."""
    value = form.get(name) if isinstance(form, dict) else None
    return value.strip()[:limit] if isinstance(value, str) else ""


def parse_number(text: str) -> int | None:
    """Parse a whole number of a form; None for an empty or any other text."""
    return int(text) if text.isascii() and text.isdigit() and len(text) <= MAX_DIGITS else None
