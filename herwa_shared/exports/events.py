"""Events of exports: ready or failed. Notices on pages and direct messages are made from them, and programs list them.

An event is stored in the transaction that finishes the export, so that none is lost. Decision: docs/decisions/0031.
"""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import asyncpg
from sqlalchemy import RowMapping, text, update
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col, select

from herwa_shared.models import ExportEvent, ExportJob
from herwa_shared.models.exports import ExportEventType
from herwa_shared.services.api_keys import build_rotations_query
from herwa_shared.services.message_subscribers import MessageTopic

NOTICE_LIFETIME = timedelta(days=7)
MESSAGE_LIFETIME = timedelta(hours=1)
"""No direct message is sent later, for example if the bot was not running; the notice on pages remains."""
MAX_MESSAGES_PER_DAY = 10
"""Direct messages about exports to one person in one guild. The notice counts the others."""
MAX_CANDIDATES = 200

# Until the commit: ids rise in the order of commits, so that no program that reads on after an id misses an event.
EVENT_LOCK_ID = 0x4558504F5254  # "EXPORT" in ASCII
LOCK_SQL = "SELECT pg_advisory_xact_lock($1)"
# An export that is written again for a choice of a member is ready twice, which is one event.
RECORD_SQL = """
INSERT INTO export_event (guild_id, export_id, type, occurred_at)
SELECT guild_id, id, 'export.' || state, now() FROM export_job WHERE id = $1
ON CONFLICT (export_id, type) DO NOTHING
"""
# Only events of which the export still has the state, and which happened after the messages were switched on.
CANDIDATES_SQL = """
SELECT event.id, event.type, event.guild_id, guild.name, job.created_by_user, job.error, job.expires_at, (
    SELECT count(*) FROM export_event AS sent JOIN export_job AS sent_job ON sent_job.id = sent.export_id
    WHERE sent.guild_id = event.guild_id AND sent.messaged_at > now() - interval '1 day'
        AND sent_job.created_by_user = job.created_by_user
) AS sent_count
FROM export_event AS event
JOIN export_job AS job ON job.id = event.export_id AND event.type = 'export.' || job.state
JOIN guild ON guild.id = event.guild_id
JOIN message_subscriber AS subscriber ON subscriber.guild_id = event.guild_id AND subscriber.topic = :topic
    AND subscriber.user_id = job.created_by_user AND subscriber.since <= event.occurred_at
WHERE event.messaged_at IS NULL AND event.occurred_at > now() - cast(:lifetime AS interval)
ORDER BY event.id LIMIT :limit FOR UPDATE OF event SKIP LOCKED
"""


@dataclass(frozen=True, slots=True)
class ExportNotice:
    """How many exports of a person have become ready or failed since they opened the page Exports."""

    ready: int = 0
    failed: int = 0


@dataclass(frozen=True, slots=True)
class ExportMessage:
    """A direct message about an export. `error` is set if it has failed, else `expires_at`."""

    guild_id: int
    guild_name: str
    user_id: int
    error: str | None
    expires_at: datetime | None


@dataclass(frozen=True, slots=True)
class ListedExportEvent:
    """An export became ready or failed, as programs see it. What else they need, they read from the export."""

    id: int
    type: str
    occurred_at: datetime
    export_id: int

    def to_json(self) -> dict[str, Any]:
        """Return a JSON-compatible dict."""
        return {
            "id": str(self.id),
            "type": self.type,
            "occurred_at": self.occurred_at.isoformat(),
            "export_id": str(self.export_id),
        }


async def record_event(connection: asyncpg.Connection, export_id: int) -> None:
    """Record that an export is ready or has failed, in the transaction of the caller, who has set its state."""
    await connection.execute(LOCK_SQL, EVENT_LOCK_ID)
    await connection.execute(RECORD_SQL, export_id)


async def list_events(
    session: AsyncSession, *, guild_id: int, after_id: int, limit: int, key_id: int | None = None
) -> Sequence[ListedExportEvent]:
    """List events of a guild, oldest first: those after `after_id`, of exports of an API key and its rotations."""
    query = select(ExportEvent).where(col(ExportEvent.guild_id) == guild_id, col(ExportEvent.id) > after_id)
    if key_id is not None:
        creator = col(ExportJob.created_by_key).in_(build_rotations_query(guild_id, key_id))
        query = query.join(ExportJob, col(ExportJob.id) == col(ExportEvent.export_id)).where(creator)
    rows = await session.scalars(query.order_by(col(ExportEvent.id)).limit(limit))
    return [ListedExportEvent(row.id or 0, row.type, row.occurred_at, row.export_id) for row in rows]


async def load_notices(session: AsyncSession, *, guild_id: int, now: datetime) -> Mapping[int, ExportNotice]:
    """Load the notices of a guild by user."""
    query = (
        select(ExportJob.created_by_user, ExportEvent.type)
        .join(ExportEvent, col(ExportEvent.export_id) == col(ExportJob.id))
        .where(
            col(ExportEvent.guild_id) == guild_id,
            col(ExportEvent.seen_at).is_(None),
            col(ExportEvent.occurred_at) > now - NOTICE_LIFETIME,
            col(ExportEvent.type) == "export." + col(ExportJob.state),
        )
    )
    counts = Counter((row[0], row[1]) for row in await session.execute(query) if row[0] is not None)
    return {
        user_id: ExportNotice(counts[user_id, ExportEventType.READY], counts[user_id, ExportEventType.FAILED])
        for user_id, _ in counts
    }


async def mark_seen(session: AsyncSession, *, guild_id: int, user_id: int, now: datetime) -> None:
    """Record that a person sees the state of their exports."""
    own = select(ExportJob.id).where(col(ExportJob.guild_id) == guild_id, col(ExportJob.created_by_user) == user_id)
    await session.execute(
        update(ExportEvent)
        .where(
            col(ExportEvent.guild_id) == guild_id,
            col(ExportEvent.seen_at).is_(None),
            col(ExportEvent.export_id).in_(own),
        )
        .values(seen_at=now)
    )


async def claim_messages(session: AsyncSession, *, has_guild: Callable[[int], bool]) -> tuple[ExportMessage, ...]:
    """Claim direct messages to people who switched them on, in guilds of this process (`has_guild`).

    Each is claimed by one process before it is sent, so it is sent at most once.
    """
    parameters = {"topic": MessageTopic.EXPORTS.value, "lifetime": MESSAGE_LIFETIME, "limit": MAX_CANDIDATES}
    rows = (await session.execute(text(CANDIDATES_SQL), parameters)).mappings().all()
    claimed: dict[int, ExportMessage] = {}
    sent: Counter[tuple[int, int]] = Counter()
    for row in rows:
        person = (row["guild_id"], row["created_by_user"])
        if has_guild(row["guild_id"]) and row["sent_count"] + sent[person] < MAX_MESSAGES_PER_DAY:
            sent[person] += 1
            claimed[row["id"]] = _build_message(row)
    if claimed:
        await session.execute(
            update(ExportEvent).where(col(ExportEvent.id).in_(claimed)).values(messaged_at=text("now()"))
        )
    return tuple(claimed.values())


def _build_message(row: RowMapping) -> ExportMessage:
    return ExportMessage(row["guild_id"], row["name"], row["created_by_user"], row["error"], row["expires_at"])
