"""A process that continuously reads policies of guilds: `python -m benchmarks.policy_reader URL MODE GUILD …`.

The mode is how it learns of changes: `notified` by Herwa's policy cache, `lossy` by the same cache with one
notification in five lost, `polling` by loading all policies once a second. The process prints `ready` on standard
output. When its standard input is closed, it prints every change that it observed, as JSON.
"""

import asyncio
import json
import random
import sys
import time
from typing import Any

import asyncpg
import uvloop

from herwa_shared.catalog import SurfaceRegistry
from herwa_shared.db import Database
from herwa_shared.guardrail.policy import GuildPolicy
from herwa_shared.policy_cache.cache import PolicyCache
from herwa_shared.services.policies import load_global_policy, load_policy

Observation = tuple[int, int, float]
"""Guild id, number in the note of its rule, and time of the first observation.

The time is from the monotonic clock in seconds, which is the same for all processes of the machine.
"""

LOSS_RATE = 0.2
POLL_INTERVAL_SECONDS = 1.0
READ_INTERVAL_SECONDS = 0.001


class LossyConnection(asyncpg.Connection):
    """A connection that drops one notification in five at random."""

    async def add_listener(self, channel: str, callback: Any) -> None:
        """Register the callback for the notifications that are not dropped."""

        def forward_message(*arguments: Any) -> None:
            if random.random() >= LOSS_RATE:
                callback(*arguments)

        await super().add_listener(channel, forward_message)


class ObservationLog:
    """The first observation of each change of each guild."""

    def __init__(self) -> None:
        self.entries: list[Observation] = []
        self._newest_by_guild: dict[int, int] = {}

    def record(self, policy: GuildPolicy) -> None:
        """Record the newest change that the policy contains, unless it was observed before."""
        number = max((int(rule.note) for rule in policy.rules), default=-1)
        if number > self._newest_by_guild.get(policy.guild_id, -1):
            self._newest_by_guild[policy.guild_id] = number
            self.entries.append((policy.guild_id, number, time.monotonic()))


async def read_cached(
    database: Database, guild_ids: list[int], observations: ObservationLog, connection_class: type[asyncpg.Connection]
) -> None:
    """Read policies from Herwa's policy cache every millisecond, as often as a busy bot does for commands."""
    cache = PolicyCache(database, database.url, SurfaceRegistry(()), connection_class=connection_class)
    async with cache.run():
        while True:
            for guild_id in guild_ids:
                observations.record((await cache.get(guild_id)).policy)
            await asyncio.sleep(READ_INTERVAL_SECONDS)


async def poll_database(database: Database, guild_ids: list[int], observations: ObservationLog) -> None:
    """Load all policies from the database once a second."""
    next_poll_at = time.monotonic()
    while True:
        async with database.transaction() as session:
            global_policy = await load_global_policy(session)
            for guild_id in guild_ids:
                observations.record(await load_policy(session, guild_id=guild_id, global_policy=global_policy))
        next_poll_at += POLL_INTERVAL_SECONDS
        await asyncio.sleep(next_poll_at - time.monotonic())


async def observe(url: str, mode: str, guild_ids: list[int]) -> None:
    """Observe changes until standard input is closed, then print the observations."""
    database, observations = Database(url), ObservationLog()
    if mode == "polling":
        reader_task = asyncio.create_task(poll_database(database, guild_ids, observations))
    else:
        reader_task = asyncio.create_task(
            read_cached(database, guild_ids, observations, LossyConnection if mode == "lossy" else asyncpg.Connection)
        )
    stdin_task = asyncio.create_task(asyncio.to_thread(sys.stdin.read))
    await asyncio.wait({reader_task, stdin_task}, timeout=2)
    print("ready", flush=True)
    await asyncio.wait({reader_task, stdin_task}, return_when=asyncio.FIRST_COMPLETED)
    if reader_task.done():
        reader_task.result()
    reader_task.cancel()
    await asyncio.wait({reader_task})
    await database.close()
    print(json.dumps(observations.entries), flush=True)


if __name__ == "__main__":
    uvloop.run(observe(sys.argv[1], sys.argv[2], [int(guild_id) for guild_id in sys.argv[3:]]))
