"""Track changed guilds, channels and member names, and save them in batches."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import asyncpg
from sqlalchemy import func, select
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncSession

from herwa_bot.collector.gateway_sessions import get_shard_id
from herwa_bot.collector.payload_fields import parse_optional_datetime
from herwa_bot.collector.skipped_events import log_skipped_value
from herwa_shared.db import Database
from herwa_shared.pipeline.buffer import APPEND_LOCK_ID
from herwa_shared.pipeline.privacy_filter import PrivacyFilter
from herwa_shared.services.guilds import (
    ChannelData,
    GuildData,
    MemberData,
    list_guilds,
    mark_channels_deleted,
    mark_guilds_left,
    mark_missing_channels,
    save_channels,
    save_guilds,
    save_members,
)

MAX_CACHED_NAMES = 200_000
UNSTORABLE_ERRORS = (asyncpg.DataError, asyncpg.IntegrityConstraintViolationError, OverflowError, TypeError, ValueError)
FIELD_ORDER = ("shards", "guilds", "channels", "members", "listed_channels", "gone_channels", "left_guilds")

ShardKey = tuple[int, int]  # shard ID, shard count
MemberKey = tuple[int, int]  # guild ID, user ID


@dataclass(slots=True)
class MetadataChanges:
    """Metadata changes of one flush, the newest last.

    `shards` maps a shard to all guilds of its READY event; `listed_channels` maps a guild to all of its channels;
    `gone_channels` are deleted channels and threads; `left_guilds` are guilds that removed the bot. FIELD_ORDER names
    the fields in the order in which they are saved.
    """

    guilds: dict[int, GuildData] = field(default_factory=dict)
    channels: dict[int, ChannelData] = field(default_factory=dict)
    members: dict[tuple[int, int], MemberData] = field(default_factory=dict)
    listed_channels: dict[int, frozenset[int]] = field(default_factory=dict)
    gone_channels: set[int] = field(default_factory=set)
    left_guilds: set[int] = field(default_factory=set)
    shards: dict[ShardKey, frozenset[int]] = field(default_factory=dict)

    def add_channels(self, channels: Iterable[ChannelData]) -> None:
        """Add channels, also to a list of their guild that is older."""
        for channel in channels:
            self.channels[channel.id] = channel
            listed_ids = self.listed_channels.get(channel.guild_id)
            if listed_ids is not None and channel.id not in listed_ids:
                self.listed_channels[channel.guild_id] = listed_ids | {channel.id}

    def merge_older(self, older: "MetadataChanges") -> None:
        """Merge older changes that could not be saved.

        If an entry exists in both, the newer one of `self` is kept.
        """
        self.guilds = older.guilds | self.guilds
        newer_channels, self.channels = self.channels, older.channels
        newer_lists, self.listed_channels = self.listed_channels, older.listed_channels
        self.add_channels(newer_channels.values())
        self.listed_channels |= newer_lists
        self.members = older.members | self.members
        self.gone_channels |= older.gone_channels - newer_channels.keys()
        self.left_guilds |= older.left_guilds - self.guilds.keys()
        self.shards = older.shards | self.shards

    def bisect(self) -> "tuple[MetadataChanges, MetadataChanges] | None":
        """Split into two halves, to be saved in this order; None if there is only one entry."""
        first, second, split_index = MetadataChanges(), MetadataChanges(), len(self) // 2
        if not split_index:
            return None
        for field_name in FIELD_ORDER:
            collection = getattr(self, field_name)
            entries, collection_type = (
                list(collection.items() if isinstance(collection, dict) else collection),
                type(collection),
            )
            setattr(first, field_name, collection_type(entries[:split_index]))
            setattr(second, field_name, collection_type(entries[split_index:]))
            split_index = max(0, split_index - len(entries))
        return first, second

    def __len__(self) -> int:
        return sum(len(getattr(self, field_name)) for field_name in FIELD_ORDER)


class MetadataTracker:
    """Tracks guilds, channels and member names; `take` returns the changes since its last call.

    `guilds` are the guilds that the bot is in.
    """

    def __init__(self) -> None:
        self.guilds: dict[int, GuildData] = {}
        self.changes = MetadataChanges()
        self._names: dict[tuple[int, int], str] = {}

    def update_guild(self, guild: GuildData) -> None:
        """Record a new or changed guild."""
        if self.guilds.get(guild.id) != guild:
            self.guilds[guild.id] = self.changes.guilds[guild.id] = guild
        self.changes.left_guilds.discard(guild.id)

    def remove_guild(self, guild_id: int) -> None:
        """Record that the bot was removed from a guild."""
        self.guilds.pop(guild_id, None)
        self.changes.left_guilds.add(guild_id)

    def set_shard_guilds(self, guild_ids: frozenset[int], *, shard_id: int, shard_count: int) -> None:
        """Record all guilds of a shard from READY.

        Its other guilds removed the bot while it was disconnected.
        """
        for guild_id in [
            known_id
            for known_id in self.guilds
            if _is_on_shard(known_id, shard_id, shard_count) and known_id not in guild_ids
        ]:
            del self.guilds[guild_id]
        self.changes.shards[shard_id, shard_count] = guild_ids

    def update_channels(self, channels: Iterable[ChannelData]) -> None:
        """Record new or changed channels."""
        self.changes.add_channels(channels)

    def set_listed_channels(self, guild_id: int, channel_ids: Iterable[int]) -> None:
        """Record all channels of a guild.

        Its other channels were deleted while the bot was disconnected.
        """
        self.changes.listed_channels[guild_id] = frozenset(channel_ids)

    def remove_channels(self, channel_ids: Iterable[int]) -> None:
        """Record deleted channels; the database keeps their names for their history."""
        self.changes.gone_channels.update(channel_ids)

    def set_member_count(self, guild_id: int, member_count: int | None) -> None:
        """Record a guild's member count; None (unknown) changes nothing."""
        guild = self.guilds.get(guild_id)
        if guild is not None and member_count is not None and guild.member_count != member_count:
            self.update_guild(replace(guild, member_count=member_count))

    def update_member(self, guild_id: int, user_id: int, name: str, *, is_bot: bool, joined_at: Any = None) -> None:
        """Record a member's name if it is new; `joined_at` is the raw field of the event.

        Known names are cached to skip repeated ones. The cache is cleared when it reaches MAX_CACHED_NAMES.
        """
        key = guild_id, user_id
        if self._names.get(key) == name or guild_id not in self.guilds:
            return
        if len(self._names) >= MAX_CACHED_NAMES:
            self._names.clear()
        self._names[key] = name
        self.changes.members[key] = MemberData(guild_id, user_id, name, is_bot, parse_optional_datetime(joined_at))

    def forget_names(self, member_keys: Iterable[MemberKey] | None = None) -> None:
        """Forget that the names of these members, or of all, are stored: their next event records them again."""
        if member_keys is None:
            self._names.clear()
            return
        for member_key in member_keys:
            self._names.pop(member_key, None)

    def take(self) -> MetadataChanges:
        """Return all changes since the last call and start a new, empty set of changes."""
        changes, self.changes = self.changes, MetadataChanges()
        return changes


