"""Managers who get a direct message about each new access request of a guild, because they switched that on."""

from sqlalchemy import delete, func
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col, select

from herwa_shared.errors import BadRequest
from herwa_shared.models import RequestSubscriber
from herwa_shared.services import texts
from herwa_shared.services.audited_settings import lock_guild

MAX_SUBSCRIBERS = 20


async def set_subscription(session: AsyncSession, *, guild_id: int, user_id: int, subscribed: bool) -> None:
    """Switch the messages of a manager on or off. It is their own choice, so it is not in the audit log.

    Raises NotFound for an unknown guild, and BadRequest beyond MAX_SUBSCRIBERS.
    """
    await lock_guild(session, guild_id)
    if not subscribed:
        await session.execute(delete(RequestSubscriber).filter_by(guild_id=guild_id, user_id=user_id))
        return
    others = select(func.count()).where(
        col(RequestSubscriber.guild_id) == guild_id, col(RequestSubscriber.user_id) != user_id
    )
    if (await session.scalar(others) or 0) >= MAX_SUBSCRIBERS:
        raise BadRequest(texts.TOO_MANY_SUBSCRIBERS)
    statement = insert(RequestSubscriber).values(guild_id=guild_id, user_id=user_id, since=func.now())
    await session.execute(statement.on_conflict_do_nothing())


async def list_subscribers(session: AsyncSession, *, guild_id: int) -> tuple[int, ...]:
    """List the ids of the managers, the one who switched the messages on first at the beginning.

    Whether they may still decide requests must be checked before each message.
    """
    query = select(RequestSubscriber.user_id).where(col(RequestSubscriber.guild_id) == guild_id)
    return tuple(await session.scalars(query.order_by(col(RequestSubscriber.since), col(RequestSubscriber.user_id))))
