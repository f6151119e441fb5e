"""Overshoot of the limit of a key: 1,000 parallel requests over two API processes, in any window of 60 seconds.

Goal: at most 5 % more than the limit. Each process has its own `RequestLimiter`, as in an API process, and both share
the embedded Redis. `python -m benchmarks.limiter` prints one line of JSON. It also prints, without a goal, how many
decisions one process makes per second of its CPU.
"""

import asyncio
import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from benchmarks.report import print_result
from herwa_api.rate_limits.limiter import RequestLimiter
from herwa_api.rate_limits.windows import Charge
from herwa_shared.config import Settings, StoreSettings
from herwa_shared.embedded import lease_engines
from herwa_shared.redis_client import create_redis_client
from herwa_shared.runtime.data_dir import DataFolder

LIMIT = 100
WINDOW_SECONDS = 60
PARALLEL_REQUESTS = 1_000
PROCESSES = 2
ROUND_TIMES = (0.0, 20.0, 55.0, 61.0, 75.0)  # seconds after the start; the last two are in the next windows
MAX_OVERSHOOT = 0.05
CPU_REQUESTS = 20_000
UNUSED_URL = "postgresql://127.0.0.1:9/unused"


async def run_process(redis_url: str, start_at: float) -> None:
    """Send the requests of one process, and print the times at which they were allowed, and the CPU of decisions."""
    async with create_redis_client(redis_url) as redis:
        limiter = RequestLimiter(redis)
        charges = [Charge("key", "key:benchmark", LIMIT, WINDOW_SECONDS)]
        allowed_times: list[float] = []

        async def send() -> None:
            if (await limiter.acquire(charges)).is_allowed:
                allowed_times.append(time.time())

        for round_time in ROUND_TIMES:
            await asyncio.sleep(max(0.0, start_at + round_time - time.time()))
            await asyncio.gather(*(send() for _ in range(PARALLEL_REQUESTS // PROCESSES)))
        print(json.dumps({"allowed": allowed_times, "cpu_microseconds": await measure_cpu(limiter)}))


async def measure_cpu(limiter: RequestLimiter) -> float:
    """Measure the CPU of one allowed decision at 32 connections, in microseconds."""
    charges = [Charge(name, f"{name}:cpu", CPU_REQUESTS * PROCESSES + 1, WINDOW_SECONDS) for name in ("key", "guild")]

    async def send_many() -> None:
        for _ in range(CPU_REQUESTS // 32):
            await limiter.acquire(charges)

    started_at = time.process_time()
    await asyncio.gather(*(send_many() for _ in range(32)))
    return (time.process_time() - started_at) / CPU_REQUESTS * 1e6


def count_most_in_window(times: list[float]) -> int:
    """Count the most requests in any window."""
    times = sorted(times)
    return max(sum(start <= time < start + WINDOW_SECONDS for time in times) for start in times)


def main() -> None:
    """Run both processes and print the result."""
    with tempfile.TemporaryDirectory(prefix="herwa-bench-") as path:
        folder = DataFolder(Path(path))
        stores = StoreSettings(DATABASE_URL=UNUSED_URL, CLICKHOUSE_URL=UNUSED_URL, REDIS_URL=None)
        with lease_engines(Settings(HERWA_DATA_DIR=folder.path, stores=stores), folder, report=lambda _: None) as lease:
            arguments = (sys.executable, "-m", "benchmarks.limiter", lease.urls.redis, str(time.time() + 3))
            processes = [subprocess.Popen(arguments, stdout=subprocess.PIPE) for _ in range(PROCESSES)]
            results = [json.loads(process.communicate()[0]) for process in processes]
    most = count_most_in_window([time for result in results for time in result["allowed"]])
    overshoot = most / LIMIT - 1
    print_result(
        "limiter",
        value=overshoot,
        goal=MAX_OVERSHOOT,
        is_upper_bound=True,
        most_in_60_s=most,
        limit=LIMIT,
        cpu_microseconds_a_decision=max(result["cpu_microseconds"] for result in results),
    )


if __name__ == "__main__":
    if len(sys.argv) > 1:
        asyncio.run(run_process(sys.argv[1], float(sys.argv[2])))
    else:
        main()
