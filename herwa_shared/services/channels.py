"""Guild info and channels for pages and API: names, join times and selectable channels."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from sqlalchemy import ARRAY, BigInteger, any_, literal
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col, select

from herwa_shared.db import Database
from herwa_shared.discord.constants import THREAD_CHANNEL_TYPES
from herwa_shared.errors import BadRequest, NotFound
from herwa_shared.models import Channel, Guild

CATEGORY_TYPE = 4
VOICE_TYPES = frozenset({2, 13})
"""Discord's channel types for voice: voice channels and stage channels."""
SELECTABLE_TYPES = frozenset({0, 5, 15, 16}) | VOICE_TYPES
"""Channel types that statistics can be filtered by. Threads are missing: their events count for their channel."""
MAX_CHANNELS = 500  # Discord's limit per guild


@dataclass(frozen=True, slots=True)
class GuildInfo:
    """Name, icon and other properties of a guild."""

    name: str
    icon: str | None
    member_count: int
    zone: ZoneInfo
    joined_at: datetime


@dataclass(frozen=True, slots=True)
class ChannelInfo:
    """A channel that statistics can be filtered by; `category` is the name of its category."""

    id: int
    name: str
    category: str | None
    is_voice: bool


async def find_guild_info(session: AsyncSession, *, guild_id: int) -> GuildInfo | None:
    """Load a guild's info; None for a guild that the bot has never been in."""
    guild = await session.get(Guild, guild_id)
    if guild is None:
        return None
    return GuildInfo(guild.name, guild.icon, guild.member_count, ZoneInfo(guild.timezone or "UTC"), guild.joined_at)


async def list_channels(session: AsyncSession, *, guild_id: int) -> tuple[ChannelInfo, ...]:
    """List the selectable channels that are not deleted, in Discord's display order."""
    rows = await session.execute(
        select(Channel)
        .where(col(Channel.guild_id) == guild_id, col(Channel.kind).in_(SELECTABLE_TYPES | {CATEGORY_TYPE}))
        .where(col(Channel.deleted).is_(False))
        .order_by(col(Channel.position), col(Channel.id))
        .limit(MAX_CHANNELS)
    )
    channels = rows.scalars().all()
    categories = {channel.id: channel for channel in channels if channel.kind == CATEGORY_TYPE}

    def get_sort_key(channel: Channel) -> tuple[int, int, bool]:
        category = categories.get(channel.parent_id or 0)
        return (
            (category.position, category.id, channel.kind in VOICE_TYPES)
            if category
            else (-1, 0, channel.kind in VOICE_TYPES)
        )

    return tuple(
        ChannelInfo(
            channel.id,
            channel.name,
            categories[channel.parent_id].name if channel.parent_id in categories else None,
            channel.kind in VOICE_TYPES,
        )
        for channel in sorted(channels, key=get_sort_key)
        if channel.kind != CATEGORY_TYPE
    )


async def find_channel_name(session: AsyncSession, *, guild_id: int, channel_id: int) -> str | None:
    """Find a channel's name, also of a deleted one; None if it does not belong to this guild."""
    channel = await session.get(Channel, channel_id)
    return channel.name if channel and channel.guild_id == guild_id else None


async def load_join_times(session: AsyncSession, *, guild_ids: Collection[int]) -> dict[int, datetime]:
    """Load when the bot last joined each of these guilds."""
    wanted_ids = any_(literal(list(guild_ids), ARRAY(BigInteger)))
    rows = await session.execute(select(Guild.id, Guild.joined_at).where(col(Guild.id) == wanted_ids))
    return {row[0]: row[1] for row in rows}


async def require_channel(database: Database, guild_id: int, channel_id: int) -> None:
    """Require that the channel belongs to the guild and is not a thread; it may be deleted.

    This lets callers distinguish a channel without events from a channel of another guild. Raises NotFound for an
    unknown channel, BadRequest for a thread; its message names the parent channel.
    """
    async with database.transaction() as session:
        channel = await session.get(Channel, channel_id)
    if channel is None or channel.guild_id != guild_id:
        raise NotFound(f"Channel {channel_id} not found in this server.")
    if channel.kind in THREAD_CHANNEL_TYPES:
        raise BadRequest(f"'channel_id' is a thread. Use its channel {channel.parent_id}.", field="channel_id")
