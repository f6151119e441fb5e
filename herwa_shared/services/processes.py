"""Process registry with heartbeats, so that any process can report the status of all."""

import os
import socket
from collections.abc import Sequence
from dataclasses import asdict
from datetime import timedelta

from sqlalchemy import delete, exists, update
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import aliased
from sqlmodel import col, select

from herwa_shared.clock import utc_now
from herwa_shared.models import Process
from herwa_shared.runtime.process_report import read_process_report
from herwa_shared.services.process_details import REPORT_KEY, ProcessDetail, serialize_detail

HEARTBEAT_INTERVAL_SECONDS = 2.0
LIVENESS_TIMEOUT = timedelta(seconds=10)
SILENCE_REPORT_TIME = timedelta(minutes=10)
PROCESS_RETENTION = timedelta(days=1)


async def register_process(session: AsyncSession, *, name: str) -> int:
    """Insert a row for this process and return its id for `record_heartbeat`.

    Side effect: deletes processes whose last heartbeat is older than PROCESS_RETENTION.
    """
    await session.execute(delete(Process).where(col(Process.seen_at) < utc_now() - PROCESS_RETENTION))
    process = Process(name=name, host=socket.gethostname(), pid=os.getpid())
    session.add(process)
    await session.flush()
    assert process.id is not None
    return process.id


async def record_heartbeat(session: AsyncSession, *, process_id: int, detail: ProcessDetail) -> None:
    """Update the heartbeat of a process, its detail and its report of errors."""
    report = asdict(read_process_report())
    values = {"seen_at": utc_now(), "detail": {**serialize_detail(detail), REPORT_KEY: report}}
    await session.execute(update(Process).where(col(Process.id) == process_id).values(**values))


async def mark_process_stopped(session: AsyncSession, *, process_id: int) -> None:
    """Mark a process as stopped, so that other processes do not wait for it."""
    await session.execute(
        update(Process).where(col(Process.id) == process_id).values(seen_at=utc_now(), stopped_at=utc_now())
    )


async def list_live_processes(session: AsyncSession) -> Sequence[Process]:
    """List processes with a heartbeat within LIVENESS_TIMEOUT that are not stopped, by name."""
    query = (
        select(Process)
        .where(col(Process.stopped_at).is_(None), col(Process.seen_at) > utc_now() - LIVENESS_TIMEOUT)
        .order_by(Process.name, col(Process.id))
    )
    return (await session.execute(query)).scalars().all()


async def list_silent_processes(session: AsyncSession) -> Sequence[Process]:
    """List processes without a heartbeat within LIVENESS_TIMEOUT that have not reported their end, by name.

    Only the newest of a name on each host, and only for SILENCE_REPORT_TIME: it stalls, or it was killed.
    """
    newer = aliased(Process)
    has_newer = exists().where(
        col(newer.name) == col(Process.name), col(newer.host) == col(Process.host), col(newer.id) > col(Process.id)
    )
    now = utc_now()
    query = (
        select(Process)
        .where(col(Process.stopped_at).is_(None), ~has_newer)
        .where(col(Process.seen_at).between(now - SILENCE_REPORT_TIME, now - LIVENESS_TIMEOUT))
        .order_by(Process.name, col(Process.id))
    )
    return (await session.execute(query)).scalars().all()
