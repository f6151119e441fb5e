"""Coverage: the periods in which events of a guild were recorded.

It distinguishes a silent hour from a gap.
"""

from bisect import bisect_right
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from enum import Enum
from operator import itemgetter

import asyncpg
from clickhouse_connect.driver.asyncclient import AsyncClient

from herwa_shared.analytics.collection_rows import (
    CollectionRows,
    GatewaySessionRow,
    ImportRow,
    MembershipRow,
    load_collection_rows,
)
from herwa_shared.analytics.demo_activity import HISTORY
from herwa_shared.analytics.metric_definitions import MetricDefinition
from herwa_shared.analytics.table_selection import fetch_rows, format_array
from herwa_shared.db import Database
from herwa_shared.demo_guild import DEMO_GUILD_ID
from herwa_shared.models import GatewaySession, GuildMembership
from herwa_shared.models.collection import BACKFILL_SOURCE, CATCH_UP_SOURCE

GATEWAY_LIVENESS_TIMEOUT = timedelta(seconds=30)
ALWAYS_IMPORTED_KIND = "message"
JOIN_KIND = "join"
FETCHED_SOURCES = (CATCH_UP_SOURCE, BACKFILL_SOURCE)
MEMBERS_INTENT = 1 << 1  # bit of Discord's gateway intent GUILD_MEMBERS: joins and leaves
Period = tuple[datetime, datetime]
FirstHours = Mapping[tuple[str, Period], datetime]
"""The first hour with an event, by event kind and imported period."""

FIRST_HOURS_SQL = """
SELECT /* analytics.coverage */ kind_name, number, toUnixTimestamp(min(hour))
FROM (
    SELECT guild_id, toString(kind) AS kind_name, hour FROM activity_hourly
    WHERE guild_id = {guild:UInt64} AND kind IN {kinds:Array(String)}
    UNION ALL
    SELECT guild_id, toString(kind), hour FROM sample_hourly
    WHERE guild_id = {guild:UInt64} AND toString(kind) IN {kinds:Array(String)}
)
ARRAY JOIN
    {starts:Array(UInt32)} AS begin,
    {ends:Array(UInt32)} AS stop,
    arrayEnumerate({starts:Array(UInt32)}) AS number
WHERE guild_id = {guild:UInt64}
  AND hour >= toStartOfHour(toDateTime(begin, 'UTC')) AND hour < toDateTime(stop, 'UTC')
GROUP BY kind_name, number
"""


class CoverageLevel(Enum):
    """How much of a period is covered by data."""

    NONE = "none"
    PARTIAL = "partial"
    FULL = "full"


_get_end = itemgetter(1)


@dataclass(frozen=True, slots=True)
class Coverage:
    """Covered periods: disjoint, not adjacent, in order."""

    periods: tuple[Period, ...]

    @classmethod
    def from_periods(cls, periods: Iterable[Period]) -> "Coverage":
        """Build the union of periods; empty and reversed periods are ignored."""
        merged: list[Period] = []
        for start, end in sorted(period for period in periods if period[0] < period[1]):
            if merged and start <= merged[-1][1]:
                merged[-1] = (merged[-1][0], max(end, merged[-1][1]))
            else:
                merged.append((start, end))
        return cls(tuple(merged))

    def get_level(self, start: datetime, end: datetime) -> CoverageLevel:
        """Return how much of `[start, end)` is covered; NONE for an empty period."""
        index = bisect_right(self.periods, start, key=_get_end)
        if start >= end or index == len(self.periods) or self.periods[index][0] >= end:
            return CoverageLevel.NONE
        return (
            CoverageLevel.FULL
            if self.periods[index][0] <= start and end <= self.periods[index][1]
            else CoverageLevel.PARTIAL
        )

    def get_share(self, start: datetime, end: datetime) -> float:
        """Return the covered share of `[start, end)`, from 0 to 1; 0 for an empty period."""
        if start >= end:
            return 0
        first = bisect_right(self.periods, start, key=_get_end)
        # Performance: nearly all intervals are covered entirely, or not at all.
        if first == len(self.periods) or self.periods[first][0] >= end:
            return 0
        if self.periods[first][0] <= start and end <= self.periods[first][1]:
            return 1
        overlap = timedelta()
        for index in range(first, len(self.periods)):
            period_start, period_end = self.periods[index]
            if period_start >= end:
                break
            overlap += min(end, period_end) - max(start, period_start)
        return overlap / (end - start)

    def find_start(self, moment: datetime) -> datetime:
        """Return the start of the covered period that contains `moment`; `moment` itself if none does."""
        index = bisect_right(self.periods, moment, key=_get_end)
        return min(moment, self.periods[index][0]) if index < len(self.periods) else moment

    def find_end(self, moment: datetime) -> datetime:
        """Return the end of the covered period that contains `moment`; `moment` itself if none does."""
        index = bisect_right(self.periods, moment, key=_get_end)
        is_covered = index < len(self.periods) and self.periods[index][0] <= moment
        return self.periods[index][1] if is_covered else moment

    def intersect(self, periods: Iterable[Period]) -> "Coverage":
        """Build the covered parts of `periods`."""
        return Coverage.from_periods(
            (max(start, own_start), min(end, own_end)) for start, end in periods for own_start, own_end in self.periods
        )

    def subtract(self, periods: Iterable[Period]) -> "Coverage":
        """Build the covered periods without those of `periods`."""
        remaining = list(self.periods)
        for gap_start, gap_end in Coverage.from_periods(periods).periods:
            parts = ((start, min(end, gap_start)) for start, end in remaining)
            rests = ((max(start, gap_end), end) for start, end in remaining)
            remaining = sorted(part for part in (*parts, *rests) if part[0] < part[1])
        return Coverage(tuple(remaining))


