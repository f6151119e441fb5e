"""Exports of a guild: create, list, pause, resume, cancel, delete. Every step is in the guild's audit log."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Any

from clickhouse_connect.driver.asyncclient import AsyncClient
from sqlalchemy import delete
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col, func, select

from herwa_shared.clock import utc_now
from herwa_shared.errors import BadRequest, Forbidden, NotFound
from herwa_shared.exports import texts
from herwa_shared.exports.plan import PlannedPart, estimate_bytes, fits_sheets, get_border, plan_parts
from herwa_shared.exports.tables import DataSet, ExportFormat
from herwa_shared.models import ExportJob, ExportPart
from herwa_shared.services.api_keys import build_rotations_query
from herwa_shared.services.audit import Actor, record
from herwa_shared.services.audited_settings import lock_guild

FILE_LIFETIME = timedelta(days=7)
SETTLING_TIME = timedelta(minutes=5)
"""How old events are at least, so that all of them have arrived."""
MAX_OPEN_EXPORTS = 20
"""Exports of one guild that are queued, running or paused."""


class ExportState(StrEnum):
    """What is known about an export. A paused one is queued or running and has `paused_at`."""

    QUEUED = "queued"
    RUNNING = "running"
    READY = "ready"
    FAILED = "failed"
    CANCELED = "canceled"
    DELETED = "deleted"
    """Its file was deleted, after a week or by a person."""


OPEN_STATES = (ExportState.QUEUED, ExportState.RUNNING)
PAUSED = "paused"
"""How the state of an export in progress is named while it is paused."""


class ExportError(StrEnum):
    """Why an export failed."""

    DISK_FULL = "disk_full"
    TOO_MANY_ROWS = "too_many_rows"
    UNAVAILABLE = "unavailable"
    """A database failed again and again."""
    FILE_LOST = "file_lost"


class ExportNotPossible(BadRequest):
    """The export is not in a state in which this can be done."""

    code = "export_not_possible"


class ExportTooLarge(Forbidden):
    """The export would have more rows than the tier includes."""

    code = "export_too_large"


@dataclass(frozen=True, slots=True)
class ExportRequest:
    """What an export holds: data sets, format, the time `[from_at, to_at)`, one channel or all (0), members or not.

    `with_pseudonyms`: members have the pseudonyms of the API key that creates the export, instead of ids and names.
    """

    data_sets: tuple[DataSet, ...]
    format: ExportFormat
    from_at: datetime
    to_at: datetime
    channel_id: int = 0
    with_members: bool = False
    with_pseudonyms: bool = False


@dataclass(frozen=True, slots=True)
class ExportCreator:
    """Who creates an export: a user, an API key, or the operator at a shell (neither)."""

    actor: Actor
    key_id: int | None = None


@dataclass(frozen=True, slots=True)
class ExportPreview:
    """What an export would hold: its parts, rows and size in bytes, as estimates."""

    parts: tuple[PlannedPart, ...]
    rows: int
    size: int
    border_at: datetime
    fits_sheets: bool


@dataclass(frozen=True, slots=True)
class ExportStatus:
    """What is known about an export. `state` is one of ExportState, or PAUSED.

    `rows` are written so far, at `rows_per_second` since the start; `total_rows` is an estimate until it is finished.
    `size` is that of its file, in bytes; `digest` is that of its content.
    """

    id: int
    state: str
    error: str | None
    request: ExportRequest
    border_at: datetime
    created_at: datetime
    finished_at: datetime | None
    expires_at: datetime | None
    rows: int
    total_rows: int
    rows_per_second: float
    seconds_left: float | None
    size: int | None
    digest: bytes | None

    @property
    def is_open(self) -> bool:
        """Whether it is in progress, or paused."""
        return self.state in (*OPEN_STATES, PAUSED)

    def to_json(self) -> dict[str, Any]:
        """Return a JSON-compatible dict."""
        request = self.request
        return {
            "id": str(self.id),
            "state": self.state,
            "error": self.error,
            "data": [data_set.value for data_set in request.data_sets],
            "format": request.format.value,
            "from": request.from_at.isoformat(),
            "to": request.to_at.isoformat(),
            "precise_from": self.border_at.isoformat(),
            "channel_id": str(request.channel_id) if request.channel_id else None,
            "members": request.with_members,
            "pseudonyms": request.with_pseudonyms,
            "created_at": self.created_at.isoformat(),
            "finished_at": self.finished_at and self.finished_at.isoformat(),
            "expires_at": self.expires_at and self.expires_at.isoformat(),
            "rows": self.rows,
            "estimated_rows": self.total_rows,
            "rows_per_second": round(self.rows_per_second, 1),
            "seconds_left": None if self.seconds_left is None else round(self.seconds_left),
            "bytes": self.size,
            "etag": None if self.digest is None else format_etag(self.digest),
        }


async def preview_export(
    clickhouse: AsyncClient, *, guild_id: int, request: ExportRequest, now: datetime
) -> ExportPreview:
    """Estimate what an export would hold. Raises BadRequest for a request that is not valid."""
    job = _build_job(guild_id, request, now)
    parts = tuple(await plan_parts(clickhouse, job))
    rows = sum(part.estimated_rows for part in parts)
    return ExportPreview(parts, rows, estimate_bytes(request.format, rows), job.border_at, fits_sheets(parts))


async def create_export(
    session: AsyncSession,
    creator: ExportCreator,
    *,
    guild_id: int,
    request: ExportRequest,
    preview: ExportPreview,
    max_rows: int | None,
) -> ExportJob:
    """Create an export, which the worker then writes.

    Raises BadRequest, ExportTooLarge for more rows than `max_rows`, ExportNotPossible while too many are in progress.
    """
    if max_rows is not None and preview.rows > max_rows:
        raise ExportTooLarge(texts.TOO_MANY_ROWS.format(rows=preview.rows, limit=max_rows))
    if request.format is ExportFormat.XLSX and not preview.fits_sheets:
        raise ExportNotPossible(texts.SHEET_TOO_SMALL)
    await lock_guild(session, guild_id)
    open_count = await session.scalar(
        select(func.count()).where(
            col(ExportJob.guild_id) == guild_id, col(ExportJob.state).in_([state.value for state in OPEN_STATES])
        )
    )
    if (open_count or 0) >= MAX_OPEN_EXPORTS:
        raise ExportNotPossible(texts.TOO_MANY_EXPORTS)
    job = _build_job(guild_id, request, utc_now())
    job.created_by_user, job.created_by_key = creator.actor.user_id, creator.key_id
    job.estimated_rows, job.max_rows = preview.rows, max_rows
    session.add(job)
    await session.flush()
    await record(session, creator.actor, "export.create", guild_id=guild_id, target=str(job.id), after=describe(job))
    return job


async def list_exports(
    session: AsyncSession, *, guild_id: int, limit: int, before_id: int | None = None, key_id: int | None = None
) -> Sequence[ExportJob]:
    """List the newest exports of a guild; older than `before_id`, and of an API key and its rotations (`key_id`)."""
    query = select(ExportJob).where(col(ExportJob.guild_id) == guild_id)
    if before_id is not None:
        query = query.where(col(ExportJob.id) < before_id)
    if key_id is not None:
        query = query.where(col(ExportJob.created_by_key).in_(build_rotations_query(guild_id, key_id)))
    return (await session.scalars(query.order_by(col(ExportJob.id).desc()).limit(limit))).all()


async def get_export(session: AsyncSession, *, guild_id: int, export_id: int, key_id: int | None = None) -> ExportJob:
    """Return an export of a guild. Raises NotFound, also for one of an unrelated API key."""
    job = await session.get(ExportJob, export_id, populate_existing=True)
    if job is None or job.guild_id != guild_id:
        raise NotFound(texts.NO_EXPORT)
    if key_id not in (None, job.created_by_key):
        rotations = await session.scalars(build_rotations_query(guild_id, key_id))
        if job.created_by_key not in rotations.all():
            raise NotFound(texts.NO_EXPORT)
    return job


async def pause_export(session: AsyncSession, actor: Actor, *, job: ExportJob) -> None:
    """Pause an export. The part that is being written is written again afterwards. Raises ExportNotPossible."""
    await _lock_open(session, job)
    if job.paused_at is not None:
        raise ExportNotPossible(texts.ALREADY_PAUSED)
    job.paused_at, job.lease, job.leased_until, job.part_rows = utc_now(), None, None, 0
    await record(session, actor, "export.pause", guild_id=job.guild_id, target=str(job.id))


async def resume_export(session: AsyncSession, actor: Actor, *, job: ExportJob) -> None:
    """Let a paused export go on with its next part. Raises ExportNotPossible."""
    await _lock_open(session, job)
    if job.paused_at is None:
        raise ExportNotPossible(texts.NOT_PAUSED)
    if job.started_at is not None:  # the rate and the time left do not count the pause
        job.started_at += utc_now() - max(job.paused_at, job.started_at)
    job.paused_at = None
    await record(session, actor, "export.resume", guild_id=job.guild_id, target=str(job.id))


async def cancel_export(session: AsyncSession, actor: Actor, *, job: ExportJob) -> None:
    """Cancel an export that is not finished. Raises ExportNotPossible."""
    await _lock_open(session, job)
    job.state, job.finished_at, job.lease, job.leased_until = ExportState.CANCELED, utc_now(), None, None
    await delete_parts(session, job)
    await record(session, actor, "export.cancel", guild_id=job.guild_id, target=str(job.id))


async def delete_export(session: AsyncSession, actor: Actor, *, job: ExportJob) -> None:
    """Delete the file of a finished export. The worker removes it from the disk. Raises ExportNotPossible."""
    await lock_guild(session, job.guild_id)
    await session.refresh(job)
    if job.state != ExportState.READY:
        raise ExportNotPossible(texts.NO_FILE)
    job.state = ExportState.DELETED
    await delete_parts(session, job)
    await record(session, actor, "export.delete", guild_id=job.guild_id, target=str(job.id))


async def delete_parts(session: AsyncSession, job: ExportJob) -> None:
    """Delete the rows of an export's parts."""
    await session.execute(delete(ExportPart).where(col(ExportPart.job_id) == job.id))


