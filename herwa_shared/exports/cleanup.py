"""Delete files of exports after a week, and all files that belong to no export; apply new choices of members."""

import asyncio
from datetime import datetime, timedelta

from clickhouse_connect.driver.asyncclient import AsyncClient
from sqlalchemy import delete, text
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col, or_, select

from herwa_shared.db import Database
from herwa_shared.exports.events import record_event
from herwa_shared.exports.files import ExportFolder
from herwa_shared.exports.hidden_members import load_hidden_members, load_privacy_version
from herwa_shared.exports.jobs import (
    OPEN_STATES,
    ExportError,
    ExportState,
    cancel_export,
    delete_export,
)
from herwa_shared.exports.restarts import restart_exports
from herwa_shared.log import get_logger
from herwa_shared.models import ExportJob
from herwa_shared.pipeline.privacy_filter import VERSION_SQL
from herwa_shared.services.audit import SYSTEM

log = get_logger(__name__)

MAX_PAUSE = timedelta(days=7)
ROW_RETENTION = timedelta(days=30)
"""How long an export is listed after it was finished."""

OUTDATED_SQL = """
SELECT id, guild_id, hidden_digest FROM export_job
WHERE with_members AND privacy_version <> $1 AND planned_at IS NOT NULL AND state IN ('queued', 'running', 'ready')
"""
LOST_SQL = """
UPDATE export_job SET state = 'failed', error = $2 WHERE id = $1 AND state = 'ready' RETURNING guild_id
"""
CHECKED_SQL = "UPDATE export_job SET privacy_version = $2 WHERE id = $1"


async def delete_expired_exports(database: Database, folder: ExportFolder, *, now: datetime) -> None:
    """Delete files that are a week old, cancel exports that were paused for a week, forget exports of last month."""
    expired = (col(ExportJob.state) == ExportState.READY) & (col(ExportJob.expires_at) < now)
    paused = col(ExportJob.state).in_([state.value for state in OPEN_STATES]) & (
        col(ExportJob.paused_at) < now - MAX_PAUSE
    )
    async with database.transaction() as session:
        jobs = (await session.scalars(select(ExportJob).where(or_(expired, paused)))).all()
    for job in jobs:
        async with database.transaction() as session:
            merged = await session.merge(job, load=True)
            end = delete_export if job.state == ExportState.READY else cancel_export
            await end(session, SYSTEM, job=merged)
    async with database.transaction() as session:
        old = col(ExportJob.finished_at) < now - ROW_RETENTION
        await session.execute(delete(ExportJob).where(old, col(ExportJob.state) != ExportState.READY))
    await delete_orphaned_files(database, folder)


async def delete_orphaned_files(database: Database, folder: ExportFolder) -> None:
    """Delete the files of exports that have none, and record exports whose file is lost."""
    async with database.transaction() as session:
        rows = await session.execute(select(col(ExportJob.id), col(ExportJob.state)))
        states: dict[int, str] = {row[0]: row[1] for row in rows.all() if row[0] is not None}
    kept = (*OPEN_STATES, ExportState.READY)
    for job_id in list(folder.list_ids()):
        if states.get(job_id) not in kept:
            await asyncio.to_thread(folder.delete, job_id)
    lost = [id_ for id_, state in states.items() if state == ExportState.READY and not folder.get_index(id_).exists()]
    for job_id in lost:
        async with database.acquire_connection() as connection, connection.transaction():
            guild_id = await connection.fetchval(LOST_SQL, job_id, ExportError.FILE_LOST.value)
            if guild_id is not None:
                await record_event(connection, job_id)
                log.warning("the file of an export is lost", export=job_id, guild=guild_id)


async def is_choice_pending(session: AsyncSession, job: ExportJob) -> bool:
    """Return whether a member has changed a choice since the file was checked. It is checked within seconds."""
    version = await session.scalar(text(VERSION_SQL))
    return job.with_members and version != job.privacy_version


async def apply_choices(database: Database, clickhouse: AsyncClient) -> None:
    """Restart the exports whose hidden members have changed: who opted out is in no file any more."""
    assert database.audit_key is not None, "the database was opened without the audit key"
    async with database.acquire_connection() as connection:
        version = await load_privacy_version(connection)
        for row in await connection.fetch(OUTDATED_SQL, version):
            hidden = await load_hidden_members(
                connection, clickhouse, guild_id=row["guild_id"], audit_key=database.audit_key
            )
            if hidden.digest == row["hidden_digest"]:
                await connection.execute(CHECKED_SQL, row["id"], hidden.version)
                continue
            async with connection.transaction():
                await restart_exports(connection, [row["id"]])
            log.info("export restarted", export=row["id"], reason="choices of members")
