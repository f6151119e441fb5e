"""CPU of a cached card of a widget at the API's own port, relative to a bare ASGI application with the same bytes.

Both run in processes of their own (`widget_server`): the API with its limits and counts, and an application on plain
uvicorn that sends the same headers and body and does nothing else. In each round, 64 connections of one client
request the card and the bytes, one after the other, as fast as they can. The value is the CPU of the API per request,
divided by that of the bare application: the median of all rounds. Goal: at most 2. The 99th percentiles of the response
times, which include the client's own work, are reported without a goal.
"""

import asyncio
import statistics
import time
from dataclasses import dataclass
from datetime import timedelta

import psutil

from benchmarks.environment import BenchmarkEnvironment, get_cpu_seconds, open_environment, wait_until
from benchmarks.report import print_progress, print_result
from benchmarks.widget_server import HEAD_END, HOST
from herwa_shared.clock import utc_now
from herwa_shared.services.audit import SYSTEM
from herwa_shared.services.widgets import create_widget
from herwa_shared.stores import open_stores
from tests.support.row_factories import EventRow, add_guild, add_imported_period, insert_events

CONNECTIONS = 64
REQUESTS_PER_CONNECTION = 200
ROUND_COUNT = 7
MAX_RATIO = 2.0


@dataclass(frozen=True, slots=True)
class BenchmarkTarget:
    """A server process, its port, and the path that is requested."""

    process: psutil.Process
    port: int
    path: str


@dataclass(frozen=True, slots=True)
class RoundResult:
    """CPU of the server per request in microseconds, and the response times in milliseconds."""

    cpu_us: float
    milliseconds: list[float]


def main() -> None:
    """Run the benchmark and print its result."""
    with open_environment() as env:
        path = asyncio.run(create_card(env))
        api_port = env.folder.get_or_create_port("api")
        api = BenchmarkTarget(env.start_process("benchmarks.widget_server", "api"), api_port, path)
        wait_until(lambda: is_serving(api), "the API to serve the card")
        response = asyncio.run(fetch(api))
        file = env.folder.path / "card.http"
        file.write_bytes(response)
        bare_port = env.folder.get_or_create_port("bare")
        bare_process = env.start_process("benchmarks.widget_server", str(bare_port), str(file))
        bare = BenchmarkTarget(bare_process, bare_port, "/")
        wait_until(lambda: is_serving(bare), "the bare application to serve")
        rounds = [(asyncio.run(measure(api)), asyncio.run(measure(bare))) for _ in range(ROUND_COUNT + 1)][1:]
    ratio = statistics.median(card.cpu_us / same.cpu_us for card, same in rounds)
    card_us, bare_us = (statistics.median(pair[index].cpu_us for pair in rounds) for index in (0, 1))
    card_p99, bare_p99 = (compute_p99([pair[index] for pair in rounds]) for index in (0, 1))
    print_progress(f"card {card_us:.0f} µs, p99 {card_p99:.1f} ms; bare {bare_us:.0f} µs, p99 {bare_p99:.1f} ms")
    print_result(
        "widget",
        value=ratio,
        goal=MAX_RATIO,
        is_upper_bound=True,
        card_us=card_us,
        bare_us=bare_us,
        card_p99_ms=card_p99,
        bare_p99_ms=bare_p99,
        response_kb=len(response) / 1000,
    )


async def create_card(env: BenchmarkEnvironment) -> str:
    """Create a server with messages and a widget that is on; return the path of its SVG."""
    async with open_stores(env.settings, report=print_progress, with_writer=True) as stores:
        guild_id, now = await add_guild(stores), utc_now().replace(microsecond=0)
        await add_imported_period(stores, guild_id, now - timedelta(days=90), now + timedelta(days=1))
        days = range(1, 30)
        events = [EventRow(now - timedelta(days=day), user) for day in days for user in range(10, 40)]
        await insert_events(stores, guild_id, events)
        async with stores.database.transaction() as session:
            widget = await create_widget(
                session, guild_id=guild_id, value={"name": "Blog", "is_on": True}, actor=SYSTEM
            )
    return f"/w/{widget.public_id}.svg"


def is_serving(target: BenchmarkTarget) -> bool:
    """Return whether a server responds with the card."""
    try:
        return b"</svg>" in asyncio.run(fetch(target))
    except OSError:
        return False


async def fetch(target: BenchmarkTarget) -> bytes:
    """Fetch the response once."""
    reader, writer = await asyncio.open_connection(HOST, target.port)
    response = await request(reader, writer, build_request(target))
    writer.close()
    return response


def build_request(target: BenchmarkTarget) -> bytes:
    """Build the request of a client that keeps its connection."""
    return f"GET {target.path} HTTP/1.1\r\nHost: {HOST}:{target.port}\r\nUser-Agent: benchmark\r\n\r\n".encode()


async def request(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, message: bytes) -> bytes:
    """Send a request and read its response: head and body."""
    writer.write(message)
    head = await reader.readuntil(HEAD_END)
    length = int(head.lower().partition(b"content-length: ")[2].partition(b"\r\n")[0])
    return head + await reader.readexactly(length)


async def measure(target: BenchmarkTarget) -> RoundResult:
    """Request from all connections at the same time, each as often as `REQUESTS_PER_CONNECTION`."""
    message, milliseconds = build_request(target), []
    connections = [await asyncio.open_connection(HOST, target.port) for _ in range(CONNECTIONS)]

    async def send_requests(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        for _ in range(REQUESTS_PER_CONNECTION):
            started_at = time.perf_counter()
            assert await request(reader, writer, message)
            milliseconds.append((time.perf_counter() - started_at) * 1000)

    started_at = get_cpu_seconds(target.process)
    await asyncio.gather(*(send_requests(*connection) for connection in connections))
    cpu = get_cpu_seconds(target.process) - started_at
    for _, writer in connections:
        writer.close()
    return RoundResult(cpu / len(milliseconds) * 1e6, milliseconds)


def compute_p99(rounds: list[RoundResult]) -> float:
    """Compute the 99th percentile of the response times of all rounds."""
    times = [milliseconds for result in rounds for milliseconds in result.milliseconds]
    return statistics.quantiles(times, n=100)[-1]


if __name__ == "__main__":
    main()
