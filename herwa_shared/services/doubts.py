"""Changes of rights that the gateway reports, many at a time: what Discord said before them is no longer good."""

from collections.abc import Collection

from sqlalchemy import ARRAY, BigInteger, any_, literal
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col, select

from herwa_shared.models import User
from herwa_shared.services.user_guilds import forget_rights

Doubt = tuple[int, int | None]


async def forget_reported(session: AsyncSession, doubts: Collection[Doubt]) -> None:
    """Each is a guild and the user whom the change concerns, None for all. Users who never logged in cost nothing."""
    users = [user_id for _, user_id in doubts if user_id is not None]
    among = col(User.id) == any_(literal(users, ARRAY(BigInteger)))
    known = set((await session.execute(select(User.id).where(among))).scalars()) if users else set()
    for guild_id, user_id in doubts:
        if user_id is None or user_id in known:
            await forget_rights(session, guild_id=guild_id, user_id=user_id)
