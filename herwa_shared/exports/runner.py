"""Write exports part by part. Guilds take turns, and a guild has at most one part in work.

The process that writes holds a lease, which a heartbeat extends. A killed one loses it after LEASE_SECONDS; the next
one writes the part again from its first row, to a file of its own. A part exists when PostgreSQL says so.
Decision: docs/decisions/0026.
"""

import asyncio
import errno
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from datetime import datetime
from typing import NoReturn
from uuid import UUID, uuid4

import asyncpg
from clickhouse_connect.driver.asyncclient import AsyncClient
from sqlmodel import col, select

from herwa_shared.analytics.table_selection import get_raw_events_start
from herwa_shared.clock import utc_now
from herwa_shared.db import Database
from herwa_shared.errors import format_reason
from herwa_shared.exports.archive import PartDamaged, build_archive, get_extension
from herwa_shared.exports.archive_file import write_index
from herwa_shared.exports.events import record_event
from herwa_shared.exports.files import DiskFull, ExportFolder
from herwa_shared.exports.hidden_members import NO_HIDDEN_MEMBERS, HiddenMembers, load_hidden_members
from herwa_shared.exports.jobs import FILE_LIFETIME, ExportError
from herwa_shared.exports.name_lists import write_list
from herwa_shared.exports.part_writer import PartProgress, WrittenPart, write_part
from herwa_shared.exports.plan import get_border, plan_parts
from herwa_shared.exports.restarts import restart_exports
from herwa_shared.exports.tables import NAME_LISTS, TABLES, ExportFormat, TableSource
from herwa_shared.log import get_logger
from herwa_shared.models import ExportJob, ExportPart
from herwa_shared.retry import RetryPolicy

log = get_logger(__name__)

LEASE_SECONDS = 10
HEARTBEAT_SECONDS = 1.0
MAX_FAILURES = 12
RETRY = RetryPolicy(first_delay_seconds=1.0, max_delay_seconds=120.0)

# One export of a guild at a time; among guilds the one whose newest part is oldest.
CLAIM_SQL = """
UPDATE export_job SET lease = $1, leased_until = now() + make_interval(secs => $2), state = 'running',
    started_at = coalesce(started_at, now()), part_rows = 0
WHERE id = (
    SELECT id FROM export_job AS job
    WHERE state IN ('queued', 'running') AND paused_at IS NULL AND (leased_until IS NULL OR leased_until < now())
        AND NOT EXISTS (
            SELECT FROM export_job AS earlier
            WHERE earlier.guild_id = job.guild_id AND earlier.id < job.id
                AND earlier.state IN ('queued', 'running') AND earlier.paused_at IS NULL
        )
    ORDER BY stepped_at NULLS FIRST, id LIMIT 1 FOR UPDATE SKIP LOCKED
)
RETURNING id
"""
EXTEND_SQL = """
UPDATE export_job SET leased_until = now() + make_interval(secs => $3), part_rows = $4
WHERE id = $1 AND lease = $2 RETURNING id
"""
PLANNED_SQL = """
UPDATE export_job SET planned_at = now(), estimated_rows = $3, privacy_version = $4, hidden_digest = $5,
    lease = NULL, leased_until = NULL
WHERE id = $1 AND lease = $2 RETURNING id
"""
INSERT_PART_SQL = """
INSERT INTO export_part (job_id, position, "table", name, from_at, to_at, estimated_rows)
VALUES ($1, $2, $3, $4, $5, $6, $7)
"""
# What the plan expected of the part is replaced by what it has.
PART_DONE_SQL = """
UPDATE export_job SET done_rows = done_rows + $3, part_rows = 0, estimated_rows = estimated_rows + $3 - $4,
    stepped_at = now(), failures = 0, lease = NULL, leased_until = NULL
WHERE id = $1 AND lease = $2 RETURNING done_rows, max_rows
"""
SAVE_PART_SQL = """
UPDATE export_part SET rows = $3, size = $4, digest = $5, crc = $6 WHERE job_id = $1 AND "position" = $2
"""
READY_SQL = """
UPDATE export_job SET state = 'ready', file_bytes = $3, file_digest = $4, finished_at = now(),
    expires_at = now() + $5::interval, estimated_rows = done_rows, lease = NULL, leased_until = NULL, failures = 0
WHERE id = $1 AND lease = $2 RETURNING id
"""
RETRY_SQL = """
UPDATE export_job SET failures = failures + 1, lease = NULL, leased_until = now() + make_interval(secs => $3),
    part_rows = 0
WHERE id = $1 AND lease = $2
"""
FAIL_SQL = """
UPDATE export_job SET state = 'failed', error = $3, finished_at = now(), lease = NULL, leased_until = NULL,
    part_rows = 0
WHERE id = $1 AND ($2::uuid IS NULL OR lease = $2) RETURNING id
"""
KEY_PSEUDONYMS_SQL = "SELECT pseudonym_secret FROM api_key WHERE id = $1"
DELETE_PARTS_SQL = "DELETE FROM export_part WHERE job_id = $1"


