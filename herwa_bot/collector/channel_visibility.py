"""What the bot may do in channels, from its roles and their permissions, packed per guild.

discord.py cannot say it: members and channels are removed from GUILD_CREATE before it reads them.
"""

from array import array
from collections.abc import Iterable

from herwa_bot.collector.archived_threads import ThreadParent
from herwa_bot.collector.channel_directory import ChannelDirectory, Overwrite
from herwa_bot.collector.payload_fields import Payload, parse_permissions, parse_snowflake
from herwa_shared.discord.constants import (
    ADMINISTRATOR,
    MANAGE_THREADS,
    PERMISSIONS,
    READ_MESSAGE_HISTORY,
    THREAD_PARENT_TYPES,
    VIEW_CHANNEL,
    ChannelType,
)

HISTORY_PERMISSIONS = VIEW_CHANNEL | READ_MESSAGE_HISTORY
ALL_PERMISSIONS = sum(PERMISSIONS.values())


class ChannelVisibility:
    """The bot's roles and the permissions of all roles, by guild."""

    def __init__(self, channel_directory: ChannelDirectory) -> None:
        self.bot_user_id = 0
        self._channel_directory = channel_directory
        self._roles: dict[int, array[int]] = {}  # pairs of role id and permissions
        self._own_role_ids: dict[int, tuple[int, ...]] = {}

    def set_guild(self, guild_id: int, data: Payload) -> None:
        """Set the roles of GUILD_CREATE, and the bot's own."""
        pairs = array("Q")
        for role in data.get("roles") or ():
            pairs.extend((parse_snowflake(role, "id"), parse_permissions(role, "permissions")))
        self._roles[guild_id] = pairs
        for member in data.get("members") or ():
            self.set_member(guild_id, member)

    def set_member(self, guild_id: int, member: Payload) -> bool:
        """Set the bot's own roles; returns False for another member, who is ignored."""
        if parse_snowflake(member["user"], "id") != self.bot_user_id:
            return False
        self._own_role_ids[guild_id] = tuple(int(role_id) for role_id in member["roles"])
        return True

    def set_role(self, guild_id: int, role: Payload) -> None:
        """Add a role or change its permissions."""
        role_id = parse_snowflake(role, "id")
        self.remove_role(guild_id, role_id)
        self._roles[guild_id].extend((role_id, parse_permissions(role, "permissions")))

    def remove_role(self, guild_id: int, role_id: int) -> None:
        """Remove a role."""
        pairs = array("Q")
        for known_id, permissions in self._iterate_roles(guild_id):
            if known_id != role_id:
                pairs.extend((known_id, permissions))
        self._roles[guild_id] = pairs

    def remove_guild(self, guild_id: int) -> None:
        """Remove a guild."""
        self._roles.pop(guild_id, None)
        self._own_role_ids.pop(guild_id, None)

    def list_hidden_channels(self, guild_id: int) -> frozenset[int]:
        """Return the channels that the bot cannot view; none if its roles are unknown."""
        base = self._compute_guild_permissions(guild_id)
        if base & ADMINISTRATOR:
            return frozenset()
        return frozenset(
            record.id
            for record in self._channel_directory.iterate_channels(guild_id)
            if record.type != ChannelType.CATEGORY
            and not self._compute_permissions(guild_id, base, record.overwrites) & VIEW_CHANNEL
        )

    def can_read_history(self, guild_id: int, channel_id: int) -> bool:
        """Return whether the bot may read the history of a channel; True if the channel is unknown."""
        record = self._channel_directory.find(guild_id, channel_id)
        if record is None:
            return True
        granted = self._compute_permissions(guild_id, self._compute_guild_permissions(guild_id), record.overwrites)
        return granted & HISTORY_PERMISSIONS == HISTORY_PERMISSIONS

    def list_thread_parents(self, guild_id: int) -> list[ThreadParent]:
        """List the channels that can have threads and that the bot can view, with its permissions in them."""
        base, parents = self._compute_guild_permissions(guild_id), []
        for record in self._channel_directory.iterate_channels(guild_id):
            granted = self._compute_permissions(guild_id, base, record.overwrites)
            if record.type in THREAD_PARENT_TYPES and granted & VIEW_CHANNEL:
                can_read_history, can_manage = bool(granted & READ_MESSAGE_HISTORY), bool(granted & MANAGE_THREADS)
                parents.append(ThreadParent(record.id, record.type, can_read_history, can_manage))
        return parents

    def _compute_guild_permissions(self, guild_id: int) -> int:
        """Compute the bot's permissions without overwrites; all if its roles are unknown."""
        own_role_ids = self._own_role_ids.get(guild_id)
        if own_role_ids is None:
            return ALL_PERMISSIONS
        relevant_ids = {guild_id, *own_role_ids}  # the role of everyone has the guild's id
        base = 0
        for role_id, permissions in self._iterate_roles(guild_id):
            if role_id in relevant_ids:
                base |= permissions
        return ALL_PERMISSIONS if base & ADMINISTRATOR else base

    def _compute_permissions(self, guild_id: int, granted: int, overwrites: Iterable[Overwrite]) -> int:
        """Apply the overwrites of a channel in Discord's order: everyone, the bot's roles, the bot itself."""
        if granted == ALL_PERMISSIONS:
            return granted
        for ids in ((guild_id,), self._own_role_ids[guild_id], (self.bot_user_id,)):
            allowed = denied = 0
            for overwrite in overwrites:
                if overwrite.id in ids:
                    allowed |= overwrite.allow
                    denied |= overwrite.deny
            granted = granted & ~denied | allowed
        return granted

    def _iterate_roles(self, guild_id: int) -> Iterable[tuple[int, int]]:
        pairs = self._roles.get(guild_id, array("Q"))
        return zip(pairs[::2], pairs[1::2], strict=True)
