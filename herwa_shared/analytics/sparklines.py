"""Sparklines of the last 24 hours for many guilds at once, for the list of a user's servers."""

import asyncio
from collections import defaultdict
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from clickhouse_connect.driver.asyncclient import AsyncClient
from sqlalchemy import ARRAY, BigInteger, any_, func, literal
from sqlmodel import col, select

from herwa_shared.analytics.comparison import Change
from herwa_shared.analytics.coverage import (
    GATEWAY_LIVENESS_TIMEOUT,
    Coverage,
    Period,
    get_collection_period,
)
from herwa_shared.analytics.results import MIN_COVERAGE_SHARE
from herwa_shared.analytics.table_selection import fetch_rows, format_array
from herwa_shared.analytics.timezones import SECONDS_PER_HOUR
from herwa_shared.db import Database
from herwa_shared.models import CollectionGap, GatewaySession, GuildMembership, ImportedPeriod
from herwa_shared.models.collection import ALL_CHANNELS

WINDOW_HOURS = 24
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
SNOWFLAKE_TIME_UNIT = 1 << 22  # guild_id // this = the time part of the snowflake, from which the shard is derived
TOTAL_ROW_SECOND = 0  # the `second` of the row for all hours
LAST_DAY_SQL = """
WITH
    toDateTime({start:UInt32}, 'UTC') AS start,
    start - INTERVAL 1 HOUR AS last_base_hour,
    toDateTime({now:UInt32}, 'UTC') - INTERVAL 1 DAY AS base_end,
    activity AS (
        SELECT guild_id, hour, user_id, events
        FROM activity_hourly
        WHERE guild_id IN {guilds:Array(UInt64)} AND kind = 'message'
          AND hour >= start - INTERVAL 1 DAY AND hour != last_base_hour
        UNION ALL
        SELECT guild_id, last_base_hour, user_id, toUInt64(1)
        FROM activity_events
        WHERE guild_id IN {guilds:Array(UInt64)} AND kind = 'message' AND at >= last_base_hour AND at < base_end
    )
SELECT /* analytics.sparklines */
    guild_id, toUnixTimestamp(hour) AS second, sum(events),
    uniqExactIf(user_id, user_id != 0 AND hour >= start),
    uniqExactIf(user_id, user_id != 0 AND hour < start)
FROM activity
GROUP BY GROUPING SETS ((guild_id, second), (guild_id))
"""


@dataclass(frozen=True, slots=True)
class Sparkline:
    """Active members and messages per hour of one guild in the last 24 hours, of which the last one is running.

    An hour that was not recorded is None, and so is `active_members` if no hour was recorded. `change` compares the
    active members with those of the same time one day earlier, to the second; it is None unless at least 99% of both
    was recorded.
    """

    guild_id: int
    active_members: int | None
    messages: tuple[int | None, ...]
    change: Change | None = None


async def query_sparklines(
    database: Database, clickhouse: AsyncClient, guild_ids: Collection[int], *, now: datetime
) -> dict[int, Sparkline]:
    """Query the sparklines of several guilds in one statement.

    Raises ServiceUnavailable if ClickHouse is unreachable.
    """
    if not guild_ids:
        return {}
    now_second = int(now.timestamp())
    start_second = now_second // SECONDS_PER_HOUR * SECONDS_PER_HOUR - (WINDOW_HOURS - 1) * SECONDS_PER_HOUR
    start = datetime.fromtimestamp(start_second, UTC)
    rows, coverage_by_guild = await asyncio.gather(
        fetch_rows(
            clickhouse,
            LAST_DAY_SQL,
            {"guilds": format_array(guild_ids), "start": start_second, "now": now_second},
        ),
        _load_coverages(database, guild_ids, start - DAY, now, now=now),
    )
    hourly_messages: dict[int, dict[int, int]] = defaultdict(dict)
    member_counts: dict[int, tuple[int, int]] = {}
    for guild_id, second, messages, active_members, base in rows:
        if second == TOTAL_ROW_SECOND:
            member_counts[guild_id] = (active_members, base)
        else:
            hourly_messages[guild_id][second] = messages
    return {
        guild_id: _build_sparkline(
            guild_id,
            hourly_messages[guild_id],
            member_counts.get(guild_id, (0, 0)),
            coverage_by_guild.get(guild_id, Coverage(())),
            (start, now),
        )
        for guild_id in guild_ids
    }


def _build_sparkline(
    guild_id: int, messages: Mapping[int, int], member_counts: tuple[int, int], coverage: Coverage, window: Period
) -> Sparkline:
    start, now = window
    hours = [start + index * HOUR for index in range(WINDOW_HOURS)]
    values = tuple(
        messages.get(int(hour.timestamp()), None if coverage.get_share(hour, min(hour + HOUR, now)) == 0 else 0)
        for hour in hours
    )
    is_comparable = all(
        coverage.get_share(start - shift, now - shift) >= MIN_COVERAGE_SHARE for shift in (timedelta(), DAY)
    )
    is_recorded = any(value is not None for value in values)
    return Sparkline(
        guild_id,
        member_counts[0] if is_recorded else None,
        values,
        Change(*member_counts) if is_comparable else None,
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
    gaps: dict[int, list[Period]] = defaultdict(list)
    async with database.transaction() as session:
        session_result = await session.execute(
            select(GatewaySession, GuildMembership)
            .join(GuildMembership, shard_matches)
            .where(col(GuildMembership.guild_id) == requested_ids)
            .where(
                col(GatewaySession.seen_at) >= start - GATEWAY_LIVENESS_TIMEOUT, col(GatewaySession.started_at) < end
            )
        )
        session_rows = session_result.all()
        newest_starts: dict[int, datetime] = {}
        for gateway_session, membership in session_rows:
            guild_id, started_at = membership.guild_id, gateway_session.started_at
            newest_starts[guild_id] = max(started_at, newest_starts.get(guild_id, started_at))
        for gateway_session, membership in session_rows:
            newest_start = newest_starts[membership.guild_id]
            period = get_collection_period(gateway_session, membership, now, newest_start=newest_start)
            periods[membership.guild_id].append(period)
        imported_result = await session.execute(
            select(ImportedPeriod)
            .where(col(ImportedPeriod.guild_id) == requested_ids)
            .where(col(ImportedPeriod.to_at) > start, col(ImportedPeriod.from_at) < end)
        )
        gap_result = await session.execute(
            select(CollectionGap)
            .where(col(CollectionGap.guild_id) == requested_ids, col(CollectionGap.channel_id) == ALL_CHANNELS)
            .where(col(CollectionGap.from_at) < end, func.coalesce(col(CollectionGap.to_at), now) > start)
        )
        for gap in gap_result.scalars():
            gaps[gap.guild_id].append((gap.from_at, gap.to_at or now))
        coverage_by_guild = {
            guild_id: Coverage.from_periods(guild_periods).subtract(gaps[guild_id])
            for guild_id, guild_periods in periods.items()
        }
        for imported_period in imported_result.scalars():
            known = coverage_by_guild.get(imported_period.guild_id, Coverage(()))
            coverage_by_guild[imported_period.guild_id] = Coverage.from_periods(
                (*known.periods, (imported_period.from_at, imported_period.to_at))
            )
    return coverage_by_guild
