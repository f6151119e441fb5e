"""Bytes on disk of the stored events, against the same rows as Parquet with zstd, on a skewed load of three months.

The load: as many events per guild as a billion a year in 10,000 guilds, but in 250 guilds; their sizes are
cubic-skewed, channels and members are skewed as well, ids look random. Per kind and hour there are about four events,
and about 1.5 if channels are counted apart. It is measured twice: then with samples of members and of members online,
as many as `docs/data-model.md` says. Goals: `activity_events` takes at most as much as Parquet, and the hourly tables
together at most half of `activity_events`. Both must hold both times.
"""

import asyncio
from dataclasses import dataclass

from clickhouse_connect.driver.asyncclient import AsyncClient

from benchmarks.environment import open_environment
from benchmarks.report import print_progress, print_result
from herwa_shared.clickhouse.client import open_clickhouse
from herwa_shared.migrate import migrate

ROW_COUNT, GUILD_COUNT, DAYS = 6_250_000, 250, 88
MAX_EVENTS_RATIO, MAX_SUMMARY_RATIO = 1.0, 0.5

# An id is a shifted hash, like a snowflake. The time of day, channel and member of an event are drawn with powers of a
# uniform number. Kinds: 62 % messages, 11 % of bots and webhooks, 7 % edits and deletions, 13 % reactions and threads,
# 7 % voice.
FILL_SQL = """
INSERT INTO activity_events (guild_id, kind, at, channel_id, thread_id, user_id, reply, value, attachments)
SELECT
    bitShiftLeft(intHash64(guild) % 1000000000000, 22) AS guild_id,
    multiIf(k < 62, 'message', k < 72, 'message_bot', k < 73, 'message_webhook', k < 78, 'message_edit',
            k < 80, 'message_delete', k < 92, 'reaction', k < 93, 'thread', 'voice') AS kind,
    toDateTime64(today() - {days:UInt32}, 3, 'UTC')
        + toIntervalMillisecond(86400000 * (rand(2) % {days:UInt32}) + 3600000 * hour + rand(5) % 3600000) AS at,
    bitShiftLeft(intHash64(1000 * guild + channel) % 1000000000000, 22) + channel AS channel_id,
    if(k < 80 AND rand(6) % 10 = 0, bitShiftLeft(intHash64(100000 * guild + rand(7) % 300) % 1000000000000, 22), 0),
    bitShiftLeft(intHash64(10000000 * guild + member) % 1000000000000, 22) + member % 4096 AS user_id,
    k < 62 AND rand(8) % 4 = 0 AS reply,
    multiIf(k < 73, toUInt32(exp(2.5 + 1.5 * randNormal(0, 1, 3))), k >= 93, 300, NULL) AS value,
    if(k < 73, toUInt8(rand(9) % 15 = 0), NULL) AS attachments
FROM (
    SELECT
        guild,
        rand(20) % 100 AS k,
        toUInt32(24 * sqrt(rand(11) / 4294967296)) AS hour,
        toUInt32(25 * pow(rand(12) / 4294967296, 2)) AS channel,
        toUInt32((20 + 75000 / (guild + 1)) * pow(rand(13) / 4294967296, 4)) AS member
    FROM (
        SELECT toUInt32({guilds:UInt32} * pow(rand64(1) / 18446744073709551616, 3)) AS guild
        FROM numbers({rows:UInt64})
    )
)
"""
# Polls every five minutes, of which three in four find another number online and one in 200 another one of members.
SAMPLES_SQL = """
INSERT INTO activity_events (guild_id, kind, at, channel_id, thread_id, user_id, reply, value, attachments)
SELECT
    bitShiftLeft(intHash64(guild) % 1000000000000, 22) AS guild_id,
    if(is_online, 'online_count', 'member_count') AS kind,
    toDateTime64(today() - {days:UInt32}, 3, 'UTC')
        + toIntervalMillisecond(300000 * poll + 1000 * (guild % 300) + rand(31) % 2000) AS at,
    0, 0, 0, false,
    toUInt32(if(is_online, members * (0.07 + 0.22 * share) + rand(32) % toUInt32(2 + sqrt(members)),
        members + poll / 200)),
    NULL
FROM (
    SELECT
        number % {guilds:UInt32} AS guild,
        intDiv(number, {guilds:UInt32}) AS poll,
        arrayJoin([true, false]) AS is_online,
        30 + intDiv(400000, 40 * guild + 10) AS members,
        greatest(0, 1 - abs(poll % 288 / 12 - 20) / 8) AS share
    FROM numbers({guilds:UInt32} * {days:UInt32} * 288)
)
WHERE rand(30) % 200 < if(is_online, 150, 1)
"""
HOURLY_TABLES = ("activity_hourly", "command_hourly", "sample_hourly")
SIZE_SQL = """
SELECT sum(rows), sum(bytes_on_disk) FROM system.parts
WHERE active AND database = currentDatabase() AND table = {table:String}
"""
DENSITY_SQL = """
SELECT
    count() / uniqExact(guild_id, kind, toStartOfHour(at)),
    count() / uniqExact(guild_id, kind, toStartOfHour(at), channel_id)
FROM activity_events
"""
EXPORT_SQL = "SELECT * FROM activity_events ORDER BY guild_id, kind, at"


