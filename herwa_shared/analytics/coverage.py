"""When somebody counted in a guild: what tells a silent hour from a gap."""

from bisect import bisect_right
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import Enum

from clickhouse_connect.driver.asyncclient import AsyncClient
from sqlalchemy import literal
from sqlmodel import col, select

from herwa_shared.analytics.metric_definitions import Measure
from herwa_shared.analytics.table_selection import array_of, rows_of
from herwa_shared.db import Database
from herwa_shared.models import CollectorRun, GuildStay, HistoryCoverage
from herwa_shared.models.columns import SNOWFLAKE

ALIVE_WITHIN = timedelta(seconds=30)
EVERY_HISTORY_HAS = "message"
MEMBERS_INTENT = 1 << 1  # Discord's bit: members who come and go
Span = tuple[datetime, datetime]
Begun = Mapping[tuple[str, Span], datetime]
"""By kind and stretch of history: its first hour with an event of that kind."""

FIRST_HOURS = """
SELECT /* analytics.coverage */ toString(kind), number, toUnixTimestamp(min(hour))
FROM activity_hourly
ARRAY JOIN
    {starts:Array(UInt32)} AS begin,
    {ends:Array(UInt32)} AS stop,
    arrayEnumerate({starts:Array(UInt32)}) AS number
WHERE guild_id = {guild:UInt64} AND kind IN {kinds:Array(String)}
  AND hour >= toStartOfHour(toDateTime(begin, 'UTC')) AND hour < toDateTime(stop, 'UTC')
GROUP BY kind, number
"""


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

    def share(self, start: datetime, end: datetime) -> float:
        """Which part of `[start, end)` lies in the spans: 0 to 1, and 0 of an empty stretch."""
        if start >= end:
            return 0
        inside = sum(
            ((min(end, late) - max(start, early)) for early, late in self.spans if early < end and start < late),
            timedelta(),
        )
        return inside / (end - start)


@dataclass(frozen=True, slots=True)
class Record:
    """Who counted in a guild around a stretch of time: collectors, those of them that saw members come and go, and
    what replays, imports and finished back-fills brought in.
    """

    listened: tuple[Span, ...]
    saw_members: tuple[Span, ...]
    history: tuple[Span, ...]

    def coverage(self, measure: Measure, begun: Begun) -> Coverage:
        """When this was counted.

        Messages by everyone. Whether a history brought anything else only its events can tell, so that it counts from
        the first of their kind, as `first_hours` found it: a history without voice says nothing about voice.
        """
        listened = self.saw_members if measure.needs_members else self.listened
        if measure.kind == EVERY_HISTORY_HAS:
            return Coverage.of((*listened, *self.history))
        counts = (stretch for stretch in self.history if (measure.kind, stretch) in begun)
        return Coverage.of((*listened, *((begun[measure.kind, stretch], stretch[1]) for stretch in counts)))


async def record_of(database: Database, guild_id: int, start: datetime, end: datetime, *, now: datetime) -> Record:
    """Who counted, as far as it touches `[start, end)`.

    A collector counts for a guild while it runs for its shard and the bot is in the guild; one seen within the last 30
    seconds is taken to run still.
    """
    shard = literal(guild_id >> 22, SNOWFLAKE) % col(CollectorRun.shard_count)
    async with database.transaction() as session:
        stays = (await session.execute(select(GuildStay).where(col(GuildStay.guild_id) == guild_id))).scalars().all()
        found = await session.execute(
            select(CollectorRun)
            .where(col(CollectorRun.shard_id) == shard)
            .where(col(CollectorRun.seen_at) >= start - ALIVE_WITHIN, col(CollectorRun.started_at) < end)
        )
        history = await session.execute(
            select(HistoryCoverage)
            .where(col(HistoryCoverage.guild_id) == guild_id)
            .where(col(HistoryCoverage.to_at) > start, col(HistoryCoverage.from_at) < end)
        )
        runs = found.scalars().all()
        return Record(
            tuple(listened_during(run, stay, now) for run in runs for stay in stays),
            tuple(listened_during(run, stay, now) for run in runs if run.intents & MEMBERS_INTENT for stay in stays),
            tuple((stretch.from_at, stretch.to_at) for stretch in history.scalars()),
        )


async def first_hours(clickhouse: AsyncClient, guild_id: int, kinds: Collection[str], record: Record) -> Begun:
    """In which hour each stretch of history has its first event of each of these kinds."""
    asked = [kind for kind in kinds if kind != EVERY_HISTORY_HAS]
    if not asked or not record.history:
        return {}
    starts, ends = (array_of(int(stretch[at].timestamp()) for stretch in record.history) for at in (0, 1))
    parameters = {"guild": guild_id, "kinds": asked, "starts": starts, "ends": ends}
    begun: dict[tuple[str, Span], datetime] = {}
    for kind, number, second in await rows_of(clickhouse, FIRST_HOURS, parameters):
        stretch = record.history[number - 1]
        begun[kind, stretch] = max(stretch[0], datetime.fromtimestamp(second, UTC))
    return begun


def listened_during(run: CollectorRun, stay: GuildStay, now: datetime) -> Span:
    """When a collector counted in a guild, the bot being there."""
    until = now if run.seen_at >= now - ALIVE_WITHIN else run.seen_at
    return max(run.started_at, stay.joined_at), min(until, stay.left_at or until)
