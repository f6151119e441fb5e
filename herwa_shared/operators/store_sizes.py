"""Sizes of the databases, and how they grow."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from clickhouse_connect.driver.asyncclient import AsyncClient
from redis.asyncio import Redis
from redis.exceptions import RedisError
from sqlalchemy import delete, func, select, text
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from herwa_shared.db import Database
from herwa_shared.models import StoreSize

POSTGRESQL, CLICKHOUSE, REDIS = "postgresql", "clickhouse", "redis"
RETENTION = timedelta(days=7)
GROWTH_WINDOW = timedelta(days=1)
DATABASE_SIZE_QUERY = text("SELECT pg_database_size(current_database())")
PARTS_SQL = """
SELECT /* operators.store_size */ sum(bytes_on_disk) FROM system.parts WHERE active AND database = currentDatabase()
"""


@dataclass(frozen=True, slots=True)
class StoreGrowth:
    """A database: its size in bytes, and by how much it grew in 24 hours; None without a value that old."""

    name: str
    size: int
    growth: int | None


async def record_store_sizes(database: Database, clickhouse: AsyncClient, redis: Redis, *, now: datetime) -> None:
    """Measure and record the sizes, and forget those of more than a week ago. Redis may not respond."""
    sizes = {CLICKHOUSE: await _measure_clickhouse(clickhouse)}
    if (redis_size := await _measure_redis(redis)) is not None:
        sizes[REDIS] = redis_size
    async with database.transaction() as session:
        sizes[POSTGRESQL] = int(await session.scalar(DATABASE_SIZE_QUERY) or 0)
        session.add_all(StoreSize(store=name, at=now, size=size) for name, size in sizes.items())
        await session.execute(delete(StoreSize).where(col(StoreSize.at) < now - RETENTION))


async def list_store_sizes(session: AsyncSession, *, now: datetime) -> tuple[StoreGrowth, ...]:
    """List the newest size of each store, by name, with its growth in 24 hours."""
    newest = await _load_sizes(session, before=now)
    older = await _load_sizes(session, before=now - GROWTH_WINDOW)
    return tuple(
        StoreGrowth(name, size, size - older[name] if name in older else None) for name, size in sorted(newest.items())
    )


async def _load_sizes(session: AsyncSession, *, before: datetime) -> Mapping[str, int]:
    latest = (
        select(col(StoreSize.store), func.max(col(StoreSize.at)).label("at"))
        .where(col(StoreSize.at) <= before)
        .group_by(col(StoreSize.store))
        .subquery()
    )
    matches = (latest.c.store == col(StoreSize.store)) & (latest.c.at == col(StoreSize.at))
    rows = await session.execute(select(col(StoreSize.store), col(StoreSize.size)).join(latest, matches))
    return {row[0]: row[1] for row in rows}


async def _measure_clickhouse(clickhouse: AsyncClient) -> int:
    result = await clickhouse.query(PARTS_SQL)
    return int(result.result_rows[0][0])


async def _measure_redis(redis: Redis) -> int | None:
    """Return the memory that Redis uses; None while it does not respond, because nothing may fail because of it."""
    try:
        info: Any = await redis.info("memory")
    except (OSError, RedisError):
        return None
    return int(info["used_memory"])
