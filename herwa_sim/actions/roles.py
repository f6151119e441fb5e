"""Create, update and delete roles."""

from dataclasses import replace

from herwa_sim.entities import SimGuild, SimRole
from herwa_sim.events import GatewayEvent
from herwa_sim.serialize.members import serialize_role
from herwa_sim.world import EntityNotFound, World


def create_role(world: World, guild: SimGuild, *, name: str, permissions: int) -> SimRole:
    """Create a role above all existing ones."""
    role = SimRole(world.snowflakes.generate(), name, permissions, position=len(guild.roles))
    guild.roles[role.id] = role
    _publish_role(world, "GUILD_ROLE_CREATE", guild, role)
    return role


def update_role(
    world: World, guild: SimGuild, role_id: int, *, name: str | None = None, permissions: int | None = None
) -> SimRole:
    """Change the role's name, permissions, or both. Raises EntityNotFound."""
    old_role = get_role(guild, role_id)
    new_role = replace(
        old_role,
        name=old_role.name if name is None else name,
        permissions=old_role.permissions if permissions is None else permissions,
    )
    guild.roles[role_id] = new_role
    _publish_role(world, "GUILD_ROLE_UPDATE", guild, new_role)
    return new_role


def delete_role(world: World, guild: SimGuild, role_id: int) -> None:
    """Delete the role and remove it from its members. Raises EntityNotFound.

    As on Discord, GUILD_ROLE_DELETE is the only event: the members get no update events.
    """
    get_role(guild, role_id)
    del guild.roles[role_id]
    for member in [candidate for candidate in guild.members.values() if role_id in candidate.roles]:
        remaining = tuple(other_id for other_id in member.roles if other_id != role_id)
        guild.members[member.user_id] = replace(member, roles=remaining)
    data = {"guild_id": str(guild.id), "role_id": str(role_id)}
    world.publish(GatewayEvent("GUILD_ROLE_DELETE", data, guild_id=guild.id))


def get_role(guild: SimGuild, role_id: int) -> SimRole:
    """Return the role. Raises EntityNotFound."""
    if role_id not in guild.roles:
        raise EntityNotFound("Role", role_id)
    return guild.roles[role_id]


def _publish_role(world: World, name: str, guild: SimGuild, role: SimRole) -> None:
    data = {"guild_id": str(guild.id), "role": serialize_role(role)}
    world.publish(GatewayEvent(name, data, guild_id=guild.id))
