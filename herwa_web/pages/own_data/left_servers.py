"""Panel with the servers of a user that the bot has left: when they are deleted, and a request to delete them now.

The owner is who owned the server when the bot left. Discord says nothing about it to the bot any more.
"""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC
from typing import Any

import reflex as rx
from sqlalchemy.ext.asyncio import AsyncSession

from herwa_shared.analytics.timezones import UTC_ZONE
from herwa_shared.auth.sessions import SessionUser
from herwa_shared.charts.formatting import format_long_day
from herwa_shared.errors import BadRequest, Unauthenticated
from herwa_shared.guardrail.texts import format_local_time
from herwa_shared.privacy.guild_deletion import (
    LeftGuild,
    cancel_deletion,
    get_left_guild,
    list_left_guilds,
    request_deletion,
    require_typed_name,
)
from herwa_shared.services.audit import Actor, ChangeSource
from herwa_shared.services.write_transaction import open_write_transaction
from herwa_web import app_context, auth
from herwa_web import texts as web_texts
from herwa_web.components.setting_rows import setting_panel
from herwa_web.error_messages import describe_error
from herwa_web.pages.own_data import texts
from herwa_web.pages.own_data.state import LOGIN_URL

Change = Callable[[AsyncSession, LeftGuild, Actor], Awaitable[str]]


@dataclass(frozen=True, slots=True)
class LeftServerRow:
    """A server that the bot has left. `is_requested`: its owner has requested the deletion, and can undo that."""

    server_id: str
    name: str
    plan: str
    is_requested: bool


class LeftServersState(rx.State):
    """State of the panel. `open_id` is the server whose form is open."""

    left_servers: list[LeftServerRow] = rx.field(default_factory=list)
    open_id: str = ""
    form_error: str = ""
    change_announcement: str = ""

    @rx.event(background=True)
    async def load(self) -> None:
        """Load the servers when the page opens. The page itself reports failures."""
        try:
            user = await auth.require_user(self)
            rows = await _load_rows(user)
        except Exception as error:  # noqa: BLE001 - `describe_error` logs it
            describe_error(error)
            rows = []
        async with self:
            self.left_servers, self.open_id = rows, ""

    @rx.event
    async def open_form(self, server_id: str) -> None:
        """Open the form of a listed server."""
        self.form_error = ""
        self.open_id = next((row.server_id for row in self.left_servers if row.server_id == server_id), "")

    @rx.event
    async def close_form(self) -> None:
        """Delete nothing."""
        self.open_id, self.form_error = "", ""

    @rx.event(background=True, temporal=True)
    async def request_deletion(self, form: dict[str, Any]) -> Any:
        """Request the deletion of everything about a server, for its owner, who typed its name."""
        values = form if isinstance(form, dict) else {}

        async def request(session: AsyncSession, guild: LeftGuild, actor: Actor) -> str:
            require_typed_name(str(values.get("server_name") or ""), name=guild.name)
            due_at = await request_deletion(session, guild_id=guild.id, actor=actor)
            return texts.format_left_deletion(format_local_time(due_at, UTC))

        return await self._change(values.get("server_id"), request)

    @rx.event(background=True, temporal=True)
    async def undo_deletion(self, server_id: str) -> Any:
        """Cancel the requested deletion of a server."""

        async def cancel(session: AsyncSession, guild: LeftGuild, actor: Actor) -> str:
            if not await cancel_deletion(session, guild_id=guild.id, actor=actor):
                raise BadRequest(texts.DELETION_BEGUN)
            return texts.LEFT_DELETION_CANCELED

        return await self._change(server_id, cancel)

    async def _change(self, server_id: object, change: Change) -> Any:
        """Run a change of a server of this user. For everyone else the server does not exist."""
        try:
            user = await auth.require_user(self)
            guild_id = auth.require_guild_id(server_id)
            text = await asyncio.shield(asyncio.create_task(_run(user, guild_id, change)))
            rows = await _load_rows(user)
        except Unauthenticated:
            async with self:
                self.reset()  # type: ignore[no-untyped-call]
            return rx.redirect(LOGIN_URL)
        except Exception as error:  # noqa: BLE001 - `describe_error` logs it and returns the message
            text = describe_error(error)
            async with self:
                self.form_error = self.change_announcement = text
                has_form = self.open_id != ""
            return None if has_form else rx.toast.error(text, id="left-server")
        async with self:
            self.left_servers, self.open_id, self.form_error = rows, "", ""
            self.change_announcement = text
        return rx.toast.success(text, id="left-server")


