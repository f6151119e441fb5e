"""State of the privacy page: who opened data about members, opt-outs, erasure of a member, deletion of the server."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import reflex as rx

from herwa_shared.auth.guild_access import UserGuildInfo
from herwa_shared.catalog import Surface
from herwa_shared.clock import utc_now
from herwa_shared.discord.constants import MAX_SNOWFLAKE
from herwa_shared.errors import BadRequest, Forbidden
from herwa_shared.guardrail.texts import format_local_time
from herwa_shared.privacy.choices import count_opt_outs
from herwa_shared.privacy.erasure import request_erasure
from herwa_shared.privacy.guild_deletion import (
    cancel_deletion,
    find_requested_deletion,
    request_deletion,
    require_typed_name,
)
from herwa_shared.services.audit import Actor, record
from herwa_shared.services.display_names import list_recent_members
from herwa_shared.services.member_data_views import RecordedView, list_member_views
from herwa_shared.services.write_transaction import open_write_transaction
from herwa_web import app_context, auth
from herwa_web.error_messages import describe_error
from herwa_web.page_names import PageNames, load_page_names
from herwa_web.pages.guild_page_state import ACCESS_ERRORS, GuildPageState, parse_guild_id
from herwa_web.pages.privacy import texts
from herwa_web.pages.target_options import Option
from herwa_web.saving.state import build_actor
from herwa_web.surfaces import PRIVACY

MAX_VIEWS = 200
RECENT_DAYS = timedelta(days=30)


@dataclass(frozen=True, slots=True)
class ViewRow:
    """A person opened data about members."""

    time: str
    person: str
    view: str


@dataclass(frozen=True, slots=True)
class PrivacyData:
    """The data of the page. `recent` are ids and names of members; empty for users who cannot erase them."""

    views: tuple[RecordedView, ...]
    opt_outs: int
    recent: dict[int, str]
    can_erase: bool
    names: PageNames
    deletion_at: datetime | None
    is_owner: bool


class PrivacyState(GuildPageState, rx.State):
    """State of the privacy page. `question` is set while the user is asked whether to erase `_member_id`."""

    views: list[ViewRow] = rx.field(default_factory=list)
    opt_outs: str = ""
    can_erase: bool = False
    members: list[Option] = rx.field(default_factory=list)
    question: str = ""
    form_error: str = ""
    working: bool = False
    is_owner: bool = False
    deletion: str = ""
    deletion_error: str = ""
    _member_id: int = 0
    _member_name: str = ""

    @rx.event(background=True, temporal=True)
    async def choose_member(self, form: dict[str, Any]) -> Any:
        """Ask whether the submitted member should be erased."""
        return await self._edit(lambda: self._choose(form))

    @rx.event(background=True, temporal=True)
    async def cancel_erasure(self) -> Any:
        """Erase nothing."""
        return await self._edit(self._forget_choice)

    @rx.event(background=True, temporal=True)
    async def erase_member(self) -> Any:
        """Erase the member whom the user was asked about, in this server."""
        async with self:
            if self.working or not self._member_id:
                return None
            self.working = True
            url, turn, member_id, name = self.router.url, self._turn, self._member_id, self._member_name
        try:
            visitor, guild = await auth.authorize_write(self, parse_guild_id(url.path), PRIVACY)
            await asyncio.shield(asyncio.create_task(_erase(guild, member_id, build_actor(visitor))))
        except ACCESS_ERRORS as error:
            return await self._show_failure(error, url, turn)
        except Exception as error:  # noqa: BLE001 - `describe_error` logs it
            text = describe_error(error)
            async with self:
                self.working = False
            return rx.toast.error(text, id="erasure")
        text = texts.format_erased(name)
        async with self:
            self.working = False
            self._forget_choice()
            self.announcement = text
        await self._load_page()
        return rx.toast.success(text, id="erasure")

    @rx.event(background=True, temporal=True)
    async def request_deletion(self, form: dict[str, Any]) -> Any:
        """Request the deletion of everything about this server, for its owner, who typed its name."""
        text = str((form if isinstance(form, dict) else {}).get("server_name") or "")
        return await self._change_deletion(lambda guild, actor: _request_deletion(guild, actor, typed_name=text))

    @rx.event(background=True, temporal=True)
    async def undo_deletion(self) -> Any:
        """Cancel the requested deletion of this server."""
        return await self._change_deletion(_cancel_deletion)

    async def _change_deletion(self, change: Callable[[UserGuildInfo, Actor], Awaitable[str]]) -> Any:
        async with self:
            url, turn = self.router.url, self._turn
        try:
            visitor, guild = await auth.authorize_write(self, parse_guild_id(url.path), PRIVACY)
            text = await asyncio.shield(asyncio.create_task(_run(change, guild, build_actor(visitor))))
        except ACCESS_ERRORS as error:
            return await self._show_failure(error, url, turn)
        except Exception as error:  # noqa: BLE001 - `describe_error` logs it
            text = describe_error(error)
            async with self:
                self.deletion_error = self.announcement = text
            return None
        async with self:
            self.deletion_error, self.announcement = "", text
        await self._load_page()
        return rx.toast.success(text, id="deletion")

    def _get_surface(self) -> Surface:
        return PRIVACY

    async def _fetch(self, _visitor: auth.Visitor, guild: UserGuildInfo, _url: Any) -> PrivacyData:
        async with app_context.get_stores().database.transaction() as session:
            views = await list_member_views(session, guild_id=guild.id, limit=MAX_VIEWS)
            opt_outs = await count_opt_outs(session, guild_id=guild.id)
            deletion_at = await find_requested_deletion(session, guild_id=guild.id)
            recent: dict[int, str] = {}
            if guild.is_administrator:
                recent = await list_recent_members(session, guild_id=guild.id, since=utc_now() - RECENT_DAYS)
        names = await load_page_names(guild.id, member_ids={view.user_id for view in views})
        return PrivacyData(views, opt_outs, recent, guild.is_administrator, names, deletion_at, is_owner=guild.owner)

    def _present(self, data: PrivacyData) -> None:
        self.views = [_build_row(view, data.names) for view in data.views]
        self.opt_outs, self.can_erase = texts.format_opt_outs(data.opt_outs), data.can_erase
        self.is_owner = data.is_owner
        time = format_local_time(data.deletion_at, data.names.zone) if data.deletion_at else ""
        self.deletion = texts.format_deletion(time) if time else ""
        self.members = [Option(str(member_id), name) for member_id, name in data.recent.items()]

    def _choose(self, form: Any) -> None:
        values = form if isinstance(form, dict) else {}
        text = (str(values.get("member_id") or "") or str(values.get("member") or "")).strip()
        self._forget_choice()
        is_id = text.isascii() and text.isdigit() and len(text) <= auth.MAX_ID_DIGITS and 0 < int(text) <= MAX_SNOWFLAKE
        if not self.can_erase or not is_id:
            self.form_error = self.announcement = texts.INVALID_MEMBER if self.can_erase else texts.ERASE_ADMINS_ONLY
            return
        name = next((option.label for option in self.members if option.value == text), text)
        self._member_id, self._member_name = int(text), name
        self.question = self.announcement = texts.format_question(name)

    def _forget_choice(self) -> None:
        self.question, self.form_error, self._member_id, self._member_name = "", "", 0, ""


async def _erase(guild: UserGuildInfo, member_id: int, actor: Actor) -> None:
    """Erase a member. The audit entry does not name them. Raises Forbidden for a user who is no administrator."""
    if not guild.is_administrator:
        raise Forbidden(texts.ERASE_ADMINS_ONLY)
    async with open_write_transaction(app_context.get_stores().database) as session:
        await request_erasure(session, guild_id=guild.id, user_id=member_id)
        await record(session, actor, "member.erase", guild_id=guild.id)


async def _run(change: Callable[[UserGuildInfo, Actor], Awaitable[str]], guild: UserGuildInfo, actor: Actor) -> str:
    """Run a change of the deletion of a server. Raises Forbidden for a user who does not own it."""
    if not guild.owner:
        raise Forbidden(texts.DELETE_SERVER_OWNER_ONLY)
    return await change(guild, actor)


async def _request_deletion(guild: UserGuildInfo, actor: Actor, *, typed_name: str) -> str:
    require_typed_name(typed_name, name=guild.name)
    async with open_write_transaction(app_context.get_stores().database) as session:
        due_at = await request_deletion(session, guild_id=guild.id, actor=actor)
    names = await load_page_names(guild.id, member_ids=())
    return texts.format_deletion(format_local_time(due_at, names.zone))


async def _cancel_deletion(guild: UserGuildInfo, actor: Actor) -> str:
    async with open_write_transaction(app_context.get_stores().database) as session:
        if not await cancel_deletion(session, guild_id=guild.id, actor=actor):
            raise BadRequest(texts.DELETION_BEGUN)
    return texts.DELETION_CANCELED


def _build_row(view: RecordedView, names: PageNames) -> ViewRow:
    person = names.format_member(view.user_id) if view.user_id else texts.ERASED_USER
    return ViewRow(format_local_time(view.hour, names.zone), person, texts.VIEWS[view.view])
