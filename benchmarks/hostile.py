"""What hostile clients change for another visitor, and the memory that they leave behind.

A running copy is attacked in every way at once (`benchmarks/hostile_attacks.py`), from one and from 50 addresses, while
a visitor at another address opens the landing page again and again: the page, its WebSocket, its state. Floor: the same
visits before the attacks. The value is the 95th percentile under attack divided by that of quiet visits, the worse of
the two attacks. Goal: at most 3. A second run of both attacks must add at most 5 % to the memory of the web process and
the API. The attacks have a low priority: elsewhere they would not take the processor of the server.
"""

import asyncio
import os
import statistics
import time

import psutil

from benchmarks.environment import open_empty_copy, run_load, run_process, wait_until
from benchmarks.hostile_attacks import EVENTS_PATH, SOCKET_PATH, build_load_event
from benchmarks.page import is_serving
from benchmarks.report import print_progress, print_result
from herwa_web.build.builder import build_if_stale
from tests.support.raw_connection import TEXT, build_frame, build_handshake, build_request, open_connection

ADDRESS_COUNTS = (1, 50)
ATTACK_SECONDS = float(os.environ.get("HERWA_HOSTILE_SECONDS", "60"))
QUIET_SECONDS = ATTACK_SECONDS / 2
SETTLE_SECONDS = 10
SECONDS_BETWEEN_VISITS = 0.7
VISITOR = "127.0.0.200"
MAX_SLOWDOWN = 3.0
MAX_MEMORY_GROWTH = 1.05
SERVERS = ("herwa_web", "herwa_api")


def main() -> None:
    """Run the benchmark and print its result."""
    build_if_stale(print_progress)
    with open_empty_copy() as settings, run_process(settings, "herwa", "up") as up_process:
        wait_until(lambda: is_serving(settings), "the pages to be served")
        asyncio.run(visit_for(settings.port, QUIET_SECONDS / 2))  # warms up
        quiet_p95 = compute_p95(asyncio.run(visit_for(settings.port, QUIET_SECONDS)))
        print_progress(f"quiet: p95 {quiet_p95 * 1000:.0f} ms, {measure_memory(up_process) / 1e6:.0f} MB")
        slowdowns = run_attacks(settings.port, quiet_p95)
        first_memory = measure_memory(up_process)
        slowdowns += run_attacks(settings.port, quiet_p95)
        second_memory = measure_memory(up_process)
    print_progress(
        f"memory: {first_memory / 1e6:.0f} MB after the first run, {second_memory / 1e6:.0f} MB after the second"
    )
    growth = second_memory / first_memory
    print_result(
        "hostile",
        value=max(slowdowns),
        goal=MAX_SLOWDOWN,
        is_upper_bound=True,
        extra_condition=growth <= MAX_MEMORY_GROWTH,
        quiet_p95_ms=quiet_p95 * 1000,
        memory_growth=growth,
        memory_mb=second_memory / 1e6,
    )


def run_attacks(port: int, quiet_p95: float) -> list[float]:
    """Attack from each number of addresses; return how much slower the visitor's visits were each time."""
    slowdowns = []
    for address_count in ADDRESS_COUNTS:
        with run_load("benchmarks.hostile_attacks", str(port), str(address_count)):
            seconds = asyncio.run(visit_for(port, ATTACK_SECONDS))
        p95 = compute_p95(seconds)
        print_progress(f"{address_count} addresses: p95 {p95 * 1000:.0f} ms of {len(seconds)} visits")
        slowdowns.append(p95 / quiet_p95)
        time.sleep(SETTLE_SECONDS)
    return slowdowns


async def visit_for(port: int, seconds: float) -> list[float]:
    """Visit the landing page for so long; return the seconds of each visit."""
    durations: list[float] = []
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        started_at = time.monotonic()
        await visit(port, len(durations))
        durations.append(time.monotonic() - started_at)
        await asyncio.sleep(SECONDS_BETWEEN_VISITS)
    return durations


async def visit(port: int, number: int) -> None:
    """Open the landing page as a browser does, until its state has arrived."""
    host = f"127.0.0.1:{port}"
    async with open_connection(port, source=VISITOR) as connection:
        await connection.send(build_request("/", host=host))
        assert (await connection.read_response()).status == 200
        await connection.send(build_request("/healthz", host=host))
        assert (await connection.read_response()).status == 200
    async with open_connection(port, source=VISITOR) as connection:
        await connection.send(build_handshake(f"{SOCKET_PATH}visitor-{number}", host=host))
        assert (await connection.read_response()).status == 101
        await connection.send(build_frame(TEXT, f"40{EVENTS_PATH},".encode()) + build_load_event())
        await connection.wait_for_text(b"42")


def compute_p95(seconds: list[float]) -> float:
    """Compute the 95th percentile."""
    return statistics.quantiles(seconds, n=20)[-1]


def measure_memory(up_process: psutil.Process) -> int:
    """Return the resident bytes of the web process and of the API."""
    processes = [child for child in up_process.children(recursive=True) if is_server(child)]
    assert len(processes) == len(SERVERS), processes
    return sum(process.memory_info().rss for process in processes)


def is_server(process: psutil.Process) -> bool:
    """Return whether this is the web process or the API."""
    return any(name in process.cmdline() for name in SERVERS)


if __name__ == "__main__":
    main()
