"""Guilds and channels come, change and go, and the bot with them."""

from herwa_sim import permissions
from herwa_sim.actions.channels import create_channel, delete_channel, update_channel
from herwa_sim.actions.guilds import add_bot, create_guild, remove_bot, set_available, update_guild
from herwa_sim.actions.threads import show_threads
from herwa_sim.context import Parts
from herwa_sim.control.middleware import Action
from herwa_sim.entities import Channel, ChannelType, Json, Overwrite


async def new_guild(parts: Parts, body: Json) -> Json:
    """`name`, and if wanted `lively`, `owner_id`, `locale`, and `bot` (false: not yet in). One name is one guild."""
    owner = body.get("owner_id")
    guild = create_guild(
        parts.world,
        name=body["name"],
        lively=bool(body.get("lively", False)),
        owner_id=int(owner) if owner else None,
        locale=body.get("locale", "en-US"),
        bot=bool(body.get("bot", True)),
    )
    return {"id": str(guild.id)}


async def invite(parts: Parts, body: Json) -> Json:
    """The bot is added to `guild_id`."""
    add_bot(parts.world, parts.world.guild(int(body["guild_id"])))
    return {}


async def change_guild(parts: Parts, body: Json) -> Json:
    """Another `name`, `icon`, `owner_id` (a member) or `afk_channel_id` for `guild_id`."""
    guild = parts.world.guild(int(body["guild_id"]))
    guild.name = body.get("name", guild.name)
    guild.icon = body.get("icon", guild.icon)
    if "owner_id" in body:
        guild.owner_id = parts.world.member(guild.id, int(body["owner_id"])).user_id
    if "afk_channel_id" in body:
        guild.afk_channel_id = parts.world.channel(int(body["afk_channel_id"])).id
    update_guild(parts.world, guild)
    return {}


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


async def overwrites(parts: Parts, body: Json) -> Json:
    """Exactly these `overwrites` for the channel: `id`, `type` (0 role, 1 member), `allow`, `deny` (Discord's bits)."""
    channel = parts.world.channel(int(body["channel_id"]))
    saw = _bot_sees(parts, channel)
    channel.overwrites = tuple(
        Overwrite(int(one["id"]), int(one["type"]), int(one.get("allow", 0)), int(one.get("deny", 0)))
        for one in body["overwrites"]
    )
    update_channel(parts.world, channel)
    if not saw and _bot_sees(parts, channel):
        show_threads(parts.world, parts.world.guild(channel.guild_id), [channel])
    return {}


def _bot_sees(parts: Parts, channel: Channel) -> bool:
    guild = parts.world.guild(channel.guild_id)
    bot = guild.members.get(parts.world.bot.id)
    return bot is not None and bool(permissions.in_channel(guild, channel, bot) & permissions.VIEW)


async def remove_channel(parts: Parts, body: Json) -> Json:
    """A channel or a thread is deleted."""
    delete_channel(parts.world, parts.world.channel(int(body["channel_id"])))
    return {}


ACTIONS: dict[str, Action] = {
    "guild/create": new_guild,
    "guild/update": change_guild,
    "guild/remove": remove_guild,
    "bot/add": invite,
    "guild/outage": outage,
    "channel/create": new_channel,
    "channel/delete": remove_channel,
    "channel/overwrites": overwrites,
}
