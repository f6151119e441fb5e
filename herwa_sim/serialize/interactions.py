"""JSON of INTERACTION_CREATE and of callback responses."""

from herwa_sim import permissions
from herwa_sim.entities import Json, SimChannel, SimUser
from herwa_sim.serialize.direct_messages import serialize_direct_channel
from herwa_sim.serialize.guilds import serialize_channel
from herwa_sim.serialize.members import serialize_member, serialize_member_fields, serialize_role, serialize_user
from herwa_sim.serialize.purchases import is_in_force, serialize_entitlement
from herwa_sim.world import World

PING, COMMAND, COMPONENT, AUTOCOMPLETE, MODAL = range(1, 6)


def serialize_interaction(
    world: World,
    *,
    id_: int,
    token: str,
    kind: int,
    channel: SimChannel,
    user: SimUser,
    data: Json,
    message: Json | None,
) -> Json:
    """Return the data of INTERACTION_CREATE."""
    shape: Json = {
        "id": str(id_),
        "application_id": str(world.application.id),
        "type": kind,
        "token": token,
        "version": 1,
        "data": data,
        "channel_id": str(channel.id),
        "locale": "en-US",
        "entitlements": [
            serialize_entitlement(world, entitlement)
            for entitlement in world.entitlements.values()
            if channel.guild_id and entitlement.guild_id == channel.guild_id and is_in_force(entitlement)
        ],
        "attachment_size_limit": 10_485_760,
    }
    shape |= (
        _serialize_direct_context(world, channel, user)
        if channel.is_direct
        else _serialize_guild_context(world, channel, user)
    )
    return shape if message is None else shape | {"message": message}


def serialize_resolved(world: World, *, guild_id: int, users: set[int], channels: set[int], roles: set[int]) -> Json:
    """Return the resolved entities of options or selections; direct messages have only users."""
    shape: Json = {}
    if users:
        shape["users"] = {str(user_id): serialize_user(world.get_user(user_id)) for user_id in users}
    if not guild_id:
        return shape
    guild = world.get_guild(guild_id)
    if users:
        members = {user_id: guild.members[user_id] for user_id in users if user_id in guild.members}
        shape["members"] = {
            str(user_id): serialize_member_fields(member)
            | {"permissions": str(permissions.compute_guild_permissions(guild, member))}
            for user_id, member in members.items()
        }
    if channels:
        owner = guild.members[guild.owner_id]
        shape["channels"] = {
            str(channel_id): serialize_channel(world.get_channel(channel_id))
            | {"permissions": str(permissions.compute_channel_permissions(guild, world.get_channel(channel_id), owner))}
            for channel_id in channels
        }
    if roles:
        shape["roles"] = {str(role_id): serialize_role(guild.roles[role_id]) for role_id in roles}
    return shape


def serialize_callback(
    *, id_: int, kind: int, callback_type: int, message: Json | None, loading: bool, ephemeral: bool
) -> Json:
    """Return the response of a callback `with_response`.

    A loading message is named by its id only; a finished message is included.
    """
    interaction: Json = {"id": str(id_), "type": kind}
    if message is None:
        return {"interaction": interaction}
    interaction |= {
        "response_message_id": message["id"],
        "response_message_loading": loading,
        "response_message_ephemeral": ephemeral,
    }
    return {"interaction": interaction} | ({} if loading else {"resource": {"type": callback_type, "message": message}})


def _serialize_guild_context(world: World, channel: SimChannel, user: SimUser) -> Json:
    guild = world.get_guild(channel.guild_id)
    member, bot = guild.members[user.id], guild.members[world.bot.id]
    granted = permissions.compute_channel_permissions(guild, channel, member)
    return {
        "guild_id": str(guild.id),
        "guild": {"id": str(guild.id), "locale": guild.locale, "features": []},
        "channel": serialize_channel(channel) | {"permissions": str(granted)},
        "member": serialize_member(member, user) | {"permissions": str(granted)},
        "app_permissions": str(permissions.compute_channel_permissions(guild, channel, bot)),
        "guild_locale": guild.locale,
        "authorizing_integration_owners": {"0": str(guild.id)},
        "context": 0,
    }


def _serialize_direct_context(world: World, channel: SimChannel, user: SimUser) -> Json:
    """Return the fields for a direct message: a user instead of a member, no guild permissions."""
    return {
        "channel": serialize_direct_channel(world, channel),
        "user": serialize_user(user),
        "app_permissions": str(permissions.DIRECT),
        "authorizing_integration_owners": {"0": "0"},
        "context": 1,
    }
