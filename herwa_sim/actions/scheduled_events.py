"""Create, update and delete scheduled events."""

from dataclasses import replace
from datetime import datetime

from herwa_shared.discord.constants import ScheduledEventStatus
from herwa_sim.entities import SimGuild, SimScheduledEvent
from herwa_sim.events import GatewayEvent
from herwa_sim.serialize.scheduled_events import serialize_scheduled_event
from herwa_sim.world import EntityNotFound, World


def create_scheduled_event(
    world: World, guild: SimGuild, *, name: str, creator_id: int, channel_id: int, starts_at: datetime
) -> SimScheduledEvent:
    """Create a scheduled event in a voice or stage channel and publish it."""
    world.get_member(guild.id, creator_id)
    event = SimScheduledEvent(
        world.snowflakes.generate(), guild.id, name, creator_id, world.get_channel(channel_id).id, starts_at
    )
    guild.scheduled_events[event.id] = event
    _publish(world, "GUILD_SCHEDULED_EVENT_CREATE", event)
    return event


def update_scheduled_event(
    world: World, guild: SimGuild, event_id: int, *, status: int | None = None, name: str | None = None
) -> None:
    """Change the status or the name of a scheduled event and publish it. Raises EntityNotFound."""
    event = _get_event(guild, event_id)
    event = replace(event, status=ScheduledEventStatus(status or event.status), name=name or event.name)
    guild.scheduled_events[event_id] = event
    _publish(world, "GUILD_SCHEDULED_EVENT_UPDATE", event)


def delete_scheduled_event(world: World, guild: SimGuild, event_id: int) -> None:
    """Delete a scheduled event and publish it. Raises EntityNotFound."""
    event = _get_event(guild, event_id)
    del guild.scheduled_events[event_id]
    _publish(world, "GUILD_SCHEDULED_EVENT_DELETE", event)


def _get_event(guild: SimGuild, event_id: int) -> SimScheduledEvent:
    try:
        return guild.scheduled_events[event_id]
    except KeyError:
        raise EntityNotFound("scheduled event", event_id) from None


def _publish(world: World, name: str, event: SimScheduledEvent) -> None:
    data = serialize_scheduled_event(event, world.get_channel(event.channel_id))
    world.publish(GatewayEvent(name, data, guild_id=event.guild_id))
