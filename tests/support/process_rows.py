"""Rows of processes that other tests have started."""

from datetime import timedelta

from sqlalchemy import update

from herwa_shared.clock import utc_now
from herwa_shared.models import Process
from herwa_shared.stores import Stores


async def mark_all_processes_stopped(stores: Stores) -> None:
    """Mark all processes as stopped hours ago, so that a test sees only its own."""
    now = utc_now()
    async with stores.database.transaction() as session:
        await session.execute(update(Process).values(stopped_at=now, seen_at=now - timedelta(hours=2)))
