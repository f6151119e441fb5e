"""The operators' audit log: every act of an operator, also those that a server's own log records."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession

from herwa_shared.auth.operators import Operator
from herwa_shared.services import audit
from herwa_shared.services.audit import Actor, AuditLogEntry, ChangeSource

ENTRIES_PER_PAGE = 50


def build_operator_actor(operator: Operator, via: ChangeSource) -> Actor:
    """Build the author of an operator's changes for audit logs."""
    return Actor(via, operator.user_id, operator.name)


async def record_server_act(
    session: AsyncSession,
    actor: Actor,
    action: str,
    *,
    guild_id: int,
    values: Mapping[str, Any],
    reason: str = "",
) -> int:
    """Record an act about a server in the operators' log; returns the id of the entry.

    Lock order: the chain of the server is locked before that of the operators, by every caller.
    """
    return await audit.record(session, actor, action, guild_id=None, target=str(guild_id), after=values, reason=reason)


async def list_operator_entries(session: AsyncSession, *, before: int | None = None) -> tuple[AuditLogEntry, ...]:
    """List a page of the operators' log, newest first. `before` is the number of the last entry of the page before."""
    return await audit.list_entries(session, guild_id=None, limit=ENTRIES_PER_PAGE, before=before)


def serialize_entry(entry: AuditLogEntry) -> dict[str, Any]:
    """Return an entry as a JSON-compatible dict."""
    return {
        "number": entry.number,
        "at": entry.at.isoformat(),
        "by": entry.actor.name,
        "via": str(entry.actor.via),
        "action": entry.action,
        "target": entry.target,
        "before": entry.before,
        "after": entry.after,
        "reason": entry.reason,
    }
