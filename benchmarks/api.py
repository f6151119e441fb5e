"""CPU of an authenticated, limited, cached `stats` request, relative to FastAPI with slowapi on Redis.

All servers answer with the same body, at their own port, over 32 connections: Herwa's API, the peer as its
documentation shows it, Fastify with its rate limiter, and raw ASGI. Their CPU is that of the server and of Redis.
Rounds alternate. Goal: at most half of the peer. An answer that is not cached may cost the API process 4 ms of CPU, an
absolute bound: each of these questions is about another window. Under load no connection to PostgreSQL is
opened. The engine's CPU and the 99th percentile are printed without a bound.

The requests come from many addresses through a trusted proxy, as one address may send only 50 a second for long.
"""

import asyncio
import os
import statistics
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

import httpx
import psutil

from benchmarks.environment import (
    BenchmarkEnvironment,
    build_process_variables,
    get_cpu_seconds,
    open_environment,
    set_limits,
    wait_until,
)
from benchmarks.http_load import send_requests
from benchmarks.peers import install_node_peer
from benchmarks.report import print_progress, print_result
from herwa.commands.api_keys import issue_api_key
from herwa_shared.catalog import Limit
from herwa_shared.clock import utc_now
from herwa_shared.embedded.clickhouse import ClickHouseEngine
from herwa_shared.embedded.engine_manager import list_engines
from herwa_shared.embedded.redis import RedisEngine
from herwa_shared.stores import Stores, open_stores
from tests.support.row_factories import EventRow, add_guild, insert_events

CONNECTIONS = 32
ROUND_COUNT = 5
REQUESTS_PER_ROUND = 4_000
UNCACHED_REQUESTS, UNCACHED_WARM_UP = 220, 20
DAY_COUNT = 90
MAX_RATIO = 0.5
MAX_UNCACHED_MS = 4.0
REQUESTS_PER_ADDRESS = 4
HIGH_LIMIT = 100_000_000
SESSIONS_SQL = "SELECT sessions FROM pg_stat_database WHERE datname = current_database()"
STATISTICS_SECONDS = 2.0
"""How long PostgreSQL may take to count a new connection."""


@dataclass(slots=True)
class Server:
    """A server, the processes whose CPU counts, and the milliseconds of CPU of a request in each round."""

    name: str
    port: int
    processes: list[psutil.Process]
    cpu_ms: list[float] = field(default_factory=list)
    latencies: list[float] = field(default_factory=list)

    def read_cpu(self) -> float:
        """Return the CPU seconds used so far."""
        return sum(get_cpu_seconds(process) for process in self.processes)


@dataclass(frozen=True, slots=True)
class Question:
    """A request: the path with its query, and the headers."""

    path: str
    headers: Mapping[str, str]

    def build_requests(self, host: str, count: int) -> list[bytes]:
        """Build so many requests, each few of them from an address of their own."""
        lines = [
            f"GET {self.path} HTTP/1.1",
            f"Host: {host}",
            *(f"{name}: {value}" for name, value in self.headers.items()),
        ]
        return [
            "\r\n".join([*lines, f"X-Forwarded-For: {_build_address(number)}", "", ""]).encode()
            for number in range(count)
        ]


def main() -> None:
    """Run the benchmark and print its result."""
    with open_environment() as env:
        asyncio.run(run(env))


