"""Members join and leave, are renamed and seen online, and get roles; the population is let live or stopped."""

from herwa_sim.actions.members import ban, create_user, join, leave, rename, set_roles
from herwa_sim.actions.presence import set_status
from herwa_sim.actions.roles import change_role, create_role, delete_role
from herwa_sim.context import Parts
from herwa_sim.control.middleware import Action
from herwa_sim.entities import Json


async def member_join(parts: Parts, body: Json) -> Json:
    """A user of that `name`, or with that `user_id`, joins `guild_id`. `bot` makes it a bot."""
    if "user_id" in body:
        user = parts.world.user(int(body["user_id"]))
    else:
        user = create_user(parts.world, name=body["name"], bot=bool(body.get("bot", False)))
    join(parts.world, parts.world.guild(int(body["guild_id"])), user)
    return {"id": str(user.id)}


async def member_leave(parts: Parts, body: Json) -> Json:
    guild = parts.world.guild(int(body["guild_id"]))
    leave(parts.world, guild, parts.world.user(int(body["user_id"])))
    return {}


async def member_ban(parts: Parts, body: Json) -> Json:
    """The member is banned, which makes them leave."""
    guild = parts.world.guild(int(body["guild_id"]))
    member = parts.world.member(guild.id, int(body["user_id"]))
    ban(parts.world, guild, parts.world.user(member.user_id))
    return {}


async def member_nick(parts: Parts, body: Json) -> Json:
    """`nick` is the member's name in this guild; without one it is the user's own again."""
    guild = parts.world.guild(int(body["guild_id"]))
    member = parts.world.member(guild.id, int(body["user_id"]))
    rename(parts.world, guild, parts.world.user(member.user_id), body.get("nick"))
    return {}


async def presence(parts: Parts, body: Json) -> Json:
    """The user's `status`: online, idle, dnd or offline."""
    set_status(parts.world, int(body["user_id"]), body["status"])
    return {}


async def member_roles(parts: Parts, body: Json) -> Json:
    """Exactly these `roles` for the member."""
    guild = parts.world.guild(int(body["guild_id"]))
    member = parts.world.member(guild.id, int(body["user_id"]))
    set_roles(parts.world, guild, parts.world.user(member.user_id), tuple(int(one) for one in body["roles"]))
    return {}


async def new_role(parts: Parts, body: Json) -> Json:
    """A role with `name` and `permissions` (Discord's bits)."""
    guild = parts.world.guild(int(body["guild_id"]))
    role = create_role(parts.world, guild, name=body["name"], permissions=int(body.get("permissions", 0)))
    return {"id": str(role.id)}


async def change(parts: Parts, body: Json) -> Json:
    """`role_id` of `guild_id` gets another `name`, other `permissions`, or both."""
    granted = body.get("permissions")
    change_role(
        parts.world,
        parts.world.guild(int(body["guild_id"])),
        int(body["role_id"]),
        name=body.get("name"),
        permissions=None if granted is None else int(granted),
    )
    return {}


async def remove_role(parts: Parts, body: Json) -> Json:
    """The role is deleted, and taken from its members."""
    delete_role(parts.world, parts.world.guild(int(body["guild_id"])), int(body["role_id"]))
    return {}


async def population(parts: Parts, body: Json) -> Json:
    """`on` or off, and `speed` (1: a message every few seconds)."""
    parts.population.speed = float(body.get("speed", parts.population.speed))
    if body.get("on", parts.population.is_on):
        parts.population.start()
    else:
        parts.population.stop()
    return {"on": parts.population.is_on, "speed": parts.population.speed}


ACTIONS: dict[str, Action] = {
    "member/join": member_join,
    "member/leave": member_leave,
    "member/ban": member_ban,
    "member/nick": member_nick,
    "member/roles": member_roles,
    "presence": presence,
    "role/create": new_role,
    "role/update": change,
    "role/delete": remove_role,
    "population": population,
}
