"""State of the page about a user's own data: what is stored by server, opt-outs, download, deletion."""

import asyncio
from collections.abc import Awaitable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import reflex as rx

from herwa_shared.clock import utc_now
from herwa_shared.errors import NotFound, Unauthenticated
from herwa_shared.guardrail.texts import format_local_time
from herwa_shared.privacy.choices import PrivacyStatus, set_opt_out
from herwa_shared.privacy.erasure import request_erasure
from herwa_shared.privacy.member_download import build_member_file
from herwa_shared.privacy.stored_data import StoredData, StoredGuildData, UserData, load_user_data
from herwa_shared.services.direct_messages import set_muted
from herwa_shared.services.write_transaction import open_write_transaction
from herwa_web import app_context, auth
from herwa_web.error_messages import describe_error
from herwa_web.layout_state import LayoutState
from herwa_web.pages.own_data import texts
from herwa_web.turns import new_turn

LOGIN_URL = "/login?reason=expired&next=%2Faccount%2Fdata"
AFTER_DELETION_URL = "/privacy"
EVERYWHERE = ""
"""The key of all servers, in place of the id of one."""

_file_slots = asyncio.Semaphore(2)
"""Files that are built at the same time in this process."""


@dataclass(frozen=True, slots=True)
class OwnServerRow:
    """What is stored about the user in one server. `key` is its id."""

    key: str
    name: str
    summary: str
    choice: str
    is_opted_out: bool


