"""Which members have left a guild, as far as the bot received it."""

from collections.abc import Collection

from sqlalchemy import func
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col, select

from herwa_shared.models import Member, MembershipPeriod
from herwa_shared.models.columns import matches_any


async def list_departed_members(session: AsyncSession, *, guild_id: int, user_ids: Collection[int]) -> frozenset[int]:
    """Return those of the users whose leave was received and who have not joined again since then."""
    if not user_ids:
        return frozenset()
    last_left_at = func.max(col(MembershipPeriod.left_at))
    rows = await session.execute(
        select(MembershipPeriod.user_id, last_left_at, Member.joined_at)
        .outerjoin(
            Member,
            (col(Member.guild_id) == col(MembershipPeriod.guild_id))
            & (col(Member.user_id) == col(MembershipPeriod.user_id)),
        )
        .where(col(MembershipPeriod.guild_id) == guild_id)
        .where(matches_any(MembershipPeriod.user_id, user_ids))
        .group_by(col(MembershipPeriod.user_id), col(Member.joined_at))
        .having(func.bool_and(col(MembershipPeriod.left_at).is_not(None)))
    )
    return frozenset(user_id for user_id, left_at, joined_at in rows if joined_at is None or joined_at <= left_at)
