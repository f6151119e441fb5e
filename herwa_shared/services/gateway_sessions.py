"""Keep the book of when each shard was listened to."""

from collections.abc import Collection
from datetime import datetime

from sqlalchemy import update
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from herwa_shared.models import GatewaySession


async def start_gateway_session(session: AsyncSession, *, shard_id: int, shard_count: int, intents: int = 0) -> int:
    """A shard became ready in a new gateway session with these intents (Discord's bits); the id of its run."""
    gateway_session = GatewaySession(shard_id=shard_id, shard_count=shard_count, intents=intents)
    session.add(gateway_session)
    await session.flush()
    assert gateway_session.id is not None
    return gateway_session.id


async def update_gateway_sessions(session: AsyncSession, *, session_ids: Collection[int], seen_at: datetime) -> None:
    """These runs have heard everything up to `until`, and it is stored."""
    await session.execute(update(GatewaySession).where(col(GatewaySession.id).in_(session_ids)).values(seen_at=seen_at))
