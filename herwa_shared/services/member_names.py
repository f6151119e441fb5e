"""What members are called in a guild, as the bot last heard it."""

from collections.abc import Collection, Mapping

from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col, select

from herwa_shared.models import Member


async def member_names(session: AsyncSession, *, guild_id: int, user_ids: Collection[int]) -> Mapping[int, str]:
    """By user id; those who were never heard of are missing."""
    if not user_ids:
        return {}
    found = select(Member.user_id, Member.name).where(col(Member.guild_id) == guild_id)
    rows = await session.execute(found.where(col(Member.user_id).in_(user_ids)))
    return {row[0]: row[1] for row in rows}
