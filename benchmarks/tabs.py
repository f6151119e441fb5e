"""CPU of 100 visible idle tabs on 10 living servers, and what they change for a person who changes the range.

A copy runs as processes of its own. In each server members write every second and come and go in voice, at the same
rate all the time. Rounds without tabs alternate with rounds in which 10 managers of each server look at its overview;
their tabs send what a browser sends. The value is the CPU of all processes with tabs less that without them, in
cores; that of the local Discord, which plays Discord, is not counted, nor that of the clients. Goal, an absolute bound:
at most 0.2. Meanwhile a person changes the range of one server again and again: at most 2 times the time without tabs.
"""

import asyncio
import statistics
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass, field

import aiohttp
import psutil

from benchmarks.environment import BenchmarkEnvironment, get_cpu_seconds, is_bot_connected, open_environment, wait_until
from benchmarks.living_servers import LivingServer, create_living_server, keep_alive
from benchmarks.page import is_serving
from benchmarks.report import print_progress, print_result
from benchmarks.tab_client import TabClient, open_tab
from herwa_shared.auth.sessions import create_session
from herwa_shared.clock import utc_now
from herwa_shared.embedded.engine_manager import list_engines
from herwa_shared.services.guilds import list_guilds
from herwa_shared.stores import Stores, open_stores
from herwa_web.build.builder import build_if_stale
from tests.support.oauth_login import log_in

SERVER_COUNT, TABS_PER_SERVER = 10, 10
ROUND_COUNT = 3
ROUND_SECONDS = 60.0
"""A multiple of the minute, in which what depends on the time is computed again."""
SETTLE_SECONDS = 5.0
RANGE_CHANGES = 16
CONCURRENT_LOGINS = 6
SECONDS_BETWEEN_CHANGES = 0.7
RANGES = ("7d", "30d", "91d", "24h")
MAX_CORES = 0.2
MAX_SLOWDOWN = 2.0
PROCESSES = ("herwa_worker", "herwa_api", "herwa_bot", "herwa_web")


@dataclass(slots=True)
class Measurements:
    """Cores per process in each round, and the seconds of each change of the range."""

    cores: list[dict[str, float]] = field(default_factory=list)
    changes: list[float] = field(default_factory=list)

    @property
    def total_cores(self) -> float:
        """The cores of all processes, in the median round."""
        return statistics.median(sum(cores.values()) for cores in self.cores)


def main() -> None:
    """Run the benchmark and print its result."""
    build_if_stale(print_progress)
    with open_environment() as env:
        sim = env.start_sim()
        servers = [
            create_living_server(sim, f"Living {number}", manager_count=TABS_PER_SERVER + 1)
            for number in range(SERVER_COUNT)
        ]
        processes = {name: env.start_process(name) for name in PROCESSES}
        wait_until(lambda: is_bot_connected(sim), "the bot to connect")
        wait_until(lambda: is_serving(env.settings), "the pages to be served")
        with keep_alive(env.folder, servers):
            quiet, with_tabs = asyncio.run(measure(env, servers, processes))
    print_cores(quiet, with_tabs)
    added = with_tabs.total_cores - quiet.total_cores
    slowdown = statistics.median(with_tabs.changes) / statistics.median(quiet.changes)
    print_result(
        "tabs",
        value=added,
        goal=MAX_CORES,
        is_upper_bound=True,
        extra_condition=slowdown <= MAX_SLOWDOWN,
        slowdown=slowdown,
        slowdown_goal=MAX_SLOWDOWN,
        quiet_cores=quiet.total_cores,
        quiet_change_ms=statistics.median(quiet.changes) * 1000,
        change_ms=statistics.median(with_tabs.changes) * 1000,
        change_p95_ms=statistics.quantiles(with_tabs.changes, n=20)[-1] * 1000,
    )


async def measure(
    env: BenchmarkEnvironment, servers: list[LivingServer], processes: dict[str, psutil.Process]
) -> tuple[Measurements, Measurements]:
    """Measure rounds without and with tabs alternately."""
    quiet, with_tabs = Measurements(), Measurements()
    async with open_stores(env.settings, report=print_progress) as stores, open_http("127.0.0.1") as http:
        await wait_for_servers(stores, servers)
        tokens = await log_in_managers(env, stores, servers)
        async with open_tab(http, env.settings, session_token=tokens[0].pop(), guild_id=servers[0].id) as person:
            await change_ranges(person, servers[0], RANGE_CHANGES)  # warms up
            for number in range(ROUND_COUNT):
                await run_round(env, processes, person, servers[0], quiet)
                async with open_tabs(env, servers, tokens) as tabs:
                    print_progress(f"{len(tabs)} tabs opened")
                    await run_round(env, processes, person, servers[0], with_tabs)
                    print_progress(
                        f"round {number + 1}: {sum(quiet.cores[-1].values()):.3f} cores without tabs, "
                        f"{sum(with_tabs.cores[-1].values()):.3f} with {len(tabs)}; a tab received "
                        f"{statistics.mean(tab.received_updates for tab in tabs):.0f} updates, "
                        f"{statistics.mean(tab.received_bytes for tab in tabs) / 1000:.0f} kB"
                    )
    return quiet, with_tabs


