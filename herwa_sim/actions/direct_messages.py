"""Direct messages: the conversation of one user with the bot, which nobody else sees."""

from dataclasses import replace

from herwa_sim.entities import Channel, ChannelType, User
from herwa_sim.snowflakes import stable_snowflake
from herwa_sim.world import World


def open_direct(world: World, user: User) -> Channel:
    """The user's conversation with the bot. As on Discord the bot is told nothing of it until something is said."""
    if user.id not in world.directs:
        id_ = stable_snowflake("direct", user.id)
        channel = Channel(id_, 0, ChannelType.DIRECT, world.bot.name, recipient_id=user.id)
        world.directs[user.id] = world.channels[id_] = channel
        world.changed()
    return world.directs[user.id]


def set_reachable(world: World, user: User, reachable: bool) -> None:
    """Whether the user takes direct messages. What they have got already stays."""
    world.add_users([replace(user, reachable=reachable)])


def may_be_told(world: World, user: User) -> bool:
    """True when the bot may write to the user: somebody who takes messages and whom it shares a guild with."""
    shared = any(user.id in guild.members and world.has_bot(guild) for guild in world.guilds.values())
    return shared and user.reachable and not user.bot


def unread(world: World, user_id: int) -> int:
    """How many of the bot's messages the user has not seen."""
    channel = world.directs.get(user_id)
    if channel is None:
        return 0
    return sum(one.id > channel.read_id and one.author_id != user_id for one in world.messages[channel.id])


def mark_read(world: World, channel: Channel) -> None:
    """The user has seen everything in it."""
    if channel.read_id != (channel.last_message_id or 0):
        channel.read_id = channel.last_message_id or 0
        world.changed()