class LeaseLost(RuntimeError):
    """Another writer, a pause or a cancellation took the export from this writer."""


@dataclass(frozen=True, slots=True)
class _Step:
    """The export on which this writer works, and its lease."""

    job: ExportJob
    parts: tuple[ExportPart, ...]
    lease: UUID

    @property
    def id(self) -> int:
        assert self.job.id is not None
        return self.job.id


class ExportRunner:
    """Writes the exports of a copy. Any number of workers can do so at the same time."""

    def __init__(self, database: Database, clickhouse: AsyncClient, folder: ExportFolder) -> None:
        self._database = database
        self._clickhouse = clickhouse
        self._folder = folder

    async def run_step(self) -> bool:
        """Plan an export, write one of its parts, or finish its file. Returns whether there was something to do.

        A failure is recorded with the export, which is tried again later.
        """
        step = await self._claim()
        if step is None:
            return False
        try:
            await self._run(step)
        except LeaseLost:
            self._folder.get_draft(step.id, step.lease).unlink(missing_ok=True)
        except Exception as error:  # noqa: BLE001 - after any error the export is tried again, or has failed
            await self._record_failure(step, error)
        return True

    async def _run(self, step: _Step) -> None:
        if step.job.planned_at is None:
            await self._plan(step)
            return
        self._folder.delete_drafts(step.id)
        self._folder.require_space()
        part = next((part for part in step.parts if part.rows is None), None)
        if part is None:
            await self._finish(step)
            return
        if TABLES[part.table].source is TableSource.EVENTS and step.job.border_at < get_raw_events_start(utc_now()):
            await self._restart(step, border_at=get_border(utc_now()))
        await self._write_part(step, part)

    async def _claim(self) -> _Step | None:
        lease = uuid4()
        async with self._database.acquire_connection() as connection:
            job_id = await connection.fetchval(CLAIM_SQL, lease, float(LEASE_SECONDS))
        if job_id is None:
            return None
        async with self._database.transaction() as session:
            job = await session.get_one(ExportJob, job_id)
            query = select(ExportPart).where(col(ExportPart.job_id) == job_id).order_by(col(ExportPart.position))
            return _Step(job, tuple(await session.scalars(query)), lease)

    async def _plan(self, step: _Step) -> None:
        await asyncio.to_thread(self._folder.prepare, step.id)
        self._folder.require_space()
        job = step.job
        parts = await plan_parts(self._clickhouse, job)
        hidden = await self._load_hidden(job)
        names = ("channels", "member_names") if job.with_members and not job.with_pseudonyms else ("channels",)
        rows = [
            (
                step.id,
                number,
                key,
                f"{key}.{get_extension(TABLES[key], ExportFormat(job.format))}",
                job.from_at,
                job.to_at,
                0,
            )
            for number, key in enumerate(names)
        ]
        rows += [
            (step.id, number, part.table, f"{part.name}.{job.format}", part.from_at, part.to_at, part.estimated_rows)
            for number, part in enumerate(parts, start=len(rows))
        ]
        total = sum(part.estimated_rows for part in parts)
        async with self._database.acquire_connection() as connection, connection.transaction():
            arguments = (step.id, step.lease, total, hidden.version, hidden.digest)
            if await connection.fetchval(PLANNED_SQL, *arguments) is None:
                raise LeaseLost
            await connection.execute(DELETE_PARTS_SQL, step.id)
            await connection.executemany(INSERT_PART_SQL, rows)

    async def _write_part(self, step: _Step, part: ExportPart) -> None:
        draft = self._folder.get_draft(step.id, step.lease)
        progress = PartProgress()
        async with self._hold_lease(step, progress):
            hidden = await self._load_hidden(step.job)
            if hidden.digest != step.job.hidden_digest:
                await self._restart(step)
            if TABLES[part.table].source in NAME_LISTS:
                async with self._database.acquire_connection() as connection:
                    written = await write_list(
                        connection, step.job, TABLES[part.table], draft, is_hidden=hidden.is_hidden
                    )
            else:
                written = await write_part(
                    self._clickhouse,
                    step.job,
                    part,
                    draft,
                    hidden_ids=hidden.ids,
                    pseudonym_secret=await self._load_pseudonym_secret(step.job),
                    progress=progress,
                )
            await self._save_part(step, part, written)

    async def _save_part(self, step: _Step, part: ExportPart, written: WrittenPart) -> None:
        async with self._database.acquire_connection() as connection, connection.transaction():
            row = await connection.fetchrow(PART_DONE_SQL, step.id, step.lease, written.rows, part.estimated_rows)
            if row is None:
                raise LeaseLost
            sums = written.checksums
            arguments = (step.id, part.position, written.rows, sums.size, sums.digest, sums.crc)
            await connection.execute(SAVE_PART_SQL, *arguments)
            self._folder.publish_part(step.id, step.lease, part.position)
        if row["max_rows"] is not None and row["done_rows"] > row["max_rows"]:
            await self._fail(step, ExportError.TOO_MANY_ROWS, lease=None)

    async def _finish(self, step: _Step) -> None:
        """Write the index of the file, which consists of the parts."""
        paths = {part.position: self._folder.get_part(step.id, part.position) for part in step.parts}
        async with self._hold_lease(step, PartProgress()):
            try:
                pieces, digest = await asyncio.to_thread(build_archive, step.job, step.parts, paths)
            except PartDamaged:
                log.warning("a part of an export is damaged", export=step.id)
                await self._restart(step)
            await asyncio.to_thread(write_index, self._folder.get_draft(step.id, step.lease), pieces)
            size = sum(piece.size for piece in pieces)
            async with self._database.acquire_connection() as connection, connection.transaction():
                if await connection.fetchval(READY_SQL, step.id, step.lease, size, digest, FILE_LIFETIME) is None:
                    raise LeaseLost
                await record_event(connection, step.id)
                self._folder.publish_index(step.id, step.lease)
        log.info("export ready", export=step.id, guild=step.job.guild_id, rows=step.job.done_rows)

    @asynccontextmanager
    async def _hold_lease(self, step: _Step, progress: PartProgress) -> AsyncIterator[None]:
        """Extend the lease while the block runs, and store the progress. Cancels the block if the lease is lost.

        Raises LeaseLost, and DiskFull.
        """
        task = asyncio.current_task()
        assert task is not None
        reasons: list[Exception] = []

        async def extend() -> None:
            while not reasons:
                await asyncio.sleep(HEARTBEAT_SECONDS)
                try:
                    await self._extend_lease(step, progress)
                except (LeaseLost, DiskFull) as error:
                    reasons.append(error)
                    task.cancel()
                except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
                    log.warning("an export can't store its progress", export=step.id, error=format_reason(error))

        heartbeat = asyncio.create_task(extend())
        try:
            yield
        except asyncio.CancelledError:
            if not reasons:
                raise
            task.uncancel()
            raise reasons[0] from None
        finally:
            heartbeat.cancel()
            with suppress(asyncio.CancelledError):
                await heartbeat

    async def _extend_lease(self, step: _Step, progress: PartProgress) -> None:
        self._folder.require_space()
        async with self._database.acquire_connection() as connection:
            arguments = (step.id, step.lease, float(LEASE_SECONDS), progress.rows)
            if await connection.fetchval(EXTEND_SQL, *arguments) is None:
                raise LeaseLost

    async def _restart(self, step: _Step, *, border_at: datetime | None = None) -> NoReturn:
        """Let the export be written again from its beginning. Raises LeaseLost."""
        async with self._database.acquire_connection() as connection, connection.transaction():
            await restart_exports(connection, [step.id], border_at=border_at)
        raise LeaseLost

    async def _load_hidden(self, job: ExportJob) -> HiddenMembers:
        if not job.with_members:
            return NO_HIDDEN_MEMBERS
        assert self._database.audit_key is not None, "the database was opened without the audit key"
        async with self._database.acquire_connection() as connection:
            return await load_hidden_members(
                connection, self._clickhouse, guild_id=job.guild_id, audit_key=self._database.audit_key
            )

    async def _load_pseudonym_secret(self, job: ExportJob) -> bytes | None:
        """Load the secret of the pseudonyms of the key that created an export; None if it has none."""
        if not job.with_pseudonyms:
            return None
        async with self._database.acquire_connection() as connection:
            return bytes(await connection.fetchval(KEY_PSEUDONYMS_SQL, job.created_by_key))

    async def _record_failure(self, step: _Step, error: Exception) -> None:
        """Let an export fail for good if the disk is full or it fails again and again, else try it again later."""
        self._folder.get_draft(step.id, step.lease).unlink(missing_ok=True)
        failures = step.job.failures + 1
        if isinstance(error, DiskFull) or (isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT)):
            await self._fail(step, ExportError.DISK_FULL, lease=step.lease)
        elif failures >= MAX_FAILURES:
            await self._fail(step, ExportError.UNAVAILABLE, lease=step.lease)
        else:
            async with self._database.acquire_connection() as connection:
                await connection.execute(RETRY_SQL, step.id, step.lease, RETRY.get_delay(failures))
        log.warning(
            "export interrupted",
            export=step.id,
            failures=failures,
            kind=type(error).__name__,
            error=format_reason(error),
        )

    async def _fail(self, step: _Step, error: ExportError, *, lease: UUID | None) -> None:
        """Record that an export has failed, and delete its files."""
        async with self._database.acquire_connection() as connection, connection.transaction():
            if await connection.fetchval(FAIL_SQL, step.id, lease, error.value) is None:
                return
            await connection.execute(DELETE_PARTS_SQL, step.id)
            await record_event(connection, step.id)
        await asyncio.to_thread(self._folder.delete, step.id)