def open_http(address: str) -> aiohttp.ClientSession:
    """Open a client that connects from this loopback address."""
    return aiohttp.ClientSession(connector=aiohttp.TCPConnector(local_addr=(address, 0), limit=0))


async def wait_for_servers(stores: Stores, servers: list[LivingServer]) -> None:
    """Wait until the bot has saved all servers."""
    async with asyncio.timeout(60):
        while True:
            async with stores.database.transaction() as session:
                saved_ids = {guild.id for guild in await list_guilds(session)}
            if {server.id for server in servers} <= saved_ids:
                return
            await asyncio.sleep(0.5)


async def log_in_managers(env: BenchmarkEnvironment, stores: Stores, servers: list[LivingServer]) -> list[list[str]]:
    """Log all managers in; return the tokens of their sessions by server. One more logs in to the first server."""
    slots = asyncio.Semaphore(CONCURRENT_LOGINS)

    async def log_in_manager(user_id: int) -> str:
        async with slots:
            await log_in(stores, env.settings, env.folder, user_id)
            async with stores.database.transaction() as session:
                return await create_session(session, user_id=user_id, now=utc_now())

    tokens = []
    for server in servers:
        user_ids = server.managers[: TABS_PER_SERVER + (server is servers[0])]
        tokens.append(await asyncio.gather(*map(log_in_manager, user_ids)))
    print_progress(f"{sum(map(len, tokens))} managers logged in")
    return tokens


@asynccontextmanager
async def open_tabs(
    env: BenchmarkEnvironment, servers: list[LivingServer], tokens: list[list[str]]
) -> AsyncIterator[list[TabClient]]:
    """Open all tabs, which poll while the block runs. Those of each server come from an address of their own."""
    async with AsyncExitStack() as stack:
        tabs: list[TabClient] = []

        async def open_tabs_of(server: LivingServer, server_tokens: list[str]) -> None:
            http = await stack.enter_async_context(open_http(f"127.0.1.{1 + servers.index(server)}"))
            for token in server_tokens:
                tab = open_tab(http, env.settings, session_token=token, guild_id=server.id)
                tabs.append(await stack.enter_async_context(tab))

        await asyncio.gather(*map(open_tabs_of, servers, tokens))
        polls = [asyncio.create_task(tab.poll()) for tab in tabs]
        try:
            yield tabs
        finally:
            for poll in polls:
                poll.cancel()
            with suppress(asyncio.CancelledError):
                await asyncio.gather(*polls)


async def run_round(
    env: BenchmarkEnvironment,
    processes: dict[str, psutil.Process],
    person: TabClient,
    server: LivingServer,
    measurements: Measurements,
) -> None:
    """Measure the CPU of all processes, and then some changes of the range."""
    await asyncio.sleep(SETTLE_SECONDS)
    before, started_at = get_cpu_by_process(env, processes), time.perf_counter()
    await asyncio.sleep(ROUND_SECONDS)
    seconds, after = time.perf_counter() - started_at, get_cpu_by_process(env, processes)
    measurements.cores.append({name: (after[name] - before[name]) / seconds for name in after})
    measurements.changes += await change_ranges(person, server, RANGE_CHANGES)


async def change_ranges(person: TabClient, server: LivingServer, count: int) -> list[float]:
    """Change the range so many times; return the seconds until each was shown."""
    seconds = []
    for number in range(count):
        seconds.append(await person.load(f"/g/{server.id}?range={RANGES[number % len(RANGES)]}"))
        await asyncio.sleep(SECONDS_BETWEEN_CHANGES)
    return seconds


def get_cpu_by_process(env: BenchmarkEnvironment, processes: dict[str, psutil.Process]) -> dict[str, float]:
    """Return the CPU seconds that each process and each engine has used so far, with their child processes."""
    engines = {engine.name: psutil.Process(engine.pid) for engine in list_engines(env.folder) if engine.pid}
    return {
        name: sum(get_cpu_seconds(part) for part in (process, *process.children(recursive=True)))
        for name, process in {**processes, **engines}.items()
    }


def print_cores(quiet: Measurements, with_tabs: Measurements) -> None:
    """Print the cores of each process without and with tabs."""
    for name in quiet.cores[0]:
        without, with_ = (
            statistics.median(cores[name] for cores in measurements.cores) for measurements in (quiet, with_tabs)
        )
        print_progress(f"{name:>12}: {without:.3f} cores without tabs, {with_:.3f} with")


if __name__ == "__main__":
    main()
