"""Everything that an operator sees of one server."""

from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col, select

from herwa_shared.clock import utc_now
from herwa_shared.errors import NotFound
from herwa_shared.models import ApiKey, ApiKeyRequest, OperatorNote
from herwa_shared.operators.audit import serialize_entry
from herwa_shared.operators.server_search import FoundServer, find_server, to_plain
from herwa_shared.operators.texts import UNKNOWN_SERVER
from herwa_shared.operators.usage import LimitUsage, load_usage
from herwa_shared.services.api_keys import KeyStatus, list_keys
from herwa_shared.services.audit import AuditLogEntry, list_entries
from herwa_shared.services.grants import GrantStatus, list_grants
from herwa_shared.services.policies import load_global_policy
from herwa_shared.services.subscriptions import SubscriptionStatus, list_subscriptions

MAX_AUDIT_ENTRIES = 20
MAX_ERRORS = 20
MIN_ERROR_STATUS = 400


@dataclass(frozen=True, slots=True)
class RequestError:
    """A refused or failed request with one of the server's keys."""

    at: datetime
    endpoint: str
    status: int
    code: str


@dataclass(frozen=True, slots=True)
class NoteView:
    """A note of an operator."""

    id: int
    text: str
    by: str
    at: datetime


@dataclass(frozen=True, slots=True)
class ServerDetails:
    """One server. Lists are newest first."""

    server: FoundServer
    tier_title: str
    usage: tuple[LimitUsage, ...]
    subscriptions: tuple[SubscriptionStatus, ...]
    overrides: tuple[GrantStatus, ...]
    keys: tuple[KeyStatus, ...]
    errors: tuple[RequestError, ...]
    entries: tuple[AuditLogEntry, ...]
    notes: tuple[NoteView, ...]

    def to_json(self) -> dict[str, Any]:
        """Return a JSON-compatible dict."""
        return {
            **self.server.to_json(),
            "tier_title": self.tier_title,
            "usage": [to_plain(asdict(usage)) for usage in self.usage],
            "subscriptions": [to_plain(asdict(subscription)) for subscription in self.subscriptions],
            "overrides": [to_plain(asdict(override)) for override in self.overrides],
            "keys": [
                {"id": str(key.id), "name": key.name, "hint": key.hint, "last_used_at": to_plain(key.last_used_at)}
                for key in self.keys
            ],
            "errors": [to_plain(asdict(error)) for error in self.errors],
            "audit": [serialize_entry(entry) for entry in self.entries],
            "notes": [to_plain(asdict(note)) for note in self.notes],
        }


async def load_server_details(session: AsyncSession, *, guild_id: int, now: datetime | None = None) -> ServerDetails:
    """Load a server. Raises NotFound if the bot has never been in it."""
    moment = now or utc_now()
    server = await find_server(session, guild_id=guild_id, now=moment)
    if server is None:
        raise NotFound(UNKNOWN_SERVER)
    global_policy = await load_global_policy(session)
    return ServerDetails(
        server,
        global_policy.tiers[server.tier].title,
        await load_usage(session, guild_id=guild_id, now=moment),
        await list_subscriptions(session, guild_id=guild_id),
        await list_grants(session, guild_id=guild_id),
        await list_keys(session, guild_id=guild_id),
        await _list_errors(session, guild_id),
        await list_entries(session, guild_id=guild_id, limit=MAX_AUDIT_ENTRIES),
        await _list_notes(session, guild_id),
    )


async def _list_errors(session: AsyncSession, guild_id: int) -> tuple[RequestError, ...]:
    rows = await session.execute(
        select(ApiKeyRequest.at, ApiKeyRequest.endpoint, ApiKeyRequest.status, ApiKeyRequest.code)
        .join(ApiKey, col(ApiKey.id) == col(ApiKeyRequest.key_id))
        .where(col(ApiKey.guild_id) == guild_id, col(ApiKeyRequest.status) >= MIN_ERROR_STATUS)
        .order_by(col(ApiKeyRequest.at).desc())
        .limit(MAX_ERRORS)
    )
    return tuple(RequestError(*row) for row in rows)


async def _list_notes(session: AsyncSession, guild_id: int) -> tuple[NoteView, ...]:
    rows = await session.scalars(
        select(OperatorNote).where(col(OperatorNote.guild_id) == guild_id).order_by(col(OperatorNote.id).desc())
    )
    return tuple(NoteView(row.id or 0, row.text, row.by, row.at) for row in rows)
