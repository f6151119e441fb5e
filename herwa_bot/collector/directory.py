"""Names and places that changed since the last flush, waiting to be saved together."""

from collections.abc import Iterable
from dataclasses import dataclass, field

from sqlalchemy.ext.asyncio import AsyncSession

from herwa_shared.services.guilds import (
    ChannelSeen,
    GuildSeen,
    MemberSeen,
    mark_channels_deleted,
    mark_left,
    save_channels,
    save_guilds,
    save_members,
)

NAMES_KEPT = 200_000


@dataclass(slots=True)
class Changes:
    """One flush's worth of directory entries, newest last."""

    guilds: dict[int, GuildSeen] = field(default_factory=dict)
    channels: dict[int, ChannelSeen] = field(default_factory=dict)
    members: dict[tuple[int, int], MemberSeen] = field(default_factory=dict)
    gone_channels: set[int] = field(default_factory=set)
    left_guilds: set[int] = field(default_factory=set)

    def __bool__(self) -> bool:
        return bool(self.guilds or self.channels or self.members or self.gone_channels or self.left_guilds)

    def absorb(self, older: "Changes") -> None:
        """Take back what could not be saved; what this one knows already is newer."""
        self.guilds = older.guilds | self.guilds
        self.channels = older.channels | self.channels
        self.members = older.members | self.members
        self.gone_channels |= older.gone_channels - self.channels.keys()
        self.left_guilds |= older.left_guilds - self.guilds.keys()


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

    def channels(self, channels: Iterable[ChannelSeen]) -> None:
        """Channels appeared or changed."""
        self.changes.channels.update((channel.id, channel) for channel in channels)

    def channels_gone(self, channel_ids: Iterable[int]) -> None:
        """Channels were deleted; their names stay for the history they have."""
        self.changes.gone_channels.update(channel_ids)

    def member(self, guild_id: int, user_id: int, name: str, *, bot: bool) -> None:
        """Somebody wrote under this name."""
        key = guild_id, user_id
        if self._names.get(key) == name or guild_id not in self.guilds:
            return
        if len(self._names) >= NAMES_KEPT:
            self._names.clear()
        self._names[key] = name
        self.changes.members[key] = MemberSeen(guild_id, user_id, name, bot)

    def take(self) -> Changes:
        """All that changed since the last call."""
        changes, self.changes = self.changes, Changes()
        return changes


async def save(session: AsyncSession, changes: Changes) -> None:
    """Write them, guilds first, as channels and members belong to them."""
    await save_guilds(session, list(changes.guilds.values()))
    await save_channels(session, list(changes.channels.values()))
    await save_members(session, list(changes.members.values()))
    if changes.gone_channels:
        await mark_channels_deleted(session, changes.gone_channels)
    if changes.left_guilds:
        await mark_left(session, changes.left_guilds)
