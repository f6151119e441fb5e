"""Events per CPU second of the bot process, from the gateway through the tap into the buffer.

Peer: discord.py's default client doing the same through `on_message`. Both hear the same flood from the same local
Discord, in turns; a turn is over when the last event is in the buffer. Goal: at least 3 times the peer's rate.
"""

import asyncio
from functools import partial

import asyncpg

from benchmarks.report import remark, result
from benchmarks.stage import Stage, cpu_seconds, listens, running, stage, until
from herwa_shared.migrate import migrate
from herwa_sim.client.client import SimClient

EVENTS = 60_000
CHANNELS = 20
TURNS = 2
GOAL = 3.0
SUBJECTS = {"herwa": "herwa_bot", "discord.py": "benchmarks.default_client"}


def main() -> None:
    """Measure and print."""
    with stage() as here:
        asyncio.run(migrate(database_url=here.lease.urls.database, clickhouse_url=here.lease.urls.clickhouse))
        sim = here.sim()
        guild_id = sim.create_guild("Flood")
        channels = [sim.create_channel(guild_id, f"channel-{number}") for number in range(CHANNELS)]
        spent = dict.fromkeys(SUBJECTS, 0.0)
        for turn in range(TURNS):
            for name, module in SUBJECTS.items():
                seconds = flood(here, sim, module, channels)
                spent[name] += seconds
                remark(f"turn {turn + 1}, {name}: {EVENTS / seconds:,.0f} events per CPU second")
    result("collector", value=spent["discord.py"] / spent["herwa"], goal=GOAL)


def flood(here: Stage, sim: SimClient, module: str, channels: list[int]) -> float:
    """CPU seconds that the subject needs for the flood, once it listens."""
    before = buffered(here)
    with running(here.settings, module) as subject:
        until(partial(listens, sim), f"{module} to listen")
        sim.blast(channels, 500)  # what is done once, such as learning names, is done
        until(lambda: buffered(here) == before + 500, "the first events")
        began = cpu_seconds(subject)
        sim.blast(channels, EVENTS)
        until(lambda: buffered(here) == before + 500 + EVENTS, "every event in the buffer")
        return cpu_seconds(subject) - began


def buffered(here: Stage) -> int:
    """Messages in the buffer, which nobody empties here."""

    async def count() -> int:
        connection = await asyncpg.connect(here.lease.urls.database)
        try:
            return int(await connection.fetchval("SELECT count(*) FROM event_buffer WHERE kind = 'message'"))
        finally:
            await connection.close()

    return asyncio.run(count())


if __name__ == "__main__":
    main()
