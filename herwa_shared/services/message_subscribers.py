"""Managers who get direct messages about a topic of a guild, because they switched that on."""

from dataclasses import dataclass
from enum import StrEnum

from sqlalchemy import delete, exists, func
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col, select

from herwa_shared.errors import BadRequest
from herwa_shared.models import DirectMessageMute, MessageSubscriber
from herwa_shared.services import texts
from herwa_shared.services.audited_settings import lock_guild

MAX_SUBSCRIBERS = 20
"""For each topic of a guild."""


class MessageTopic(StrEnum):
    """What direct messages are about."""

    REQUESTS = "requests"
    """Each new access request of the guild."""
    EXPORTS = "exports"
    """Each export of the manager that is ready or has failed."""


@dataclass(frozen=True, slots=True)
class MessageChoice:
    """What a manager has chosen: messages about a topic of a guild, and no direct messages at all (`is_muted`)."""

    is_subscribed: bool
    is_muted: bool


async def load_message_choice(
    session: AsyncSession, *, guild_id: int, topic: MessageTopic, user_id: int
) -> MessageChoice:
    """Load what a manager has chosen about a topic of a guild."""
    is_subscribed = exists().where(
        col(MessageSubscriber.guild_id) == guild_id,
        col(MessageSubscriber.topic) == topic.value,
        col(MessageSubscriber.user_id) == user_id,
    )
    is_muted = exists().where(col(DirectMessageMute.user_id) == user_id)
    row = (await session.execute(select(is_subscribed, is_muted))).one()
    return MessageChoice(*row)


async def set_subscription(
    session: AsyncSession, *, guild_id: int, topic: MessageTopic, user_id: int, subscribed: bool
) -> None:
    """Switch the messages of a manager about a topic on or off.

    It is their own choice, so it is not in the audit log. Raises NotFound for an unknown guild, and BadRequest beyond
    MAX_SUBSCRIBERS.
    """
    await lock_guild(session, guild_id)
    key = {"guild_id": guild_id, "topic": topic.value, "user_id": user_id}
    if not subscribed:
        await session.execute(delete(MessageSubscriber).filter_by(**key))
        return
    others = select(func.count()).where(
        col(MessageSubscriber.guild_id) == guild_id,
        col(MessageSubscriber.topic) == topic.value,
        col(MessageSubscriber.user_id) != user_id,
    )
    if (await session.scalar(others) or 0) >= MAX_SUBSCRIBERS:
        raise BadRequest(texts.TOO_MANY_SUBSCRIBERS)
    await session.execute(insert(MessageSubscriber).values(**key, since=func.now()).on_conflict_do_nothing())


async def list_subscribers(session: AsyncSession, *, guild_id: int, topic: MessageTopic) -> tuple[int, ...]:
    """List the ids of the managers, the one who switched the messages on first at the beginning.

    Whether they may still see what a message contains must be checked before each message.
    """
    query = select(MessageSubscriber.user_id).where(
        col(MessageSubscriber.guild_id) == guild_id, col(MessageSubscriber.topic) == topic.value
    )
    return tuple(await session.scalars(query.order_by(col(MessageSubscriber.since), col(MessageSubscriber.user_id))))
