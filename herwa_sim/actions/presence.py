"""Who is online. It is not kept: after a restart everybody is offline until told otherwise."""

from herwa_sim.events import GatewayEvent
from herwa_sim.serialize.members import serialize_presence
from herwa_sim.world import World

STATUSES = ("online", "idle", "dnd", "offline")


def set_status(world: World, user_id: int, status: str) -> None:
    """The user is `online`, `idle`, `dnd` or `offline`, in all their guilds alike."""
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
