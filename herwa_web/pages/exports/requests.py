"""What the exports page reads and writes: preview, create, change and download exports, messages about them."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from herwa_shared.auth.encryption import create_encryptor
from herwa_shared.auth.guild_access import UserGuildInfo
from herwa_shared.authorization import AccessDenied
from herwa_shared.clock import utc_now
from herwa_shared.errors import BadRequest, Forbidden
from herwa_shared.exports import jobs
from herwa_shared.exports.entitlement import get_first_start, get_row_limit, needs_history_feature, require_history
from herwa_shared.exports.jobs import ExportCreator, ExportRequest
from herwa_shared.exports.links import LINK_PURPOSE, build_link, build_session_binding
from herwa_shared.exports.tables import DataSet, ExportFormat
from herwa_shared.guardrail.member_data import can_see_members
from herwa_shared.runtime.data_dir import DataFolder
from herwa_shared.services.audit import Actor
from herwa_shared.services.guild_settings import GuildSettings, load_guild_settings
from herwa_shared.services.member_data_views import MemberView
from herwa_shared.services.message_subscribers import MessageTopic, set_subscription
from herwa_shared.services.write_transaction import open_write_transaction
from herwa_web import app_context, auth
from herwa_web.pages.exports import texts
from herwa_web.pages.exports.view_models import ExportPreviewView, build_preview
from herwa_web.saving.state import build_actor
from herwa_web.surfaces import EXPORT_HISTORY

CHANGES: dict[str, Callable[..., Awaitable[None]]] = {
    "pause": jobs.pause_export,
    "resume": jobs.resume_export,
    "cancel": jobs.cancel_export,
    "delete": jobs.delete_export,
}


@dataclass(frozen=True, slots=True)
class ExportForm:
    """What is chosen in the form."""

    data_sets: tuple[DataSet, ...]
    format: ExportFormat
    period: str
    first_day: str
    last_day: str
    channel: str
    with_members: bool


async def _build_request(form: ExportForm, guild: UserGuildInfo, settings: GuildSettings) -> ExportRequest:
    """Build the request of a form: what an export holds. Raises BadRequest."""
    now = utc_now()
    history = await app_context.get_authorizer().load_history_limit(guild.id)
    first_start = get_first_start(history, settings.zone, now)
    start, end = first_start, now
    if form.period == texts.CUSTOM:
        start, end = _parse_day(form.first_day, settings.zone), _parse_day(form.last_day, settings.zone, after=True)
    elif form.period:
        start = max(first_start, now - timedelta(days=int(form.period)))
    return ExportRequest(form.data_sets, form.format, start, min(end, now), int(form.channel or 0), form.with_members)


def _parse_day(text: str, zone: ZoneInfo, *, after: bool = False) -> datetime:
    """Parse a day as its midnight in the zone, or that of the next day. Raises BadRequest."""
    try:
        day = date.fromisoformat(text)
        return datetime.combine(day + timedelta(days=1) if after else day, time(), zone)
    except (ValueError, OverflowError):
        raise BadRequest(texts.INVALID_DATES, field="from") from None


async def find_history_refusal(visitor: auth.Visitor, guild: UserGuildInfo) -> str:
    """Return what does not allow exports of more than summaries; empty if they are allowed."""
    try:
        await app_context.get_authorizer().require_member(visitor.user.user_id, guild, EXPORT_HISTORY)
    except AccessDenied as denial:
        return str(denial)
    return ""


async def _load_settings(guild: UserGuildInfo) -> GuildSettings:
    async with app_context.get_stores().database.transaction() as session:
        return await load_guild_settings(session, guild_id=guild.id)


async def load_preview(form: ExportForm, visitor: auth.Visitor, guild: UserGuildInfo) -> ExportPreviewView:
    """Load what the export of a form would hold, and what does not allow it. Raises BadRequest."""
    settings = await _load_settings(guild)
    request = await _build_request(form, guild, settings)
    if not request.data_sets:
        return ExportPreviewView()
    refusal = await find_history_refusal(visitor, guild) if needs_history_feature(request) else ""
    preview = await jobs.preview_export(
        app_context.get_stores().clickhouse, guild_id=guild.id, request=request, now=utc_now()
    )
    return build_preview(preview, settings.zone, refusal)


async def create_export(form: ExportForm, visitor: auth.Visitor, guild: UserGuildInfo) -> None:
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


async def run_change(action: str, export_id: int, guild: UserGuildInfo, actor: Actor) -> None:
    """Change an export by an action of `CHANGES`. Raises NotFound, ExportNotPossible."""
    async with open_write_transaction(app_context.get_stores().database) as session:
        job = await jobs.get_export(session, guild_id=guild.id, export_id=export_id)
        await CHANGES[action](session, actor, job=job)


async def set_messages(visitor: auth.Visitor, guild: UserGuildInfo, *, is_on: bool) -> None:
    """Switch the user's direct messages about exports of this server on or off. Raises BadRequest."""
    async with open_write_transaction(app_context.get_stores().database) as session:
        await set_subscription(
            session, guild_id=guild.id, topic=MessageTopic.EXPORTS, user_id=visitor.user.user_id, subscribed=is_on
        )


async def create_link(state: Any, visitor: auth.Visitor, guild: UserGuildInfo, export_id: int) -> str:
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