STATE: Any = LeftServersState


def left_servers_panel() -> rx.Component:
    """Render the panel, if there is such a server."""
    return rx.cond(
        LeftServersState.left_servers.length() > 0,
        rx.fragment(
            setting_panel(
                texts.LEFT_SERVERS,
                rx.foreach(LeftServersState.left_servers, _server_row),
                about=texts.LEFT_SERVERS_HINT,
            ),
            rx.el.p(LeftServersState.change_announcement, class_name="unseen", role="status"),
        ),
    )


def _server_row(row: rx.Var[LeftServerRow]) -> rx.Component:
    return rx.el.li(
        rx.el.div(
            rx.el.h3(rx.el.bdi(row.name)),
            rx.el.p(row.plan, class_name="about numbers"),
            class_name="setting-text",
        ),
        rx.cond(
            LeftServersState.open_id == row.server_id,
            _form(row),
            rx.el.div(
                rx.cond(
                    row.is_requested,
                    _button(texts.UNDO_DELETION, row.name, STATE.undo_deletion(row.server_id), "button small"),
                    _button(texts.DELETE_SERVER_NOW, row.name, STATE.open_form(row.server_id), "button small danger"),
                ),
                class_name="form-actions start",
            ),
        ),
        class_name="setting stacked",
    )


def _button(label: str, name: Any, on_click: Any, class_name: str) -> rx.Component:
    aria_label = texts.format_action_label(label, name)
    return rx.el.button(label, type="button", class_name=class_name, on_click=on_click, aria_label=aria_label)


def _form(row: rx.Var[LeftServerRow]) -> rx.Component:
    return rx.el.form(
        rx.el.p(texts.DELETE_SERVER_QUESTION, class_name="about"),
        rx.el.label(
            texts.TYPE_SERVER_NAME,
            rx.el.input(name="server_name", auto_complete="off", required=True, max_length=100, auto_focus=True),
            class_name="field",
        ),
        rx.el.input(type="hidden", name="server_id", value=row.server_id),
        rx.cond(
            LeftServersState.form_error != "",
            rx.el.p(LeftServersState.form_error, class_name="effect red", role="alert"),
        ),
        rx.el.div(
            rx.el.button(web_texts.CANCEL, type="button", class_name="button small", on_click=STATE.close_form),
            rx.el.button(texts.DELETE_SERVER_EVERYTHING, type="submit", class_name="button small danger"),
            class_name="form-actions start",
        ),
        on_submit=LeftServersState.request_deletion,
        class_name="confirm",
    )


async def _load_rows(user: SessionUser) -> list[LeftServerRow]:
    async with app_context.get_stores().database.transaction() as session:
        return [_build_row(guild) for guild in await list_left_guilds(session, owner_id=user.user_id)]


async def _run(user: SessionUser, guild_id: int, change: Change) -> str:
    """Run a change of a guild that the user owned when the bot left. Raises NotFound for any other guild."""
    async with open_write_transaction(app_context.get_stores().database) as session:
        guild = await get_left_guild(session, owner_id=user.user_id, guild_id=guild_id)
        return await change(session, guild, Actor(ChangeSource.WEB, user.user_id, user.name))


def _build_row(guild: LeftGuild) -> LeftServerRow:
    if guild.requested_for is not None:
        plan = texts.format_left_deletion(format_local_time(guild.requested_for, UTC))
    else:
        left, deleted = (format_long_day(moment, UTC_ZONE) for moment in (guild.left_at, guild.delete_at))
        plan = texts.format_left_plan(left, deleted)
    return LeftServerRow(str(guild.id), guild.name, plan, guild.requested_for is not None)
