"""Keep the book of when each shard was listened to."""

from collections.abc import Collection
from datetime import datetime

from sqlalchemy import update
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from herwa_shared.models import CollectorRun


async def begin_run(session: AsyncSession, *, shard_id: int, shard_count: int, intents: int = 0) -> int:
    """A shard became ready in a new gateway session with these intents (Discord's bits); the id of its run."""
    run = CollectorRun(shard_id=shard_id, shard_count=shard_count, intents=intents)
    session.add(run)
    await session.flush()
    assert run.id is not None
    return run.id


async def still_listening(session: AsyncSession, *, run_ids: Collection[int], until: datetime) -> None:
    """These runs have heard everything up to `until`, and it is stored."""
    await session.execute(update(CollectorRun).where(col(CollectorRun.id).in_(run_ids)).values(seen_at=until))
