"""Announcements of operators to the servers of a tier or of all, with an end: on their pages and in the bot's /help.

They are part of the global policy, so every process knows them within a second and shows them without a query.
"""

from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col, select

from herwa_shared.clock import utc_now
from herwa_shared.errors import BadRequest, NotFound
from herwa_shared.models import AnnouncementRow
from herwa_shared.models.operations import MAX_ANNOUNCEMENT_LENGTH
from herwa_shared.operators.server_search import to_plain
from herwa_shared.operators.texts import ANNOUNCEMENT_ENDED, INVALID_ANNOUNCEMENT, INVALID_HOURS
from herwa_shared.policy_cache.notifications import publish_policy_change
from herwa_shared.services import audit
from herwa_shared.services.audit import Actor
from herwa_shared.services.periods import MAX_NAME_LENGTH
from herwa_shared.services.tiers import require_tier

MAX_HOURS = 24 * 90
MAX_LISTED = 50


@dataclass(frozen=True, slots=True)
class AnnouncementStatus:
    """An announcement to the servers of `tier`, or to all if it is None. It ends at `ends_at` or `ended_at`."""

    id: int
    text: str
    tier: str | None
    by: str
    starts_at: datetime
    ends_at: datetime
    ended_at: datetime | None

    def is_shown(self, now: datetime) -> bool:
        """Return whether it is shown at this time."""
        return self.ended_at is None and self.starts_at <= now < self.ends_at

    def to_json(self) -> dict[str, Any]:
        """Return a JSON-compatible dict."""
        plain: dict[str, Any] = to_plain(asdict(self))
        return plain


async def publish_announcement(session: AsyncSession, *, text: str, tier: str | None, hours: int, actor: Actor) -> int:
    """Publish an announcement from now for some hours; returns its id. Raises BadRequest, and NotFound for the tier."""
    cleaned = " ".join(text.split())
    if not 1 <= len(cleaned) <= MAX_ANNOUNCEMENT_LENGTH:
        raise BadRequest(INVALID_ANNOUNCEMENT, field="text")
    if not 1 <= hours <= MAX_HOURS:
        raise BadRequest(INVALID_HOURS, field="hours")
    if tier is not None:
        await require_tier(session, tier)
    now = utc_now()
    row = AnnouncementRow(
        text=cleaned,
        tier_key=tier,
        by=actor.name[:MAX_NAME_LENGTH],
        starts_at=now,
        ends_at=now + timedelta(hours=hours),
    )
    session.add(row)
    await session.flush()
    assert row.id is not None
    await publish_policy_change(session, guild_id=None)
    values = {"text": cleaned, "tier": tier, "ends": row.ends_at}
    await audit.record(
        session, actor, "announcement.publish", guild_id=None, target=str(row.id), before=None, after=values
    )
    return row.id


async def end_announcement(session: AsyncSession, *, announcement_id: int, actor: Actor) -> None:
    """End an announcement now. Raises NotFound, and BadRequest if it has ended."""
    row = await session.get(AnnouncementRow, announcement_id, with_for_update=True)
    if row is None:
        raise NotFound
    now = utc_now()
    if row.ended_at is not None or row.ends_at <= now:
        raise BadRequest(ANNOUNCEMENT_ENDED)
    row.ended_at = now
    await publish_policy_change(session, guild_id=None)
    await audit.record(session, actor, "announcement.end", guild_id=None, target=str(announcement_id))


async def list_announcements(session: AsyncSession) -> tuple[AnnouncementStatus, ...]:
    """List the newest announcements, also those that have ended."""
    rows = await session.scalars(select(AnnouncementRow).order_by(col(AnnouncementRow.id).desc()).limit(MAX_LISTED))
    return tuple(
        AnnouncementStatus(row.id or 0, row.text, row.tier_key, row.by, row.starts_at, row.ends_at, row.ended_at)
        for row in rows
    )
