"""Request bodies, response schemas and serializers of `/api/guilds/{guild_id}/keys`."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from herwa_api import texts
from herwa_shared.catalog import Scope
from herwa_shared.services.api_keys import (
    MAX_NAME_LENGTH,
    MAX_NETWORKS,
    MAX_ROTATION_OVERLAP,
    ROTATION_OVERLAP,
    KeyStatus,
    NewKey,
)

MAX_OVERLAP_HOURS = MAX_ROTATION_OVERLAP / timedelta(hours=1)


class CreateKeyBody(BaseModel):
    """A key to create."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str = Field(max_length=MAX_NAME_LENGTH, description=texts.FIELDS["key_name"], examples=["website"])
    scopes: list[Scope] = Field(min_length=1, description=texts.FIELDS["key_scopes"], examples=[["stats:read"]])
    expires_at: AwareDatetime | None = Field(None, description=texts.FIELDS["key_expires_at"])
    networks: list[str] = Field(
        [], max_length=MAX_NETWORKS, description=texts.FIELDS["key_networks"], examples=[["192.0.2.0/24"]]
    )


class RotateKeyBody(BaseModel):
    """How a key is replaced."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    overlap_hours: float = Field(
        ROTATION_OVERLAP / timedelta(hours=1), ge=0, le=MAX_OVERLAP_HOURS, description=texts.FIELDS["overlap_hours"]
    )

    @property
    def overlap(self) -> timedelta:
        """The time for which the old key stays valid."""
        return timedelta(hours=self.overlap_hours)


class ApiKeyResponse(BaseModel):
    """An API key, without its secret."""

    id: str = Field(examples=["7"])
    name: str = Field(description=texts.FIELDS["key_name"], examples=["website"])
    hint: str = Field(description=texts.FIELDS["key_hint"], examples=["x1Yz"])
    scopes: list[str] = Field(description=texts.FIELDS["key_scopes"], examples=[["stats:read"]])
    networks: list[str] = Field(description=texts.FIELDS["key_networks"])
    status: Literal["valid", "expired", "replaced", "revoked", "bot_left"]
    created_at: str = Field(examples=["2025-03-01T09:00:00+00:00"])
    expires_at: str | None = Field(description=texts.FIELDS["key_expires_at"])
    last_used_at: str | None = Field(description=texts.FIELDS["key_last_used_at"])
    successor_id: str | None = Field(description=texts.FIELDS["key_successor_id"])


class ApiKeyListResponse(BaseModel):
    """The keys of a server, newest first."""

    items: list[ApiKeyResponse]


class NewKeyResponse(BaseModel):
    """A key that was just created."""

    key: str = Field(description=texts.FIELDS["key_secret"], examples=["sk_live_hw_…"])
    details: ApiKeyResponse


def serialize_keys(keys: Sequence[KeyStatus], now: datetime) -> dict[str, Any]:
    """Build the body of a list of keys."""
    return {"items": [serialize_key_status(key, now) for key in keys]}


def serialize_new_key(new_key: NewKey, now: datetime) -> dict[str, Any]:
    """Build the body of a new key: the only response that contains the key itself."""
    return {"key": new_key.secret, "details": serialize_key_status(new_key.status, now)}


def serialize_key_status(key: KeyStatus, now: datetime) -> dict[str, Any]:
    """Build the body of one key."""
    return {
        "id": str(key.id),
        "name": key.name,
        "hint": key.hint,
        "scopes": sorted(key.scopes),
        "networks": list(key.networks),
        "status": _get_status(key, now),
        "created_at": key.created_at.isoformat(),
        "expires_at": _format_time(key.expires_at),
        "last_used_at": _format_time(key.last_used_at),
        "successor_id": None if key.successor_id is None else str(key.successor_id),
    }


def _get_status(key: KeyStatus, now: datetime) -> str:
    if key.end_reason is not None:
        return key.end_reason
    if key.is_valid(now):
        return "valid"
    return "expired" if key.successor_id is None else "replaced"


def _format_time(time: datetime | None) -> str | None:
    return None if time is None else time.isoformat()
