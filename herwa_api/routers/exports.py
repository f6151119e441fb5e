"""Exports of one guild: `/api/guilds/{guild_id}/exports`."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Annotated, Any
from zoneinfo import ZoneInfo

import orjson
from fastapi import APIRouter, Path, Query, Request, Response
from fastapi.responses import StreamingResponse
from sqlalchemy.ext.asyncio import AsyncSession

from herwa_api import texts
from herwa_api.app_state import AppDep, AppState
from herwa_api.byte_ranges import find_range, send_file
from herwa_api.etags import CACHE_CONTROL
from herwa_api.exports_access import ExportCaller, ExportCallerDep, FileCallerDep
from herwa_api.idempotency import IdempotencyKey, write_once
from herwa_api.member_identities import get_member_identities
from herwa_api.schemas import exports as schemas
from herwa_api.schemas.problems import PROBLEM_RESPONSES, WRITE_RESPONSES
from herwa_api.schemas.serializers import OrjsonResponse
from herwa_shared.clock import utc_now
from herwa_shared.discord.constants import MAX_SNOWFLAKE
from herwa_shared.errors import Forbidden, NotFound
from herwa_shared.exports import jobs
from herwa_shared.exports.cleanup import is_choice_pending
from herwa_shared.exports.entitlement import get_first_start, get_row_limit, needs_history_feature, require_history
from herwa_shared.exports.jobs import ExportCreator, ExportRequest, ExportState
from herwa_shared.exports.links import build_link, is_valid_link
from herwa_shared.models import ExportJob
from herwa_shared.services.audit import Actor, record
from herwa_shared.services.guilds import get_timezone
from herwa_shared.services.idempotency import StoredResponse
from herwa_shared.services.write_transaction import open_write_transaction
from herwa_shared.zone_names import parse_zone

router = APIRouter(prefix="/api/guilds/{guild_id}/exports", tags=["exports"], responses=PROBLEM_RESPONSES)
ExportId = Annotated[int, Path(ge=1, le=MAX_SNOWFLAKE, description=texts.PARAMETERS["export_id"], examples=["7"])]
ExportChange = Callable[..., Awaitable[None]]
WRITE_CACHE_CONTROL = "private, no-store"
ZIP_TYPE = "application/zip"
FILE_RESPONSES: dict[int | str, dict[str, Any]] = {
    200: {"content": {ZIP_TYPE: {"schema": {"type": "string", "format": "binary"}}}},
    206: {"description": texts.PARTIAL_FILE_DESCRIPTION},
    416: {"description": texts.NO_RANGE_DESCRIPTION},
}


@router.get(
    "",
    summary=texts.ROUTE_SUMMARIES["list_exports"],
    description=texts.ROUTE_DESCRIPTIONS["list_exports"],
    response_model=schemas.ExportListResponse,
)
async def list_guild_exports(
    caller: ExportCallerDep, params: Annotated[schemas.ExportListQuery, Query()], app_state: AppDep
) -> Response:
    """List the exports of the guild, newest first."""
    before_id = params.parse_position(app_state.cursors)
    async with app_state.stores.database.transaction() as session:
        rows = await jobs.list_exports(
            session, guild_id=caller.guild_id, limit=params.limit + 1, before_id=before_id, key_id=caller.key_id
        )
    return OrjsonResponse(schemas.serialize_list(params, rows, app_state.cursors, utc_now()))


@router.post(
    "",
    summary=texts.ROUTE_SUMMARIES["create_export"],
    description=texts.ROUTE_DESCRIPTIONS["create_export"],
    status_code=201,
    response_model=schemas.ExportResponse,
    responses={200: {"model": schemas.ExportPreviewResponse, "description": texts.EXPORT_PREVIEW_DESCRIPTION}},
)
async def create_guild_export(
    request: Request,
    caller: ExportCallerDep,
    params: Annotated[schemas.CreateExportQuery, Query()],
    body: schemas.CreateExportBody,
    app_state: AppDep,
    idempotency_key: IdempotencyKey = None,
) -> Response:
    """Create an export, or say what it would hold."""
    now = utc_now()
    zone = await _load_zone(app_state, caller, body)
    history = await app_state.authorizer.load_history_limit(caller.guild_id)
    export_request = body.build_request(
        zone,
        first_start=get_first_start(history, zone, now),
        now=now,
        with_pseudonyms=get_member_identities(caller.caller).is_hidden,
    )
    refusal: Forbidden | None = None
    try:
        await _require_allowed(app_state, caller, export_request, zone)
    except Forbidden as error:
        refusal = error
    if refusal is not None and not params.dry_run:
        raise refusal
    preview = await jobs.preview_export(
        app_state.stores.clickhouse, guild_id=caller.guild_id, request=export_request, now=now
    )
    if params.dry_run:
        return OrjsonResponse(schemas.serialize_preview(preview, None if refusal is None else str(refusal)))
    entitlement = (await app_state.authorizer.policy_cache.get(caller.guild_id)).entitlement

    async def write(session: AsyncSession) -> StoredResponse:
        job = await jobs.create_export(
            session,
            ExportCreator(caller.actor, caller.key_id),
            guild_id=caller.guild_id,
            request=export_request,
            preview=preview,
            max_rows=get_row_limit(entitlement, export_request),
        )
        return StoredResponse(201, orjson.dumps(jobs.build_status(job, utc_now()).to_json()))

    return await write_once(
        request,
        app_state,
        guild_id=caller.guild_id,
        caller=caller.caller.identity,
        key=idempotency_key,
        write=write,
        build_response=lambda response: _build_created(request, response),
    )


@router.get(
    "/{export_id}",
    summary=texts.ROUTE_SUMMARIES["get_export"],
    description=texts.ROUTE_DESCRIPTIONS["get_export"],
    response_model=schemas.ExportResponse,
)
async def get_guild_export(caller: ExportCallerDep, export_id: ExportId, app_state: AppDep) -> Response:
    """Return an export with its progress."""
    async with app_state.stores.database.transaction() as session:
        job = await _get_job(session, caller, export_id)
    return OrjsonResponse(jobs.build_status(job, utc_now()).to_json())


@router.post(
    "/{export_id}/pause",
    summary=texts.ROUTE_SUMMARIES["pause_export"],
    description=texts.ROUTE_DESCRIPTIONS["pause_export"],
    response_model=schemas.ExportResponse,
    responses=WRITE_RESPONSES,
)
async def pause_guild_export(caller: ExportCallerDep, export_id: ExportId, app_state: AppDep) -> Response:
    """Pause an export."""
    return await _change(app_state, caller, export_id, jobs.pause_export)


@router.post(
    "/{export_id}/resume",
    summary=texts.ROUTE_SUMMARIES["resume_export"],
    description=texts.ROUTE_DESCRIPTIONS["resume_export"],
    response_model=schemas.ExportResponse,
    responses=WRITE_RESPONSES,
)
async def resume_guild_export(caller: ExportCallerDep, export_id: ExportId, app_state: AppDep) -> Response:
    """Let a paused export go on."""
    return await _change(app_state, caller, export_id, jobs.resume_export)


@router.delete(
    "/{export_id}",
    summary=texts.ROUTE_SUMMARIES["delete_export"],
    description=texts.ROUTE_DESCRIPTIONS["delete_export"],
    response_model=schemas.ExportResponse,
    responses=WRITE_RESPONSES,
)
async def delete_guild_export(caller: ExportCallerDep, export_id: ExportId, app_state: AppDep) -> Response:
    """Cancel an export that is in progress, or delete the file of a finished one."""

    async def end(session: AsyncSession, actor: Actor, *, job: ExportJob) -> None:
        act = jobs.delete_export if job.state == ExportState.READY else jobs.cancel_export
        await act(session, actor, job=job)

    return await _change(app_state, caller, export_id, end)


@router.post(
    "/{export_id}/link",
    summary=texts.ROUTE_SUMMARIES["link_export"],
    description=texts.ROUTE_DESCRIPTIONS["link_export"],
    response_model=schemas.ExportLinkResponse,
    responses=WRITE_RESPONSES,
)
async def create_link(caller: ExportCallerDep, export_id: ExportId, app_state: AppDep) -> Response:
    """Create a link to the file, for the session or key of this request."""
    async with app_state.stores.database.transaction() as session:
        job = await _get_job(session, caller, export_id)
        jobs.require_file(job)
    if needs_history_feature(jobs.get_request(job)):
        await caller.require_history_feature(app_state)
    if job.with_members:
        await caller.require_members(app_state, with_pseudonyms=job.with_pseudonyms)
    link = build_link(job, caller.binding, now=utc_now())
    body = {"url": link.format_path(app_state.export_links), "expires_at": link.expires_at.isoformat()}
    return OrjsonResponse(body, headers={"Cache-Control": WRITE_CACHE_CONTROL})


@router.get(
    "/{export_id}/file",
    summary=texts.ROUTE_SUMMARIES["download_export"],
    description=texts.ROUTE_DESCRIPTIONS["download_export"],
    response_class=StreamingResponse,
    responses=FILE_RESPONSES,
)
async def download_file(
    request: Request,
    caller: FileCallerDep,
    export_id: ExportId,
    params: Annotated[schemas.DownloadQuery, Query()],
    app_state: AppDep,
) -> Response:
    """Send the file, or a range of it. Whatever is wrong, the response is the one for an unknown file."""
    links = app_state.export_links
    if not is_valid_link(links, params.link, export_id=export_id, binding=caller.binding, now=utc_now()):
        raise NotFound(texts.EXPORT_NOT_FOUND)
    async with app_state.stores.database.transaction() as session:
        job = await _get_job(session, caller, export_id)
        if job.state != ExportState.READY or job.file_digest is None or await is_choice_pending(session, job):
            raise NotFound(texts.EXPORT_NOT_FOUND)
    if job.with_members:
        try:
            await caller.require_members(app_state, with_pseudonyms=job.with_pseudonyms)
        except Forbidden:
            raise NotFound(texts.EXPORT_NOT_FOUND) from None
    etag, size = jobs.format_etag(job.file_digest), job.file_bytes or 0
    wanted = find_range(request, size, etag=etag)
    if wanted is None or wanted:
        await _record_download(app_state, caller, export_id, is_start=not wanted or wanted.start == 0)
    try:
        file = await asyncio.to_thread(app_state.export_folder.open_file, export_id)
    except FileNotFoundError:
        raise NotFound(texts.EXPORT_NOT_FOUND) from None
    name = f"herwa-{caller.guild_id}-{job.created_at:%Y-%m-%d}-{export_id}.zip"
    headers = {"Cache-Control": CACHE_CONTROL, "Content-Disposition": f'attachment; filename="{name}"'}
    return send_file(file, size, wanted, etag=etag, media_type=ZIP_TYPE, headers=headers)


async def _load_zone(app_state: AppState, caller: ExportCaller, body: schemas.CreateExportBody) -> ZoneInfo:
    if body.timezone:
        return parse_zone(body.timezone)
    async with app_state.stores.database.transaction() as session:
        return await get_timezone(session, guild_id=caller.guild_id)


async def _require_allowed(app_state: AppState, caller: ExportCaller, request: ExportRequest, zone: ZoneInfo) -> None:
    """Require that tier, settings and the caller's rights allow an export. Raises AccessDenied and other Forbidden."""
    require_history(await app_state.authorizer.load_history_limit(caller.guild_id), request, zone, utc_now())
    if needs_history_feature(request):
        await caller.require_history_feature(app_state)
    if request.with_members:
        await caller.require_members(app_state, with_pseudonyms=request.with_pseudonyms)


