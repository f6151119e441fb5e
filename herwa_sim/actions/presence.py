"""Presence (online status). It is not persisted: after a restart every user is offline."""

from herwa_sim.events import GatewayEvent
from herwa_sim.serialize.members import serialize_presence
from herwa_sim.world import World

STATUSES = ("online", "idle", "dnd", "offline")


def set_status(world: World, user_id: int, status: str) -> None:
    """Set the user's status in all their guilds. Raises ValueError for an unknown status."""
    if status not in STATUSES:
        raise ValueError(f"{status} is none of {', '.join(STATUSES)}")
    if world.get_status(world.get_user(user_id).id) == status:
        return
    if status == "offline":
        del world.statuses[user_id]
    else:
        world.statuses[user_id] = status
    shared_guilds = (guild for guild in world.guilds.values() if user_id in guild.members)
    for guild in shared_guilds:
        world.publish(GatewayEvent("PRESENCE_UPDATE", serialize_presence(guild.id, user_id, status), guild_id=guild.id))
