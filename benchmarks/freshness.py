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

from benchmarks.report import remark, result
from benchmarks.stage import Stage, listens, stage, until
from herwa.commands.operator import create
from herwa_shared.clock import utc_now
from herwa_sim.client.client import SimClient

RATE = 500
SECONDS = 40
CHANNELS = 20
BOUND_SECONDS = 2.0
ASK_EVERY_SECONDS = 0.02

Answer = tuple[float, int]


def main() -> None:
    """Measure and print."""
    with stage() as here:
        sim = here.sim()
        guild_id = sim.create_guild("Fresh")
        channels = [sim.create_channel(guild_id, f"channel-{number}") for number in range(CHANNELS)]
        for module in ("herwa_worker", "herwa_api", "herwa_bot"):
            here.start(module)
        ask = asker(here, guild_id)
        until(lambda: listens(sim), "the bot to listen")
        sim.blast(channels, RATE)
        until(lambda: ask() == RATE, "the first answer")
        delays = measure(sim, channels, ask)
    p50, p99 = statistics.median(delays), statistics.quantiles(delays, n=100)[98]
    remark(f"{len(delays):,} events: p50 {p50:.2f} s, p99 {p99:.2f} s, slowest {max(delays):.2f} s")
    result("freshness", value=p99, goal=BOUND_SECONDS, at_most=True)


def measure(sim: SimClient, channels: list[int], ask: "Asker") -> list[float]:
    """The delay of every event, in seconds."""
    before, count = ask(), RATE * SECONDS
    sent: list[float] = []
    sending = threading.Thread(target=lambda: sent.extend(at for _, at in sim.blast(channels, count, per_second=RATE)))
    sending.start()
    answers: list[Answer] = []
    deadline = time.monotonic() + SECONDS * 3
    while not answers or answers[-1][1] < count:
        total = ask() - before
        answers.append((time.time(), total))
        if time.monotonic() > deadline:
            message = f"only {total:,} of {count:,} events were ever answered"
            raise RuntimeError(message)
        time.sleep(ASK_EVERY_SECONDS)
    sending.join()
    return delays_of(sent, answers)


def delays_of(sent: list[float], answers: list[Answer]) -> list[float]:
    """Each event's wait for the first answer that counts it."""
    delays, turn = [], 0
    for number, sent_at in enumerate(sent, start=1):
        while answers[turn][1] < number:
            turn += 1
        delays.append(answers[turn][0] - sent_at)
    return delays


class Asker:
    """Asks the API for the messages of one server over the last days."""

    def __init__(self, client: httpx.Client, path: str) -> None:
        self._client = client
        self._path = path
        today = utc_now().date()
        self._window = {"from": str(today - timedelta(days=2)), "to": str(today + timedelta(days=2)), "interval": "day"}

    def __call__(self) -> int:
        """The total at this moment."""
        answer = self._client.get(self._path, params={"metric": "messages", **self._window})
        return int(answer.raise_for_status().json()["total"])


def asker(here: Stage, guild_id: int) -> Asker:
    """A program with a key, once the bot has told of the server and the API answers."""
    key = ""

    def has_a_key() -> bool:
        nonlocal key
        try:
            key = create_key(here, guild_id)
        except Exception:  # noqa: BLE001 - not yet, for whatever reason
            return False
        return True

    until(has_a_key, "the server to be known")
    client = httpx.Client(
        base_url=f"http://127.0.0.1:{here.folder.port('api')}", headers={"Authorization": f"Bearer {key}"}, timeout=10
    )
    until(lambda: is_ready(client), "the API to be ready")
    return Asker(client, f"/api/guilds/{guild_id}/stats")


def create_key(here: Stage, guild_id: int) -> str:
    return asyncio.run(create(here.settings, guild_id=guild_id, name="freshness"))


def is_ready(client: httpx.Client) -> bool:
    """True when the API answers."""
    try:
        return client.get("/readyz").is_success
    except httpx.TransportError:
        return False


if __name__ == "__main__":
    main()
