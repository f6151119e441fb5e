"""Answers to a quiet server while the keys of another one send all that they may.

The API runs as a process. A client of the quiet server sends a question that must be computed, every quarter of a
second. In every second round ten keys of a large server send heavy questions, each about another window so that none is
cached, as fast as they get answers and as their limits allow. They are a process of their own
(`benchmarks/fair_load.py`): a client that reads their large answers would delay the time of the quiet ones. The value
is the 95th percentile of the quiet server's answers in these rounds divided by that in the others. Goal: at most 2.
"""

import asyncio
import itertools
import signal
import statistics
import time
from collections.abc import Iterator
from datetime import datetime, timedelta

import httpx

from benchmarks.environment import BenchmarkEnvironment, open_environment, run_load, set_limits, wait_until
from benchmarks.fair_load import DAY_COUNT, build_headers, build_path
from benchmarks.report import print_progress, print_result
from herwa.commands.api_keys import issue_api_key
from herwa_shared.catalog import Limit
from herwa_shared.clock import utc_now
from herwa_shared.stores import Stores, open_stores
from tests.support.row_factories import add_guild, raise_data_version

ROUND_COUNT = 4
ROUND_SECONDS = 30.0
SECONDS_BETWEEN_QUESTIONS = 0.25
BUSY_KEYS = 10
QUESTIONS_PER_ROUND = 100_000  # more than are answered, so that no window is repeated
TIER_LIMITS = {Limit.REQUESTS_PER_MINUTE: 1_000, Limit.API_KEYS: BUSY_KEYS, Limit.HISTORY_DAYS: None}
"""Those of the tier Premium. The limit of a server is three times that of a key."""
QUIET_EVENTS, BUSY_EVENTS = 20_000, 3_000_000
MAX_SLOWDOWN = 2.0
ROWS_SQL = """
INSERT INTO activity_hourly (guild_id, kind, hour, channel_id, user_id, events, total)
SELECT {guild:UInt64}, 'message', toStartOfHour(
    toDateTime({start:UInt32} + intDiv(number * {seconds:UInt32}, {count:UInt64}), 'UTC')),
    1 + number % 50, 1 + cityHash64(number) % {members:UInt32}, 1, 0
FROM system.numbers LIMIT {count:UInt64}
"""


def main() -> None:
    """Run the benchmark and print its result."""
    with open_environment() as env:
        env.start_sim()
        quiet, busy = asyncio.run(run(env))
    quiet_p95, busy_p95 = (statistics.quantiles(seconds, n=20)[-1] * 1000 for seconds in (quiet, busy))
    print_progress(
        f"p95 {quiet_p95:.0f} ms of {len(quiet)} answers, {busy_p95:.0f} ms of {len(busy)} beside the busy server"
    )
    print_result(
        "fair",
        value=busy_p95 / quiet_p95,
        goal=MAX_SLOWDOWN,
        is_upper_bound=True,
        quiet_p95_ms=quiet_p95,
        busy_p95_ms=busy_p95,
        quiet_p50_ms=statistics.median(quiet) * 1000,
        busy_p50_ms=statistics.median(busy) * 1000,
    )


async def run(env: BenchmarkEnvironment) -> tuple[list[float], list[float]]:
    """Fill the stores and measure; return the seconds of the quiet server's answers, without and with the busy one."""
    async with open_stores(env.settings, report=print_progress, with_writer=True) as stores:
        now = utc_now().replace(minute=0, second=0, microsecond=0)
        quiet_id, busy_id = await add_guild(stores), await add_guild(stores)
        await fill(stores, quiet_id, now, count=QUIET_EVENTS, members=100)
        await fill(stores, busy_id, now, count=BUSY_EVENTS, members=20_000)
        async with stores.database.transaction() as session:
            await set_limits(session, TIER_LIMITS)
        quiet_key = (await issue_api_key(env.settings, guild_id=quiet_id, name="quiet")).secret
        busy_keys = [
            (await issue_api_key(env.settings, guild_id=busy_id, name=f"busy {n}")).secret for n in range(BUSY_KEYS)
        ]
        env.start_process("herwa_api")
        base_url = f"http://127.0.0.1:{env.folder.get_or_create_port('api')}"
        wait_until(lambda: is_ready(base_url), "the API to be ready")
        async with httpx.AsyncClient(base_url=base_url, timeout=60) as client:
            return await measure(client, (quiet_id, quiet_key), (busy_id, busy_keys), now)


async def fill(stores: Stores, guild_id: int, now: datetime, *, count: int, members: int) -> None:
    """Insert so many messages of so many members in the last year."""
    await stores.clickhouse_writer.command(
        ROWS_SQL,
        parameters={
            "guild": guild_id,
            "start": int((now - timedelta(days=DAY_COUNT)).timestamp()),
            "seconds": DAY_COUNT * 86_400,
            "count": count,
            "members": members,
        },
    )
    await raise_data_version(stores, guild_id)


async def measure(
    client: httpx.AsyncClient, quiet: tuple[int, str], busy: tuple[int, list[str]], now: datetime
) -> tuple[list[float], list[float]]:
    """Measure rounds without and with the busy server alternately; the first pair warms up."""
    seconds: tuple[list[float], list[float]] = ([], [])
    numbers = itertools.count()
    for round_number in range(-1, ROUND_COUNT):
        measured = [await ask_quietly(client, quiet, now, numbers)]
        first_number = str((round_number + 1) * QUESTIONS_PER_ROUND)
        with run_load(
            "benchmarks.fair_load", str(client.base_url), str(busy[0]), now.isoformat(), first_number, *busy[1]
        ) as load:
            assert load.stdout is not None
            await asyncio.to_thread(load.stdout.readline)  # the first answer
            measured.append(await ask_quietly(client, quiet, now, numbers))
            load.send_signal(signal.SIGTERM)
            answered = int(await asyncio.to_thread(load.stdout.readline))
        print_progress(
            f"round {round_number + 1}: p50 {statistics.median(measured[0]) * 1000:.0f} ms, beside {answered} answers "
            f"of the busy server {statistics.median(measured[1]) * 1000:.0f} ms"
        )
        if round_number >= 0:
            seconds[0].extend(measured[0])
            seconds[1].extend(measured[1])
    return seconds


async def ask_quietly(
    client: httpx.AsyncClient, guild: tuple[int, str], now: datetime, numbers: Iterator[int]
) -> list[float]:
    """Send a question of the quiet server every quarter of a second; return the seconds of each answer."""
    seconds, end = [], time.monotonic() + ROUND_SECONDS
    while time.monotonic() < end:
        started_at = time.perf_counter()
        response = await client.get(
            build_path(guild[0], now, next(numbers), days=30), headers=build_headers(guild[1], "10.0.0.1")
        )
        assert response.status_code == 200, response.text
        seconds.append(time.perf_counter() - started_at)
        await asyncio.sleep(SECONDS_BETWEEN_QUESTIONS)
    return seconds


def is_ready(base_url: str) -> bool:
    """True when the API is ready."""
    try:
        return httpx.get(f"{base_url}/readyz").is_success
    except httpx.TransportError:
        return False


if __name__ == "__main__":
    main()
