"""People join, leave and get roles."""

from dataclasses import replace
from datetime import datetime

from herwa_shared.clock import utc_now
from herwa_sim.entities import Guild, Member, Role, User
from herwa_sim.events import Event
from herwa_sim.serialize.people import member_json, role_json, user_json
from herwa_sim.snowflakes import stable_snowflake
from herwa_sim.world import World


def create_user(world: World, *, name: str, display_name: str | None = None, bot: bool = False) -> User:
    """An account. Of one name there is one, with one id."""
    user_id = stable_snowflake("user", name)
    if user_id not in world.users:
        world.add_users([User(user_id, name, display_name, bot)])
    return world.users[user_id]


def join(world: World, guild: Guild, user: User, *, at: datetime | None = None) -> Member:
    """The user becomes a member; nothing happens to one who is."""
    if user.id in guild.members:
        return guild.members[user.id]
    member = guild.members[user.id] = Member(user.id, at or utc_now())
    data = member_json(member, user) | {"guild_id": str(guild.id)}
    world.changed(Event("GUILD_MEMBER_ADD", data, guild_id=guild.id))
    return member


def leave(world: World, guild: Guild, user: User) -> None:
    """The user stops being a member."""
    if guild.members.pop(user.id, None) is not None:
        data = {"guild_id": str(guild.id), "user": user_json(user)}
        world.changed(Event("GUILD_MEMBER_REMOVE", data, guild_id=guild.id))


def create_role(world: World, guild: Guild, *, name: str, permissions: int) -> Role:
    """A role above all others."""
    role = Role(world.mint.next(), name, permissions, position=len(guild.roles))
    guild.roles[role.id] = role
    data = {"guild_id": str(guild.id), "role": role_json(role)}
    world.changed(Event("GUILD_ROLE_CREATE", data, guild_id=guild.id))
    return role


def set_roles(world: World, guild: Guild, user: User, roles: tuple[int, ...]) -> Member:
    """Give the member exactly these roles."""
    member = guild.members[user.id] = replace(guild.members[user.id], roles=roles)
    data = member_json(member, user) | {"guild_id": str(guild.id)}
    world.changed(Event("GUILD_MEMBER_UPDATE", data, guild_id=guild.id))
    return member