async def save_changes(session: AsyncSession, changes: MetadataChanges, privacy: PrivacyFilter) -> frozenset[MemberKey]:
    """Write the changes, guilds first: channels and members reference them.

    Returns the members that were not written because they opted out or were erased.
    """
    hidden_members = await _find_hidden_members(session, changes, privacy) if changes.members else frozenset()
    if changes.shards:
        await mark_guilds_left(session, await _list_left_guilds(session, changes.shards))
    await save_guilds(session, list(changes.guilds.values()))
    await save_channels(session, list(changes.channels.values()))
    await save_members(session, [member for key, member in changes.members.items() if key not in hidden_members])
    if changes.listed_channels:
        await mark_missing_channels(session, changes.listed_channels)
    if changes.gone_channels:
        await mark_channels_deleted(session, changes.gone_channels)
    if changes.left_guilds:
        await mark_guilds_left(session, changes.left_guilds)
    return hidden_members


async def save_skipping_invalid(
    database: Database, changes: MetadataChanges, privacy: PrivacyFilter
) -> frozenset[MemberKey]:
    """Write the changes; bisect to find, log and skip entries that the database rejects.

    One invalid entry thus never blocks the others. Raises on any other database error. Returns the members that were
    not written because they opted out or were erased.
    """
    try:
        async with database.transaction() as session:
            return await save_changes(session, changes, privacy)
    except DBAPIError as error:
        if not isinstance(cause := getattr(error.orig, "__cause__", None), UNSTORABLE_ERRORS):
            raise
        halves = changes.bisect()
        if halves is None:
            log_skipped_value("metadata entry", cause)
            return frozenset()
        return frozenset().union(*[await save_skipping_invalid(database, half, privacy) for half in halves])


async def _find_hidden_members(
    session: AsyncSession, changes: MetadataChanges, privacy: PrivacyFilter
) -> frozenset[MemberKey]:
    """Find the members whose names must not be stored. Takes the append lock, as every change of a choice does."""
    await session.execute(select(func.pg_advisory_xact_lock(APPEND_LOCK_ID)))
    await privacy.refresh_in_session(session)
    return frozenset(
        key
        for key, member in changes.members.items()
        if privacy.find(*key).is_hidden(int(member.seen_at.timestamp() * 1000))
    )


async def _list_left_guilds(session: AsyncSession, shards: Mapping[ShardKey, frozenset[int]]) -> list[int]:
    """List the joined guilds in the database that their shard's READY event did not contain."""
    joined_ids = [guild.id for guild in await list_guilds(session) if guild.left_at is None]
    return [
        guild_id
        for (shard_id, shard_count), shard_guild_ids in shards.items()
        for guild_id in joined_ids
        if _is_on_shard(guild_id, shard_id, shard_count) and guild_id not in shard_guild_ids
    ]


def _is_on_shard(guild_id: int, shard_id: int, shard_count: int) -> bool:
    return get_shard_id(guild_id, shard_count) == shard_id
