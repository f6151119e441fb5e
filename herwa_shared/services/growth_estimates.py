"""Days on which the members of a guild joined: its growth before the bot was added.

Only counts are stored, once per guild: how many of those who are members now joined on each day.
"""

from collections.abc import Mapping
from datetime import date, datetime

from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col, select

from herwa_shared.models import GrowthEstimate, Guild


async def list_guilds_without_growth(session: AsyncSession) -> list[int]:
    """List the guilds that the bot is in and whose members have not been counted by day, by id."""
    result = await session.execute(
        select(Guild.id)
        .outerjoin(GrowthEstimate, col(GrowthEstimate.guild_id) == col(Guild.id))
        .where(col(Guild.left_at).is_(None), col(GrowthEstimate.guild_id).is_(None))
        .order_by(col(Guild.id))
    )
    return list(result.scalars())


async def save_growth(
    session: AsyncSession, *, guild_id: int, joined_by_day: Mapping[date, int], listed_at: datetime
) -> None:
    """Save how many members joined on each day (UTC), unless it is known. An unknown guild is ignored."""
    if await session.get(Guild, guild_id) is None:
        return
    days = sorted(joined_by_day)
    values = {
        "guild_id": guild_id,
        "listed_at": listed_at,
        "days": days,
        "joined": [joined_by_day[day] for day in days],
    }
    await session.execute(insert(GrowthEstimate).values(values).on_conflict_do_nothing())
