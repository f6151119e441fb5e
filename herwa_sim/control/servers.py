"""Control actions for guilds and channels, and for the bot's membership."""

from herwa_shared.discord.constants import VIEW_CHANNEL, ChannelType
from herwa_sim import permissions
from herwa_sim.actions.channels import create_channel, delete_channel, update_channel
from herwa_sim.actions.guilds import add_bot, create_guild, remove_bot, set_available, update_guild
from herwa_sim.actions.threads import show_threads
from herwa_sim.context import SimContext
from herwa_sim.control.middleware import Action
from herwa_sim.entities import Json, SimChannel, SimOverwrite


async def add_guild(context: SimContext, body: Json) -> Json:
    """Create a guild with this `name` (idempotent).

    Optional: `lively`, `owner_id`, `locale`, and `bot` (false: without the bot).
    """
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
    """Add the bot to `guild_id`."""
    add_bot(context.world, context.world.get_guild(int(body["guild_id"])))
    return {}


async def edit_guild(context: SimContext, body: Json) -> Json:
    """Change `guild_id`: `name`, `icon`, `owner_id` (a member), `afk_channel_id`, or the channel of system messages.

    `system_channel_flags` are Discord's bits of system messages that are switched off.
    """
    guild = context.world.get_guild(int(body["guild_id"]))
    guild.name = body.get("name", guild.name)
    guild.icon = body.get("icon", guild.icon)
    if "owner_id" in body:
        guild.owner_id = context.world.get_member(guild.id, int(body["owner_id"])).user_id
    if "afk_channel_id" in body:
        guild.afk_channel_id = context.world.get_channel(int(body["afk_channel_id"])).id
    if "system_channel_id" in body:
        guild.system_channel_id = context.world.get_channel(int(body["system_channel_id"])).id
    guild.system_channel_flags = int(body.get("system_channel_flags", guild.system_channel_flags))
    update_guild(context.world, guild)
    return {}


async def remove_guild(context: SimContext, body: Json) -> Json:
    """Remove the bot from `guild_id`; the guild continues to exist."""
    remove_bot(context.world, context.world.get_guild(int(body["guild_id"])))
    return {}


async def set_outage(context: SimContext, body: Json) -> Json:
    """Start an outage of `guild_id`; with `available` true, end it."""
    set_available(context.world, context.world.get_guild(int(body["guild_id"])), bool(body.get("available", False)))
    return {}


async def add_channel(context: SimContext, body: Json) -> Json:
    """Create a channel in `guild_id` with this `name` (idempotent within a category).

    Optional: `type`, `parent_id`, `topic`.
    """
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
    """Replace the channel's permission `overwrites`.

    Each has `id`, `type` (0 role, 1 member), `allow` and `deny` (Discord's bits). If the bot gains access, it also
    receives THREAD_LIST_SYNC.
    """
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


async def remove_channel(context: SimContext, body: Json) -> Json:
    """Delete a channel or thread."""
    delete_channel(context.world, context.world.get_channel(int(body["channel_id"])))
    return {}


def _can_bot_view(context: SimContext, channel: SimChannel) -> bool:
    guild = context.world.get_guild(channel.guild_id)
    bot = guild.members.get(context.world.bot.id)
    return bot is not None and bool(permissions.compute_channel_permissions(guild, channel, bot) & VIEW_CHANNEL)


async def set_command_permissions(context: SimContext, body: Json) -> Json:
    """Set under Integrations who sees the `command` of `guild_id` (empty: all of the bot's commands), and where.

    `permissions` are Discord's: `id`, `type` (1 role, 2 user, 3 channel) and `permission`.
    """
    guild = context.world.get_guild(int(body["guild_id"]))
    commands = context.world.commands[None].values()
    name = body.get("command")
    id_ = next((int(item["id"]) for item in commands if item["name"] == name), context.world.application.id)
    guild.command_permissions[id_] = [
        {"id": str(item["id"]), "type": int(item["type"]), "permission": bool(item["permission"])}
        for item in body["permissions"]
    ]
    context.world.publish()
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
    "command/permissions": set_command_permissions,
}
