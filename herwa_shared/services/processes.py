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

BEAT_SECONDS = 2.0
ALIVE_WITHIN = timedelta(seconds=10)
REMEMBERED = timedelta(days=1)


async def register(session: AsyncSession, *, name: str) -> int:
    """Announce this process; its id for `beat`. Forgets processes that were last seen a day ago."""
    await session.execute(delete(Process).where(col(Process.seen_at) < utc_now() - REMEMBERED))
    process = Process(name=name, host=socket.gethostname(), pid=os.getpid())
    session.add(process)
    await session.flush()
    assert process.id is not None
    return process.id


async def beat(session: AsyncSession, *, process_id: int, detail: dict[str, Any]) -> None:
    """Say that the process lives and how it does."""
    await session.execute(update(Process).where(col(Process.id) == process_id).values(seen_at=utc_now(), detail=detail))


async def stopped(session: AsyncSession, *, process_id: int) -> None:
    """Say good-bye, so that nobody waits for this process."""
    await session.execute(
        update(Process).where(col(Process.id) == process_id).values(seen_at=utc_now(), stopped_at=utc_now())
    )


async def living(session: AsyncSession) -> Sequence[Process]:
    """Processes that gave a sign of life within the last seconds and did not say good-bye, by name."""
    query = (
        select(Process)
        .where(col(Process.stopped_at).is_(None), col(Process.seen_at) > utc_now() - ALIVE_WITHIN)
        .order_by(Process.name, col(Process.id))
    )
    return (await session.execute(query)).scalars().all()