async def run(env: BenchmarkEnvironment) -> None:
    """Start the servers and measure them."""
    engines = {engine.name: psutil.Process(engine.pid) for engine in list_engines(env.folder) if engine.pid}
    redis = engines[RedisEngine.name]
    async with open_stores(env.settings, report=print_progress, with_writer=True) as stores:
        env.start_sim()
        guild_id, question = await create_question(env, stores)
        api = Server("Herwa", env.folder.get_or_create_port("api"), [env.start_process("herwa_api"), redis])
        wait_until(lambda: is_answering(api.port, question), "the API to answer")
        peers = start_peers(env, redis, question)
        await send_requests(
            api.port, build_uncached_requests(api.port, guild_id, question, first=1_000), connections=CONNECTIONS
        )  # the pool of connections grows to its size
        sessions_before = await count_sessions(stores)
        await measure_cached([api, *peers], question)
        uncached_ms, engine_ms = await measure_uncached(api, engines[ClickHouseEngine.name], guild_id, question)
        opened_connections = await count_sessions(stores) - sessions_before
    costs = {server.name: statistics.median(server.cpu_ms) for server in (api, *peers)}
    for server in (api, *peers):
        p99 = statistics.quantiles(server.latencies, n=100)[-1] * 1000
        print_progress(f"{server.name:>18}: {costs[server.name] * 1000:.0f} µs of CPU a request, p99 {p99:.1f} ms")
    print_progress(f"not cached: {uncached_ms:.2f} ms in the API, {engine_ms:.2f} ms in ClickHouse")
    print_progress(f"{opened_connections} connections to PostgreSQL were opened under load")
    ratio = costs["Herwa"] / costs["FastAPI + slowapi"]
    print_result(
        "api",
        value=ratio,
        goal=MAX_RATIO,
        is_upper_bound=True,
        extra_condition=uncached_ms <= MAX_UNCACHED_MS and opened_connections == 0,
        uncached_ms=uncached_ms,
        uncached_goal_ms=MAX_UNCACHED_MS,
        engine_ms=engine_ms,
        opened_connections=opened_connections,
        cached_us=costs["Herwa"] * 1000,
        p99_ms=statistics.quantiles(api.latencies, n=100)[-1] * 1000,
        **{f"times_{server.name.split()[0].lower()}": costs["Herwa"] / costs[server.name] for server in peers},
    )


async def create_question(env: BenchmarkEnvironment, stores: Stores) -> tuple[int, Question]:
    """Create a server with messages of the last days, a tier without a limit in practice, and a key."""
    guild_id, now = await add_guild(stores), utc_now()
    await insert_events(
        stores,
        guild_id,
        [EventRow(now - timedelta(hours=hour), user=hour % 50 + 1) for hour in range(1, DAY_COUNT * 24)],
    )
    async with stores.database.transaction() as session:
        await set_limits(session, {Limit.REQUESTS_PER_MINUTE: HIGH_LIMIT, Limit.HISTORY_DAYS: None})
    key = (await issue_api_key(env.settings, guild_id=guild_id, name="benchmark")).secret
    return guild_id, Question(build_path(guild_id), {"Authorization": f"Bearer {key}"})


def build_path(guild_id: int, *, days_ago: int = 0) -> str:
    """Build a question about so many days that end today or earlier."""
    last_day = utc_now().date() - timedelta(days=days_ago)
    return f"/api/guilds/{guild_id}/stats?metric=messages&from={last_day - timedelta(days=DAY_COUNT - 1)}&to={last_day}"


def start_peers(env: BenchmarkEnvironment, redis: psutil.Process, question: Question) -> list[Server]:
    """Start the other servers. All but raw ASGI count in the same Redis as Herwa."""
    api_port = env.folder.get_or_create_port("api")
    body_file = env.settings.data_dir / "body.json"
    body_file.write_bytes(fetch(api_port, question).content)
    variables = {
        "BODY_FILE": str(body_file),
        "API_KEY": question.headers["Authorization"].removeprefix("Bearer "),
        "LIMITER_URL": env.lease.urls.redis,
    }
    servers = [
        ("FastAPI + slowapi", ["--factory", "benchmarks.api_peers:create_slowapi_app"], [redis]),
        ("raw ASGI", ["benchmarks.api_peers:serve_raw"], []),
    ]
    peers = []
    for name, arguments, others in servers:
        port = env.folder.get_or_create_port(f"peer {name}")
        command = [
            sys.executable,
            "-m",
            "uvicorn",
            *arguments,
            "--port",
            str(port),
            "--no-access-log",
            "--log-level",
            "error",
        ]
        peers.append(Server(name, port, [start_server(env, command, variables), *others]))
    node = install_node_peer("fastify")
    if node is not None:
        port = env.folder.get_or_create_port("peer Fastify")
        process = start_server(env, node, {**variables, "PORT": str(port)})
        peers.append(Server("Fastify", port, [process, redis]))
    for peer in peers:
        wait_until(lambda peer=peer: is_answering(peer.port, question), f"{peer.name} to answer")  # type: ignore[misc]
    return peers


