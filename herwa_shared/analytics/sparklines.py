"""Sparklines of the last 24 hours for many guilds at once, for the list of a user's servers."""

from collections import defaultdict
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from clickhouse_connect.driver.asyncclient import AsyncClient
from sqlalchemy import ARRAY, BigInteger, any_, literal
from sqlmodel import col, select

from herwa_shared.analytics.coverage import GATEWAY_LIVENESS_TIMEOUT, Coverage, Period, get_collection_period
from herwa_shared.analytics.kpis import MIN_COVERAGE_SHARE
from herwa_shared.analytics.table_selection import fetch_rows, format_array
from herwa_shared.analytics.timezones import SECONDS_PER_HOUR
from herwa_shared.db import Database
from herwa_shared.models import GatewaySession, GuildMembership, ImportedPeriod

WINDOW_HOURS = 24
DAY = timedelta(days=1)
SNOWFLAKE_TIME_UNIT = 1 << 22  # guild_id // this = the time part of the snowflake, from which the shard is derived
TOTAL_ROW_SECOND = 0  # the `second` of the row for all hours
LAST_DAY_SQL = """
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
class Sparkline:
    """Active members and messages per hour of one guild in the last 24 hours.

    The last hour is the running one. `change` is the relative change of active members in the 23 complete hours against
    the same hours one day earlier (0.12 means 12% more); None unless at least 99% of both is covered.
    """

    guild_id: int
    active_members: int
    messages: tuple[int, ...]
    change: float | None = None


async def query_sparklines(
    database: Database, clickhouse: AsyncClient, guild_ids: Collection[int], *, now: datetime
) -> dict[int, Sparkline]:
    """Query the sparklines of several guilds in one statement.

    A guild without messages is all zeros. Raises ServiceUnavailable if ClickHouse is unreachable.
    """
    if not guild_ids:
        return {}
    running_hour = int(now.astimezone(UTC).timestamp()) // SECONDS_PER_HOUR * SECONDS_PER_HOUR
    start = running_hour - (WINDOW_HOURS - 1) * SECONDS_PER_HOUR
    completed_period = (datetime.fromtimestamp(start, UTC), datetime.fromtimestamp(running_hour, UTC))
    comparable_guild_ids = await _list_comparable_guilds(database, guild_ids, completed_period, now=now)
    rows = await fetch_rows(
        clickhouse, LAST_DAY_SQL, {"guilds": format_array(guild_ids), "start": start, "running": running_hour}
    )
    hourly_messages: dict[int, dict[int, int]] = defaultdict(dict)
    member_counts: dict[int, tuple[int, int, int]] = {}
    for guild_id, second, messages, *counts in rows:
        if second == TOTAL_ROW_SECOND:
            member_counts[guild_id] = (counts[0], counts[1], counts[2])
        else:
            hourly_messages[guild_id][second] = messages
    sparkline_by_guild = {}
    for guild_id in guild_ids:
        active_members, completed, previous = member_counts.get(guild_id, (0, 0, 0))
        change = completed / previous - 1 if previous and guild_id in comparable_guild_ids else None
        messages = tuple(
            hourly_messages[guild_id].get(hour_start, 0)
            for hour_start in range(start, running_hour + SECONDS_PER_HOUR, SECONDS_PER_HOUR)
        )
        sparkline_by_guild[guild_id] = Sparkline(guild_id, active_members, messages, change)
    return sparkline_by_guild


async def _list_comparable_guilds(
    database: Database, guild_ids: Collection[int], period: Period, *, now: datetime
) -> frozenset[int]:
    """Return the guilds with coverage of `period` and of the same hours one day earlier."""
    previous_period = (period[0] - DAY, period[1] - DAY)
    return frozenset(
        guild_id
        for guild_id, coverage in (
            await _load_coverages(database, guild_ids, previous_period[0], period[1], now=now)
        ).items()
        if coverage.get_share(*period) >= MIN_COVERAGE_SHARE
        and coverage.get_share(*previous_period) >= MIN_COVERAGE_SHARE
    )


async def _load_coverages(
    database: Database, guild_ids: Collection[int], start: datetime, end: datetime, *, now: datetime
) -> Mapping[int, Coverage]:
    """Load the coverage of messages for each guild, for the part that overlaps `[start, end)`."""
    requested_ids = any_(literal(list(guild_ids), ARRAY(BigInteger)))
    shard_matches = col(GuildMembership.guild_id) // SNOWFLAKE_TIME_UNIT % col(GatewaySession.shard_count) == col(
        GatewaySession.shard_id
    )
    periods: dict[int, list[Period]] = defaultdict(list)
    async with database.transaction() as session:
        session_result = await session.execute(
            select(GatewaySession, GuildMembership)
            .join(GuildMembership, shard_matches)
            .where(col(GuildMembership.guild_id) == requested_ids)
            .where(
                col(GatewaySession.seen_at) >= start - GATEWAY_LIVENESS_TIMEOUT, col(GatewaySession.started_at) < end
            )
        )
        for gateway_session, membership in session_result:
            periods[membership.guild_id].append(get_collection_period(gateway_session, membership, now))
        imported_result = await session.execute(
            select(ImportedPeriod)
            .where(col(ImportedPeriod.guild_id) == requested_ids)
            .where(col(ImportedPeriod.to_at) > start, col(ImportedPeriod.from_at) < end)
        )
        for imported_period in imported_result.scalars():
            periods[imported_period.guild_id].append((imported_period.from_at, imported_period.to_at))
    return {guild_id: Coverage.from_periods(guild_periods) for guild_id, guild_periods in periods.items()}