def describe(job: ExportJob) -> dict[str, Any]:
    """Describe what an export holds, for the audit log."""
    return {
        "data": list(job.data_sets),
        "format": job.format,
        "from": job.from_at,
        "to": job.to_at,
        "channel_id": str(job.channel_id) if job.channel_id else None,
        "members": job.with_members,
        "pseudonyms": job.with_pseudonyms,
    }


def format_etag(digest: bytes) -> str:
    """Format the ETag of a file from the digest of its content."""
    return f'"{digest.hex()}"'


def require_file(job: ExportJob) -> None:
    """Raise ExportNotPossible if an export has no file."""
    if job.state != ExportState.READY:
        raise ExportNotPossible(texts.NO_FILE)


def get_request(job: ExportJob) -> ExportRequest:
    """Return what an export holds."""
    data_sets = tuple(DataSet(value) for value in job.data_sets)
    return ExportRequest(
        data_sets,
        ExportFormat(job.format),
        job.from_at,
        job.to_at,
        job.channel_id,
        job.with_members,
        job.with_pseudonyms,
    )


def build_status(job: ExportJob, now: datetime) -> ExportStatus:
    """Build what is known about an export, with its progress."""
    assert job.id is not None
    is_paused = job.paused_at is not None and job.state in OPEN_STATES
    rows, rate = job.done_rows + job.part_rows, _compute_rate(job, now)
    total = max(job.estimated_rows, rows)
    is_moving = job.state == ExportState.RUNNING and not is_paused and rate > 0
    return ExportStatus(
        job.id,
        PAUSED if is_paused else job.state,
        job.error,
        get_request(job),
        job.border_at,
        job.created_at,
        job.finished_at,
        job.expires_at,
        rows,
        total,
        rate,
        (total - rows) / rate if is_moving else None,
        job.file_bytes,
        job.file_digest,
    )