@dataclass(frozen=True, slots=True)
class StoredSizes:
    """Bytes of the events, of the hourly tables, and of the events as Parquet."""

    events: int
    summary: int
    parquet: int

    @property
    def events_ratio(self) -> float:
        """Bytes of the events over those of Parquet."""
        return self.events / self.parquet

    @property
    def summary_ratio(self) -> float:
        """Bytes of the hourly tables over those of the events."""
        return self.summary / self.events


def main() -> None:
    """Run the benchmark and print its result."""
    with open_environment() as env:
        asyncio.run(migrate(env.lease.urls))
        sizes, sizes_with_samples = asyncio.run(measure(env.lease.urls.clickhouse_writer))
    summary_ratio = max(sizes.summary_ratio, sizes_with_samples.summary_ratio)
    print_result(
        "storage",
        value=max(sizes.events_ratio, sizes_with_samples.events_ratio),
        goal=MAX_EVENTS_RATIO,
        is_upper_bound=True,
        extra_condition=summary_ratio <= MAX_SUMMARY_RATIO,
        summary_ratio=summary_ratio,
        summary_goal=MAX_SUMMARY_RATIO,
        with_samples=sizes_with_samples.events_ratio,
        summary_ratio_with_samples=sizes_with_samples.summary_ratio,
    )


async def measure(clickhouse_url: str) -> tuple[StoredSizes, StoredSizes]:
    """Return the sizes without and with samples."""
    async with open_clickhouse(clickhouse_url) as clickhouse:
        parameters = {"rows": ROW_COUNT, "guilds": GUILD_COUNT, "days": DAYS}
        await clickhouse.command(FILL_SQL, parameters=parameters)
        density = (await clickhouse.query(DENSITY_SQL)).result_rows[0]
        print_progress(f"events per hour and kind {density[0]:.1f}, also per channel {density[1]:.2f}")
        sizes = await measure_sizes(clickhouse)
        await clickhouse.command(SAMPLES_SQL, parameters=parameters)
        return sizes, await measure_sizes(clickhouse)


async def measure_sizes(clickhouse: AsyncClient) -> StoredSizes:
    """Measure all tables, and the events as Parquet."""
    events_bytes = await measure_table(clickhouse, "activity_events")
    summary_bytes = sum([await measure_table(clickhouse, table) for table in HOURLY_TABLES])
    parquet_bytes = await measure_parquet(clickhouse)
    print_progress(f"Parquet: {parquet_bytes:,} bytes")
    return StoredSizes(events_bytes, summary_bytes, parquet_bytes)


async def measure_table(clickhouse: AsyncClient, table: str) -> int:
    """Merge the parts of each partition of a table, as it does by itself in time, and return its bytes on disk."""
    await clickhouse.command(f"OPTIMIZE TABLE {table} FINAL")
    rows, size = (await clickhouse.query(SIZE_SQL, parameters={"table": table})).result_rows[0]
    print_progress(f"{table}: {rows:,} rows, {size:,} bytes")
    return int(size)


async def measure_parquet(clickhouse: AsyncClient) -> int:
    """Return the size of the events as Parquet, in the order of the table."""
    settings = {"output_format_parquet_compression_method": "zstd"}
    size = 0
    async with await clickhouse.raw_stream(EXPORT_SQL, fmt="Parquet", settings=settings) as stream:
        async for chunk in stream:
            size += len(chunk)
    return size


if __name__ == "__main__":
    main()
