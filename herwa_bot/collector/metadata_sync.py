"""Names and places that changed since the last flush, waiting to be saved together."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import asyncpg
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncSession

from herwa_bot.collector.payload_fields import told_moment
from herwa_shared.db import Database
from herwa_shared.log import get_logger
from herwa_shared.services.guilds import (
    ChannelSeen,
    GuildSeen,
    MemberSeen,
    known_guilds,
    mark_channels_deleted,
    mark_left,
    mark_missing_channels,
    save_channels,
    save_guilds,
    save_members,
)

log = get_logger(__name__)

NAMES_KEPT = 200_000
UNSTORABLE = (asyncpg.DataError, asyncpg.IntegrityConstraintViolationError, OverflowError, TypeError, ValueError)


Shard = tuple[int, int]
ORDER = ("shards", "guilds", "channels", "members", "listed_channels", "gone_channels", "left_guilds")


@dataclass(slots=True)
class Changes:
    """One flush's worth of directory entries, newest last."""

    guilds: dict[int, GuildSeen] = field(default_factory=dict)
    channels: dict[int, ChannelSeen] = field(default_factory=dict)
    members: dict[tuple[int, int], MemberSeen] = field(default_factory=dict)
    listed_channels: dict[int, frozenset[int]] = field(default_factory=dict)
    gone_channels: set[int] = field(default_factory=set)
    left_guilds: set[int] = field(default_factory=set)
    shards: dict[Shard, frozenset[int]] = field(default_factory=dict)

    def absorb(self, older: "Changes") -> None:
        """Take back what could not be saved; what this one knows already is newer."""
        self.guilds = older.guilds | self.guilds
        self.channels = older.channels | self.channels
        self.members = older.members | self.members
        self.listed_channels = older.listed_channels | self.listed_channels
        self.gone_channels |= older.gone_channels - self.channels.keys()
        self.left_guilds |= older.left_guilds - self.guilds.keys()
        self.shards = older.shards | self.shards

    def halves(self) -> "tuple[Changes, Changes] | None":
        """The same in two parts, to be saved in this order; None when it is one entry."""
        first, second, before = Changes(), Changes(), len(self) // 2
        if not before:
            return None
        for part in ORDER:
            mine = getattr(self, part)
            entries, kind = list(mine.items() if isinstance(mine, dict) else mine), type(mine)
            setattr(first, part, kind(entries[:before]))
            setattr(second, part, kind(entries[before:]))
            before = max(0, before - len(entries))
        return first, second

    def __len__(self) -> int:
        return sum(len(getattr(self, part)) for part in ORDER)


class Directory:
    """What the collector has learnt about names. `take` hands over what is new."""

    def __init__(self) -> None:
        self.guilds: dict[int, GuildSeen] = {}
        self.changes = Changes()
        self._names: dict[tuple[int, int], str] = {}

    def guild(self, guild: GuildSeen) -> None:
        """A guild appeared or changed."""
        if self.guilds.get(guild.id) != guild:
            self.guilds[guild.id] = self.changes.guilds[guild.id] = guild
        self.changes.left_guilds.discard(guild.id)

    def guild_left(self, guild_id: int) -> None:
        """The bot was removed from a guild."""
        self.guilds.pop(guild_id, None)
        self.changes.left_guilds.add(guild_id)

    def shard_is_in(self, guild_ids: frozenset[int], *, shard_id: int, shard_count: int) -> None:
        """The shard begins with exactly these guilds: it was thrown out of any other while nobody listened."""
        for gone in [g for g in self.guilds if _is_of(g, shard_id, shard_count) and g not in guild_ids]:
            del self.guilds[gone]
        self.changes.shards[shard_id, shard_count] = guild_ids

    def channels(self, channels: Iterable[ChannelSeen]) -> None:
        """Channels appeared or changed."""
        self.changes.channels.update((channel.id, channel) for channel in channels)

    def channels_listed(self, guild_id: int, channel_ids: Iterable[int]) -> None:
        """All that the guild has: any other was deleted while nobody listened."""
        self.changes.listed_channels[guild_id] = frozenset(channel_ids)

    def channels_gone(self, channel_ids: Iterable[int]) -> None:
        """Channels were deleted; their names stay for the history they have."""
        self.changes.gone_channels.update(channel_ids)

    def sized(self, guild_id: int, members: int | None) -> None:
        """So many members a guild has, if that is known."""
        known = self.guilds.get(guild_id)
        if known is not None and members is not None and known.member_count != members:
            self.guild(replace(known, member_count=members))

    def member(self, guild_id: int, user_id: int, name: str, *, bot: bool, joined_at: Any = None) -> None:
        """Somebody did something under this name; `joined_at` as the event tells it."""
        key = guild_id, user_id
        if self._names.get(key) == name or guild_id not in self.guilds:
            return
        if len(self._names) >= NAMES_KEPT:
            self._names.clear()
        self._names[key] = name
        self.changes.members[key] = MemberSeen(guild_id, user_id, name, bot, told_moment(joined_at))

    def take(self) -> Changes:
        """All that changed since the last call."""
        changes, self.changes = self.changes, Changes()
        return changes


async def save(session: AsyncSession, changes: Changes) -> None:
    """Write them, guilds first, as channels and members belong to them."""
    if changes.shards:
        await mark_left(session, await _left_meanwhile(session, changes.shards))
    await save_guilds(session, list(changes.guilds.values()))
    await save_channels(session, list(changes.channels.values()))
    await save_members(session, list(changes.members.values()))
    if changes.listed_channels:
        await mark_missing_channels(session, changes.listed_channels)
    if changes.gone_channels:
        await mark_channels_deleted(session, changes.gone_channels)
    if changes.left_guilds:
        await mark_left(session, changes.left_guilds)


async def save_all_but_impossible(database: Database, changes: Changes) -> None:
    """Write them; an entry that the database cannot take is logged and left out, so that it holds up nothing else."""
    try:
        async with database.transaction() as session:
            await save(session, changes)
    except DBAPIError as error:
        if not isinstance(cause := getattr(error.orig, "__cause__", None), UNSTORABLE):
            raise
        halves = changes.halves()
        if halves is None:
            log.error("a name is left out, it cannot be stored", error=type(cause).__name__)  # noqa: TRY400 - one line says it
            return
        for half in halves:
            await save_all_but_impossible(database, half)


async def _left_meanwhile(session: AsyncSession, shards: Mapping[Shard, frozenset[int]]) -> list[int]:
    believed = [guild.id for guild in await known_guilds(session) if guild.left_at is None]
    return [
        guild_id
        for (shard_id, shard_count), here in shards.items()
        for guild_id in believed
        if _is_of(guild_id, shard_id, shard_count) and guild_id not in here
    ]


def _is_of(guild_id: int, shard_id: int, shard_count: int) -> bool:
    return (guild_id >> 22) % shard_count == shard_id
