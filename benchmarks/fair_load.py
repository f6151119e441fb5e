"""The busy server of the benchmark `fair`: `python -m benchmarks.fair_load URL GUILD NOW FIRST_NUMBER KEYS...`.

Its clients send heavy questions, each about another window, as fast as they get answers and as their limits allow.
Prints a line after the first answer; after SIGTERM it prints how many questions were answered, and waits to be stopped.
"""

import asyncio
import itertools
import signal
import sys
from collections.abc import Iterator, Mapping
from contextlib import suppress
from datetime import datetime, timedelta

import httpx

CLIENTS = 40
DAY_COUNT = 365


async def send_load(base_url: str, guild_id: int, now: datetime, first_number: int, keys: list[str]) -> None:
    """Send questions until SIGTERM, numbered from `first_number` on."""
    loop, stopped, numbers = asyncio.get_running_loop(), asyncio.Event(), itertools.count(first_number)
    loop.add_signal_handler(signal.SIGTERM, stopped.set)
    response_sizes: list[int] = []
    async with httpx.AsyncClient(base_url=base_url, timeout=60) as client:
        tasks = [
            loop.create_task(
                _ask(client, guild_id, build_headers(keys[n % len(keys)], f"10.0.1.{n}"), now, numbers, response_sizes)
            )
            for n in range(CLIENTS)
        ]
        await stopped.wait()
        print(len(response_sizes), flush=True)
        for task in tasks:
            task.cancel()
        await asyncio.wait(tasks)
    await asyncio.Event().wait()


async def _ask(
    client: httpx.AsyncClient,
    guild_id: int,
    headers: Mapping[str, str],
    now: datetime,
    numbers: Iterator[int],
    response_sizes: list[int],
) -> None:
    """Send questions without a pause; add the bytes of each response to `response_sizes`."""
    with suppress(asyncio.CancelledError):
        while True:
            path = build_path(guild_id, now, next(numbers), days=DAY_COUNT, metric="messages,active_members")
            response = await client.get(path, headers=headers)
            if response.status_code == 200:
                response_sizes.append(len(response.content))
                if len(response_sizes) == 1:
                    print("started", flush=True)
            else:
                assert response.status_code == 429, response.text
                await asyncio.sleep(min(1.0, float(response.headers["Retry-After"])))


def build_path(guild_id: int, now: datetime, number: int, *, days: int, metric: str = "messages") -> str:
    """Build a question whose window no other question has."""
    end = now - timedelta(hours=number % 500)
    start = end - timedelta(days=days, hours=number // 500)
    window = f"from={start:%Y-%m-%dT%H:00Z}&to={end:%Y-%m-%dT%H:00Z}"
    return f"/api/guilds/{guild_id}/stats?metric={metric}&{window}&interval=hour"


def build_headers(key: str, address: str) -> dict[str, str]:
    """Build the headers of a request with a key, from a client at this address behind a trusted proxy."""
    return {"Authorization": f"Bearer {key}", "X-Forwarded-For": address}


if __name__ == "__main__":
    asyncio.run(
        send_load(sys.argv[1], int(sys.argv[2]), datetime.fromisoformat(sys.argv[3]), int(sys.argv[4]), sys.argv[5:])
    )
