"""Support channels: channels whose threads and forum posts are tickets."""

from collections.abc import Sequence

from sqlalchemy import delete, func
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col, select

from herwa_shared.errors import BadRequest
from herwa_shared.models import SupportChannel
from herwa_shared.services import texts
from herwa_shared.services.audit import Actor
from herwa_shared.services.audited_settings import SettingKind, SettingValue, apply_change, lock_guild
from herwa_shared.services.rule_targets import require_places

MAX_SUPPORT_CHANNELS = 50


async def mark_channel(session: AsyncSession, *, guild_id: int, channel_id: int, actor: Actor) -> int | None:
    """Make a channel a support channel: threads that are opened in it from now on are tickets.

    Returns the id of the audit entry, None if nothing changed. Raises BadRequest for a thread, a channel of another
    guild, and more than MAX_SUPPORT_CHANNELS.
    """
    await require_places(session, guild_id, [channel_id])
    await lock_guild(session, guild_id)
    count = select(func.count()).where(
        col(SupportChannel.guild_id) == guild_id, col(SupportChannel.channel_id) != channel_id
    )
    if (await session.scalar(count) or 0) >= MAX_SUPPORT_CHANNELS:
        raise BadRequest(texts.format_too_many_support_channels(MAX_SUPPORT_CHANNELS))
    return await _set(session, guild_id, channel_id, {"marked": True}, actor)


async def unmark_channel(session: AsyncSession, *, guild_id: int, channel_id: int, actor: Actor) -> int | None:
    """Make a channel an ordinary channel again; its tickets are kept.

    Returns the id of the audit entry, None if it was no support channel.
    """
    await lock_guild(session, guild_id)
    return await _set(session, guild_id, channel_id, None, actor)


async def list_support_channels(session: AsyncSession, *, guild_id: int) -> Sequence[int]:
    """List the ids of the guild's support channels, those that were marked first at the beginning."""
    query = select(SupportChannel.channel_id).where(col(SupportChannel.guild_id) == guild_id)
    return (await session.scalars(query.order_by(col(SupportChannel.marked_at)))).all()


async def _set(
    session: AsyncSession, guild_id: int, channel_id: int, value: SettingValue | None, actor: Actor
) -> int | None:
    return await apply_change(
        session, SUPPORT_CHANNEL_SETTING, guild_id=guild_id, target=str(channel_id), value=value, actor=actor
    )


async def _read(session: AsyncSession, guild_id: int, target: str) -> SettingValue | None:
    is_marked = await session.get(SupportChannel, (guild_id, int(target))) is not None
    return {"marked": True} if is_marked else None


async def _write(session: AsyncSession, guild_id: int, target: str, value: SettingValue | None, _actor: Actor) -> None:
    """Save or delete the mark. A new one is of now, also after an undo: threads in between were not looked at."""
    await session.execute(
        delete(SupportChannel).where(
            col(SupportChannel.guild_id) == guild_id, col(SupportChannel.channel_id) == int(target)
        )
    )
    if value is not None:
        session.add(SupportChannel(guild_id=guild_id, channel_id=int(target)))
        await session.flush()


def _format_title(_target: str, _value: SettingValue | None) -> str:
    return texts.SUPPORT_CHANNEL_TITLE


SUPPORT_CHANNEL_SETTING = SettingKind(
    read=_read,
    write=_write,
    get_action=lambda _before, after: "tickets.unmark" if after is None else "tickets.mark",
    format_title=_format_title,
)
