"""How long another process decides by a policy that has been changed: from the commit to what its cache answers.

Peer: a process that loads the policies anew once a second, in the same run. Goals: p99 of at most 0.1 times the
peer's; and with every fifth message lost, p99 of at most 1.3 times the period of the sweep, which heals it. Of the two
shares of a bound, the worse is the value.
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

from benchmarks.policy_reader import Seen
from benchmarks.report import remark, result
from benchmarks.stage import Stage, environment, stage
from herwa_shared.clock import utc_now
from herwa_shared.db import Database
from herwa_shared.guardrail.policy import SubjectKind, TargetKind
from herwa_shared.models import Guild
from herwa_shared.policy_cache.notifications import PERIOD_SECONDS
from herwa_shared.services.access_rules import NewRule, add_rule
from herwa_shared.services.audit import SYSTEM
from herwa_shared.stores import open_stores

GUILDS = 20
CHANGES = 400
APART_SECONDS = 0.05, 0.45
LAST_CHANCE_SECONDS = 4.0
OF_POLLING_AT_MOST = 0.1
OF_THE_PERIOD_AT_MOST = 1.3
WAYS = ("told", "lossy", "polling")

Commits = dict[int, list[float]]
"""Of each guild, when the commit of its n-th change was asked for."""


def main() -> None:
    """Measure and print."""
    with stage() as here:
        commits, seen = asyncio.run(measure(here))
    delays = {way: delays_of(commits, seen[way]) for way in WAYS}
    p99 = {way: statistics.quantiles(found, n=100)[98] for way, found in delays.items()}
    for way, found in delays.items():
        middle = statistics.median(found)
        remark(
            f"{way:>8}: p50 {middle * 1000:.1f} ms, p99 {p99[way] * 1000:.1f} ms, slowest {max(found) * 1000:.1f} ms"
        )
    of_polling, of_the_period = p99["told"] / p99["polling"], p99["lossy"] / PERIOD_SECONDS
    result(
        "staleness",
        value=max(of_polling / OF_POLLING_AT_MOST, of_the_period / OF_THE_PERIOD_AT_MOST),
        goal=1.0,
        at_most=True,
        times_polling=of_polling,
        times_polling_at_most=OF_POLLING_AT_MOST,
        lossy_times_the_period=of_the_period,
        lossy_times_the_period_at_most=OF_THE_PERIOD_AT_MOST,
        p99_ms=p99["told"] * 1000,
    )


async def measure(here: Stage) -> tuple[Commits, dict[str, list[Seen]]]:
    """Change rules in this process; what each of the others saw of it."""
    async with open_stores(here.settings) as stores:
        guild_ids = await new_guilds(stores.database)
        with ExitStack() as stack:
            readers = {way: stack.enter_context(reader(here, stores.database_url, way, guild_ids)) for way in WAYS}
            for process in readers.values():
                await asyncio.to_thread(expect_ready, process)
            commits = await change(stores.database, guild_ids)
            await asyncio.sleep(LAST_CHANCE_SECONDS)
            return commits, {way: await asyncio.to_thread(told_by, process) for way, process in readers.items()}


async def new_guilds(database: Database) -> list[int]:
    ids = list(range(1, GUILDS + 1))
    async with database.transaction() as session:
        session.add_all(Guild(id=one, name=f"Guild {one}", owner_id=1, joined_at=utc_now()) for one in ids)
    return ids


async def change(database: Database, guild_ids: list[int]) -> Commits:
    """One rule of each guild gets note after note, as a person in a hurry would save it."""
    commits: Commits = defaultdict(list)
    for done in range(1, CHANGES + 1):
        await asyncio.sleep(random.uniform(*APART_SECONDS))
        guild_id = random.choice(guild_ids)
        async with database.transaction() as session:
            note = str(len(commits[guild_id]))
            rule = NewRule(False, SubjectKind.ROLE, 7, TargetKind.EVERYTHING, "", note=note)
            await add_rule(session, guild_id=guild_id, rule=rule, actor=SYSTEM)
            commits[guild_id].append(time.monotonic())
        if done % 100 == 0:
            remark(f"{done} of {CHANGES} changes")
    return commits


@contextmanager
def reader(here: Stage, url: str, way: str, guild_ids: list[int]) -> Iterator[subprocess.Popen[str]]:
    """Another process, which looks in this way."""
    command = [sys.executable, "-m", "benchmarks.policy_reader", url, way, *map(str, guild_ids)]
    process = subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=environment(here.settings), text=True
    )
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


def expect_ready(process: subprocess.Popen[str]) -> None:
    assert process.stdout is not None
    assert process.stdout.readline() == "ready\n", "a reader did not start"


def told_by(process: subprocess.Popen[str]) -> list[Seen]:
    """What it saw; it ends with that."""
    told, _ = process.communicate(timeout=30)
    return [(guild_id, number, at) for guild_id, number, at in json.loads(told)]


def delays_of(commits: Commits, seen: list[Seen]) -> list[float]:
    """Of every change, the wait for the first look that showed it or a later one of its guild."""
    delays = []
    for guild_id, moments in commits.items():
        looks = [(number, at) for guild, number, at in seen if guild == guild_id]
        for change_number, committed in enumerate(moments):
            first = next((at for number, at in looks if number >= change_number), None)
            assert first is not None, "a change was never seen"
            delays.append(first - committed)
    return delays


if __name__ == "__main__":
    main()
