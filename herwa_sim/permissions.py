"""Permission computation as Discord documents it: roles first, then channel overwrites."""

from functools import reduce

from herwa_sim.entities import SimChannel, SimGuild, SimMember, SimOverwrite

ADMINISTRATOR = 1 << 3
MANAGE_GUILD = 1 << 5
VIEW_CHANNEL = 1 << 10
ALL = (1 << 53) - 1

# Discord's default permissions of @everyone in a new server: view and read, send, embed, attach, react, threads,
# speak, use commands.
EVERYONE = (
    1 << 6 | 1 << 9 | 1 << 10 | 1 << 11 | 1 << 14 | 1 << 15 | 1 << 16 | 1 << 17 | 1 << 18 | 1 << 20 | 1 << 21
) | (1 << 25 | 1 << 26 | 1 << 31 | 1 << 35 | 1 << 38)
BOT = EVERYONE | 1 << 5 | 1 << 7 | 1 << 13 | 1 << 19 | 1 << 29 | 1 << 34

# The bot's permissions in a direct message, as Discord reports them: embed links, attach files, mention everyone.
DIRECT = 1 << 14 | 1 << 15 | 1 << 17


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
