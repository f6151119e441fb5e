"""Guilds, channels and threads come and go."""

from herwa_sim.actions.channels import create_channel, create_thread, delete_channel, update_channel
from herwa_sim.actions.guilds import create_guild, remove_bot, set_available
from herwa_sim.control.edge import Action
from herwa_sim.entities import ChannelType, Json, Overwrite
from herwa_sim.parts import Parts
from herwa_sim.snowflakes import moment_of


async def new_guild(parts: Parts, body: Json) -> Json:
    """`name`, and if wanted `lively`, `owner_id`, `locale`. The same name is the same guild."""
    owner = body.get("owner_id")
    guild = create_guild(
        parts.world,
        name=body["name"],
        lively=bool(body.get("lively", False)),
        owner_id=int(owner) if owner else None,
        locale=body.get("locale", "en-US"),
    )
    return {"id": str(guild.id)}


async def remove_guild(parts: Parts, body: Json) -> Json:
    """The bot is thrown out of `guild_id`."""
    remove_bot(parts.world, parts.world.guild(int(body["guild_id"])))
    return {}


async def outage(parts: Parts, body: Json) -> Json:
    """`guild_id` becomes unavailable, or `available` again."""
    set_available(parts.world, parts.world.guild(int(body["guild_id"])), bool(body.get("available", False)))
    return {}


async def new_channel(parts: Parts, body: Json) -> Json:
    """`guild_id`, `name`, and if wanted `type`, `parent_id`, `topic`. One name in one category is one channel."""
    parent = body.get("parent_id")
    channel = create_channel(
        parts.world,
        parts.world.guild(int(body["guild_id"])),
        name=body["name"],
        type_=ChannelType(body.get("type", 0)),
        parent_id=int(parent) if parent else None,
        topic=body.get("topic"),
    )
    return {"id": str(channel.id)}


async def new_thread(parts: Parts, body: Json) -> Json:
    """`channel_id`, `name`, and if wanted `owner_id` (else the guild's owner) and `message_id` that it starts at."""
    parent = parts.world.channel(int(body["channel_id"]))
    owner = int(body.get("owner_id") or parts.world.guild(parent.guild_id).owner_id)
    start = int(body["message_id"]) if body.get("message_id") else None
    created = moment_of(start) if start else None
    thread = create_thread(parts.world, parent, name=body["name"], owner_id=owner, id_=start, created_at=created)
    return {"id": str(thread.id)}


async def overwrites(parts: Parts, body: Json) -> Json:
    """Exactly these `overwrites` for the channel: `id`, `type` (0 role, 1 member), `allow`, `deny` (Discord's bits)."""
    channel = parts.world.channel(int(body["channel_id"]))
    channel.overwrites = tuple(
        Overwrite(int(one["id"]), int(one["type"]), int(one.get("allow", 0)), int(one.get("deny", 0)))
        for one in body["overwrites"]
    )
    update_channel(parts.world, channel)
    return {}


async def remove_channel(parts: Parts, body: Json) -> Json:
    """A channel or a thread is deleted."""
    delete_channel(parts.world, parts.world.channel(int(body["channel_id"])))
    return {}


ACTIONS: dict[str, Action] = {
    "guild/create": new_guild,
    "guild/remove": remove_guild,
    "guild/outage": outage,
    "channel/create": new_channel,
    "channel/delete": remove_channel,
    "channel/overwrites": overwrites,
    "thread/create": new_thread,
}
