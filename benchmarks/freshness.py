"""Seconds from an event to the API answer that contains it, at 500 events a second, the whole copy running.

The local Discord sends numbered messages at a steady rate while a program asks the API for the total, again and again:
an event is answered by the first answer whose total reaches its number. Bound: p99 of at most 2 seconds.
"""

import asyncio
import statistics
import threading
import time
from datetime import timedelta

import httpx

from benchmarks.environment import BenchmarkEnvironment, is_bot_connected, open_environment, wait_until
from benchmarks.report import print_progress, print_result
from herwa.commands.operator import issue_api_key
from herwa_shared.clock import utc_now
from herwa_sim.client.client import SimClient

EVENTS_PER_SECOND = 500
DURATION_SECONDS = 40
CHANNEL_COUNT = 20
MAX_P99_SECONDS = 2.0
POLL_INTERVAL_SECONDS = 0.02

TotalSample = tuple[float, int]


def main() -> None:
    """Measure and print."""
    with open_environment() as env:
        sim = env.start_sim()
        guild_id = sim.create_guild("Fresh")
        channels = [sim.create_channel(guild_id, f"channel-{number}") for number in range(CHANNEL_COUNT)]
        for module in ("herwa_worker", "herwa_api", "herwa_bot"):
            env.start_process(module)
        fetch_total = create_total_fetcher(env, guild_id)
        wait_until(lambda: is_bot_connected(sim), "the bot to listen")
        sim.generate_load(channels, EVENTS_PER_SECOND)
        wait_until(lambda: fetch_total() == EVENTS_PER_SECOND, "the first answer")
        delays = measure(sim, channels, fetch_total)
    p50, p99 = statistics.median(delays), statistics.quantiles(delays, n=100)[98]
    print_progress(f"{len(delays):,} events: p50 {p50:.2f} s, p99 {p99:.2f} s, slowest {max(delays):.2f} s")
    print_result("freshness", value=p99, goal=MAX_P99_SECONDS, is_upper_bound=True)


def measure(sim: SimClient, channels: list[int], fetch_total: "TotalFetcher") -> list[float]:
    """The delay of every event, in seconds."""
    previous_total, count = fetch_total(), EVENTS_PER_SECOND * DURATION_SECONDS
    send_times: list[float] = []
    sender = threading.Thread(
        target=lambda: send_times.extend(
            sent_at for _, sent_at in sim.generate_load(channels, count, per_second=EVENTS_PER_SECOND)
        )
    )
    sender.start()
    samples: list[TotalSample] = []
    deadline = time.monotonic() + DURATION_SECONDS * 3
    while not samples or samples[-1][1] < count:
        total = fetch_total() - previous_total
        samples.append((time.time(), total))
        if time.monotonic() > deadline:
            error_text = f"only {total:,} of {count:,} events were ever answered"
            raise RuntimeError(error_text)
        time.sleep(POLL_INTERVAL_SECONDS)
    sender.join()
    return calculate_delays(send_times, samples)


def calculate_delays(send_times: list[float], samples: list[TotalSample]) -> list[float]:
    """Each event's wait for the first answer that counts it."""
    delays, sample_index = [], 0
    for number, sent_at in enumerate(send_times, start=1):
        while samples[sample_index][1] < number:
            sample_index += 1
        delays.append(samples[sample_index][0] - sent_at)
    return delays


class TotalFetcher:
    """Asks the API for the messages of one server over the last days."""

    def __init__(self, client: httpx.Client, path: str) -> None:
        self._client = client
        self._path = path
        today = utc_now().date()
        self._window = {"from": str(today - timedelta(days=2)), "to": str(today + timedelta(days=2)), "interval": "day"}

    def __call__(self) -> int:
        """The total at this moment."""
        response = self._client.get(self._path, params={"metric": "messages", **self._window})
        return int(response.raise_for_status().json()["total"])


def create_total_fetcher(env: BenchmarkEnvironment, guild_id: int) -> TotalFetcher:
    """A program with a key, once the bot has told of the server and the API answers."""
    key = ""

    def try_create_key() -> bool:
        nonlocal key
        try:
            key = create_key(env, guild_id)
        except Exception:  # noqa: BLE001 - not yet, for whatever reason
            return False
        return True

    wait_until(try_create_key, "the server to be known")
    client = httpx.Client(
        base_url=f"http://127.0.0.1:{env.folder.get_or_create_port('api')}",
        headers={"Authorization": f"Bearer {key}"},
        timeout=10,
    )
    wait_until(lambda: is_ready(client), "the API to be ready")
    return TotalFetcher(client, f"/api/guilds/{guild_id}/stats")


def create_key(env: BenchmarkEnvironment, guild_id: int) -> str:
    return asyncio.run(issue_api_key(env.settings, guild_id=guild_id, name="freshness"))


def is_ready(client: httpx.Client) -> bool:
    """True when the API answers."""
    try:
        return client.get("/readyz").is_success
    except httpx.TransportError:
        return False


if __name__ == "__main__":
    main()
