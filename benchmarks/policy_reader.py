"""A process that looks at some guilds' policies all the time: `python -m benchmarks.policy_reader URL WAY GUILD …`.

The way is how it hears of changes: `told` as Herwa does, `lossy` the same with every fifth message lost, `polling` by
loading everything once a second. It says `ready`; once its input ends, every change that it saw, as JSON.
"""

import asyncio
import json
import random
import sys
import time
from typing import Any

import asyncpg
import uvloop

from herwa_shared.catalog import Surfaces
from herwa_shared.db import Database
from herwa_shared.guardrail.policy import GuildPolicy
from herwa_shared.policy_cache.cache import PolicyCache
from herwa_shared.services.policies import load_offer, load_policy

Seen = tuple[int, int, float]
"""The guild, the number in its rule's note, and when that was first seen (monotonic, the same in every process)."""

LOST = 0.2
POLL_SECONDS = 1.0
LOOK_EVERY_SECONDS = 0.001


class Lossy(asyncpg.Connection):
    """A connection on which one message in five goes lost."""

    async def add_listener(self, channel: str, callback: Any) -> None:
        """The callback hears the others."""

        def hear(*message: Any) -> None:
            if random.random() >= LOST:
                callback(*message)

        await super().add_listener(channel, hear)


class Observations:
    """What was seen of each guild, the first time."""

    def __init__(self) -> None:
        self.seen: list[Seen] = []
        self._newest: dict[int, int] = {}

    def look(self, policy: GuildPolicy) -> None:
        """Whatever is new in it is seen now."""
        number = max((int(rule.note) for rule in policy.rules), default=-1)
        if number > self._newest.get(policy.guild_id, -1):
            self._newest[policy.guild_id] = number
            self.seen.append((policy.guild_id, number, time.monotonic()))


async def ask(database: Database, guild_ids: list[int], found: Observations, kind: type[asyncpg.Connection]) -> None:
    """By the cache of Herwa's processes, which is asked every millisecond, as by commands."""
    cache = PolicyCache(database, database.url, Surfaces(()), connection_class=kind)
    async with cache.running():
        while True:
            for guild_id in guild_ids:
                found.look((await cache.get(guild_id)).policy)
            await asyncio.sleep(LOOK_EVERY_SECONDS)


async def poll(database: Database, guild_ids: list[int], found: Observations) -> None:
    """Once a second everything anew."""
    due = time.monotonic()
    while True:
        async with database.transaction() as session:
            offer = await load_offer(session)
            for guild_id in guild_ids:
                found.look(await load_policy(session, guild_id=guild_id, offer=offer))
        due += POLL_SECONDS
        await asyncio.sleep(due - time.monotonic())


async def read(url: str, way: str, guild_ids: list[int]) -> None:
    """Look until the input ends, then tell."""
    database, found = Database(url), Observations()
    if way == "polling":
        looking = asyncio.create_task(poll(database, guild_ids, found))
    else:
        looking = asyncio.create_task(ask(database, guild_ids, found, Lossy if way == "lossy" else asyncpg.Connection))
    ending = asyncio.create_task(asyncio.to_thread(sys.stdin.read))
    await asyncio.wait({looking, ending}, timeout=2)
    print("ready", flush=True)
    await asyncio.wait({looking, ending}, return_when=asyncio.FIRST_COMPLETED)
    if looking.done():
        looking.result()
    looking.cancel()
    await asyncio.wait({looking})
    await database.close()
    print(json.dumps(found.seen), flush=True)


if __name__ == "__main__":
    uvloop.run(read(sys.argv[1], sys.argv[2], [int(one) for one in sys.argv[3:]]))
