"""People join, are renamed, get roles, and leave or are thrown out."""

from dataclasses import replace
from datetime import datetime

from herwa_shared.clock import utc_now
from herwa_sim.actions.voice import move
from herwa_sim.avatars import picture_hash
from herwa_sim.entities import Guild, Member, User
from herwa_sim.events import Event
from herwa_sim.serialize.members import member_json, user_json
from herwa_sim.snowflakes import stable_snowflake
from herwa_sim.world import World


def create_user(world: World, *, name: str, display_name: str | None = None, bot: bool = False) -> User:
    """An account. Of one name there is one, with one id."""
    user_id = stable_snowflake("user", name)
    if user_id not in world.users:
        world.add_users([User(user_id, name, display_name, bot, avatar=picture_hash("user", user_id))])
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
    """The user stops being a member, and is in no voice channel any more."""
    if user.id in guild.members:
        move(world, guild, user.id, None)
        del guild.members[user.id]
        data = {"guild_id": str(guild.id), "user": user_json(user)}
        world.changed(Event("GUILD_MEMBER_REMOVE", data, guild_id=guild.id))


def set_roles(world: World, guild: Guild, user: User, roles: tuple[int, ...]) -> Member:
    """Give the member exactly these roles."""
    return _changed(world, guild, user, replace(guild.members[user.id], roles=roles))


def rename(world: World, guild: Guild, user: User, nick: str | None) -> Member:
    """Give the member a nickname, or take it away."""
    return _changed(world, guild, user, replace(guild.members[user.id], nick=nick))


def ban(world: World, guild: Guild, user: User) -> None:
    """The member is thrown out and may not come back; the local Discord forgets that they may not."""
    data = {"guild_id": str(guild.id), "user": user_json(user)}
    world.changed(Event("GUILD_BAN_ADD", data, guild_id=guild.id))
    leave(world, guild, user)


def _changed(world: World, guild: Guild, user: User, member: Member) -> Member:
    guild.members[user.id] = member
    data = member_json(member, user) | {"guild_id": str(guild.id)}
    world.changed(Event("GUILD_MEMBER_UPDATE", data, guild_id=guild.id))
    return member
