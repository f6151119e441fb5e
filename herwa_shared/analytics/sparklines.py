"""The last day of many guilds at once: what the list of one's servers shows of each."""

from collections import defaultdict
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from clickhouse_connect.driver.asyncclient import AsyncClient
from sqlalchemy import ARRAY, BigInteger, any_, literal
from sqlmodel import col, select

from herwa_shared.analytics.coverage import ALIVE_WITHIN, Coverage, Span, listened_during
from herwa_shared.analytics.kpis import ENOUGH
from herwa_shared.analytics.table_selection import array_of, rows_of
from herwa_shared.analytics.timezones import HOUR
from herwa_shared.db import Database
from herwa_shared.models import CollectorRun, GuildStay, HistoryCoverage

HOURS = 24
DAY = timedelta(days=1)
TIME_BIT = 1 << 22  # the bits of a snowflake below its time; what is left names the shard
WHOLE = 0  # stands for all hours
LAST_DAY = """
WITH toDateTime({start:UInt32}, 'UTC') AS start, toDateTime({running:UInt32}, 'UTC') AS running
SELECT /* analytics.sparklines */
    guild_id, toUnixTimestamp(hour) AS second, sum(events),
    uniqExactIf(user_id, hour >= start),
    uniqExactIf(user_id, hour >= start AND hour < running),
    uniqExactIf(user_id, hour < running - INTERVAL 1 DAY)
FROM activity_hourly
WHERE guild_id IN {guilds:Array(UInt64)} AND kind = 'message'
  AND hour >= start - INTERVAL 1 DAY AND hour <= running
GROUP BY GROUPING SETS ((guild_id, second), (guild_id))
"""


@dataclass(frozen=True, slots=True)
class Spark:
    """One guild's last 24 hours, of which the last is the running one: how many talked, and messages by the hour.

    `change` is that of the people who talked, over the 23 hours that are over against the same hours a day before
    (0.12 is 12% more); None unless both were counted.
    """

    guild_id: int
    talked_today: int
    messages: tuple[int, ...]
    change: float | None = None


async def sparklines(
    database: Database, clickhouse: AsyncClient, guild_ids: Collection[int], *, now: datetime
) -> dict[int, Spark]:
    """Each of these guilds, in one statement; a silent one is all zeros. Raises Unreachable."""
    if not guild_ids:
        return {}
    running = int(now.astimezone(UTC).timestamp()) // HOUR * HOUR
    start = running - (HOURS - 1) * HOUR
    over = (datetime.fromtimestamp(start, UTC), datetime.fromtimestamp(running, UTC))
    compared = await _counted(database, guild_ids, over, now=now)
    rows = await rows_of(clickhouse, LAST_DAY, {"guilds": array_of(guild_ids), "start": start, "running": running})
    hours: dict[int, dict[int, int]] = defaultdict(dict)
    people: dict[int, tuple[int, int, int]] = {}
    for guild_id, second, messages, *talked in rows:
        if second == WHOLE:
            people[guild_id] = (talked[0], talked[1], talked[2])
        else:
            hours[guild_id][second] = messages
    sparks = {}
    for one in guild_ids:
        today, done, before = people.get(one, (0, 0, 0))
        change = done / before - 1 if before and one in compared else None
        messages = tuple(hours[one].get(at, 0) for at in range(start, running + HOUR, HOUR))
        sparks[one] = Spark(one, today, messages, change)
    return sparks


async def _counted(database: Database, guild_ids: Collection[int], over: Span, *, now: datetime) -> frozenset[int]:
    """The guilds in which messages were counted during these hours and the same a day before."""
    before = (over[0] - DAY, over[1] - DAY)
    return frozenset(
        guild_id
        for guild_id, coverage in (await _coverages(database, guild_ids, before[0], over[1], now=now)).items()
        if coverage.share(*over) >= ENOUGH and coverage.share(*before) >= ENOUGH
    )


async def _coverages(
    database: Database, guild_ids: Collection[int], start: datetime, end: datetime, *, now: datetime
) -> Mapping[int, Coverage]:
    """When messages were counted in each of these guilds, as far as it touches `[start, end)`."""
    wanted = any_(literal(list(guild_ids), ARRAY(BigInteger)))
    of_its_shard = col(GuildStay.guild_id) // TIME_BIT % col(CollectorRun.shard_count) == col(CollectorRun.shard_id)
    spans: dict[int, list[Span]] = defaultdict(list)
    async with database.transaction() as session:
        runs = await session.execute(
            select(CollectorRun, GuildStay)
            .join(GuildStay, of_its_shard)
            .where(col(GuildStay.guild_id) == wanted)
            .where(col(CollectorRun.seen_at) >= start - ALIVE_WITHIN, col(CollectorRun.started_at) < end)
        )
        for run, stay in runs:
            spans[stay.guild_id].append(listened_during(run, stay, now))
        history = await session.execute(
            select(HistoryCoverage)
            .where(col(HistoryCoverage.guild_id) == wanted)
            .where(col(HistoryCoverage.to_at) > start, col(HistoryCoverage.from_at) < end)
        )
        for stretch in history.scalars():
            spans[stretch.guild_id].append((stretch.from_at, stretch.to_at))
    return {guild_id: Coverage.of(found) for guild_id, found in spans.items()}