async def _get_job(session: AsyncSession, caller: ExportCaller, export_id: int) -> ExportJob:
    """Return an export of the guild; for an API key one that it created. Raises NotFound."""
    return await jobs.get_export(session, guild_id=caller.guild_id, export_id=export_id, key_id=caller.key_id)


async def _change(app_state: AppState, caller: ExportCaller, export_id: int, change: ExportChange) -> Response:
    async with open_write_transaction(app_state.stores.database) as session:
        job = await _get_job(session, caller, export_id)
        await change(session, caller.actor, job=job)
        body = jobs.build_status(job, utc_now()).to_json()
    return OrjsonResponse(body, headers={"Cache-Control": WRITE_CACHE_CONTROL})


def _build_created(request: Request, response: StoredResponse) -> Response:
    assert response.body is not None
    location = f"{request.url.path}/{orjson.loads(response.body)['id']}"
    headers = {"Cache-Control": WRITE_CACHE_CONTROL, "Location": location}
    return Response(response.body, response.status, headers, "application/json")


async def _record_download(app_state: AppState, caller: ExportCaller, export_id: int, *, is_start: bool) -> None:
    """Record a download in the audit log: each that begins the file, and the first range of one that does not."""
    downloads = app_state.started_downloads
    if not is_start and downloads.is_known(export_id, caller.binding):
        return
    async with app_state.stores.database.transaction() as session:
        await record(session, caller.actor, "export.download", guild_id=caller.guild_id, target=str(export_id))
    downloads.add(export_id, caller.binding)
