"""State of the exports page: choose, preview, start, watch, pause, resume, cancel, download, delete."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import reflex as rx

from herwa_shared.auth.guild_access import UserGuildInfo
from herwa_shared.authorization import AccessDenied
from herwa_shared.catalog import Surface
from herwa_shared.clock import utc_now
from herwa_shared.errors import HerwaError
from herwa_shared.exports import jobs
from herwa_shared.exports.events import mark_seen
from herwa_shared.exports.jobs import ExportState, ExportStatus
from herwa_shared.exports.tables import DataSet, ExportFormat
from herwa_shared.guardrail.member_data import can_see_members
from herwa_shared.services.channels import ChannelInfo
from herwa_shared.services.guild_settings import GuildSettings, load_guild_settings
from herwa_shared.services.message_subscribers import MessageChoice, MessageTopic, load_message_choice
from herwa_shared.settings_surfaces import EXPORTS_PAGE
from herwa_web import app_context, auth
from herwa_web.error_messages import describe_error
from herwa_web.layout_state import set_changed
from herwa_web.pages.exports import texts
from herwa_web.pages.exports.linked_view import LinkedView
from herwa_web.pages.exports.requests import (
    ExportForm,
    create_export,
    create_link,
    find_history_refusal,
    load_preview,
    run_change,
    set_messages,
)
from herwa_web.pages.exports.view_models import ExportPreviewView, ExportRow, build_channel_options, build_rows
from herwa_web.pages.guild.queries import load_shared_directory
from herwa_web.pages.guild_page_state import ACCESS_ERRORS, GuildPageState, parse_guild_id
from herwa_web.pages.target_options import Option
from herwa_web.saving.state import build_actor

MAX_LISTED = 50
MAX_DAY_LENGTH = 10
QUESTIONS = tuple(texts.QUESTIONS)


@dataclass(frozen=True, slots=True)
class ExportsData:
    """The data of the page."""

    statuses: list[ExportStatus]
    settings: GuildSettings
    channels: Mapping[int, ChannelInfo]
    view: LinkedView | None
    messages: MessageChoice
    has_history: bool
    can_see_members: bool


class ExportsState(GuildPageState, rx.State):
    """State of the exports page.

    `data_sets`, `export_format`, `period` (days, empty for all), `channel` (empty for all) and `with_members` are
    chosen in the form. `question` is `cancel:ID` or `delete:ID` while the user is asked.
    """

    rows: list[ExportRow] = rx.field(default_factory=list)
    is_watching: bool = False
    is_subscribed: bool = False
    is_muted: bool = False
    has_history: bool = False
    can_see_members: bool = False
    creating: bool = False
    data_sets: list[str] = rx.field(default_factory=list)
    export_format: str = ""
    period: str = ""
    first_day: str = ""
    last_day: str = ""
    channel: str = ""
    channels: list[Option] = rx.field(default_factory=list)
    with_members: bool = False
    counting: bool = False
    preview: ExportPreviewView = ExportPreviewView()
    form_error: str = ""
    question: str = ""
    working: bool = False
    _view: LinkedView | None = None

    @rx.event(background=True)
    async def load(self) -> Any:
        """Load the page when it opens; a link from a page of statistics opens the form."""
        async with self:
            self._view = None
            await self._begin_load()
        failure = await self._load_page()
        return failure if failure is not None else await self._count()

    @rx.event(background=True, temporal=True)
    async def open_form(self) -> Any:
        """Open the form of a new export, with its preview."""
        await self._edit(self._open_form)
        return await self._count()

    @rx.event(background=True, temporal=True)
    async def close_form(self) -> Any:
        """Close the form without a new export."""
        return await self._edit(self._close_form)

    @rx.event(background=True, temporal=True)
    async def choose(self, field: str, value: str) -> Any:
        """Change what the new export would hold, and count its rows again."""
        await self._edit(lambda: self._choose(str(field), str(value)))
        return await self._count()

    @rx.event(background=True, temporal=True)
    async def start_export(self) -> Any:
        """Start the export that the form describes."""
        async with self:
            if self.working or not self.creating:
                return None
            self.working, self.form_error = True, ""
            url, turn = self.router.url, self._turn
        try:
            visitor, guild = await auth.authorize_write(self, parse_guild_id(url.path), EXPORTS_PAGE)
            await asyncio.shield(asyncio.create_task(create_export(self._read_form(), visitor, guild)))
        except Exception as error:  # noqa: BLE001 - `_fail` shows it
            return await self._fail(error, url, turn)
        async with self:
            self.working, self.creating, self.announcement = False, False, texts.STARTED
        await self._load_page()
        return rx.toast.success(texts.STARTED, id="exports")

    @rx.event(background=True, temporal=True)
    async def ask_first(self, action: str, key: str) -> Any:
        """Ask whether an export should be canceled, or its file deleted."""
        return await self._edit(lambda: self._open_question(str(action), str(key)))

    @rx.event(background=True, temporal=True)
    async def close_question(self) -> Any:
        """Leave the export as it is."""
        return await self._edit(self._close_question)

    @rx.event(background=True, temporal=True)
    async def confirm(self) -> Any:
        """Do what the user was asked about."""
        async with self:
            action, _, key = self.question.partition(":")
            self.question = ""
        return await self._change(action, key) if action in QUESTIONS else None

    @rx.event(background=True, temporal=True)
    async def pause(self, key: str) -> Any:
        """Pause an export."""
        return await self._change("pause", str(key))

    @rx.event(background=True, temporal=True)
    async def resume(self, key: str) -> Any:
        """Let a paused export go on."""
        return await self._change("resume", str(key))

    @rx.event(background=True, temporal=True)
    async def toggle_messages(self) -> Any:
        """Switch the user's own messages about exports on or off, at once."""
        async with self._get_order_lock():
            async with self:
                url, turn, is_on = self.router.url, self._turn, not self.is_subscribed
            try:
                visitor, guild = await auth.authorize_write(self, parse_guild_id(url.path), EXPORTS_PAGE)
                await set_messages(visitor, guild, is_on=is_on)
            except Exception as error:  # noqa: BLE001 - `_fail` shows it
                return await self._fail(error, url, turn)
            text = texts.MESSAGES_ON if is_on else texts.MESSAGES_OFF
            async with self:
                if self._is_at(url):
                    self.is_subscribed, self.announcement = is_on, text
            return rx.toast.success(text, id="exports")

    @rx.event(background=True, temporal=True)
    async def download(self, key: str) -> Any:
        """Download the file of an export, with a link for this session."""
        async with self:
            url, turn = self.router.url, self._turn
        try:
            visitor, guild = await auth.authorize_write(self, parse_guild_id(url.path), EXPORTS_PAGE)
            path = await create_link(self, visitor, guild, _parse_id(str(key)))
        except Exception as error:  # noqa: BLE001 - `_fail` shows it
            return await self._fail(error, url, turn)
        return rx.download(url=path)

    def _get_surface(self) -> Surface:
        return EXPORTS_PAGE

    async def _fetch(self, visitor: auth.Visitor, guild: UserGuildInfo, url: Any) -> ExportsData:
        now = utc_now()
        _, channels = await load_shared_directory(app_context.get_stores(), app_context.get_query_cache(), guild.id)
        async with app_context.get_stores().database.transaction() as session:
            rows = await jobs.list_exports(session, guild_id=guild.id, limit=MAX_LISTED)
            settings = await load_guild_settings(session, guild_id=guild.id)
            choice = await load_message_choice(
                session, guild_id=guild.id, topic=MessageTopic.EXPORTS, user_id=visitor.user.user_id
            )
            await mark_seen(session, guild_id=guild.id, user_id=visitor.user.user_id, now=now)
        return ExportsData(
            [jobs.build_status(job, now) for job in rows],
            settings,
            channels,
            LinkedView.parse(url.query_parameters),
            choice,
            not await find_history_refusal(visitor, guild),
            can_see_members(settings.member_audience, guild.permissions, is_owner=guild.owner),
        )

    def _present(self, data: ExportsData) -> None:
        open_keys = {row.key for row in self.rows if row.is_running}
        self.rows = build_rows(data.statuses, data.settings.zone, data.channels)
        self.is_watching = any(row.is_running and not row.is_paused for row in self.rows)
        self.has_history, self.can_see_members = data.has_history, data.can_see_members
        set_changed(self, is_subscribed=data.messages.is_subscribed, is_muted=data.messages.is_muted)
        set_changed(self, channels=build_channel_options(data.channels.values()))
        if data.view is not None and data.view != self._view:
            self._view = data.view
            self._open_form()
            self._apply_view(data.view)
        finished = {status.state for status in data.statuses if str(status.id) in open_keys}
        if ExportState.READY in finished:
            self.announcement = texts.READY
        elif ExportState.FAILED in finished:
            self.announcement = texts.FAILED

    def _open_form(self) -> None:
        self.creating, self.form_error, self.preview = True, "", ExportPreviewView()
        self.data_sets = [data_set.value for data_set in (DataSet if self.has_history else (DataSet.SUMMARIES,))]
        self.export_format, self.period, self.with_members = ExportFormat.CSV.value, "", False
        self.first_day = self.last_day = self.channel = ""

    def _apply_view(self, view: LinkedView) -> None:
        """Choose what a page of statistics has shown."""
        self.period, self.first_day, self.last_day = texts.CUSTOM, view.first_day, view.last_day
        self._choose("channel", view.channel)
        self.data_sets = [view.data if view.data and self.has_history else DataSet.SUMMARIES.value]

    def _close_form(self) -> None:
        self.creating, self.form_error = False, ""

    def _choose(self, field: str, value: str) -> None:
        if field == "data" and value in tuple(DataSet):
            chosen = set(self.data_sets) ^ {value}
            self.data_sets = [data_set.value for data_set in DataSet if data_set in chosen]
        elif field == "format" and value in tuple(ExportFormat):
            self.export_format = value
        elif field == "period" and value in texts.PERIODS:
            self.period = value
        elif field in ("first_day", "last_day"):
            setattr(self, field, value[:MAX_DAY_LENGTH])
        elif field == "channel" and value in ("", *(option.value for option in self.channels)):
            self.channel = value
        elif field == "members":
            self.with_members = not self.with_members and self.can_see_members

    def _open_question(self, action: str, key: str) -> None:
        row = next((row for row in self.rows if row.key == key), None)
        if row is not None and (row.is_running if action == "cancel" else row.is_ready and action == "delete"):
            self.question = f"{action}:{key}"

    def _close_question(self) -> None:
        self.question = ""

    def _read_form(self) -> ExportForm:
        return ExportForm(
            tuple(DataSet(value) for value in self.data_sets),
            ExportFormat(self.export_format or ExportFormat.CSV),
            self.period,
            self.first_day,
            self.last_day,
            self.channel,
            self.with_members,
        )

    async def _count(self) -> Any:
        """Count the rows of the export that the form describes. A newer count replaces this one."""
        async with self:
            if not self.creating:
                return None
            form, url, turn = self._read_form(), self.router.url, self._turn
            if form.period == texts.CUSTOM and not (form.first_day and form.last_day):
                self.preview, self.counting, self.form_error = ExportPreviewView(), False, ""
                return None
            self.counting, self.form_error = True, ""
        try:
            visitor = await auth.load_visitor(self)
            guild = await auth.authorize(visitor, parse_guild_id(url.path), EXPORTS_PAGE)
            view = await load_preview(form, visitor, guild)
        except Exception as error:  # noqa: BLE001 - `_fail` shows it
            return await self._fail(error, url, turn)
        async with self:
            if self._is_at(url) and self._read_form() == form:
                self.preview, self.counting = view, False
        return None

    async def _change(self, action: str, key: str) -> Any:
        """Authorize and change an export, then load the page again."""
        async with self:
            url, turn = self.router.url, self._turn
        try:
            visitor, guild = await auth.authorize_write(self, parse_guild_id(url.path), EXPORTS_PAGE)
            await asyncio.shield(asyncio.create_task(run_change(action, _parse_id(key), guild, build_actor(visitor))))
        except Exception as error:  # noqa: BLE001 - `_fail` shows it
            return await self._fail(error, url, turn)
        await self._load_page()
        return rx.toast.success(texts.DONE[action], id="exports")

    async def _fail(self, error: Exception, url: Any, turn: str) -> Any:
        """Show why something was not done: in the form if it is open."""
        text = str(error) if isinstance(error, HerwaError) else describe_error(error)
        async with self:
            self.working = self.counting = False
            if isinstance(error, ACCESS_ERRORS) and not isinstance(error, AccessDenied):
                return await self._show_failure(error, url, turn)
            if self.creating:
                self.form_error = self.announcement = text
                return None
        return rx.toast.error(text, id="exports")


def _parse_id(key: str) -> int:
    return int(key) if key.isascii() and key.isdigit() and len(key) <= auth.MAX_ID_DIGITS else 0
