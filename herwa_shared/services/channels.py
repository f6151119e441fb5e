"""Guild info and channels for pages and API: names, join times and selectable channels."""

from collections import Counter
from collections.abc import Collection
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from zoneinfo import ZoneInfo

from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col, select

from herwa_shared.db import Database
from herwa_shared.demo_guild import (
    DEMO_CHANNEL_NAMES,
    DEMO_GUILD_ID,
    DEMO_GUILD_NAME,
    DEMO_JOINED_AT,
    DEMO_MEMBER_COUNT,
)
from herwa_shared.discord.constants import THREAD_CHANNEL_TYPES, ChannelType
from herwa_shared.discord.event_times import DISCORD_EPOCH_MS
from herwa_shared.errors import BadRequest, NotFound
from herwa_shared.guardrail.member_data import MemberAudience
from herwa_shared.models import Channel, Guild
from herwa_shared.models.columns import matches_any

MAX_CHANNELS = 2_000
"""The most channels that are read, deleted ones included. Discord allows 500 in a guild."""


class ChannelKind(StrEnum):
    """What a channel is for its members."""

    TEXT = "text"
    VOICE = "voice"
    ANNOUNCEMENT = "announcement"
    STAGE = "stage"
    FORUM = "forum"
    MEDIA = "media"
    THREAD = "thread"


_KINDS: dict[int, ChannelKind] = {
    ChannelType.TEXT: ChannelKind.TEXT,
    ChannelType.VOICE: ChannelKind.VOICE,
    ChannelType.NEWS: ChannelKind.ANNOUNCEMENT,
    ChannelType.STAGE: ChannelKind.STAGE,
    ChannelType.FORUM: ChannelKind.FORUM,
    ChannelType.MEDIA: ChannelKind.MEDIA,
    **dict.fromkeys(THREAD_CHANNEL_TYPES, ChannelKind.THREAD),
}
SELECTABLE_TYPES = frozenset(_KINDS) - THREAD_CHANNEL_TYPES
"""Channel types that statistics can be filtered by. Threads are missing: their events count for their channel."""
VOICE_KINDS = frozenset((ChannelKind.VOICE, ChannelKind.STAGE))


@dataclass(frozen=True, slots=True)
class GuildInfo:
    """Name, icon and other properties of a guild."""

    name: str
    icon: str | None
    member_count: int
    zone: ZoneInfo
    joined_at: datetime
    week_start: int = 1
    member_audience: MemberAudience = MemberAudience.INSIGHTS


@dataclass(frozen=True, slots=True)
class ChannelInfo:
    """A channel that statistics can be filtered by.

    `category` is the name of its category. `is_name_unique` and `is_place_unique` tell whether its name, or its name
    and category together, are those of no other channel of the guild.
    """

    id: int
    name: str
    kind: ChannelKind = ChannelKind.TEXT
    category: str | None = None
    is_deleted: bool = False
    is_name_unique: bool = True
    is_place_unique: bool = True

    @property
    def created_at(self) -> datetime:
        """When the channel was created, which its id encodes."""
        return datetime.fromtimestamp(((self.id >> 22) + DISCORD_EPOCH_MS) / 1000, UTC)


async def find_guild_info(session: AsyncSession, *, guild_id: int) -> GuildInfo | None:
    """Load a guild's info; None for a guild that the bot has never been in."""
    if guild_id == DEMO_GUILD_ID:
        return GuildInfo(DEMO_GUILD_NAME, None, DEMO_MEMBER_COUNT, ZoneInfo("UTC"), DEMO_JOINED_AT)
    guild = await session.get(Guild, guild_id)
    if guild is None:
        return None
    zone = ZoneInfo(guild.timezone or "UTC")
    return GuildInfo(
        guild.name,
        guild.icon,
        guild.member_count,
        zone,
        guild.joined_at,
        guild.week_start,
        MemberAudience(guild.member_audience),
    )


