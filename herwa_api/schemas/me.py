"""Of `/api/me` and `/api/guilds`: what is answered, and how it is built."""

from collections.abc import Sequence
from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from herwa_shared.auth.sessions import Viewer
from herwa_shared.auth.user_guilds import OwnGuild
from herwa_shared.discord.endpoints import avatar_url, icon_url
from herwa_shared.services.api_keys import Principal


class _Answer(BaseModel):
    model_config = ConfigDict(extra="forbid")


class UserAnswer(_Answer):
    """A person who is logged in."""

    id: str = Field(examples=["235680515450626121"])
    name: str = Field(examples=["Ada"])
    avatar_url: str | None


class KeyAnswer(_Answer):
    """A key."""

    guild_id: str = Field(description="The one server that it reads", examples=["81384788765712384"])
    scopes: list[str] = Field(examples=[["members:read", "stats:read"]])


class Me(_Answer):
    """Who is asking: one of the two."""

    user: UserAnswer | None
    key: KeyAnswer | None


class GuildAnswer(_Answer):
    """A server."""

    id: str = Field(examples=["81384788765712384"])
    name: str = Field(examples=["Garden Club"])
    icon_url: str | None
    owner: bool = Field(description="The asker owns it")
    bot_is_in: bool = Field(description="Only then is it counted")
    member_count: int = Field(description="0 where Discord does not tell", examples=[1204])


class Guilds(_Answer):
    """By name."""

    items: list[GuildAnswer]


def user_body(viewer: Viewer, cdn: str) -> dict[str, Any]:
    """Of a person."""
    avatar = avatar_url(cdn, viewer.user_id, viewer.avatar)
    return {"user": {"id": str(viewer.user_id), "name": viewer.name, "avatar_url": avatar}, "key": None}


def key_body(principal: Principal) -> dict[str, Any]:
    """Of a key."""
    return {"user": None, "key": {"guild_id": str(principal.guild_id), "scopes": sorted(principal.scopes)}}


def guilds_body(guilds: Sequence[OwnGuild], cdn: str) -> dict[str, Any]:
    """Of servers."""
    return {"items": [_guild_body(guild, cdn) for guild in guilds]}


def _guild_body(guild: OwnGuild, cdn: str) -> dict[str, Any]:
    return {
        "id": str(guild.id),
        "name": guild.name,
        "icon_url": icon_url(cdn, guild.id, guild.icon),
        "owner": guild.owner,
        "bot_is_in": guild.bot_is_in,
        "member_count": guild.member_count,
    }
