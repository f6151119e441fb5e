"""Direct messages: one channel per user, shared by the user and the bot."""

from dataclasses import replace

from herwa_shared.discord.constants import ChannelType
from herwa_sim.entities import SimChannel, SimUser
from herwa_sim.snowflakes import create_stable_snowflake
from herwa_sim.world import World


def open_direct_channel(world: World, user: SimUser) -> SimChannel:
    """Return the user's direct message channel with the bot; create it if it is missing.

    As on Discord, the bot receives no event before the first message.
    """
    if user.id not in world.direct_channels:
        id_ = create_stable_snowflake("direct", user.id)
        channel = SimChannel(id_, 0, ChannelType.DIRECT, world.bot.name, recipient_id=user.id)
        world.direct_channels[user.id] = world.channels[id_] = channel
        world.publish()
    return world.direct_channels[user.id]


def set_reachable(world: World, user: SimUser, reachable: bool) -> None:
    """Set whether the user accepts direct messages; existing messages are kept."""
    world.add_users([replace(user, reachable=reachable)])


def can_message_user(world: World, user: SimUser) -> bool:
    """True if the bot may message the user: a reachable human who shares a guild with it."""
    shares_guild = any(user.id in guild.members and world.has_bot(guild) for guild in world.guilds.values())
    return shares_guild and user.reachable and not user.bot


def count_unread(world: World, user_id: int) -> int:
    """Count the bot's messages that the user has not read."""
    channel = world.direct_channels.get(user_id)
    if channel is None:
        return 0
    return sum(message.id > channel.read_id and message.author_id != user_id for message in world.messages[channel.id])


def mark_read(world: World, channel: SimChannel) -> None:
    """Mark every message of the direct message channel as read."""
    if channel.read_id != (channel.last_message_id or 0):
        channel.read_id = channel.last_message_id or 0
        world.publish()
