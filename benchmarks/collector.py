"""Events per CPU second of the bot process, from the gateway through the event handlers into the buffer.

Peer: discord.py's default client, which does the same through `on_message`. Both receive the same load from the same
local Discord, alternately; a turn ends when the last event is in the buffer. Goal: at least 3 times the peer's rate.
"""

import asyncio
from functools import partial

import asyncpg

from benchmarks.environment import (
    BenchmarkEnvironment,
    get_cpu_seconds,
    is_bot_connected,
    open_environment,
    run_process,
    wait_until,
)
from benchmarks.report import print_progress, print_result
from herwa_shared.migrate import migrate
from herwa_sim.client.client import SimClient

EVENT_COUNT = 60_000
CHANNEL_COUNT = 20
TURN_COUNT = 2
MIN_SPEEDUP = 3.0
MODULES_BY_SUBJECT = {"herwa": "herwa_bot", "discord.py": "benchmarks.discordpy_baseline"}


def main() -> None:
    """Run the benchmark and print its result."""
    with open_environment() as env:
        asyncio.run(migrate(env.lease.urls))
        sim = env.start_sim()
        guild_id = sim.create_guild("Flood")
        channels = [sim.create_channel(guild_id, f"channel-{number}") for number in range(CHANNEL_COUNT)]
        cpu_seconds_by_subject = dict.fromkeys(MODULES_BY_SUBJECT, 0.0)
        for turn in range(TURN_COUNT):
            for name, module in MODULES_BY_SUBJECT.items():
                seconds = flood(env, sim, module, channels)
                cpu_seconds_by_subject[name] += seconds
                print_progress(f"turn {turn + 1}, {name}: {EVENT_COUNT / seconds:,.0f} events per CPU second")
    print_result(
        "collector", value=cpu_seconds_by_subject["discord.py"] / cpu_seconds_by_subject["herwa"], goal=MIN_SPEEDUP
    )


def flood(env: BenchmarkEnvironment, sim: SimClient, module: str, channels: list[int]) -> float:
    """Run a bot process, send it the load when it is connected, and return the CPU seconds that the load took."""
    previous_count = count_buffered_messages(env)
    with run_process(env.settings, module) as process:
        wait_until(partial(is_bot_connected, sim), f"{module} to connect")
        sim.generate_load(channels, 500)  # warm-up: work that happens once, such as saving names, is not measured
        wait_until(lambda: count_buffered_messages(env) == previous_count + 500, "the first events")
        start_cpu_seconds = get_cpu_seconds(process)
        sim.generate_load(channels, EVENT_COUNT)
        wait_until(
            lambda: count_buffered_messages(env) == previous_count + 500 + EVENT_COUNT, "every event in the buffer"
        )
        return get_cpu_seconds(process) - start_cpu_seconds


def count_buffered_messages(env: BenchmarkEnvironment) -> int:
    """Number of messages in the buffer, which no mover empties in this benchmark."""

    async def query_count() -> int:
        connection = await asyncpg.connect(env.lease.urls.database)
        try:
            return int(await connection.fetchval("SELECT count(*) FROM event_buffer WHERE kind = 'message'"))
        finally:
            await connection.close()

    return asyncio.run(query_count())


if __name__ == "__main__":
    main()
