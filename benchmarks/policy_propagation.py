"""Seconds until another process uses a changed policy: from the commit until its policy cache returns the change.

Peer: a process that loads all policies from the database once a second, in the same run. Goals: p99 of at most 0.1
times the peer's, and, with one notification in five lost, p99 of at most 1.3 times the interval of the sweep, which
finds changes without notification. The value is the worse of the two ratios, each divided by its bound.
"""

import asyncio
import json
import random
import statistics
import subprocess
import sys
import time
from collections import defaultdict
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

from benchmarks.environment import BenchmarkEnvironment, build_process_variables, open_environment
from benchmarks.policy_reader import Observation
from benchmarks.report import print_progress, print_result
from herwa_shared.changes.listener import SWEEP_INTERVAL_SECONDS
from herwa_shared.clock import utc_now
from herwa_shared.db import Database
from herwa_shared.guardrail.policy import SubjectKind, TargetKind
from herwa_shared.models import Guild
from herwa_shared.services.access_rules import NewRule
from herwa_shared.services.audit import SYSTEM
from herwa_shared.stores import open_stores
from tests.support.access_rules import add_rule
from tests.support.waiting import read_line

GUILD_COUNT = 20
CHANGE_COUNT = 400
CHANGE_INTERVAL_SECONDS = 0.05, 0.45
SETTLE_SECONDS = 4.0
MAX_POLLING_RATIO = 0.1
MAX_SWEEP_RATIO = 1.3
MODES = ("notified", "lossy", "polling")

CommitTimes = dict[int, list[float]]
"""For each guild, the monotonic time just before the commit of its n-th change."""


def main() -> None:
    """Run the benchmark and print its result."""
    with open_environment() as env:
        commits, observations = asyncio.run(measure(env))
    delays = {mode: calculate_delays(commits, observations[mode]) for mode in MODES}
    p99_seconds = {mode: statistics.quantiles(mode_delays, n=100)[98] for mode, mode_delays in delays.items()}
    for mode, mode_delays in delays.items():
        median = statistics.median(mode_delays)
        print_progress(
            f"{mode:>8}: p50 {median * 1000:.1f} ms, p99 {p99_seconds[mode] * 1000:.1f} ms, "
            f"slowest {max(mode_delays) * 1000:.1f} ms"
        )
    polling_ratio, sweep_ratio = (
        p99_seconds["notified"] / p99_seconds["polling"],
        p99_seconds["lossy"] / SWEEP_INTERVAL_SECONDS,
    )
    print_result(
        "policy_propagation",
        value=max(polling_ratio / MAX_POLLING_RATIO, sweep_ratio / MAX_SWEEP_RATIO),
        goal=1.0,
        is_upper_bound=True,
        times_polling=polling_ratio,
        times_polling_at_most=MAX_POLLING_RATIO,
        lossy_times_the_period=sweep_ratio,
        lossy_times_the_period_at_most=MAX_SWEEP_RATIO,
        p99_ms=p99_seconds["notified"] * 1000,
    )


async def measure(env: BenchmarkEnvironment) -> tuple[CommitTimes, dict[str, list[Observation]]]:
    """Change rules in this process; return the commit times and the observations of each reader process."""
    async with open_stores(env.settings) as stores:
        guild_ids = await create_guilds(stores.database)
        with ExitStack() as stack:
            readers = {
                mode: stack.enter_context(run_reader(env, stores.database_url, mode, guild_ids)) for mode in MODES
            }
            for process in readers.values():
                await asyncio.to_thread(wait_until_ready, process)
            commits = await change_rules(stores.database, guild_ids)
            await asyncio.sleep(SETTLE_SECONDS)
            return commits, {
                mode: await asyncio.to_thread(collect_observations, process) for mode, process in readers.items()
            }


async def create_guilds(database: Database) -> list[int]:
    ids = list(range(1, GUILD_COUNT + 1))
    async with database.transaction() as session:
        session.add_all(
            Guild(id=guild_id, name=f"Guild {guild_id}", owner_id=1, joined_at=utc_now()) for guild_id in ids
        )
    return ids


async def change_rules(database: Database, guild_ids: list[int]) -> CommitTimes:
    """Replace the rule of random guilds by one with a new note, at random intervals; return the commit times."""
    commits: CommitTimes = defaultdict(list)
    for change_number in range(1, CHANGE_COUNT + 1):
        await asyncio.sleep(random.uniform(*CHANGE_INTERVAL_SECONDS))
        guild_id = random.choice(guild_ids)
        async with database.transaction() as session:
            note = str(len(commits[guild_id]))
            rule = NewRule(False, SubjectKind.ROLE, 7, TargetKind.EVERYTHING, "", note=note)
            await add_rule(session, guild_id=guild_id, rule=rule, actor=SYSTEM)
            commits[guild_id].append(time.monotonic())
        if change_number % 100 == 0:
            print_progress(f"{change_number} of {CHANGE_COUNT} changes")
    return commits


@contextmanager
def run_reader(env: BenchmarkEnvironment, url: str, mode: str, guild_ids: list[int]) -> Iterator[subprocess.Popen[str]]:
    """Run a `benchmarks.policy_reader` process in this mode; kill it at the end of the block."""
    command = [sys.executable, "-m", "benchmarks.policy_reader", url, mode, *map(str, guild_ids)]
    process = subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=build_process_variables(env.settings), text=True
    )
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


def wait_until_ready(process: subprocess.Popen[str]) -> None:
    assert read_line(process) == "ready\n", "a reader did not start"


def collect_observations(process: subprocess.Popen[str]) -> list[Observation]:
    """Close the reader's standard input and return the observations that it prints before it ends."""
    output, _ = process.communicate(timeout=30)
    return [(guild_id, number, seen_at) for guild_id, number, seen_at in json.loads(output)]


def calculate_delays(commits: CommitTimes, observations: list[Observation]) -> list[float]:
    """Seconds from the commit of each change to the first observation of it or of a later change of the guild."""
    delays = []
    for guild_id, commit_times in commits.items():
        guild_observations = [
            (number, seen_at) for observed_guild_id, number, seen_at in observations if observed_guild_id == guild_id
        ]
        for change_number, committed_at in enumerate(commit_times):
            first_seen_at = next((seen_at for number, seen_at in guild_observations if number >= change_number), None)
            assert first_seen_at is not None, "a change was never observed"
            delays.append(first_seen_at - committed_at)
    return delays


if __name__ == "__main__":
    main()
