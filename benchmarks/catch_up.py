"""Messages per second that a restarted bot fetches and stores, against what Discord's rate limit allows.

The limit: 50 requests per second for all routes together, each with a page of at most 100 messages. Channels have
different numbers of messages, so the last page of each is full only by chance. Goals: at least 0.9 of the rate at which
the limit allows to fetch these pages, and live messages of another server are stored at most 10 % later meanwhile. Both
must hold.
"""

import asyncio
import math
import random
import statistics
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor

import asyncpg

from benchmarks.environment import (
    BenchmarkEnvironment,
    connect_sim,
    is_bot_connected,
    open_environment,
    run_process,
    wait_until,
)
from benchmarks.report import print_progress, print_result
from herwa_sim.client.client import SimClient

CHANNEL_COUNT = 60
MIN_MESSAGES, MAX_MESSAGES = 300, 1_000  # the local Discord keeps 1,000 a channel
PAGES_PER_SECOND, PAGE_SIZE = 50, 100
MIN_RATE_RATIO, MAX_DELAY_RATIO = 0.9, 1.1
LIVE_INTERVAL_SECONDS, POLL_SECONDS = 0.02, 0.003
LIVE_SECONDS = 8.0
SENDER_THREADS = 4
TIMEOUT_SECONDS = 120.0
LIVE_ROWS_SQL = "SELECT seq, at_ms FROM event_buffer WHERE guild_id = $1 AND seq > $2 AND kind = 'message' ORDER BY seq"
TASKS_SQL = "SELECT count(*) FROM catch_up_task"
STORED_SQL = "SELECT count(*) FROM event_buffer WHERE guild_id = $1 AND kind = 'message'"


def main() -> None:
    """Run the benchmark and print its result."""
    with open_environment() as env:
        sim = env.start_sim()
        guild_id, live_guild_id = sim.create_guild("Missed"), sim.create_guild("Live")
        channels = [sim.create_channel(guild_id, f"channel-{number}") for number in range(CHANNEL_COUNT)]
        live_channel, live_user = sim.create_channel(live_guild_id, "live"), sim.join(live_guild_id, "ada")
        author = sim.join(guild_id, "bob")
        with run_process(env.settings, "herwa_bot"):
            wait_until(lambda: is_bot_connected(sim), "the bot to connect")
            time.sleep(5)  # the gateway session is recorded, and the bot has started
            quiet_delays = asyncio.run(measure_live_delays(env, live_guild_id, live_channel, live_user, LIVE_SECONDS))
        counts = draw_message_counts(channels)
        count = sum(counts.values())
        send_missed_messages(env, counts, author)
        with run_process(env.settings, "herwa_bot"):
            seconds, busy_delays = asyncio.run(
                measure_catch_up(env, live_guild_id, live_channel, live_user, guild_id, count)
            )
    rate_ratio = sum(math.ceil(number / PAGE_SIZE) for number in counts.values()) / PAGES_PER_SECOND / seconds
    delays = statistics.mean(quiet_delays), statistics.mean(busy_delays)
    print_progress(
        f"{count:,} messages in {seconds:.1f} s, live messages stored after {delays[0]:.0f} ms,"
        f" meanwhile after {delays[1]:.0f} ms"
    )
    delay_ratio = delays[1] / delays[0]
    print_result(
        "catch_up",
        value=rate_ratio,
        goal=MIN_RATE_RATIO,
        extra_condition=delay_ratio <= MAX_DELAY_RATIO,
        delay_ratio=delay_ratio,
        delay_goal=MAX_DELAY_RATIO,
    )


def draw_message_counts(channels: Sequence[int]) -> dict[int, int]:
    """Draw the number of messages of each channel, always the same numbers."""
    generator = random.Random(1)
    return {channel: generator.randint(MIN_MESSAGES, MAX_MESSAGES) for channel in channels}


def send_missed_messages(env: BenchmarkEnvironment, counts: Mapping[int, int], author: int) -> None:
    """Send so many messages in each channel, which no bot receives."""
    clients = [connect_sim(env.folder) for _ in range(SENDER_THREADS)]

    def send(index: int) -> None:
        for channel, count in list(counts.items())[index::SENDER_THREADS]:
            for _ in range(count):
                clients[index].send_message(channel, author)

    started_at = time.perf_counter()
    with ThreadPoolExecutor(SENDER_THREADS) as executor:
        list(executor.map(send, range(SENDER_THREADS)))
    for client in clients:
        client.close()
    print_progress(f"sent {sum(counts.values()):,} messages in {time.perf_counter() - started_at:.0f} s")


async def measure_catch_up(
    env: BenchmarkEnvironment, live_guild_id: int, live_channel: int, live_user: int, guild_id: int, count: int
) -> tuple[float, list[float]]:
    """Return the seconds in which so many messages are fetched, and the delays of live messages meanwhile."""
    connection = await asyncpg.connect(env.lease.urls.database)
    await wait_for(connection, TASKS_SQL, lambda tasks: tasks > 0)
    started_at = time.perf_counter()
    live = asyncio.create_task(measure_live_delays(env, live_guild_id, live_channel, live_user, None))
    await wait_for(connection, TASKS_SQL, lambda tasks: tasks == 0)
    seconds = time.perf_counter() - started_at
    live.cancel()
    stored = await connection.fetchval(STORED_SQL, guild_id)
    await connection.close()
    if stored != count:
        message = f"{stored:,} messages are stored"
        raise RuntimeError(message)
    return seconds, await live


async def wait_for(connection: asyncpg.Connection, query: str, is_reached: Callable[[int], bool]) -> None:
    """Poll a number until the condition holds. Raises TimeoutError."""
    async with asyncio.timeout(TIMEOUT_SECONDS):
        while not is_reached(await connection.fetchval(query)):  # noqa: ASYNC110
            await asyncio.sleep(POLL_SECONDS)


async def measure_live_delays(
    env: BenchmarkEnvironment, guild_id: int, channel: int, user: int, seconds: float | None
) -> list[float]:
    """Send live messages for some seconds, or until cancelled; return for each how long it took to be stored, in ms."""
    connection, sim = await asyncpg.connect(env.lease.urls.database), connect_sim(env.folder)
    last_seq = await connection.fetchval("SELECT coalesce(max(seq), 0) FROM event_buffer")
    sender = asyncio.create_task(send_live_messages(sim, channel, user))
    delays: list[float] = []
    deadline = None if seconds is None else time.monotonic() + seconds
    try:
        while deadline is None or time.monotonic() < deadline:
            rows = await connection.fetch(LIVE_ROWS_SQL, guild_id, last_seq)
            now_ms = time.time() * 1000
            delays += [now_ms - row["at_ms"] for row in rows]
            last_seq = rows[-1]["seq"] if rows else last_seq
            await asyncio.sleep(POLL_SECONDS)
    except asyncio.CancelledError:
        pass
    sender.cancel()
    await connection.close()
    return delays


async def send_live_messages(sim: SimClient, channel: int, user: int) -> None:
    """Send one message after the other until cancelled."""
    while True:
        await asyncio.to_thread(sim.send_message, channel, user)
        await asyncio.sleep(LIVE_INTERVAL_SECONDS)


if __name__ == "__main__":
    main()
