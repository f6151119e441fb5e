"""Signs of life: every process says who it is and how it does, so that any other can tell people."""

import os
import socket
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from sqlalchemy import delete, update
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col, select

from herwa_shared.clock import utc_now
from herwa_shared.models import Process

HEARTBEAT_INTERVAL_SECONDS = 2.0
LIVENESS_TIMEOUT = timedelta(seconds=10)
PROCESS_RETENTION = timedelta(days=1)


async def register_process(session: AsyncSession, *, name: str) -> int:
    """Announce this process; its id for `beat`. Forgets processes that were last seen a day ago."""
    await session.execute(delete(Process).where(col(Process.seen_at) < utc_now() - PROCESS_RETENTION))
    process = Process(name=name, host=socket.gethostname(), pid=os.getpid())
    session.add(process)
    await session.flush()
    assert process.id is not None
    return process.id


async def record_heartbeat(session: AsyncSession, *, process_id: int, detail: dict[str, Any]) -> None:
    """Say that the process lives and how it does."""
    await session.execute(update(Process).where(col(Process.id) == process_id).values(seen_at=utc_now(), detail=detail))


async def mark_stopped(session: AsyncSession, *, process_id: int) -> None:
    """Say good-bye, so that nobody waits for this process."""
    await session.execute(
        update(Process).where(col(Process.id) == process_id).values(seen_at=utc_now(), stopped_at=utc_now())
    )


async def list_live(session: AsyncSession) -> Sequence[Process]:
    """Processes that gave a sign of life within the last seconds and did not say good-bye, by name."""
    query = (
        select(Process)
        .where(col(Process.stopped_at).is_(None), col(Process.seen_at) > utc_now() - LIVENESS_TIMEOUT)
        .order_by(Process.name, col(Process.id))
    )
    return (await session.execute(query)).scalars().all()
