"""Create, update and delete channels, categories and threads."""

from datetime import datetime

from herwa_shared.clock import utc_now
from herwa_shared.discord.constants import ChannelType
from herwa_sim.actions.guilds import update_guild
from herwa_sim.actions.voice import disconnect_all
from herwa_sim.entities import SimChannel, SimGuild
from herwa_sim.events import GatewayEvent
from herwa_sim.serialize.guilds import serialize_channel, serialize_deleted_thread
from herwa_sim.snowflakes import create_stable_snowflake
from herwa_sim.world import World


def find_channel(guild: SimGuild, *, name: str, type_: ChannelType, parent_id: int | None) -> SimChannel | None:
    """Return the guild's channel with this name, type and category, or None."""
    return next(
        (
            channel
            for channel in guild.channels.values()
            if (channel.name, channel.type, channel.parent_id) == (name, type_, parent_id)
        ),
        None,
    )


def create_channel(
    world: World,
    guild: SimGuild,
    *,
    name: str,
    type_: ChannelType = ChannelType.TEXT,
    parent_id: int | None = None,
    topic: str | None = None,
) -> SimChannel:
    """Create a channel or category (idempotent).

    A channel with the same name, type and category is returned unchanged. The id is derived from these parts.
    """
    existing = find_channel(guild, name=name, type_=type_, parent_id=parent_id)
    if existing is not None:
        return existing
    channel = SimChannel(
        create_stable_snowflake(guild.id, "channel", type_, parent_id, name),
        guild.id,
        type_,
        name,
        parent_id=parent_id,
        position=sum(sibling.type == type_ for sibling in guild.channels.values()),
        topic=topic,
    )
    guild.channels[channel.id] = world.channels[channel.id] = channel
    world.publish(_build_channel_event("CHANNEL_CREATE", channel))
    return channel


def create_thread(
    world: World,
    parent: SimChannel,
    *,
    name: str,
    owner_id: int,
    id_: int | None = None,
    created_at: datetime | None = None,
    private: bool = False,
) -> SimChannel:
    """Create a thread, public unless `private`; the owner joins it.

    A thread that starts from a message has that message's id: pass it as `id_`.
    """
    guild = world.get_guild(parent.guild_id)
    public_type = ChannelType.NEWS_THREAD if parent.type == ChannelType.NEWS else ChannelType.PUBLIC_THREAD
    thread = SimChannel(
        id_ or world.snowflakes.generate(),
        guild.id,
        ChannelType.PRIVATE_THREAD if private else public_type,
        name,
        parent_id=parent.id,
        owner_id=owner_id,
        created_at=created_at or utc_now(),
    )
    thread.members[owner_id] = thread.created_at or utc_now()
    guild.threads[thread.id] = world.channels[thread.id] = thread
    data = serialize_channel(thread) | {"newly_created": True}
    world.publish(
        GatewayEvent("THREAD_CREATE", data, guild_id=guild.id, channel_id=thread.id if private else parent.id)
    )
    return thread


def update_channel(world: World, channel: SimChannel) -> None:
    """Publish an update event after the caller has changed the channel."""
    world.publish(_build_channel_event("THREAD_UPDATE" if channel.is_thread else "CHANNEL_UPDATE", channel))


def delete_channel(world: World, channel: SimChannel) -> None:
    """Delete a thread, or a channel with its threads and voice states.

    The channels of a deleted category are kept. Without its channel of system messages a guild has none.
    """
    guild = world.get_guild(channel.guild_id)
    for thread in [
        candidate for candidate in guild.threads.values() if channel.id in (candidate.id, candidate.parent_id)
    ]:
        _remove_channel(world, guild, thread)
        world.publish(GatewayEvent("THREAD_DELETE", serialize_deleted_thread(thread), guild_id=guild.id))
    if not channel.is_thread:
        disconnect_all(world, guild, channel.id)
        _remove_channel(world, guild, channel)
        world.publish(_build_channel_event("CHANNEL_DELETE", channel))
        if guild.system_channel_id == channel.id:
            guild.system_channel_id = None
            update_guild(world, guild)


def _remove_channel(world: World, guild: SimGuild, channel: SimChannel) -> None:
    guild.threads.pop(channel.id, None)
    guild.channels.pop(channel.id, None)
    world.channels.pop(channel.id, None)
    world.messages.pop(channel.id, None)


def _build_channel_event(name: str, channel: SimChannel) -> GatewayEvent:
    channel_id = channel.id if channel.is_thread else None
    return GatewayEvent(name, serialize_channel(channel), guild_id=channel.guild_id, channel_id=channel_id)