def _compute_rate(job: ExportJob, now: datetime) -> float:
    """Compute the rows per second since the start; a pause does not count."""
    if job.started_at is None:
        return 0.0
    elapsed = ((job.finished_at or job.paused_at or now) - job.started_at).total_seconds()
    return (job.done_rows + job.part_rows) / elapsed if elapsed > 0 else 0.0


async def _lock_open(session: AsyncSession, job: ExportJob) -> None:
    """Lock the guild and load the export again. Raises ExportNotPossible if it is not in progress."""
    await lock_guild(session, job.guild_id)
    await session.refresh(job, with_for_update=True)
    if job.state not in OPEN_STATES:
        raise ExportNotPossible(texts.NOT_RUNNING)


def _build_job(guild_id: int, request: ExportRequest, now: datetime) -> ExportJob:
    """Build the row of an export. Raises BadRequest for a request that is not valid.

    Exports begin and end with full hours that are over, so that a part that is written again has the same rows.
    """
    if not request.data_sets:
        raise BadRequest(texts.NO_DATA_SETS, field="data")
    start = _floor_hour(request.from_at)
    end = min(
        _floor_hour(request.to_at + timedelta(hours=1) - timedelta(microseconds=1)), _floor_hour(now - SETTLING_TIME)
    )
    if end <= start:
        raise BadRequest(texts.END_BEFORE_START, field="to")
    return ExportJob(
        guild_id=guild_id,
        created_at=now.replace(microsecond=0),
        data_sets=[data_set.value for data_set in DataSet if data_set in request.data_sets],
        format=request.format.value,
        from_at=start,
        to_at=end,
        border_at=get_border(now),
        channel_id=request.channel_id,
        with_members=request.with_members,
        with_pseudonyms=request.with_members and request.with_pseudonyms,
    )


def _floor_hour(moment: datetime) -> datetime:
    return moment.astimezone(UTC).replace(minute=0, second=0, microsecond=0)
