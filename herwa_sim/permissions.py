"""What a member may do in a channel: roles added up, then the channel's overwrites, as Discord does it."""

from functools import reduce

from herwa_sim.entities import Channel, Guild, Member, Overwrite

ADMINISTRATOR = 1 << 3
MANAGE_GUILD = 1 << 5
VIEW = 1 << 10
ALL = (1 << 53) - 1

# What Discord gives @everyone in a new server: see and read, write, embed, attach, react, threads, speak, commands.
EVERYONE = (
    1 << 6 | 1 << 9 | 1 << 10 | 1 << 11 | 1 << 14 | 1 << 15 | 1 << 16 | 1 << 17 | 1 << 18 | 1 << 20 | 1 << 21
) | (1 << 25 | 1 << 26 | 1 << 31 | 1 << 35 | 1 << 38)
BOT = EVERYONE | 1 << 5 | 1 << 7 | 1 << 13 | 1 << 19 | 1 << 29 | 1 << 34

# What Discord says the bot may in a conversation with one user: embed, attach, mention.
DIRECT = 1 << 14 | 1 << 15 | 1 << 17


def in_guild(guild: Guild, member: Member) -> int:
    """The member's permissions apart from any channel."""
    if member.user_id == guild.owner_id:
        return ALL
    granted = guild.roles[guild.id].permissions
    for role_id in member.roles:
        granted |= guild.roles[role_id].permissions
    return ALL if granted & ADMINISTRATOR else granted


def in_channel(guild: Guild, channel: Channel, member: Member) -> int:
    """The member's permissions there; a thread counts as its parent."""
    granted = in_guild(guild, member)
    if granted & ADMINISTRATOR:
        return ALL
    place = guild.channels.get(channel.parent_id or 0, channel) if channel.is_thread else channel
    by_id = {overwrite.id: overwrite for overwrite in place.overwrites}
    everyone = by_id.get(guild.id, Overwrite(0, 0))
    roles = [by_id[role_id] for role_id in member.roles if role_id in by_id]
    own = by_id.get(member.user_id, Overwrite(0, 1))
    granted = granted & ~everyone.deny | everyone.allow
    granted = granted & ~reduce(int.__or__, (one.deny for one in roles), 0)
    granted |= reduce(int.__or__, (one.allow for one in roles), 0)
    return granted & ~own.deny | own.allow
