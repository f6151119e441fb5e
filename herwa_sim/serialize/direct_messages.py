"""A conversation with one user, as REST and interactions show it."""

from herwa_sim.entities import Channel, Json
from herwa_sim.serialize.members import user_json
from herwa_sim.world import World


def direct_json(world: World, channel: Channel) -> Json:
    """A channel that has people instead of a guild."""
    return {
        "id": str(channel.id),
        "type": int(channel.type),
        "flags": 0,
        "last_message_id": str(channel.last_message_id) if channel.last_message_id else None,
        "recipients": [user_json(world.user(channel.recipient_id or 0))],
    }
