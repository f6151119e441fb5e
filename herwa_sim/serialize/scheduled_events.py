"""JSON of scheduled events."""

from herwa_shared.discord.constants import ChannelType
from herwa_sim.entities import Json, SimChannel, SimScheduledEvent

GUILD_ONLY = 2
STAGE_ENTITY, VOICE_ENTITY = 1, 2


def serialize_scheduled_event(event: SimScheduledEvent, channel: SimChannel) -> Json:
    """Return the scheduled event object; `channel` is the one where it takes place."""
    return {
        "id": str(event.id),
        "guild_id": str(event.guild_id),
        "channel_id": str(event.channel_id),
        "creator_id": str(event.creator_id),
        "name": event.name,
        "description": None,
        "scheduled_start_time": event.starts_at.isoformat(),
        "scheduled_end_time": None,
        "privacy_level": GUILD_ONLY,
        "status": int(event.status),
        "entity_type": STAGE_ENTITY if channel.type == ChannelType.STAGE else VOICE_ENTITY,
        "entity_id": None,
        "entity_metadata": None,
        "recurrence_rule": None,
        "image": None,
    }
