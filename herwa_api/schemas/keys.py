"""Request bodies, response schemas and serializers of `/api/guilds/{guild_id}/keys`."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, StrictBool

from herwa_api import texts
from herwa_shared.catalog import Scope
from herwa_shared.services.api_key_usage import USAGE_RETENTION, KeyRequest, KeyUsage
from herwa_shared.services.api_keys import (
    MAX_NAME_LENGTH,
    MAX_NETWORKS,
    MAX_ROTATION_OVERLAP,
    ROTATION_OVERLAP,
    KeyState,
    KeyStatus,
    NewKey,
)

MAX_OVERLAP_HOURS = MAX_ROTATION_OVERLAP / timedelta(hours=1)


class CreateKeyBody(BaseModel):
    """A key to create."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str = Field(max_length=MAX_NAME_LENGTH, description=texts.FIELDS["key_name"], examples=["website"])
    scopes: list[Scope] = Field(min_length=1, description=texts.FIELDS["key_scopes"], examples=[["stats:read"]])
    is_test: StrictBool = Field(default=False, description=texts.FIELDS["key_is_test"])
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
    is_test: bool = Field(description=texts.FIELDS["key_is_test"])
    scopes: list[str] = Field(description=texts.FIELDS["key_scopes"], examples=[["stats:read"]])
    networks: list[str] = Field(description=texts.FIELDS["key_networks"])
    status: KeyState
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


class KeyUsageQuery(BaseModel):
    """The query string of `…/usage`."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    days: int = Field(30, ge=1, le=USAGE_RETENTION.days, description=texts.PARAMETERS["usage_days"])


class EndpointUsageResponse(BaseModel):
    """Requests of one day at one endpoint."""

    date: str = Field(examples=["2025-03-01"])
    method: str | None = Field(description=texts.FIELDS["endpoint_method"], examples=["GET"])
    route: str | None = Field(description=texts.FIELDS["endpoint_route"], examples=["/api/guilds/{guild_id}/stats"])
    requests: int
    client_errors: int = Field(description=texts.FIELDS["client_errors"])
    server_errors: int = Field(description=texts.FIELDS["server_errors"])
    average_ms: float


class ErrorGroupResponse(BaseModel):
    """Equal errors of one endpoint."""

    method: str | None = Field(description=texts.FIELDS["endpoint_method"], examples=["GET"])
    route: str | None = Field(description=texts.FIELDS["endpoint_route"], examples=["/api/guilds/{guild_id}/stats"])
    status: int = Field(examples=[429])
    code: str = Field(description=texts.FIELDS["problem_code"], examples=["too_many_requests"])
    requests: int
    last_date: str = Field(examples=["2025-03-01"])


class KeyUsageResponse(BaseModel):
    """The use of a key: newest days and most frequent errors first."""

    first_date: str = Field(examples=["2025-02-01"])
    last_date: str = Field(examples=["2025-03-01"])
    requests: int
    items: list[EndpointUsageResponse]
    errors: list[ErrorGroupResponse]


class KeyRequestResponse(BaseModel):
    """A request with a key."""

    at: str = Field(examples=["2025-03-01T09:00:00+00:00"])
    method: str | None = Field(description=texts.FIELDS["endpoint_method"], examples=["GET"])
    route: str | None = Field(description=texts.FIELDS["endpoint_route"], examples=["/api/guilds/{guild_id}/stats"])
    status: int = Field(examples=[200])
    code: str | None = Field(description=texts.FIELDS["problem_code"])
    ms: int
    request_id: str = Field(description=texts.FIELDS["request_id"])


class KeyRequestListResponse(BaseModel):
    """The last requests with a key, newest first."""

    items: list[KeyRequestResponse]


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
        "is_test": key.is_test,
        "scopes": sorted(key.scopes),
        "networks": list(key.networks),
        "status": key.get_state(now),
        "created_at": key.created_at.isoformat(),
        "expires_at": _format_time(key.expires_at),
        "last_used_at": _format_time(key.last_used_at),
        "successor_id": None if key.successor_id is None else str(key.successor_id),
    }


def serialize_usage(usage: KeyUsage) -> dict[str, Any]:
    """Build the body of the use of a key. Days are those of UTC."""
    return {
        "first_date": usage.first_day.isoformat(),
        "last_date": usage.last_day.isoformat(),
        "requests": usage.requests,
        "items": [
            {
                "date": row.day.isoformat(),
                **_serialize_endpoint(row.endpoint),
                "requests": row.requests,
                "client_errors": row.client_errors,
                "server_errors": row.server_errors,
                "average_ms": round(row.average_milliseconds, 1),
            }
            for row in usage.endpoints
        ],
        "errors": [
            {
                **_serialize_endpoint(group.endpoint),
                "status": group.status,
                "code": group.code,
                "requests": group.requests,
                "last_date": group.last_day.isoformat(),
            }
            for group in usage.errors
        ],
    }


def serialize_requests(requests: Sequence[KeyRequest]) -> dict[str, Any]:
    """Build the body of the last requests with a key."""
    items = [
        {
            "at": request.at.isoformat(),
            **_serialize_endpoint(request.endpoint),
            "status": request.status,
            "code": request.code or None,
            "ms": request.milliseconds,
            "request_id": request.request_id,
        }
        for request in requests
    ]
    return {"items": items}


def _serialize_endpoint(endpoint: str) -> dict[str, str | None]:
    method, _, route = endpoint.partition(" ")
    return {"method": method or None, "route": route or None}


def _format_time(time: datetime | None) -> str | None:
    return None if time is None else time.isoformat()
