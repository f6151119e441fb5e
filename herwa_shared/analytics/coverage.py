"""When somebody counted in a guild: what tells a silent hour from a gap."""

from bisect import bisect_right
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import Enum

from sqlalchemy import literal
from sqlmodel import col, select

from herwa_shared.db import Database
from herwa_shared.models import CollectorRun, GuildStay, HistoryCoverage
from herwa_shared.models.columns import SNOWFLAKE

ALIVE_WITHIN = timedelta(seconds=30)
Span = tuple[datetime, datetime]


class Covered(Enum):
    """How much of a stretch of time was counted."""

    NOT = "not"
    PARTLY = "partly"
    WHOLLY = "wholly"


@dataclass(frozen=True, slots=True)
class Coverage:
    """Spans of time, apart from each other and in order."""

    spans: tuple[Span, ...]

    @classmethod
    def of(cls, spans: Iterable[Span]) -> "Coverage":
        """The union of these; empty and reversed ones are none."""
        united: list[Span] = []
        for start, end in sorted(span for span in spans if span[0] < span[1]):
            if united and start <= united[-1][1]:
                united[-1] = (united[-1][0], max(end, united[-1][1]))
            else:
                united.append((start, end))
        return cls(tuple(united))

    def over(self, start: datetime, end: datetime) -> Covered:
        """How much of `[start, end)` lies in the spans; nothing of an empty stretch does."""
        at = bisect_right(self.spans, start, key=lambda span: span[1])
        if start >= end or at == len(self.spans) or self.spans[at][0] >= end:
            return Covered.NOT
        return Covered.WHOLLY if self.spans[at][0] <= start and end <= self.spans[at][1] else Covered.PARTLY


async def coverage_of(database: Database, guild_id: int, start: datetime, end: datetime, *, now: datetime) -> Coverage:
    """When this guild was counted, as far as it touches `[start, end)`.

    That is while a collector of its shard ran and the bot was in the guild, and what replays, imports and finished
    back-fills brought in. A collector seen within the last 30 seconds is taken to run still.
    """
    shard = literal(guild_id >> 22, SNOWFLAKE) % col(CollectorRun.shard_count)
    async with database.transaction() as session:
        stays = (await session.execute(select(GuildStay).where(col(GuildStay.guild_id) == guild_id))).scalars().all()
        runs = await session.execute(
            select(CollectorRun)
            .where(col(CollectorRun.shard_id) == shard)
            .where(col(CollectorRun.seen_at) >= start - ALIVE_WITHIN, col(CollectorRun.started_at) < end)
        )
        history = await session.execute(
            select(HistoryCoverage)
            .where(col(HistoryCoverage.guild_id) == guild_id)
            .where(col(HistoryCoverage.to_at) > start, col(HistoryCoverage.from_at) < end)
        )
        spans: list[Span] = [(stretch.from_at, stretch.to_at) for stretch in history.scalars()]
        spans += (_listened(run, stay, now) for run in runs.scalars() for stay in stays)
        return Coverage.of(spans)


def _listened(run: CollectorRun, stay: GuildStay, now: datetime) -> Span:
    until = now if run.seen_at >= now - ALIVE_WITHIN else run.seen_at
    return max(run.started_at, stay.joined_at), min(until, stay.left_at or until)
