"""Response schemas and serializers of `/api/me` and `/api/guilds`."""

from collections.abc import Sequence
from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from herwa_api import texts
from herwa_shared.auth.sessions import SessionUser
from herwa_shared.auth.user_guilds import UserGuildInfo
from herwa_shared.discord.endpoints import build_avatar_url, build_icon_url
from herwa_shared.services.api_key_authentication import Principal


class _ResponseModel(BaseModel):
    model_config = ConfigDict(extra="forbid")


class UserResponse(_ResponseModel):
    """A user who is logged in."""

    id: str = Field(examples=["235680515450626121"])
    name: str = Field(examples=["Ada"])
    avatar_url: str | None


class KeyResponse(_ResponseModel):
    """An API key."""

    guild_id: str = Field(description=texts.FIELDS["key_guild_id"], examples=["81384788765712384"])
    scopes: list[str] = Field(examples=[["members:read", "stats:read"]])
    is_test: bool = Field(description=texts.FIELDS["key_is_test"])


class IdentityResponse(_ResponseModel):
    """The caller: either `user` or `key` is set."""

    user: UserResponse | None
    key: KeyResponse | None


class GuildResponse(_ResponseModel):
    """A server."""

    id: str = Field(examples=["81384788765712384"])
    name: str = Field(examples=["Garden Club"])
    icon_url: str | None
    owner: bool = Field(description=texts.FIELDS["owner"])
    bot_is_in: bool = Field(description=texts.FIELDS["bot_is_in"])
    member_count: int = Field(description=texts.FIELDS["member_count"], examples=[1204])


class GuildListResponse(_ResponseModel):
    """Servers, sorted by name."""

    items: list[GuildResponse]


def serialize_user(user: SessionUser, cdn: str) -> dict[str, Any]:
    """Build the body of `/api/me` for a user. `cdn` is the base URL of Discord's images."""
    avatar = build_avatar_url(cdn, user.user_id, user.avatar)
    return {"user": {"id": str(user.user_id), "name": user.name, "avatar_url": avatar}, "key": None}


def serialize_key(principal: Principal) -> dict[str, Any]:
    """Build the body of `/api/me` for an API key."""
    key = {"guild_id": str(principal.guild_id), "scopes": sorted(principal.scopes), "is_test": principal.is_test}
    return {"user": None, "key": key}


def serialize_guilds(guilds: Sequence[UserGuildInfo], cdn: str) -> dict[str, Any]:
    """Build the body of `/api/guilds`. `cdn` is the base URL of Discord's images."""
    return {"items": [_serialize_guild(guild, cdn) for guild in guilds]}


def _serialize_guild(guild: UserGuildInfo, cdn: str) -> dict[str, Any]:
    return {
        "id": str(guild.id),
        "name": guild.name,
        "icon_url": build_icon_url(cdn, guild.id, guild.icon),
        "owner": guild.owner,
        "bot_is_in": guild.has_bot,
        "member_count": guild.member_count,
    }
