"""Rows for the benchmark `overview`: 10,000 guilds of very different sizes, made inside ClickHouse.

A guild's share of the rows follows a cube: the largest guild has 4.6% of all rows, the median guild 0.005%. Older rows
are inserted into the hourly summary. Those of the last weeks are raw events, from which the summary's materialized view
makes its rows, so that both tables fit together.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise

from clickhouse_connect.driver.asyncclient import AsyncClient

GUILD_COUNT = 10_000
MEDIAN_GUILD = GUILD_COUNT // 2
ROW_COUNT = 100_000_000
DAY_COUNT = 390
RAW_DAY_COUNT = 63
CHANNEL_COUNT = 24
ROWS_PER_DAY = ROW_COUNT // DAY_COUNT
# One large part per statement instead of many small ones, which the engine would merge while the benchmark measures.
INSERT_SETTINGS = {
    "max_insert_threads": 1,
    "max_threads": 2,
    "min_insert_block_size_rows": 10_000_000,
    "min_insert_block_size_bytes": 0,
    "optimize_on_insert": 0,
}

# Performance: the rows are made in the order of the tables, so that the engine need not sort them. `position` is that
# of a row among those of its guild (0 to 1); it determines the kind, and the time from the first to the last second.
GENERATED_ROWS_SQL = """
WITH
    number / {count:UInt64} AS fraction,
    toUInt64({guild_count:UInt64} * fraction * fraction * fraction) AS guild,
    {count:UInt64} * cbrt(guild / {guild_count:UInt64}) AS guild_start,
    {count:UInt64} * cbrt((guild + 1) / {guild_count:UInt64}) AS guild_end,
    least(greatest((number - guild_start) / (guild_end - guild_start), 0), 0.999999) AS position,
    multiIf(position < 0.72, 1, position < 0.84, 6, position < 0.85, 7, position < 0.87, 8, position < 0.885, 9,
        position < 0.965, 10, 14) AS kind_number,
    multiIf(position < 0.72, position / 0.72, position < 0.84, (position - 0.72) / 0.12,
        position < 0.85, (position - 0.84) / 0.01, position < 0.87, (position - 0.85) / 0.02,
        position < 0.885, (position - 0.87) / 0.015, position < 0.965, (position - 0.885) / 0.08,
        (position - 0.965) / 0.035) AS time_fraction,
    intHash64(number + {first:UInt64}) AS random,
    random % 2500 / 2500 AS channel_fraction,
    intDiv(random, 2500) % 1000000 / 1000000 AS user_fraction,
    30 + intDiv(400000, guild + 10) AS member_count,
    bitShiftLeft(200000 + guild, 40) AS guild_id,
    CAST(kind_number AS Enum8('message' = 1, 'reaction' = 6, 'thread' = 7, 'join' = 8, 'leave' = 9, 'voice' = 10,
        'member_count' = 14)) AS kind,
    toUInt32({start:UInt32} + time_fraction * {seconds:UInt32}) AS second,
    if(kind_number IN (8, 9, 14), 0,
        guild_id + 1 + toUInt64({channel_count:UInt64} * channel_fraction * channel_fraction)) AS channel_id,
    if(kind_number = 14, 0, guild_id + 1000 + toUInt64(member_count * user_fraction * user_fraction)) AS user_id,
    multiIf(kind_number = 10, 60 + random % 3600, kind_number = 14, member_count, 0) AS total
"""
HOURLY_ROWS_SQL = f"""
INSERT INTO activity_hourly (guild_id, kind, hour, channel_id, user_id, events, total)
{GENERATED_ROWS_SQL}
SELECT guild_id, kind, toStartOfHour(toDateTime(second, 'UTC')), channel_id, user_id, 1, total
FROM system.numbers LIMIT {{count:UInt64}}
"""
RAW_EVENTS_SQL = f"""
INSERT INTO activity_events (guild_id, kind, at, channel_id, thread_id, user_id, reply, value, attachments)
{GENERATED_ROWS_SQL}
SELECT guild_id, kind, toDateTime64(second, 3, 'UTC'), channel_id, 0, user_id, false, total, NULL
FROM system.numbers LIMIT {{count:UInt64}}
"""
# Of the raw events a view has made these rows; of the older hours the summary has only the counts.
SAMPLE_ROWS_SQL = """
INSERT INTO sample_hourly (guild_id, kind, hour, newest)
SELECT guild_id, toString(kind), hour, max((toDateTime64(hour, 3, 'UTC'), toUInt32(total)))
FROM activity_hourly
WHERE kind = 'member_count' AND hour < toDateTime({raw_start:UInt32}, 'UTC')
GROUP BY guild_id, kind, hour
"""


@dataclass(frozen=True, slots=True)
class RowPeriod:
    """A period whose rows are made by one statement: those of one partition."""

    start: datetime
    end: datetime
    is_raw: bool


def get_guild_id(guild: int) -> int:
    """Return the id of the guild with this number."""
    return (200_000 + guild) << 40


def list_channel_ids(guild: int) -> list[int]:
    """Return the ids of the guild's channels."""
    return [get_guild_id(guild) + 1 + number for number in range(CHANNEL_COUNT)]


def list_user_ids(guild: int) -> list[int]:
    """Return the ids of the guild's members."""
    return [get_guild_id(guild) + 1000 + number for number in range(30 + 400_000 // (guild + 10))]


async def insert_rows(writer: AsyncClient, now: datetime) -> None:
    """Insert all rows, up to `now`."""
    first, periods = 0, list_periods(now)
    for period in periods:
        count = round((period.end - period.start) / timedelta(days=1) * ROWS_PER_DAY)
        parameters = {
            "first": first,
            "count": count,
            "start": int(period.start.timestamp()),
            "seconds": int((period.end - period.start).total_seconds()),
            "guild_count": GUILD_COUNT,
            "channel_count": CHANNEL_COUNT,
        }
        sql = RAW_EVENTS_SQL if period.is_raw else HOURLY_ROWS_SQL
        await writer.command(sql, parameters=parameters, settings=INSERT_SETTINGS)
        first += count
    raw_start = min(int(period.start.timestamp()) for period in periods if period.is_raw)
    await writer.command(SAMPLE_ROWS_SQL, parameters={"raw_start": raw_start}, settings=INSERT_SETTINGS)


def list_periods(now: datetime) -> list[RowPeriod]:
    """Return the periods of the rows: months in the summary, then weeks as raw events."""
    raw_start = (now - timedelta(days=RAW_DAY_COUNT)).replace(hour=0, minute=0, second=0, microsecond=0)
    month_edges = [raw_start]
    while month_edges[0] > now - timedelta(days=DAY_COUNT):
        month_edges.insert(0, (month_edges[0] - timedelta(seconds=1)).replace(day=1, hour=0, minute=0, second=0))
    week_edges = [raw_start]
    while week_edges[-1] < now:
        next_monday = week_edges[-1] + timedelta(days=7 - week_edges[-1].weekday())
        week_edges.append(min(next_monday, now))
    months = [RowPeriod(start, end, is_raw=False) for start, end in pairwise(month_edges)]
    return months + [RowPeriod(start, end, is_raw=True) for start, end in pairwise(week_edges)]
