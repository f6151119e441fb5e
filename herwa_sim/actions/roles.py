"""Roles are made, changed and deleted."""

from dataclasses import replace

from herwa_sim.entities import Guild, Role
from herwa_sim.events import Event
from herwa_sim.serialize.members import role_json
from herwa_sim.world import Missing, World


def create_role(world: World, guild: Guild, *, name: str, permissions: int) -> Role:
    """A role above all others."""
    role = Role(world.mint.next(), name, permissions, position=len(guild.roles))
    guild.roles[role.id] = role
    _tell(world, "GUILD_ROLE_CREATE", guild, role)
    return role


def change_role(
    world: World, guild: Guild, role_id: int, *, name: str | None = None, permissions: int | None = None
) -> Role:
    """Another name, other permissions, or both."""
    old = find_role(guild, role_id)
    new = replace(
        old,
        name=old.name if name is None else name,
        permissions=old.permissions if permissions is None else permissions,
    )
    guild.roles[role_id] = new
    _tell(world, "GUILD_ROLE_UPDATE", guild, new)
    return new


def delete_role(world: World, guild: Guild, role_id: int) -> None:
    """The role is gone, from its members too; as on Discord, they are told of only by the role's end."""
    find_role(guild, role_id)
    del guild.roles[role_id]
    for member in [one for one in guild.members.values() if role_id in one.roles]:
        kept = tuple(one for one in member.roles if one != role_id)
        guild.members[member.user_id] = replace(member, roles=kept)
    data = {"guild_id": str(guild.id), "role_id": str(role_id)}
    world.changed(Event("GUILD_ROLE_DELETE", data, guild_id=guild.id))


def find_role(guild: Guild, role_id: int) -> Role:
    """Raises Missing when the guild has no such role."""
    if role_id not in guild.roles:
        raise Missing("Role", role_id)
    return guild.roles[role_id]


def _tell(world: World, name: str, guild: Guild, role: Role) -> None:
    data = {"guild_id": str(guild.id), "role": role_json(role)}
    world.changed(Event(name, data, guild_id=guild.id))
