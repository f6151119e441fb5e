"""JSON of users, members, presences and roles."""

from functools import lru_cache

import orjson

from herwa_sim.entities import Json, SimMember, SimRole, SimUser


def serialize_user(user: SimUser) -> Json:
    """Return the user object."""
    return {
        "id": str(user.id),
        "username": user.name,
        "global_name": user.display_name,
        "avatar": user.avatar,
        "discriminator": "0000" if user.bot else "0",
        "public_flags": 0,
        "flags": 0,
        "bot": user.bot,
        "primary_guild": None,
    }


def serialize_own_user(user: SimUser) -> Json:
    """Return the requester's own user, for `/users/@me` and READY."""
    return serialize_user(user) | {"mfa_enabled": True, "locale": "en-US", "verified": True, "email": None}


def serialize_member_fields(member: SimMember) -> Json:
    """Return a member without its user, as messages contain it."""
    return {
        "nick": member.nick,
        "avatar": None,
        "banner": None,
        "roles": [str(role_id) for role_id in member.roles],
        "joined_at": member.joined_at.isoformat(),
        "premium_since": None,
        "communication_disabled_until": None,
        "flags": 0,
        "pending": False,
        "mute": False,
        "deaf": False,
    }


def serialize_presence(guild_id: int, user_id: int, status: str) -> Json:
    """Return the data of PRESENCE_UPDATE."""
    devices = {} if status == "offline" else {"desktop": status}
    return {
        "guild_id": str(guild_id),
        "user": {"id": str(user_id)},
        "status": status,
        "activities": [],
        "client_status": devices,
    }


def serialize_member(member: SimMember, user: SimUser) -> Json:
    """Return the member object with its user."""
    return serialize_member_fields(member) | {"user": serialize_user(user)}


def serialize_role(role: SimRole) -> Json:
    """Return the role object."""
    return {
        "id": str(role.id),
        "name": role.name,
        "permissions": str(role.permissions),
        "position": role.position,
        "color": role.color,
        "colors": {"primary_color": role.color, "secondary_color": None, "tertiary_color": None},
        "hoist": False,
        "managed": role.managed,
        "mentionable": False,
        "icon": None,
        "unicode_emoji": None,
        "flags": 0,
    }


@lru_cache(maxsize=16_384)
def build_user_fragment(user: SimUser) -> orjson.Fragment:
    """Return `serialize_user` as a cached JSON fragment: an author has thousands of messages."""
    return orjson.Fragment(orjson.dumps(serialize_user(user)))


@lru_cache(maxsize=16_384)
def build_member_fragment(member: SimMember) -> orjson.Fragment:
    """Return `serialize_member_fields` as a cached JSON fragment."""
    return orjson.Fragment(orjson.dumps(serialize_member_fields(member)))
