"""CPU of all processes per load of the overview, relative to one `SELECT 1` through the same client and engine.

The guild is the median of 10,000 guilds with 100 million rows; no cache of Herwa is used. A load is what the page's
event does after its authorization: it reads the guild's directory and first hour, then runs the queries of all panels
for the last 30 days. Its CPU is that of this process, which is the web process here, of the ClickHouse engine and of
PostgreSQL. Loads and floor alternate. Goal: at most 50 times the CPU of the floor.
"""

import asyncio
import statistics
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

import psutil

from benchmarks.environment import BenchmarkEnvironment, get_cpu_seconds, open_environment
from benchmarks.overview_rows import (
    DAY_COUNT,
    MEDIAN_GUILD,
    get_guild_id,
    insert_rows,
    list_channel_ids,
    list_user_ids,
)
from benchmarks.report import print_progress, print_result
from herwa_shared.analytics.coverage import MEMBERS_INTENT
from herwa_shared.analytics.first_recorded_hour import FIRST_RECORDED_HOURS_SQL, find_first_recorded_hour
from herwa_shared.analytics.table_selection import fetch_rows
from herwa_shared.clock import utc_now
from herwa_shared.dashboard_query import DashboardQuery
from herwa_shared.embedded.clickhouse import ClickHouseEngine
from herwa_shared.embedded.engine_manager import list_engines
from herwa_shared.embedded.postgres import PostgresEngine
from herwa_shared.models import Channel, GatewaySession, Guild, GuildMembership, Member
from herwa_shared.pipeline.mover import ADD_FIRST_HOURS_SQL
from herwa_shared.stores import Stores, open_stores
from herwa_web.pages.guild.queries import OverviewData, load_directory, load_overview

ROUND_COUNT = 9
LOADS_PER_ROUND = 8
FLOORS_PER_ROUND = 150
MAX_RATIO = 50.0
MERGE_TIMEOUT_SECONDS = 60
PAST_MONTHS_SQL = """
SELECT DISTINCT table, partition FROM system.parts
WHERE active AND database = currentDatabase() AND table LIKE '%_hourly' AND partition < toString(toYYYYMM(now()))
"""
RUNNING_MERGES_SQL = "SELECT count() FROM system.merges"


@dataclass(frozen=True, slots=True)
class CpuTimes:
    """CPU seconds of this process, of the ClickHouse engine and of PostgreSQL."""

    web: float
    clickhouse: float
    postgresql: float

    @property
    def total(self) -> float:
        """The CPU seconds of all processes."""
        return self.web + self.clickhouse + self.postgresql

    def __sub__(self, other: "CpuTimes") -> "CpuTimes":
        return CpuTimes(self.web - other.web, self.clickhouse - other.clickhouse, self.postgresql - other.postgresql)

    def __truediv__(self, count: int) -> "CpuTimes":
        return CpuTimes(self.web / count, self.clickhouse / count, self.postgresql / count)


def main() -> None:
    """Run the benchmark and print its result."""
    with open_environment() as env:
        loads, floors, waits = asyncio.run(run(env))
    load, floor = find_median(loads), find_median(floors)
    for name, times in (("load", load), ("SELECT 1", floor)):
        print_progress(
            f"{name}: {times.total * 1000:.2f} ms CPU (web {times.web * 1000:.2f}, "
            f"ClickHouse {times.clickhouse * 1000:.2f}, PostgreSQL {times.postgresql * 1000:.2f})"
        )
    print_result(
        "overview",
        value=statistics.median(load.total / floor.total for load, floor in zip(loads, floors, strict=True)),
        goal=MAX_RATIO,
        is_upper_bound=True,
        load_cpu_ms=load.total * 1000,
        web_cpu_ms=load.web * 1000,
        clickhouse_cpu_ms=load.clickhouse * 1000,
        postgresql_cpu_ms=load.postgresql * 1000,
        floor_cpu_ms=floor.total * 1000,
        load_ms=statistics.median(waits) * 1000,
    )


async def run(env: BenchmarkEnvironment) -> tuple[list[CpuTimes], list[CpuTimes], list[float]]:
    """Fill the stores, then measure. Returns what `measure` returns."""
    async with open_stores(env.settings, report=print_progress, with_writer=True) as stores:
        now = utc_now()
        started_at = time.perf_counter()
        await insert_rows(stores.clickhouse_writer, now)
        print_progress(f"rows inserted in {time.perf_counter() - started_at:.0f} s")
        await add_directory(stores, now)
        await store_first_hour(stores)
        await merge_past_months(stores)
        await wait_for_merges(stores)
        return await measure(env, stores)


