"""INTERACTION_CREATE, and the answer to a callback."""

from herwa_sim import permissions
from herwa_sim.entities import Channel, Json, User
from herwa_sim.serialize.direct_messages import direct_json
from herwa_sim.serialize.guilds import channel_json
from herwa_sim.serialize.members import member_json, member_part, role_json, user_json
from herwa_sim.world import World

PING, COMMAND, COMPONENT, AUTOCOMPLETE, MODAL = range(1, 6)


def interaction_json(
    world: World, *, id_: int, token: str, kind: int, channel: Channel, user: User, data: Json, message: Json | None
) -> Json:
    """What the bot is sent when somebody runs a command, types into an option, or clicks."""
    shape: Json = {
        "id": str(id_),
        "application_id": str(world.application.id),
        "type": kind,
        "token": token,
        "version": 1,
        "data": data,
        "channel_id": str(channel.id),
        "locale": "en-US",
        "entitlements": [],
        "attachment_size_limit": 10_485_760,
    }
    shape |= _from_direct(world, channel, user) if channel.is_direct else _from_guild(world, channel, user)
    return shape if message is None else shape | {"message": message}


def _from_guild(world: World, channel: Channel, user: User) -> Json:
    guild = world.guild(channel.guild_id)
    member, bot = guild.members[user.id], guild.members[world.bot.id]
    may = permissions.in_channel(guild, channel, member)
    return {
        "guild_id": str(guild.id),
        "guild": {"id": str(guild.id), "locale": guild.locale, "features": []},
        "channel": channel_json(channel) | {"permissions": str(may)},
        "member": member_json(member, user) | {"permissions": str(may)},
        "app_permissions": str(permissions.in_channel(guild, channel, bot)),
        "guild_locale": guild.locale,
        "authorizing_integration_owners": {"0": str(guild.id)},
        "context": 0,
    }


def _from_direct(world: World, channel: Channel, user: User) -> Json:
    """In a conversation there is a user and no member, and no guild to have permissions in."""
    return {
        "channel": direct_json(world, channel),
        "user": user_json(user),
        "app_permissions": str(permissions.DIRECT),
        "authorizing_integration_owners": {"0": "0"},
        "context": 1,
    }


def resolved_json(world: World, *, guild_id: int, users: set[int], channels: set[int], roles: set[int]) -> Json:
    """The entities that a command's options name; in a conversation (guild 0) there are only users."""
    shape: Json = {}
    if users:
        shape["users"] = {str(one): user_json(world.user(one)) for one in users}
    if not guild_id:
        return shape
    guild = world.guild(guild_id)
    if users:
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
