"""Exports that have finished, for tests of what follows."""

from datetime import timedelta

from herwa_shared.clock import utc_now
from herwa_shared.exports.events import record_event
from herwa_shared.models import ExportJob
from herwa_shared.stores import Stores
from tests.support.row_factories import OWNER_ID


async def add_finished_export(
    stores: Stores, guild_id: int, *, user_id: int | None = OWNER_ID, state: str = "ready"
) -> int:
    """Add an export that has just finished, with its event."""
    now = utc_now()
    job = ExportJob(
        guild_id=guild_id,
        created_by_user=user_id,
        data_sets=["summaries"],
        format="csv",
        from_at=now,
        to_at=now,
        border_at=now,
        state=state,
        error="disk_full" if state == "failed" else None,
        finished_at=now,
        expires_at=now + timedelta(days=7),
    )
    async with stores.database.transaction() as session:
        session.add(job)
        await session.flush()
        assert job.id is not None
    async with stores.database.acquire_connection() as connection:
        await record_event(connection, job.id)
    return job.id
