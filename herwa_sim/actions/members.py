"""Create users; members join, leave, are banned, and get nicknames and roles."""

from dataclasses import replace
from datetime import datetime

from herwa_shared.clock import utc_now
from herwa_sim.actions.messages import post_join_message
from herwa_sim.actions.voice import move_member
from herwa_sim.avatars import compute_image_hash
from herwa_sim.entities import SimGuild, SimMember, SimUser
from herwa_sim.events import GatewayEvent
from herwa_sim.serialize.members import serialize_member, serialize_user
from herwa_sim.snowflakes import create_stable_snowflake
from herwa_sim.world import World


def create_user(world: World, *, name: str, display_name: str | None = None, bot: bool = False) -> SimUser:
    """Create a user (idempotent).

    A user with the same name is reused. The id is derived from the name.
    """
    user_id = create_stable_snowflake("user", name)
    if user_id not in world.users:
        world.add_users([SimUser(user_id, name, display_name, bot, avatar=compute_image_hash("user", user_id))])
    return world.users[user_id]


def join(world: World, guild: SimGuild, user: SimUser, *, at: datetime | None = None) -> SimMember:
    """Add the user to the guild, and post the join message if the guild has one; no effect for a member.

    `at` is the join time, now by default.
    """
    if user.id in guild.members:
        return guild.members[user.id]
    member = guild.members[user.id] = SimMember(user.id, at or utc_now())
    data = serialize_member(member, user) | {"guild_id": str(guild.id)}
    world.publish(GatewayEvent("GUILD_MEMBER_ADD", data, guild_id=guild.id))
    post_join_message(world, guild, user.id)
    return member


def leave(world: World, guild: SimGuild, user: SimUser) -> None:
    """Remove the user from the guild and disconnect them from voice."""
    if user.id in guild.members:
        move_member(world, guild, user.id, None)
        del guild.members[user.id]
        data = {"guild_id": str(guild.id), "user": serialize_user(user)}
        world.publish(GatewayEvent("GUILD_MEMBER_REMOVE", data, guild_id=guild.id))


def set_roles(world: World, guild: SimGuild, user: SimUser, roles: tuple[int, ...]) -> SimMember:
    """Replace the member's roles."""
    return _update_member(world, guild, user, replace(guild.members[user.id], roles=roles))


def set_nickname(world: World, guild: SimGuild, user: SimUser, nick: str | None) -> SimMember:
    """Set the member's nickname; None removes it."""
    return _update_member(world, guild, user, replace(guild.members[user.id], nick=nick))


def ban(world: World, guild: SimGuild, user: SimUser) -> None:
    """Publish GUILD_BAN_ADD and remove the member.

    The ban is not stored: the user can join again.
    """
    data = {"guild_id": str(guild.id), "user": serialize_user(user)}
    world.publish(GatewayEvent("GUILD_BAN_ADD", data, guild_id=guild.id))
    leave(world, guild, user)


def _update_member(world: World, guild: SimGuild, user: SimUser, member: SimMember) -> SimMember:
    guild.members[user.id] = member
    data = serialize_member(member, user) | {"guild_id": str(guild.id)}
    world.publish(GatewayEvent("GUILD_MEMBER_UPDATE", data, guild_id=guild.id))
    return member