def start_server(
    env: BenchmarkEnvironment, command: Sequence[str | Path], variables: Mapping[str, str]
) -> psutil.Process:
    """Start a server that is stopped with the environment."""
    process = subprocess.Popen(
        command, env={**build_process_variables(env.settings), **variables}, stdout=sys.stderr, start_new_session=True
    )
    env.stack.callback(process.wait)
    env.stack.callback(process.kill)
    return psutil.Process(process.pid)


async def measure_cached(servers: Sequence[Server], question: Question) -> None:
    """Measure all servers in turn; the first round warms up."""
    for round_number in range(ROUND_COUNT + 1):
        for server in servers:
            requests = question.build_requests(f"127.0.0.1:{server.port}", REQUESTS_PER_ROUND)
            cpu_before = server.read_cpu()
            result = await send_requests(server.port, requests, connections=CONNECTIONS)
            cost_ms = (server.read_cpu() - cpu_before) / REQUESTS_PER_ROUND * 1000
            if round_number:
                server.cpu_ms.append(cost_ms)
                server.latencies += result.latencies
        print_progress(
            f"round {round_number}: " + ", ".join(f"{s.name} {s.cpu_ms[-1] * 1000:.0f} µs" for s in servers if s.cpu_ms)
        )


async def measure_uncached(
    api: Server, engine: psutil.Process, guild_id: int, question: Question
) -> tuple[float, float]:
    """Send questions that none has sent before; return the milliseconds of CPU of API and ClickHouse per answer."""
    process, requests = api.processes[0], build_uncached_requests(api.port, guild_id, question)
    await send_requests(api.port, requests[:UNCACHED_WARM_UP], connections=1)
    api_before, engine_before = get_cpu_seconds(process), get_cpu_seconds(engine)
    await send_requests(api.port, requests[UNCACHED_WARM_UP:], connections=1)
    count = UNCACHED_REQUESTS - UNCACHED_WARM_UP
    api_after, engine_after = get_cpu_seconds(process), get_cpu_seconds(engine)
    return (api_after - api_before) / count * 1000, (engine_after - engine_before) / count * 1000


def build_uncached_requests(port: int, guild_id: int, question: Question, *, first: int = 0) -> list[bytes]:
    """Build questions about windows of their own."""
    return [
        Question(build_path(guild_id, days_ago=first + number), question.headers).build_requests(
            f"127.0.0.1:{port}", number + 1
        )[-1]
        for number in range(UNCACHED_REQUESTS)
    ]


async def count_sessions(stores: Stores) -> int:
    """Count the connections to PostgreSQL that were ever opened."""
    await asyncio.sleep(STATISTICS_SECONDS)
    async with stores.database.acquire_connection() as connection:
        return int(await connection.fetchval(SESSIONS_SQL))


def fetch(port: int, question: Question) -> httpx.Response:
    """Send the question once."""
    return httpx.get(f"http://127.0.0.1:{port}{question.path}", headers=dict(question.headers), timeout=10)


def is_answering(port: int, question: Question) -> bool:
    """True when the server answers the question."""
    try:
        return fetch(port, question).is_success
    except httpx.TransportError:
        return False


def _build_address(number: int) -> str:
    group = os.getpid() + number // REQUESTS_PER_ADDRESS
    return f"10.{group >> 16 & 255}.{group >> 8 & 255}.{group & 255}"


if __name__ == "__main__":
    main()
