"""State of the account page: the sessions of the user."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC
from typing import Any

import reflex as rx

from herwa_shared.auth.sessions import SessionInfo
from herwa_shared.clock import utc_now
from herwa_shared.errors import Unauthenticated
from herwa_shared.guardrail.texts import format_local_time
from herwa_web import auth
from herwa_web.error_messages import describe_error
from herwa_web.layout_state import LayoutState
from herwa_web.pages.account import texts
from herwa_web.turns import new_turn

LOGIN_URL = "/login?reason=expired&next=%2Faccount"


@dataclass(frozen=True, slots=True)
class SessionRow:
    """A session of the user. `key` is its public id."""

    key: str
    browser: str
    detail: str
    is_current: bool


class AccountState(rx.State):
    """State of the account page. `phase` is loading, ready or failed."""

    phase: str = "loading"
    error_text: str = ""
    announcement: str = ""
    sessions: list[SessionRow] = rx.field(default_factory=list)
    _turn: str = ""

    @rx.event(background=True)
    async def load(self) -> Any:
        """Load the sessions when the page opens."""
        return await self._load_sessions()

    @rx.event(background=True, temporal=True)
    async def end_session(self, key: str) -> Any:
        """End one of the user's sessions."""

        async def end() -> str:
            await auth.end_own_session(self, str(key))
            return texts.SESSION_ENDED

        return await self._change_sessions(end)

    @rx.event(background=True, temporal=True)
    async def end_other_sessions(self) -> Any:
        """End all sessions of the user but this one."""

        async def end() -> str:
            return texts.format_ended(await auth.end_own_other_sessions(self))

        return await self._change_sessions(end)

    async def _load_sessions(self) -> Any:
        turn = new_turn()
        async with self:
            self._turn = turn
        try:
            visitor = await auth.load_visitor(self)
            sessions = await auth.list_own_sessions(self)
        except Unauthenticated:
            return await self._leave()
        except Exception as error:  # noqa: BLE001 - `describe_error` logs it and returns the message
            text = describe_error(error)
            async with self:
                self.error_text, self.phase = text, "ready" if self.sessions else "failed"
            return None
        async with self:
            if turn == self._turn:
                self.sessions = [_build_row(session) for session in sessions]
                self.phase, self.error_text = "ready", ""
                layout = await self.get_state(LayoutState)
                layout._fill(visitor)  # noqa: SLF001 - not an endpoint
                layout._set_data_time(utc_now())  # noqa: SLF001 - not an endpoint
        return None

    async def _change_sessions(self, change: Callable[[], Awaitable[str]]) -> Any:
        try:
            text = await change()
        except Unauthenticated:
            return await self._leave()
        except Exception as error:  # noqa: BLE001 - `describe_error` logs it and returns the message
            return rx.toast.error(describe_error(error), id="sessions")
        async with self:
            self.announcement = text
        await self._load_sessions()
        return rx.toast.success(text, id="sessions")

    async def _leave(self) -> Any:
        """Forget everything and go to the log-in page."""
        async with self:
            self.reset()  # type: ignore[no-untyped-call]
        return rx.redirect(LOGIN_URL)


def _build_row(session: SessionInfo) -> SessionRow:
    used, begun = (format_local_time(moment, UTC) for moment in (session.seen_at, session.created_at))
    return SessionRow(
        session.id, session.browser or texts.UNKNOWN_BROWSER, texts.format_session(used, begun), session.is_current
    )
