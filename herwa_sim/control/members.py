"""Control actions for members, roles and presence, and for the simulated population."""

from datetime import datetime

from herwa_sim.actions.members import ban, create_user, join, leave, set_nickname, set_roles
from herwa_sim.actions.presence import set_status
from herwa_sim.actions.roles import create_role, delete_role, update_role
from herwa_sim.context import SimContext
from herwa_sim.control.middleware import Action
from herwa_sim.entities import Json


async def add_member(context: SimContext, body: Json) -> Json:
    """Add a user to `guild_id`, by `user_id` or created by `name`; `bot` creates a bot user. `at` is the time."""
    if "user_id" in body:
        user = context.world.get_user(int(body["user_id"]))
    else:
        user = create_user(context.world, name=body["name"], bot=bool(body.get("bot", False)))
    at = datetime.fromisoformat(body["at"]) if body.get("at") else None
    join(context.world, context.world.get_guild(int(body["guild_id"])), user, at=at)
    return {"id": str(user.id)}


async def remove_member(context: SimContext, body: Json) -> Json:
    """Remove `user_id` from `guild_id`."""
    guild = context.world.get_guild(int(body["guild_id"]))
    leave(context.world, guild, context.world.get_user(int(body["user_id"])))
    return {}


async def ban_member(context: SimContext, body: Json) -> Json:
    """Ban the member, which also removes them."""
    guild = context.world.get_guild(int(body["guild_id"]))
    member = context.world.get_member(guild.id, int(body["user_id"]))
    ban(context.world, guild, context.world.get_user(member.user_id))
    return {}


async def set_member_nickname(context: SimContext, body: Json) -> Json:
    """Set the member's `nick` in this guild; without one it is removed."""
    guild = context.world.get_guild(int(body["guild_id"]))
    member = context.world.get_member(guild.id, int(body["user_id"]))
    set_nickname(context.world, guild, context.world.get_user(member.user_id), body.get("nick"))
    return {}


async def update_presence(context: SimContext, body: Json) -> Json:
    """Set the user's `status`: online, idle, dnd or offline."""
    set_status(context.world, int(body["user_id"]), body["status"])
    return {}


async def set_member_roles(context: SimContext, body: Json) -> Json:
    """Replace the member's `roles`."""
    guild = context.world.get_guild(int(body["guild_id"]))
    member = context.world.get_member(guild.id, int(body["user_id"]))
    set_roles(
        context.world, guild, context.world.get_user(member.user_id), tuple(int(role_id) for role_id in body["roles"])
    )
    return {}


async def add_role(context: SimContext, body: Json) -> Json:
    """Create a role with `name` and `permissions` (Discord's bits)."""
    guild = context.world.get_guild(int(body["guild_id"]))
    role = create_role(context.world, guild, name=body["name"], permissions=int(body.get("permissions", 0)))
    return {"id": str(role.id)}


async def edit_role(context: SimContext, body: Json) -> Json:
    """Change `name`, `permissions`, or both of `role_id` in `guild_id`."""
    permissions = body.get("permissions")
    update_role(
        context.world,
        context.world.get_guild(int(body["guild_id"])),
        int(body["role_id"]),
        name=body.get("name"),
        permissions=None if permissions is None else int(permissions),
    )
    return {}


async def remove_role(context: SimContext, body: Json) -> Json:
    """Delete the role, and remove it from its members."""
    delete_role(context.world, context.world.get_guild(int(body["guild_id"])), int(body["role_id"]))
    return {}


async def update_population(context: SimContext, body: Json) -> Json:
    """Switch the population `on` or off, and set its `speed`.

    At speed 1 it sends a message every few seconds.
    """
    context.population.speed = float(body.get("speed", context.population.speed))
    if body.get("on", context.population.is_on):
        context.population.start()
    else:
        context.population.stop()
    return {"on": context.population.is_on, "speed": context.population.speed}


ACTIONS: dict[str, Action] = {
    "member/join": add_member,
    "member/leave": remove_member,
    "member/ban": ban_member,
    "member/nick": set_member_nickname,
    "member/roles": set_member_roles,
    "presence": update_presence,
    "role/create": add_role,
    "role/update": edit_role,
    "role/delete": remove_role,
    "population": update_population,
}
