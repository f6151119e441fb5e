"""JSON of direct message channels."""

from herwa_sim.entities import Json, SimChannel
from herwa_sim.serialize.members import serialize_user
from herwa_sim.world import World


def serialize_direct_channel(world: World, channel: SimChannel) -> Json:
    """Return the channel, with recipients instead of a guild."""
    return {
        "id": str(channel.id),
        "type": int(channel.type),
        "flags": 0,
        "last_message_id": str(channel.last_message_id) if channel.last_message_id else None,
        "recipients": [serialize_user(world.get_user(channel.recipient_id or 0))],
    }
