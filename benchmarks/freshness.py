"""Seconds from an event to the first API response that counts it, at 500 events per second in a complete copy.

The local Discord sends messages at a constant rate while this program polls the total from the API. The n-th event is
counted by the first response with a total of at least n. Bound: p99 of at most 2 seconds.
"""

import asyncio
import statistics
import threading
import time
from datetime import timedelta

import httpx

from benchmarks.environment import (
    WAIT_TIMEOUT_SECONDS,
    BenchmarkEnvironment,
    is_bot_connected,
    open_environment,
    set_limits,
    wait_until,
)
from benchmarks.report import print_progress, print_result
from herwa.commands.api_keys import issue_api_key
from herwa.commands.operator_session import open_operator_session
from herwa_shared.catalog import Limit
from herwa_shared.clock import utc_now
from herwa_shared.config import Settings
from herwa_sim.client.client import SimClient

EVENTS_PER_SECOND = 500
DURATION_SECONDS = 40
CHANNEL_COUNT = 20
MAX_P99_SECONDS = 2.0
POLL_INTERVAL_SECONDS = 0.02

TotalSample = tuple[float, int]
"""Time of a response (seconds since 1970) and its total."""


def main() -> None:
    """Run the benchmark and print its result."""
    with open_environment() as env:
        sim = env.start_sim()
        guild_id = sim.create_guild("Fresh")
        channels = [sim.create_channel(guild_id, f"channel-{number}") for number in range(CHANNEL_COUNT)]
        for module in ("herwa_worker", "herwa_api", "herwa_bot"):
            env.start_process(module)
        fetch_total = create_total_fetcher(env, guild_id)
        asyncio.run(allow_any_number_of_requests(env.settings))
        wait_until(lambda: is_bot_connected(sim), "the bot to connect")
        sim.generate_load(channels, EVENTS_PER_SECOND)
        wait_until(lambda: fetch_total() == EVENTS_PER_SECOND, "the warm-up events to be counted")
        delays = measure(sim, channels, fetch_total)
    p50, p99 = statistics.median(delays), statistics.quantiles(delays, n=100)[98]
    print_progress(f"{len(delays):,} events: p50 {p50:.2f} s, p99 {p99:.2f} s, slowest {max(delays):.2f} s")
    print_result("freshness", value=p99, goal=MAX_P99_SECONDS, is_upper_bound=True)


def measure(sim: SimClient, channels: list[int], fetch_total: "TotalFetcher") -> list[float]:
    """Send the events while polling the total; return the delay of every event in seconds."""
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
            error_text = f"only {total:,} of {count:,} events were counted in time"
            raise RuntimeError(error_text)
        time.sleep(POLL_INTERVAL_SECONDS)
    sender.join(WAIT_TIMEOUT_SECONDS)
    assert not sender.is_alive(), "the local Discord did not confirm the load"
    return calculate_delays(send_times, samples)


def calculate_delays(send_times: list[float], samples: list[TotalSample]) -> list[float]:
    """Compute for each event the seconds until the first sample that counts it."""
    delays, sample_index = [], 0
    for number, sent_at in enumerate(send_times, start=1):
        while samples[sample_index][1] < number:
            sample_index += 1
        delays.append(samples[sample_index][0] - sent_at)
    return delays


class TotalFetcher:
    """Fetches one guild's number of messages of the last days from the API."""

    def __init__(self, client: httpx.Client, path: str) -> None:
        self._client = client
        self._path = path
        today = utc_now().date()
        self._window = {"from": str(today - timedelta(days=2)), "to": str(today + timedelta(days=2)), "interval": "day"}

    def __call__(self) -> int:
        """Fetch the current total."""
        response = self._client.get(self._path, params={"metric": "messages", **self._window})
        return int(response.raise_for_status().json()["total"])


def create_total_fetcher(env: BenchmarkEnvironment, guild_id: int) -> TotalFetcher:
    """Create an API key once the bot has saved the guild, wait for the API, and return the fetcher."""
    key = ""

    def try_create_key() -> bool:
        nonlocal key
        try:
            key = create_key(env, guild_id)
        except Exception:  # noqa: BLE001 - any error means that the guild is not saved yet
            return False
        return True

    wait_until(try_create_key, "the server to be saved")
    client = httpx.Client(
        base_url=f"http://127.0.0.1:{env.folder.get_or_create_port('api')}",
        headers={"Authorization": f"Bearer {key}"},
        timeout=10,
    )
    wait_until(lambda: is_ready(client), "the API to be ready")
    return TotalFetcher(client, f"/api/guilds/{guild_id}/stats")


def create_key(env: BenchmarkEnvironment, guild_id: int) -> str:
    return asyncio.run(issue_api_key(env.settings, guild_id=guild_id, name="freshness")).secret


async def allow_any_number_of_requests(settings: Settings) -> None:
    """Remove the limit of requests of the tier that every server has."""
    async with open_operator_session(settings) as session:
        await set_limits(session, {Limit.REQUESTS_PER_MINUTE: None})


def is_ready(client: httpx.Client) -> bool:
    """True when the API is ready."""
    try:
        return client.get("/readyz").is_success
    except httpx.TransportError:
        return False


if __name__ == "__main__":
    main()
