"""Seconds from Ctrl-C until every process of `herwa up` has ended, under a load of events.

The value is the slowest of several copies. Bound: 5 seconds.
"""

import signal
import time

import psutil

from benchmarks.environment import (
    WAIT_TIMEOUT_SECONDS,
    connect_sim,
    is_bot_connected,
    open_empty_copy,
    run_process,
    wait_until,
)
from benchmarks.report import print_progress, print_result
from herwa_shared.config import Settings
from herwa_shared.runtime.data_dir import DataFolder

TURN_COUNT = 3
EVENTS_PER_SECOND = 2_000
MAX_STOP_SECONDS = 5.0


def main() -> None:
    """Run the benchmark and print its result."""
    slowest = 0.0
    for turn in range(TURN_COUNT):
        with open_empty_copy() as settings:
            seconds = measure_stop_seconds(settings)
        print_progress(f"turn {turn + 1}: everything stopped after {seconds:.2f} s")
        slowest = max(slowest, seconds)
    print_result("stopping", value=slowest, goal=MAX_STOP_SECONDS, is_upper_bound=True)


def measure_stop_seconds(settings: Settings) -> float:
    """Start a copy, send it events, send Ctrl-C, and return the seconds until all its processes have ended."""
    with run_process(settings, "herwa", "up") as up_process:
        sim = connect_sim(DataFolder(settings.data_dir))
        wait_until(lambda: is_bot_connected(sim), "the bot to connect")
        guild_id = sim.create_guild("Flood")
        sim.generate_load(
            [sim.create_channel(guild_id, "everything")],
            EVENTS_PER_SECOND * 60,
            per_second=EVENTS_PER_SECOND,
            background=True,
        )
        time.sleep(3)
        processes = [up_process, *up_process.children(recursive=True)]
        started_at = time.monotonic()
        up_process.send_signal(signal.SIGINT)
        _, survivors = psutil.wait_procs(processes, timeout=WAIT_TIMEOUT_SECONDS)
        assert not survivors, f"still running: {survivors}"
        return time.monotonic() - started_at


if __name__ == "__main__":
    main()