class OwnDataState(rx.State):
    """State of the page. `phase` is loading, ready or failed; `question` is set while a deletion is to be confirmed."""

    phase: str = "loading"
    error_text: str = ""
    announcement: str = ""
    servers: list[OwnServerRow] = rx.field(default_factory=list)
    is_opted_out: bool = False
    has_messages: bool = True
    deletion: str = ""
    question: str = ""
    question_key: str = ""
    working: bool = False
    _turn: str = ""

    @rx.event(background=True)
    async def load(self) -> Any:
        """Load what is stored when the page opens."""
        return await self._load_data()

    @rx.event(background=True, temporal=True)
    async def choose(self, key: str, opted_out: bool) -> Any:
        """Opt out of one server or of all, or in again."""

        async def save() -> str:
            user = await auth.require_user(self)
            guild_id = self._find_guild_id(key)
            async with open_write_transaction(app_context.get_stores().database) as session:
                await set_opt_out(session, guild_id=guild_id, user_id=user.user_id, opted_out=bool(opted_out))
            return texts.OPTED_OUT_DONE if opted_out else texts.OPTED_IN_DONE

        return await self._change(save())

    @rx.event(background=True, temporal=True)
    async def choose_messages(self, wanted: bool) -> Any:
        """Switch all direct messages of the bot to the user on or off."""

        async def save() -> str:
            user = await auth.require_user(self)
            async with open_write_transaction(app_context.get_stores().database) as session:
                await set_muted(session, user_id=user.user_id, muted=not wanted)
            return texts.MESSAGES_ON if wanted else texts.MESSAGES_OFF

        return await self._change(save())

    @rx.event(background=True, temporal=True)
    async def download(self, key: str) -> Any:
        """Download everything that is stored in one server or in all, as a ZIP file."""
        try:
            user = await auth.require_user(self)
            guild_id = self._find_guild_id(key)
            stores = app_context.get_stores()
            async with _file_slots, stores.database.transaction() as session:
                content = await build_member_file(session, stores.clickhouse, guild_id=guild_id, user_id=user.user_id)
        except Unauthenticated:
            return await self._leave()
        except Exception as error:  # noqa: BLE001 - `describe_error` logs it and returns the message
            return rx.toast.error(describe_error(error), id="own-data")
        return rx.download(data=content, filename=f"herwa-{guild_id or 'all-servers'}.zip", mime_type="application/zip")

    @rx.event
    async def ask_deletion(self, key: str) -> None:
        """Ask whether the data of one server or of all should be deleted."""
        guild_id = self._find_guild_id(key)
        self.question_key = "" if guild_id is None else str(guild_id)
        names = {row.key: row.name for row in self.servers}
        self.question = texts.QUESTION_EVERYWHERE if guild_id is None else texts.format_question(names[str(guild_id)])
        self.announcement = self.question

    @rx.event
    async def cancel_deletion(self) -> None:
        """Delete nothing."""
        self.question, self.question_key = "", ""

    @rx.event(background=True, temporal=True)
    async def delete(self) -> Any:
        """Delete what the user was asked about. If it is everything, the log-in ends too."""
        async with self:
            if self.working or not self.question:
                return None
            self.working = True
            key = self.question_key
        everywhere = key == EVERYWHERE

        async def erase() -> str:
            user = await auth.require_user(self)
            async with open_write_transaction(app_context.get_stores().database) as session:
                await request_erasure(session, guild_id=None if everywhere else int(key), user_id=user.user_id)
            if everywhere:
                app_context.get_session_reader().forget_user(user.user_id)
            return texts.DELETED

        try:
            result = await self._change(erase(), reload=not everywhere)
        finally:
            async with self:
                self.working, self.question, self.question_key = False, "", ""
        return [result, rx.redirect(AFTER_DELETION_URL)] if everywhere else result

    async def _load_data(self) -> Any:
        turn = new_turn()
        async with self:
            self._turn = turn
        try:
            visitor = await auth.load_visitor(self)
            stores = app_context.get_stores()
            async with stores.database.transaction() as session:
                data = await load_user_data(session, stores.clickhouse, user_id=visitor.user.user_id)
        except Unauthenticated:
            return await self._leave()
        except Exception as error:  # noqa: BLE001 - `describe_error` logs it and returns the message
            text = describe_error(error)
            async with self:
                self.error_text, self.phase = text, "failed"
            return None
        async with self:
            if turn == self._turn:
                self._show(data)
                layout = await self.get_state(LayoutState)
                layout._fill(visitor)  # noqa: SLF001 - not an endpoint
                layout._set_data_time(utc_now())  # noqa: SLF001 - not an endpoint
        return None

    def _show(self, data: UserData) -> None:
        self.servers = [_build_row(guild) for guild in data.guilds]
        self.is_opted_out = data.status.opted_out_everywhere
        self.has_messages = not data.status.is_muted
        self.deletion = _format_deletion(data.status)
        self.phase, self.error_text = "ready", ""

    def _find_guild_id(self, key: str) -> int | None:
        """Return the id of a listed server, or None for all servers. Raises NotFound."""
        if key == EVERYWHERE:
            return None
        if not any(row.key == key for row in self.servers):
            raise NotFound
        return int(key)

    async def _change(self, change: Awaitable[str], *, reload: bool = True) -> Any:
        try:
            text = await change
        except Unauthenticated:
            return await self._leave()
        except Exception as error:  # noqa: BLE001 - `describe_error` logs it and returns the message
            return rx.toast.error(describe_error(error), id="own-data")
        async with self:
            self.announcement = text
        if reload:
            await self._load_data()
        return rx.toast.success(text, id="own-data")

    async def _leave(self) -> Any:
        """Forget everything and go to the log-in page."""
        async with self:
            self.reset()  # type: ignore[no-untyped-call]
        return rx.redirect(LOGIN_URL)


def _build_row(guild: StoredGuildData) -> OwnServerRow:
    is_opted_out = guild.data.status.opted_out_here
    return OwnServerRow(
        str(guild.guild_id),
        guild.guild_name,
        _format_summary(guild.data),
        texts.OPTED_OUT if is_opted_out else texts.COUNTED,
        is_opted_out,
    )


def _format_summary(data: StoredData) -> str:
    if data.first_at is None or data.last_at is None:
        return texts.NAME_ONLY
    return texts.format_summary(data.counts, _format_time(data.first_at), _format_time(data.last_at))


def _format_deletion(status: PrivacyStatus) -> str:
    if status.erasure is None:
        return ""
    finished_at = status.erasure.finished_at
    return texts.format_deletion(
        _format_time(status.erasure.requested_at), _format_time(finished_at) if finished_at else ""
    )


def _format_time(moment: datetime) -> str:
    return format_local_time(moment, UTC)