async def add_directory(stores: Stores, now: datetime) -> None:
    """Add the median guild with its channels and members, recorded during the entire time."""
    guild_id, joined_at = get_guild_id(MEDIAN_GUILD), now - timedelta(days=DAY_COUNT)
    async with stores.database.transaction() as session:
        session.add(Guild(id=guild_id, name="Median", owner_id=1, joined_at=joined_at))
        await session.flush()
        session.add(GuildMembership(guild_id=guild_id, joined_at=joined_at))
        session.add(GatewaySession(shard_id=0, shard_count=1, started_at=joined_at, intents=MEMBERS_INTENT))
        session.add_all(
            Channel(id=channel_id, guild_id=guild_id, kind=0, name=f"channel-{channel_id}")
            for channel_id in list_channel_ids(MEDIAN_GUILD)
        )
        session.add_all(
            Member(guild_id=guild_id, user_id=user_id, name=f"member-{user_id}")
            for user_id in list_user_ids(MEDIAN_GUILD)
        )


async def store_first_hour(stores: Stores) -> None:
    """Store the first hour of the median guild, as the mover does. Moving an event would add a part to merge."""
    hours = await fetch_rows(stores.clickhouse, FIRST_RECORDED_HOURS_SQL, {"guilds": [get_guild_id(MEDIAN_GUILD)]})
    async with stores.database.acquire_connection() as connection:
        await connection.execute(ADD_FIRST_HOURS_SQL, [row[0] for row in hours], [row[1] for row in hours])


async def merge_past_months(stores: Stores) -> None:
    """Merge past months to one part each, as the engine does an hour after their last row."""
    partitions = (await stores.clickhouse_writer.query(PAST_MONTHS_SQL)).result_rows
    for table, partition in partitions:
        await stores.clickhouse_writer.command(f"OPTIMIZE TABLE {table} PARTITION {partition} FINAL")


async def wait_for_merges(stores: Stores) -> None:
    """Wait until the engine merges no parts, so that its CPU is that of the queries."""
    deadline = time.monotonic() + MERGE_TIMEOUT_SECONDS
    while (await stores.clickhouse_writer.query(RUNNING_MERGES_SQL)).result_rows[0][0]:
        assert time.monotonic() < deadline, "the engine still merges parts"
        await asyncio.sleep(0.5)


async def measure(env: BenchmarkEnvironment, stores: Stores) -> tuple[list[CpuTimes], list[CpuTimes], list[float]]:
    """Measure loads and floor alternately.

    Returns the CPU of one load and of one `SELECT 1` in each round, and the seconds that one load took. The first round
    warms up and is not returned.
    """
    loads, floors, waits = [], [], []
    for _ in range(ROUND_COUNT + 1):
        floors.append(await measure_cpu(env, lambda: stores.clickhouse.query("SELECT 1"), FLOORS_PER_ROUND))
        started_at = time.perf_counter()
        loads.append(await measure_cpu(env, lambda: load(stores), LOADS_PER_ROUND))
        waits.append((time.perf_counter() - started_at) / LOADS_PER_ROUND)
        print_progress(f"round: {loads[-1].total / floors[-1].total:.1f} times {floors[-1].total * 1000:.2f} ms")
    return loads[1:], floors[1:], waits[1:]


async def load(stores: Stores) -> OverviewData:
    """Load everything that the overview shows about the last 30 days."""
    guild_id, now = get_guild_id(MEDIAN_GUILD), utc_now()
    (guild_info, _), data_start = await asyncio.gather(
        load_directory(stores, guild_id), find_first_recorded_hour(stores.database, stores.clickhouse, guild_id)
    )
    assert guild_info is not None
    assert data_start is not None
    view = DashboardQuery.parse({}, guild_info.zone, now, guild_id=guild_id, data_start=data_start)
    data = await load_overview(stores, view)
    assert data.kpi.change is not None
    assert data.members.items
    return data


async def measure_cpu(env: BenchmarkEnvironment, action: Callable[[], Awaitable[object]], count: int) -> CpuTimes:
    """Run the action so many times, one after the other; return the CPU of one."""
    before = get_cpu_times(env)
    for _ in range(count):
        await action()
    return (get_cpu_times(env) - before) / count


def get_cpu_times(env: BenchmarkEnvironment) -> CpuTimes:
    """Return the CPU that all processes have used so far."""
    process_ids = {engine.name: engine.pid for engine in list_engines(env.folder)}
    postmaster = psutil.Process(process_ids[PostgresEngine.name])
    return CpuTimes(
        time.process_time(),
        get_cpu_seconds(psutil.Process(process_ids[ClickHouseEngine.name])),
        sum(get_cpu_seconds(process) for process in (postmaster, *postmaster.children(recursive=True))),
    )


def find_median(times: list[CpuTimes]) -> CpuTimes:
    """Return the round with the median total."""
    return sorted(times, key=lambda times_: times_.total)[len(times) // 2]


if __name__ == "__main__":
    main()
