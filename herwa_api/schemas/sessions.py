"""Response schemas and serializers of `/api/sessions`."""

from collections.abc import Sequence
from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from herwa_api import texts
from herwa_shared.auth.sessions import SessionInfo


class _ResponseModel(BaseModel):
    model_config = ConfigDict(extra="forbid")


class SessionResponse(_ResponseModel):
    """A log-in of a browser."""

    id: str = Field(examples=["5f1d7a0c93b24e8f6a1b0c9d8e7f6a5b"])
    browser: str | None = Field(description=texts.FIELDS["session_browser"], examples=["Firefox on Windows"])
    created_at: str = Field(examples=["2025-03-01T09:00:00+00:00"])
    last_used_at: str = Field(description=texts.FIELDS["last_used_at"], examples=["2025-03-04T17:20:00+00:00"])
    ends_at: str = Field(description=texts.FIELDS["session_ends_at"], examples=["2025-04-03T17:20:00+00:00"])
    current: bool = Field(description=texts.FIELDS["session_current"])


class SessionListResponse(_ResponseModel):
    """The sessions of a user."""

    items: list[SessionResponse]


class EndedSessionsResponse(_ResponseModel):
    """How many sessions were ended."""

    ended: int = Field(examples=[2])


def serialize_sessions(sessions: Sequence[SessionInfo]) -> dict[str, Any]:
    """Build the body of the list of sessions."""
    return {"items": [_serialize_session(session) for session in sessions]}


def _serialize_session(session: SessionInfo) -> dict[str, Any]:
    return {
        "id": session.id,
        "browser": session.browser or None,
        "created_at": session.created_at.isoformat(),
        "last_used_at": session.seen_at.isoformat(),
        "ends_at": session.ends_at.isoformat(),
        "current": session.is_current,
    }
