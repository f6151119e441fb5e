"""State of the exports page: choose, preview, start, watch, pause, resume, cancel, download, delete."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import reflex as rx

from herwa_shared.auth.encryption import create_encryptor
from herwa_shared.auth.guild_access import UserGuildInfo
from herwa_shared.authorization import AccessDenied
from herwa_shared.catalog import Surface
from herwa_shared.clock import utc_now
from herwa_shared.errors import BadRequest, Forbidden, HerwaError
from herwa_shared.exports import jobs
from herwa_shared.exports.entitlement import get_first_start, get_row_limit, needs_history_feature, require_history
from herwa_shared.exports.jobs import ExportCreator, ExportRequest, ExportState, ExportStatus
from herwa_shared.exports.links import LINK_PURPOSE, build_link, build_session_binding
from herwa_shared.exports.tables import DataSet, ExportFormat
from herwa_shared.guardrail.member_data import can_see_members
from herwa_shared.runtime.data_dir import DataFolder
from herwa_shared.services.audit import Actor
from herwa_shared.services.guild_settings import GuildSettings, load_guild_settings
from herwa_shared.services.member_data_views import MemberView
from herwa_shared.services.write_transaction import open_write_transaction
from herwa_web import app_context, auth
from herwa_web.error_messages import describe_error
from herwa_web.pages.exports import texts
from herwa_web.pages.exports.view_models import ExportPreviewView, ExportRow, build_preview, build_rows
from herwa_web.pages.guild_page_state import ACCESS_ERRORS, GuildPageState, parse_guild_id
from herwa_web.saving.state import build_actor
from herwa_web.surfaces import EXPORT_HISTORY, EXPORTS

MAX_LISTED = 50
MAX_DAY_LENGTH = 10
QUESTIONS = tuple(texts.QUESTIONS)
CHANGES: dict[str, Callable[..., Awaitable[None]]] = {
    "pause": jobs.pause_export,
    "resume": jobs.resume_export,
    "cancel": jobs.cancel_export,
    "delete": jobs.delete_export,
}


@dataclass(frozen=True, slots=True)
class ExportsData:
    """The data of the page."""

    statuses: list[ExportStatus]
    settings: GuildSettings
    has_history: bool
    can_see_members: bool


@dataclass(frozen=True, slots=True)
class ExportForm:
    """What is chosen in the form."""

    data_sets: tuple[DataSet, ...]
    format: ExportFormat
    period: str
    first_day: str
    last_day: str
    with_members: bool


class ExportsState(GuildPageState, rx.State):
    """State of the exports page.

    `data_sets`, `export_format`, `period` (days, empty for all) and `with_members` are chosen in the form. `question`
    is `cancel:ID` or `delete:ID` while the user is asked.
    """

    rows: list[ExportRow] = rx.field(default_factory=list)
    is_watching: bool = False
    has_history: bool = False
    can_see_members: bool = False
    creating: bool = False
    data_sets: list[str] = rx.field(default_factory=list)
    export_format: str = ""
    period: str = ""
    first_day: str = ""
    last_day: str = ""
    with_members: bool = False
    counting: bool = False
    preview: ExportPreviewView = ExportPreviewView()
    form_error: str = ""
    question: str = ""
    working: bool = False

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
            visitor, guild = await auth.authorize_write(self, parse_guild_id(url.path), EXPORTS)
            await asyncio.shield(asyncio.create_task(_create(self._read_form(), visitor, guild)))
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
    async def download(self, key: str) -> Any:
        """Download the file of an export, with a link for this session."""
        async with self:
            url, turn = self.router.url, self._turn
        try:
            visitor, guild = await auth.authorize_write(self, parse_guild_id(url.path), EXPORTS)
            path = await _create_link(self, visitor, guild, _parse_id(str(key)))
        except Exception as error:  # noqa: BLE001 - `_fail` shows it
            return await self._fail(error, url, turn)
        return rx.download(url=path)

    def _get_surface(self) -> Surface:
        return EXPORTS

    async def _fetch(self, visitor: auth.Visitor, guild: UserGuildInfo, _url: Any) -> ExportsData:
        now = utc_now()
        async with app_context.get_stores().database.transaction() as session:
            rows = await jobs.list_exports(session, guild_id=guild.id, limit=MAX_LISTED)
            settings = await load_guild_settings(session, guild_id=guild.id)
        return ExportsData(
            [jobs.build_status(job, now) for job in rows],
            settings,
            not await _find_history_refusal(visitor, guild),
            can_see_members(settings.member_audience, guild.permissions, is_owner=guild.owner),
        )

    def _present(self, data: ExportsData) -> None:
        open_keys = {row.key for row in self.rows if row.is_running}
        self.rows = build_rows(data.statuses, data.settings.zone)
        self.is_watching = any(row.is_running and not row.is_paused for row in self.rows)
        self.has_history, self.can_see_members = data.has_history, data.can_see_members
        finished = {status.state for status in data.statuses if str(status.id) in open_keys}
        if ExportState.READY in finished:
            self.announcement = texts.READY
        elif ExportState.FAILED in finished:
            self.announcement = texts.FAILED

    def _open_form(self) -> None:
        self.creating, self.form_error, self.preview = True, "", ExportPreviewView()
        self.data_sets = [data_set.value for data_set in (DataSet if self.has_history else (DataSet.SUMMARIES,))]
        self.export_format, self.period, self.with_members = ExportFormat.CSV.value, "", False
        self.first_day = self.last_day = ""

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
            guild = await auth.authorize(visitor, parse_guild_id(url.path), EXPORTS)
            view = await _build_preview(form, visitor, guild)
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
            visitor, guild = await auth.authorize_write(self, parse_guild_id(url.path), EXPORTS)
            await asyncio.shield(asyncio.create_task(_run_change(action, _parse_id(key), guild, build_actor(visitor))))
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


async def _build_request(form: ExportForm, guild: UserGuildInfo, settings: GuildSettings) -> ExportRequest:
    now = utc_now()
    history = await app_context.get_authorizer().load_history_limit(guild.id)
    first_start = get_first_start(history, settings.zone, now)
    start, end = first_start, now
    if form.period == texts.CUSTOM:
        start, end = _parse_day(form.first_day, settings.zone), _parse_day(form.last_day, settings.zone, after=True)
    elif form.period:
        start = max(first_start, now - timedelta(days=int(form.period)))
    return ExportRequest(form.data_sets, form.format, start, min(end, now), with_members=form.with_members)


def _parse_day(text: str, zone: ZoneInfo, *, after: bool = False) -> datetime:
    """Parse a day as its midnight in the zone, or that of the next day. Raises BadRequest."""
    try:
        day = date.fromisoformat(text)
        return datetime.combine(day + timedelta(days=1) if after else day, time(), zone)
    except (ValueError, OverflowError):
        raise BadRequest(texts.INVALID_DATES, field="from") from None


async def _find_history_refusal(visitor: auth.Visitor, guild: UserGuildInfo) -> str:
    """Return what does not allow exports of more than summaries; empty if they are allowed."""
    try:
        await app_context.get_authorizer().require_member(visitor.user.user_id, guild, EXPORT_HISTORY)
    except AccessDenied as denial:
        return str(denial)
    return ""


async def _load_settings(guild: UserGuildInfo) -> GuildSettings:
    async with app_context.get_stores().database.transaction() as session:
        return await load_guild_settings(session, guild_id=guild.id)


async def _build_preview(form: ExportForm, visitor: auth.Visitor, guild: UserGuildInfo) -> ExportPreviewView:
    settings = await _load_settings(guild)
    request = await _build_request(form, guild, settings)
    if not request.data_sets:
        return ExportPreviewView()
    refusal = await _find_history_refusal(visitor, guild) if needs_history_feature(request) else ""
    preview = await jobs.preview_export(
        app_context.get_stores().clickhouse, guild_id=guild.id, request=request, now=utc_now()
    )
    return build_preview(preview, settings.zone, refusal)


async def _create(form: ExportForm, visitor: auth.Visitor, guild: UserGuildInfo) -> None:
    """Create an export. Raises AccessDenied, Forbidden, HistoryLimitReached and what `create_export` raises."""
    settings, stores, now = await _load_settings(guild), app_context.get_stores(), utc_now()
    request = await _build_request(form, guild, settings)
    authorizer = app_context.get_authorizer()
    require_history(await authorizer.load_history_limit(guild.id), request, settings.zone, now)
    if needs_history_feature(request):
        await authorizer.require_member(visitor.user.user_id, guild, EXPORT_HISTORY)
    if request.with_members:
        await _require_members(visitor, guild, settings)
    preview = await jobs.preview_export(stores.clickhouse, guild_id=guild.id, request=request, now=now)
    entitlement = (await authorizer.policy_cache.get(guild.id)).entitlement
    async with open_write_transaction(stores.database) as session:
        await jobs.create_export(
            session,
            ExportCreator(build_actor(visitor)),
            guild_id=guild.id,
            request=request,
            preview=preview,
            max_rows=get_row_limit(entitlement, request),
        )


async def _require_members(visitor: auth.Visitor, guild: UserGuildInfo, settings: GuildSettings) -> None:
    """Require that the user may see members, and record that they do. Raises Forbidden."""
    if not can_see_members(settings.member_audience, guild.permissions, is_owner=guild.owner):
        raise Forbidden(texts.MEMBERS_HIDDEN)
    await app_context.record_member_view(guild.id, visitor.user.user_id, MemberView.DOWNLOAD)


async def _run_change(action: str, export_id: int, guild: UserGuildInfo, actor: Actor) -> None:
    async with open_write_transaction(app_context.get_stores().database) as session:
        job = await jobs.get_export(session, guild_id=guild.id, export_id=export_id)
        await CHANGES[action](session, actor, job=job)


async def _create_link(state: Any, visitor: auth.Visitor, guild: UserGuildInfo, export_id: int) -> str:
    """Create a link to the file for this session. Raises NotFound, ExportNotPossible, AccessDenied, Forbidden."""
    async with app_context.get_stores().database.transaction() as session:
        job = await jobs.get_export(session, guild_id=guild.id, export_id=export_id)
        jobs.require_file(job)
    if needs_history_feature(jobs.get_request(job)):
        await app_context.get_authorizer().require_member(visitor.user.user_id, guild, EXPORT_HISTORY)
    if job.with_members:
        await _require_members(visitor, guild, await _load_settings(guild))
    settings = app_context.get_settings()
    encryptor = create_encryptor(settings, DataFolder(settings.data_dir), purpose=LINK_PURPOSE)
    binding = build_session_binding(await auth.get_own_session_id(state))
    return build_link(job, binding, now=utc_now()).format_path(encryptor)
