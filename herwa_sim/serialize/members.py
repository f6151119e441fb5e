"""Users, members and roles."""

from functools import lru_cache

import orjson

from herwa_sim.entities import Json, Member, Role, User


def user_json(user: User) -> Json:
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


def self_json(user: User) -> Json:
    """The bot's own user, as `/users/@me` and READY show it."""
    return user_json(user) | {"mfa_enabled": True, "locale": "en-US", "verified": True, "email": None}


def member_part(member: Member) -> Json:
    """A member without its user, as messages carry it."""
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


def presence_json(guild_id: int, user_id: int, status: str) -> Json:
    """What is known in a guild of a user who is online, or no longer."""
    devices = {} if status == "offline" else {"desktop": status}
    return {
        "guild_id": str(guild_id),
        "user": {"id": str(user_id)},
        "status": status,
        "activities": [],
        "client_status": devices,
    }


def member_json(member: Member, user: User) -> Json:
    return member_part(member) | {"user": user_json(user)}


def role_json(role: Role) -> Json:
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
def user_fragment(user: User) -> orjson.Fragment:
    """`user_json`, ready to be put into a larger document: thousands of messages have the same author."""
    return orjson.Fragment(orjson.dumps(user_json(user)))


@lru_cache(maxsize=16_384)
def member_fragment(member: Member) -> orjson.Fragment:
    """`member_part`, ready to be put into a larger document."""
    return orjson.Fragment(orjson.dumps(member_part(member)))
