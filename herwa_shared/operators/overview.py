"""The overview of this copy: the numbers of the last days, growth, and what changed in 24 hours."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col, select

from herwa_shared.clock import utc_now
from herwa_shared.models import OperatorDay
from herwa_shared.operators.audit import serialize_entry
from herwa_shared.operators.days import DAYS, GrowthSteps
from herwa_shared.services.audit import AuditFilter, AuditLogEntry, list_entries

RECENT = timedelta(hours=24)
MAX_ACTS = 10


@dataclass(frozen=True, slots=True)
class DayNumbers:
    """The numbers of one day (UTC). `servers` and `members` are None where they were not recorded."""

    day: date
    servers: int | None
    members: int | None
    events: int
    commands: int
    refused: int
    added: int
    removed: int


@dataclass(frozen=True, slots=True)
class PanelOverview:
    """The overview. `days` end with today; `acts` are those of operators in the last 24 hours, newest first.

    `refreshed_at` is when the numbers were counted; None before the first time.
    """

    days: tuple[DayNumbers, ...]
    tiers: Mapping[str, int]
    growth: tuple[GrowthSteps, ...]
    acts: tuple[AuditLogEntry, ...]
    refreshed_at: datetime | None

    @property
    def today(self) -> DayNumbers | None:
        """The numbers of the newest day."""
        return self.days[-1] if self.days else None

    def to_json(self) -> dict[str, Any]:
        """Return a JSON-compatible dict."""
        return {
            "refreshed_at": self.refreshed_at and self.refreshed_at.isoformat(),
            "days": [{**asdict(day), "day": day.day.isoformat()} for day in self.days],
            "tiers": dict(self.tiers),
            "growth": [asdict(steps) for steps in self.growth],
            "acts": [serialize_entry(entry) for entry in self.acts],
        }


async def load_overview(session: AsyncSession, *, now: datetime | None = None) -> PanelOverview:
    """Load the overview."""
    moment = now or utc_now()
    first_day = moment.astimezone(UTC).date() - timedelta(days=DAYS - 1)
    query = select(OperatorDay).where(col(OperatorDay.day) >= first_day).order_by(col(OperatorDay.day))
    rows = (await session.scalars(query)).all()
    newest = rows[-1] if rows else None
    acts = await list_entries(session, guild_id=None, limit=MAX_ACTS, matching=AuditFilter(since=moment - RECENT))
    return PanelOverview(
        tuple(
            DayNumbers(row.day, row.servers, row.members, row.events, row.commands, row.refused, row.added, row.removed)
            for row in rows
        ),
        (newest.tiers or {}) if newest else {},
        tuple(GrowthSteps(**steps) for steps in (newest.growth or [])) if newest else (),
        acts,
        newest.refreshed_at if newest else None,
    )
