"""Members join and leave, are renamed and seen online, and get roles; the population is let live or stopped."""

from herwa_sim.actions.members import ban, create_user, join, leave, set_nickname, set_roles
from herwa_sim.actions.presence import set_status
from herwa_sim.actions.roles import create_role, delete_role, update_role
from herwa_sim.context import SimContext
from herwa_sim.control.middleware import Action
from herwa_sim.entities import Json


async def add_member(context: SimContext, body: Json) -> Json:
    """A user of that `name`, or with that `user_id`, joins `guild_id`. `bot` makes it a bot."""
    if "user_id" in body:
        user = context.world.get_user(int(body["user_id"]))
    else:
        user = create_user(context.world, name=body["name"], bot=bool(body.get("bot", False)))
    join(context.world, context.world.get_guild(int(body["guild_id"])), user)
    return {"id": str(user.id)}


async def remove_member(context: SimContext, body: Json) -> Json:
    guild = context.world.get_guild(int(body["guild_id"]))
    leave(context.world, guild, context.world.get_user(int(body["user_id"])))
    return {}


async def ban_member(context: SimContext, body: Json) -> Json:
    """The member is banned, which makes them leave."""
    guild = context.world.get_guild(int(body["guild_id"]))
    member = context.world.get_member(guild.id, int(body["user_id"]))
    ban(context.world, guild, context.world.get_user(member.user_id))
    return {}


async def set_member_nickname(context: SimContext, body: Json) -> Json:
    """`nick` is the member's name in this guild; without one it is the user's own again."""
    guild = context.world.get_guild(int(body["guild_id"]))
    member = context.world.get_member(guild.id, int(body["user_id"]))
    set_nickname(context.world, guild, context.world.get_user(member.user_id), body.get("nick"))
    return {}


async def update_presence(context: SimContext, body: Json) -> Json:
    """The user's `status`: online, idle, dnd or offline."""
    set_status(context.world, int(body["user_id"]), body["status"])
    return {}


async def set_member_roles(context: SimContext, body: Json) -> Json:
    """Exactly these `roles` for the member."""
    guild = context.world.get_guild(int(body["guild_id"]))
    member = context.world.get_member(guild.id, int(body["user_id"]))
    set_roles(
        context.world, guild, context.world.get_user(member.user_id), tuple(int(role_id) for role_id in body["roles"])
    )
    return {}


async def add_role(context: SimContext, body: Json) -> Json:
    """A role with `name` and `permissions` (Discord's bits)."""
    guild = context.world.get_guild(int(body["guild_id"]))
    role = create_role(context.world, guild, name=body["name"], permissions=int(body.get("permissions", 0)))
    return {"id": str(role.id)}


async def edit_role(context: SimContext, body: Json) -> Json:
    """`role_id` of `guild_id` gets another `name`, other `permissions`, or both."""
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
    """The role is deleted, and taken from its members."""
    delete_role(context.world, context.world.get_guild(int(body["guild_id"])), int(body["role_id"]))
    return {}


async def update_population(context: SimContext, body: Json) -> Json:
    """`on` or off, and `speed` (1: a message every few seconds)."""
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
