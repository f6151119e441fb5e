"""INTERACTION_CREATE, and the answer to a callback."""

from herwa_sim import permissions
from herwa_sim.entities import Channel, Json, Member
from herwa_sim.serialize.guilds import channel_json
from herwa_sim.serialize.people import member_json, member_part, role_json, user_json
from herwa_sim.world import World

PING, COMMAND, COMPONENT, AUTOCOMPLETE, MODAL = range(1, 6)


def interaction_json(
    world: World, *, id_: int, token: str, kind: int, channel: Channel, member: Member, data: Json, message: Json | None
) -> Json:
    """What the bot is sent when a member runs a command, types into an option, or clicks."""
    guild = world.guild(channel.guild_id)
    bot = guild.members[world.bot.id]
    may = permissions.in_channel(guild, channel, member)
    shape: Json = {
        "id": str(id_),
        "application_id": str(world.application.id),
        "type": kind,
        "token": token,
        "version": 1,
        "data": data,
        "guild_id": str(guild.id),
        "guild": {"id": str(guild.id), "locale": guild.locale, "features": []},
        "channel_id": str(channel.id),
        "channel": channel_json(channel) | {"permissions": str(may)},
        "member": member_json(member, world.user(member.user_id)) | {"permissions": str(may)},
        "app_permissions": str(permissions.in_channel(guild, channel, bot)),
        "locale": "en-US",
        "guild_locale": guild.locale,
        "entitlements": [],
        "authorizing_integration_owners": {"0": str(guild.id)},
        "context": 0,
        "attachment_size_limit": 10_485_760,
    }
    return shape if message is None else shape | {"message": message}


def resolved_json(world: World, *, guild_id: int, users: set[int], channels: set[int], roles: set[int]) -> Json:
    """The entities that a command's options name."""
    guild = world.guild(guild_id)
    shape: Json = {}
    if users:
        shape["users"] = {str(one): user_json(world.user(one)) for one in users}
        members = {one: guild.members[one] for one in users if one in guild.members}
        shape["members"] = {
            str(one): member_part(member) | {"permissions": str(permissions.in_guild(guild, member))}
            for one, member in members.items()
        }
    if channels:
        owner = guild.members[guild.owner_id]
        shape["channels"] = {
            str(one): channel_json(world.channel(one))
            | {"permissions": str(permissions.in_channel(guild, world.channel(one), owner))}
            for one in channels
        }
    if roles:
        shape["roles"] = {str(one): role_json(guild.roles[one]) for one in roles}
    return shape


def callback_json(*, id_: int, kind: int, answer: int, message: Json | None, loading: bool, ephemeral: bool) -> Json:
    """What a callback `with_response` is told. The waiting dots are named, only a finished message is shown."""
    interaction: Json = {"id": str(id_), "type": kind}
    if message is None:
        return {"interaction": interaction}
    interaction |= {
        "response_message_id": message["id"],
        "response_message_loading": loading,
        "response_message_ephemeral": ephemeral,
    }
    return {"interaction": interaction} | ({} if loading else {"resource": {"type": answer, "message": message}})
