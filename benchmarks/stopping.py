"""Seconds from Ctrl-C to the end of everything that `herwa up` runs, in the middle of a flood of events.

The slowest of several copies counts. Bound: 5 seconds.
"""

import signal
import time

import psutil

from benchmarks.report import remark, result
from benchmarks.stage import PATIENCE_SECONDS, empty_copy, listens, running, sim_of, until
from herwa_shared.config import Settings
from herwa_shared.runtime.data_dir import DataFolder

TURNS = 3
RATE = 2_000
BOUND_SECONDS = 5.0


def main() -> None:
    """Measure and print."""
    slowest = 0.0
    for turn in range(TURNS):
        with empty_copy() as settings:
            seconds = stopped_within(settings)
        remark(f"turn {turn + 1}: everything stopped after {seconds:.2f} s")
        slowest = max(slowest, seconds)
    result("stopping", value=slowest, goal=BOUND_SECONDS, at_most=True)


def stopped_within(settings: Settings) -> float:
    """Start a copy, flood it, press Ctrl-C; the seconds until nothing of it is left."""
    with running(settings, "herwa", "up") as up:
        sim = sim_of(DataFolder(settings.data_dir))
        until(lambda: listens(sim), "the bot to listen")
        guild_id = sim.create_guild("Flood")
        sim.blast([sim.create_channel(guild_id, "everything")], RATE * 60, per_second=RATE, background=True)
        time.sleep(3)
        everything = [up, *up.children(recursive=True)]
        began = time.monotonic()
        up.send_signal(signal.SIGINT)
        _, left = psutil.wait_procs(everything, timeout=PATIENCE_SECONDS)
        assert not left, f"still running: {left}"
        return time.monotonic() - began


if __name__ == "__main__":
    main()
