"""Users who switched off all direct messages. Every sender of one asks `is_muted` before it sends."""

from sqlalchemy import delete
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from herwa_shared.models import DirectMessageMute


async def set_muted(session: AsyncSession, *, user_id: int, muted: bool) -> None:
    """Switch direct messages to a user off or on again, about everything and in all guilds. Idempotent."""
    if muted:
        await session.execute(insert(DirectMessageMute).values(user_id=user_id).on_conflict_do_nothing())
    else:
        await session.execute(delete(DirectMessageMute).filter_by(user_id=user_id))


async def is_muted(session: AsyncSession, *, user_id: int) -> bool:
    """Whether a user switched direct messages off. Replies to the user's own commands are no direct messages."""
    return await session.get(DirectMessageMute, user_id) is not None
