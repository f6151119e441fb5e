"""Which channels the bot sees in a guild, and which permissions it lacks, as Discord has them now."""

from dataclasses import dataclass

from herwa_shared.discord.constants import PERMISSIONS, VIEW_CHANNEL
from herwa_shared.discord.guild_reader import GuildReader, compute_permissions

NEEDED_PERMISSIONS = ("view_channel", "send_messages", "embed_links", "attach_files", "read_message_history")
"""What the bot uses: it counts in channels that it sees, replies with pictures, and fetches missed messages."""


@dataclass(frozen=True, slots=True)
class BotCheckup:
    """The channels and categories that the bot does not see, and the names of the permissions that its roles lack."""

    hidden_ids: frozenset[int]
    missing_permissions: tuple[str, ...]


async def check_bot(reader: GuildReader, guild_id: int) -> BotCheckup | None:
    """Check the bot's permissions; None if it is not in the guild. Raises DiscordUnavailable."""
    member = await reader.find_own_member(guild_id)
    if member is None:
        return None
    roles = {role.id: role for role in await reader.list_roles(guild_id)}
    channels = await reader.list_channel_permissions(guild_id)
    bits = compute_permissions(member, roles, None, guild_id=guild_id)
    hidden = frozenset(
        channel.id
        for channel in channels.values()
        if not compute_permissions(member, roles, channel, guild_id=guild_id) & VIEW_CHANNEL
    )
    return BotCheckup(hidden, tuple(name for name in NEEDED_PERMISSIONS if not bits & PERMISSIONS[name]))