@dataclass(frozen=True, slots=True)
class CollectionRecord:
    """The periods in which data of a guild was recorded, by source.

    `collected_periods`: a collector was running. `member_event_periods`: a collector with Discord's members intent was
    running. `gaps`: it received no events of this guild or channel; the messages of `filled_gaps` and
    `caught_up_periods`, after a break or before the bot was added, were fetched afterwards. `imported_periods`: filled
    by replays and imports. `periods_by_kind`: filled by imports that state which event kinds they carry.
    `join_message_periods`: a running collector without the members intent read joins from join messages.
    """

    collected_periods: tuple[Period, ...]
    member_event_periods: tuple[Period, ...]
    gaps: tuple[Period, ...]
    filled_gaps: tuple[Period, ...]
    caught_up_periods: tuple[Period, ...]
    imported_periods: tuple[Period, ...]
    periods_by_kind: Mapping[str, tuple[Period, ...]] = field(default_factory=dict)
    join_message_periods: tuple[Period, ...] = ()

    def build_coverage(self, definition: MetricDefinition, first_hour_by_kind: FirstHours) -> Coverage:
        """Build the coverage of one metric, see `build_kind_coverage`."""
        return self.build_kind_coverage(definition.kind, first_hour_by_kind, needs_members=definition.needs_members)

    def build_kind_coverage(self, kind: str, first_hour_by_kind: FirstHours, *, needs_members: bool) -> Coverage:
        """Build the coverage of one event kind.

        Every source covers messages. Whether an imported period that does not state its kinds contains other kinds is
        known only from its events, so it covers another kind from its first event of that kind (see
        `load_first_hours`): an import without voice events does not cover voice.
        """
        collected = Coverage.from_periods(self.collected_periods)
        if needs_members:
            joins = collected.intersect(self.join_message_periods).periods if kind == JOIN_KIND else ()
            collected = Coverage.from_periods((*self.member_event_periods, *joins))
        collected = collected.subtract(self.gaps)
        stated_periods = self.periods_by_kind.get(kind, ())
        if kind == ALWAYS_IMPORTED_KIND:
            return Coverage.from_periods(
                (*collected.periods, *self.caught_up_periods, *self.imported_periods, *stated_periods)
            )
        collected = collected.subtract(self.filled_gaps)
        imported = (period for period in self.imported_periods if (kind, period) in first_hour_by_kind)
        first_hours = ((first_hour_by_kind[kind, period], period[1]) for period in imported)
        return Coverage.from_periods((*collected.periods, *first_hours, *stated_periods))


async def load_collection_record(
    database: Database,
    guild_id: int,
    start: datetime,
    end: datetime,
    *,
    channel_id: int | None = None,
    now: datetime,
) -> CollectionRecord:
    """Load as `read_collection_record` does, on a connection of its own.

    Raises ServiceUnavailable if the connection to PostgreSQL is lost.
    """
    async with database.acquire_reader() as connection:
        return await read_collection_record(connection, guild_id, start, end, channel_id=channel_id, now=now)