async def list_channels(session: AsyncSession, *, guild_id: int) -> tuple[ChannelInfo, ...]:
    """List the selectable channels, deleted ones included, in Discord's display order."""
    rows = await session.execute(
        select(Channel)
        .where(col(Channel.guild_id) == guild_id, col(Channel.kind).in_(SELECTABLE_TYPES | {ChannelType.CATEGORY}))
        .order_by(col(Channel.deleted), col(Channel.position), col(Channel.id))
        .limit(MAX_CHANNELS)
    )
    all_channels = rows.scalars().all()
    categories = {channel.id: channel for channel in all_channels if channel.kind == ChannelType.CATEGORY}
    channels = [channel for channel in all_channels if channel.id not in categories]

    def get_sort_key(channel: Channel) -> tuple[int, int, bool]:
        category = categories.get(channel.parent_id or 0)
        place = (category.position, category.id) if category else (-1, 0)
        return (*place, _KINDS[channel.kind] in VOICE_KINDS)

    names = Counter(channel.name for channel in channels)
    places = Counter((channel.name, channel.parent_id) for channel in channels)
    return tuple(
        ChannelInfo(
            channel.id,
            channel.name,
            _KINDS[channel.kind],
            categories[channel.parent_id].name if channel.parent_id in categories else None,
            channel.deleted,
            names[channel.name] == 1,
            places[channel.name, channel.parent_id] == 1,
        )
        for channel in sorted(channels, key=get_sort_key)
    )


@dataclass(frozen=True, slots=True)
class PlaceInfo:
    """A channel or category where a rule or channel list may apply, with its name as people see it: `#general`."""

    id: int
    name: str
    category_id: int
    is_category: bool
    is_deleted: bool
    kind: int = ChannelType.TEXT
    """Discord's channel type."""


async def list_places(session: AsyncSession, *, guild_id: int) -> tuple[PlaceInfo, ...]:
    """List all channels and categories of a guild in Discord's order, deleted ones included and last."""
    query = (
        select(Channel)
        .where(col(Channel.guild_id) == guild_id, col(Channel.kind).not_in(THREAD_CHANNEL_TYPES))
        .order_by(col(Channel.deleted), col(Channel.position), col(Channel.id))
        .limit(MAX_CHANNELS)
    )
    plain_kinds = (ChannelType.CATEGORY, ChannelType.VOICE, ChannelType.STAGE)
    return tuple(
        PlaceInfo(
            channel.id,
            channel.name if channel.kind in plain_kinds else f"#{channel.name}",
            channel.parent_id or 0,
            channel.kind == ChannelType.CATEGORY,
            channel.deleted,
            channel.kind,
        )
        for channel in await session.scalars(query)
    )


async def find_parent_channel(session: AsyncSession, *, guild_id: int, channel_id: int) -> int | None:
    """Find the channel of a thread of this guild; None if the id is not a thread's."""
    channel = await session.get(Channel, channel_id)
    is_thread = channel is not None and channel.guild_id == guild_id and channel.kind in THREAD_CHANNEL_TYPES
    return channel.parent_id if channel is not None and is_thread else None


async def load_join_times(session: AsyncSession, *, guild_ids: Collection[int]) -> dict[int, datetime]:
    """Load when the bot last joined each of these guilds."""
    rows = await session.execute(select(Guild.id, Guild.joined_at).where(matches_any(Guild.id, guild_ids)))
    return {row[0]: row[1] for row in rows}


async def require_channel(database: Database, guild_id: int, channel_id: int) -> None:
    """Require that the channel belongs to the guild and is not a thread; it may be deleted.

    This lets callers distinguish a channel without events from a channel of another guild. Raises NotFound for an
    unknown channel, BadRequest for a thread; its message names the parent channel.
    """
    if guild_id == DEMO_GUILD_ID and channel_id in DEMO_CHANNEL_NAMES:
        return
    async with database.transaction() as session:
        channel = await session.get(Channel, channel_id)
    if channel is None or channel.guild_id != guild_id:
        raise NotFound(f"Channel {channel_id} not found in this server.")
    if channel.kind in THREAD_CHANNEL_TYPES:
        raise BadRequest(f"'channel_id' is a thread. Use its channel {channel.parent_id}.", field="channel_id")
