"""Response schema and serializer of `/api/guilds/{guild_id}`."""

from datetime import datetime
from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from herwa_api import texts
from herwa_shared.catalog import Limit
from herwa_shared.discord.endpoints import build_icon_url
from herwa_shared.guardrail.policy import Entitlement
from herwa_shared.services.channels import GuildInfo


class GuildDetailResponse(BaseModel):
    """A server with its tier."""

    model_config = ConfigDict(extra="forbid")

    id: str = Field(examples=["81384788765712384"])
    name: str = Field(examples=["Garden Club"])
    icon_url: str | None
    member_count: int = Field(description=texts.FIELDS["member_count"], examples=[1204])
    timezone: str = Field(description=texts.FIELDS["guild_timezone"], examples=["Asia/Tokyo"])
    joined_at: datetime = Field(description=texts.FIELDS["joined_at"], examples=["2024-05-01T09:00:00+00:00"])
    tier: str = Field(examples=["free"])
    limits: dict[Limit, int | None] = Field(
        description=texts.FIELDS["limits"], examples=[{"history_days": 90, "requests_a_minute": 100}]
    )


def serialize_guild_details(guild_id: int, guild: GuildInfo, entitlement: Entitlement, cdn: str) -> dict[str, Any]:
    """Build the body. `cdn` is the base URL of Discord's images."""
    return {
        "id": str(guild_id),
        "name": guild.name,
        "icon_url": build_icon_url(cdn, guild_id, guild.icon),
        "member_count": guild.member_count,
        "timezone": guild.zone.key,
        "joined_at": guild.joined_at.isoformat(),
        "tier": entitlement.tier,
        "limits": {str(limit): value for limit, value in entitlement.limits.items()},
    }
