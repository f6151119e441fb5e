"""Guilds and channels come, change and go, and the bot with them."""

from herwa_sim import permissions
from herwa_sim.actions.channels import create_channel, delete_channel, update_channel
from herwa_sim.actions.guilds import add_bot, create_guild, remove_bot, set_available, update_guild
from herwa_sim.actions.threads import show_threads
from herwa_sim.context import SimContext
from herwa_sim.control.middleware import Action
from herwa_sim.entities import ChannelType, Json, SimChannel, SimOverwrite


async def add_guild(context: SimContext, body: Json) -> Json:
    """`name`, and if wanted `lively`, `owner_id`, `locale`, and `bot` (false: not yet in). One name is one guild."""
    owner_id = body.get("owner_id")
    guild = create_guild(
        context.world,
        name=body["name"],
        lively=bool(body.get("lively", False)),
        owner_id=int(owner_id) if owner_id else None,
        locale=body.get("locale", "en-US"),
        bot=bool(body.get("bot", True)),
    )
    return {"id": str(guild.id)}


async def invite_bot(context: SimContext, body: Json) -> Json:
    """The bot is added to `guild_id`."""
    add_bot(context.world, context.world.get_guild(int(body["guild_id"])))
    return {}


async def edit_guild(context: SimContext, body: Json) -> Json:
    """Another `name`, `icon`, `owner_id` (a member) or `afk_channel_id` for `guild_id`."""
    guild = context.world.get_guild(int(body["guild_id"]))
    guild.name = body.get("name", guild.name)
    guild.icon = body.get("icon", guild.icon)
    if "owner_id" in body:
        guild.owner_id = context.world.get_member(guild.id, int(body["owner_id"])).user_id
    if "afk_channel_id" in body:
        guild.afk_channel_id = context.world.get_channel(int(body["afk_channel_id"])).id
    update_guild(context.world, guild)
    return {}


async def remove_guild(context: SimContext, body: Json) -> Json:
    """The bot is thrown out of `guild_id`."""
    remove_bot(context.world, context.world.get_guild(int(body["guild_id"])))
    return {}


async def set_outage(context: SimContext, body: Json) -> Json:
    """`guild_id` becomes unavailable, or `available` again."""
    set_available(context.world, context.world.get_guild(int(body["guild_id"])), bool(body.get("available", False)))
    return {}


async def add_channel(context: SimContext, body: Json) -> Json:
    """`guild_id`, `name`, and if wanted `type`, `parent_id`, `topic`. One name in one category is one channel."""
    parent_id = body.get("parent_id")
    channel = create_channel(
        context.world,
        context.world.get_guild(int(body["guild_id"])),
        name=body["name"],
        type_=ChannelType(body.get("type", 0)),
        parent_id=int(parent_id) if parent_id else None,
        topic=body.get("topic"),
    )
    return {"id": str(channel.id)}


async def set_overwrites(context: SimContext, body: Json) -> Json:
    """Exactly these `overwrites` for the channel: `id`, `type` (0 role, 1 member), `allow`, `deny` (Discord's bits)."""
    channel = context.world.get_channel(int(body["channel_id"]))
    was_visible = _can_bot_view(context, channel)
    channel.overwrites = tuple(
        SimOverwrite(
            int(overwrite["id"]), int(overwrite["type"]), int(overwrite.get("allow", 0)), int(overwrite.get("deny", 0))
        )
        for overwrite in body["overwrites"]
    )
    update_channel(context.world, channel)
    if not was_visible and _can_bot_view(context, channel):
        show_threads(context.world, context.world.get_guild(channel.guild_id), [channel])
    return {}


def _can_bot_view(context: SimContext, channel: SimChannel) -> bool:
    guild = context.world.get_guild(channel.guild_id)
    bot = guild.members.get(context.world.bot.id)
    return bot is not None and bool(
        permissions.compute_channel_permissions(guild, channel, bot) & permissions.VIEW_CHANNEL
    )


async def remove_channel(context: SimContext, body: Json) -> Json:
    """A channel or a thread is deleted."""
    delete_channel(context.world, context.world.get_channel(int(body["channel_id"])))
    return {}


ACTIONS: dict[str, Action] = {
    "guild/create": add_guild,
    "guild/update": edit_guild,
    "guild/remove": remove_guild,
    "bot/add": invite_bot,
    "guild/outage": set_outage,
    "channel/create": add_channel,
    "channel/delete": remove_channel,
    "channel/overwrites": set_overwrites,
}
