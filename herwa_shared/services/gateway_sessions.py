"""Record when each shard was connected to the gateway."""

from collections.abc import Collection
from datetime import datetime

from sqlalchemy import update
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from herwa_shared.models import GatewaySession


async def start_gateway_session(session: AsyncSession, *, shard_id: int, shard_count: int, intents: int = 0) -> int:
    """Insert a gateway session of a shard that became ready; returns its id.

    `intents` are Discord's bits.
    """
    gateway_session = GatewaySession(shard_id=shard_id, shard_count=shard_count, intents=intents, break_planned=False)
    session.add(gateway_session)
    await session.flush()
    assert gateway_session.id is not None
    return gateway_session.id


async def update_gateway_sessions(session: AsyncSession, *, session_ids: Collection[int], seen_at: datetime) -> None:
    """Set `seen_at`, up to which all events of these gateway sessions were received and stored."""
    await session.execute(update(GatewaySession).where(col(GatewaySession.id).in_(session_ids)).values(seen_at=seen_at))


async def end_gateway_session(session: AsyncSession, *, session_id: int, heard_until: datetime) -> None:
    """Set `seen_at` of a lost gateway session back to the time until which events arrived for certain."""
    statement = update(GatewaySession).where(
        col(GatewaySession.id) == session_id,
        col(GatewaySession.seen_at) > heard_until,
        col(GatewaySession.started_at) < heard_until,
    )
    await session.execute(statement.values(seen_at=heard_until))


async def mark_breaks_planned(session: AsyncSession, session_ids: Collection[int]) -> None:
    """Record that the catch-up of the time before these gateway sessions is planned for each guild."""
    await session.execute(
        update(GatewaySession).where(col(GatewaySession.id).in_(session_ids)).values(break_planned=True)
    )
