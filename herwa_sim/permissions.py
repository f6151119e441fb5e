"""Permission computation as Discord documents it: roles first, then channel overwrites."""

from functools import reduce

from herwa_shared.discord.constants import ADMINISTRATOR, MANAGE_THREADS, PERMISSIONS, VIEW_CHANNEL, ChannelType
from herwa_sim.entities import SimChannel, SimGuild, SimMember, SimOverwrite

ALL = (1 << 53) - 1


def combine_permissions(names: str) -> int:
    """Return the bits of the permissions with these names, separated by white space."""
    return reduce(int.__or__, (PERMISSIONS[name] for name in names.split()))


# Discord's default permissions of @everyone in a new server.
EVERYONE = combine_permissions("""
add_reactions stream view_channel send_messages embed_links attach_files read_message_history mention_everyone
use_external_emojis connect speak use_voice_activation change_nickname use_application_commands create_public_threads
send_messages_in_threads
""")
BOT = EVERYONE | combine_permissions("""
manage_guild view_audit_log manage_messages view_guild_insights manage_webhooks manage_threads
""")
# The bot's permissions in a direct message, as Discord reports them.
DIRECT = combine_permissions("embed_links attach_files mention_everyone")


def compute_guild_permissions(guild: SimGuild, member: SimMember) -> int:
    """Return the member's permissions in the guild, without channel overwrites."""
    if member.user_id == guild.owner_id:
        return ALL
    granted = guild.roles[guild.id].permissions
    for role_id in member.roles:
        granted |= guild.roles[role_id].permissions
    return ALL if granted & ADMINISTRATOR else granted


def compute_channel_permissions(guild: SimGuild, channel: SimChannel, member: SimMember) -> int:
    """Return the member's permissions in the channel; a thread uses its parent's overwrites."""
    granted = compute_guild_permissions(guild, member)
    if granted & ADMINISTRATOR:
        return ALL
    effective_channel = guild.channels.get(channel.parent_id or 0, channel) if channel.is_thread else channel
    overwrites = {overwrite.id: overwrite for overwrite in effective_channel.overwrites}
    everyone = overwrites.get(guild.id, SimOverwrite(0, 0))
    roles = [overwrites[role_id] for role_id in member.roles if role_id in overwrites]
    member_overwrite = overwrites.get(member.user_id, SimOverwrite(0, 1))
    granted = granted & ~everyone.deny | everyone.allow
    granted = granted & ~reduce(int.__or__, (role_overwrite.deny for role_overwrite in roles), 0)
    granted |= reduce(int.__or__, (role_overwrite.allow for role_overwrite in roles), 0)
    return granted & ~member_overwrite.deny | member_overwrite.allow


def can_view(guild: SimGuild, channel: SimChannel, member: SimMember) -> bool:
    """Return whether the member sees the channel; a private thread only in it, or with Manage Threads."""
    granted = compute_channel_permissions(guild, channel, member)
    is_private = channel.type == ChannelType.PRIVATE_THREAD and member.user_id not in channel.members
    return bool(granted & VIEW_CHANNEL) and (not is_private or bool(granted & MANAGE_THREADS))
