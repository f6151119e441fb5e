"""Record the periods in which the joins of a guild are read from join messages."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col, select

from herwa_shared.models import JoinMessagePeriod

SAVE_SQL = text("""
INSERT INTO join_message_period (guild_id, from_at, to_at)
SELECT period.* FROM unnest(
    CAST(:guild_ids AS bigint[]), CAST(:starts AS timestamptz[]), CAST(:ends AS timestamptz[])
) AS period (guild_id, from_at, to_at)
JOIN guild ON guild.id = period.guild_id
ON CONFLICT (guild_id, from_at) DO UPDATE SET to_at = excluded.to_at
""")


@dataclass(frozen=True, slots=True)
class JoinMessagePeriodRecord:
    """A period of a guild; `to_at` is None while it lasts."""

    guild_id: int
    from_at: datetime
    to_at: datetime | None = None


async def save_join_message_periods(session: AsyncSession, periods: Collection[JoinMessagePeriodRecord]) -> None:
    """Insert periods, or update their ends. Of equal periods the last counts; those of unknown guilds are ignored."""
    changed_periods = {(period.guild_id, period.from_at): period for period in periods}.values()
    parameters = {
        "guild_ids": [period.guild_id for period in changed_periods],
        "starts": [period.from_at for period in changed_periods],
        "ends": [period.to_at for period in changed_periods],
    }
    await session.execute(SAVE_SQL, parameters)


async def load_open_join_message_periods(session: AsyncSession) -> list[JoinMessagePeriodRecord]:
    """Load the periods that had not ended when the last collector wrote."""
    result = await session.execute(select(JoinMessagePeriod).where(col(JoinMessagePeriod.to_at).is_(None)))
    return [JoinMessagePeriodRecord(period.guild_id, period.from_at) for period in result.scalars()]