async def read_collection_record(
    connection: asyncpg.Connection,
    guild_id: int,
    start: datetime,
    end: datetime,
    *,
    channel_id: int | None = None,
    now: datetime,
) -> CollectionRecord:
    """Load the recording periods of a guild, or of one of its channels, that overlap `[start, end)`.

    A collector records a guild while it has a gateway session for the guild's shard, the bot is a member of the guild,
    and Discord is not out of order for the guild; a channel while the bot may view it as well. A session whose last
    heartbeat is at most 30 seconds old counts as still running, unless another began after that heartbeat. Sessions and
    imported periods are complete: they reach back before `start`, with the gaps in them.
    """
    if guild_id == DEMO_GUILD_ID:
        return _build_demo_record(now)
    rows = await load_collection_rows(connection, guild_id, start, end, channel_id=channel_id, now=now)
    return _build_record(rows, now)


def _build_demo_record(now: datetime) -> CollectionRecord:
    always = ((now - HISTORY, now),)
    return CollectionRecord(always, always, (), (), (), ())


def _build_record(rows: CollectionRows, now: datetime) -> CollectionRecord:
    newest_start = max((session.started_at for session in rows.sessions), default=now)
    return CollectionRecord(
        tuple(
            get_collection_period(session, membership, now, newest_start=newest_start)
            for session in rows.sessions
            for membership in rows.memberships
        ),
        tuple(
            get_collection_period(session, membership, now, newest_start=newest_start)
            for session in rows.sessions
            if session.intents & MEMBERS_INTENT
            for membership in rows.memberships
        ),
        tuple((gap.from_at, gap.to_at or now) for gap in rows.gaps if not gap.messages_filled),
        tuple((gap.from_at, gap.to_at or now) for gap in rows.gaps if gap.messages_filled),
        tuple((period.from_at, period.to_at) for period in rows.imports if period.source in FETCHED_SOURCES),
        tuple(
            (period.from_at, period.to_at)
            for period in rows.imports
            if period.source not in FETCHED_SOURCES and period.kinds is None
        ),
        _group_by_kind(rows.imports),
        tuple((period.from_at, period.to_at or now) for period in rows.join_messages),
    )


def _group_by_kind(imports: Iterable[ImportRow]) -> Mapping[str, tuple[Period, ...]]:
    """Return the periods of imports that state their kinds, by kind."""
    periods_by_kind: dict[str, tuple[Period, ...]] = {}
    for period in imports:
        for kind in period.kinds or ():
            periods_by_kind[kind] = (*periods_by_kind.get(kind, ()), (period.from_at, period.to_at))
    return periods_by_kind


async def load_first_hours(
    clickhouse: AsyncClient, guild_id: int, kinds: Collection[str], record: CollectionRecord
) -> FirstHours:
    """Load the first hour with an event, by event kind and imported period.

    A pair without events has no entry. Messages are left out, since every imported period covers them.
    """
    checked_kinds = [kind for kind in kinds if kind != ALWAYS_IMPORTED_KIND]
    if not checked_kinds or not record.imported_periods:
        return {}
    starts, ends = (
        format_array(int(period[side].timestamp()) for period in record.imported_periods) for side in (0, 1)
    )
    parameters = {"guild": guild_id, "kinds": checked_kinds, "starts": starts, "ends": ends}
    first_hour_by_kind: dict[tuple[str, Period], datetime] = {}
    for kind, period_number, second in await fetch_rows(clickhouse, FIRST_HOURS_SQL, parameters):
        period = record.imported_periods[period_number - 1]
        first_hour_by_kind[kind, period] = max(period[0], datetime.fromtimestamp(second, UTC))
    return first_hour_by_kind


def get_collection_period(
    gateway_session: GatewaySession | GatewaySessionRow,
    membership: GuildMembership | MembershipRow,
    now: datetime,
    *,
    newest_start: datetime,
) -> Period:
    """Return the overlap of a gateway session and a membership of the bot.

    `newest_start` is the start of the newest session of the guild: an earlier session that was not seen since then was
    replaced and is not running, for example because Discord revoked an intent. Without overlap the period is empty or
    reversed; `Coverage.from_periods` ignores such periods.
    """
    was_replaced = gateway_session.started_at < newest_start and gateway_session.seen_at < newest_start
    is_running = gateway_session.seen_at >= now - GATEWAY_LIVENESS_TIMEOUT and not was_replaced
    end = now if is_running else gateway_session.seen_at
    return max(gateway_session.started_at, membership.joined_at), min(end, membership.left_at or end)
