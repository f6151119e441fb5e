"""Channels, categories and threads are made, changed and deleted."""

from datetime import datetime

from herwa_shared.clock import utc_now
from herwa_sim.actions.voice import empty
from herwa_sim.entities import Channel, ChannelType, Guild
from herwa_sim.events import Event
from herwa_sim.serialize.guilds import channel_json, thread_deleted_json
from herwa_sim.snowflakes import stable_snowflake
from herwa_sim.world import World


def find_channel(guild: Guild, *, name: str, type_: ChannelType, parent_id: int | None) -> Channel | None:
    """The guild's channel of that name in that category, or None."""
    return next(
        (one for one in guild.channels.values() if (one.name, one.type, one.parent_id) == (name, type_, parent_id)),
        None,
    )


def create_channel(
    world: World,
    guild: Guild,
    *,
    name: str,
    type_: ChannelType = ChannelType.TEXT,
    parent_id: int | None = None,
    topic: str | None = None,
) -> Channel:
    """A channel or category. Of one name in one category there is one, with one id."""
    existing = find_channel(guild, name=name, type_=type_, parent_id=parent_id)
    if existing is not None:
        return existing
    channel = Channel(
        stable_snowflake(guild.id, "channel", type_, parent_id, name),
        guild.id,
        type_,
        name,
        parent_id=parent_id,
        position=sum(one.type == type_ for one in guild.channels.values()),
        topic=topic,
    )
    guild.channels[channel.id] = world.channels[channel.id] = channel
    world.changed(_told("CHANNEL_CREATE", channel))
    return channel


def create_thread(
    world: World,
    parent: Channel,
    *,
    name: str,
    owner_id: int,
    id_: int | None = None,
    created_at: datetime | None = None,
) -> Channel:
    """A public thread with its opener in it. One that starts at a message has that message's id."""
    guild = world.guild(parent.guild_id)
    thread = Channel(
        id_ or world.mint.next(),
        guild.id,
        ChannelType.NEWS_THREAD if parent.type == ChannelType.NEWS else ChannelType.PUBLIC_THREAD,
        name,
        parent_id=parent.id,
        owner_id=owner_id,
        created_at=created_at or utc_now(),
    )
    thread.members[owner_id] = thread.created_at or utc_now()
    guild.threads[thread.id] = world.channels[thread.id] = thread
    data = channel_json(thread) | {"newly_created": True}
    world.changed(Event("THREAD_CREATE", data, guild_id=guild.id))
    return thread


def update_channel(world: World, channel: Channel) -> None:
    """Announce what was changed on the channel."""
    world.changed(_told("THREAD_UPDATE" if channel.is_thread else "CHANNEL_UPDATE", channel))


def delete_channel(world: World, channel: Channel) -> None:
    """Delete a channel with its threads and voices, or a thread. A category leaves its channels behind."""
    guild = world.guild(channel.guild_id)
    for thread in [one for one in guild.threads.values() if channel.id in (one.id, one.parent_id)]:
        _forget(world, guild, thread)
        world.changed(Event("THREAD_DELETE", thread_deleted_json(thread), guild_id=guild.id))
    if not channel.is_thread:
        empty(world, guild, channel.id)
        _forget(world, guild, channel)
        world.changed(_told("CHANNEL_DELETE", channel))


def _forget(world: World, guild: Guild, channel: Channel) -> None:
    guild.threads.pop(channel.id, None)
    guild.channels.pop(channel.id, None)
    world.channels.pop(channel.id, None)
    world.messages.pop(channel.id, None)


def _told(name: str, channel: Channel) -> Event:
    return Event(name, channel_json(channel), guild_id=channel.guild_id)
