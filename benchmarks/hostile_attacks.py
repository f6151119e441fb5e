"""Attacks of the benchmark `hostile`, as a process of their own: `python -m benchmarks.hostile_attacks PORT ADDRESSES`.

Everything is attacked at once until the process is stopped, from so many loopback addresses.
"""

import asyncio
import itertools
import json
import sys
import zlib
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass, field

from tests.support.raw_connection import (
    PING,
    TEXT,
    RawConnection,
    build_frame,
    build_handshake,
    build_request,
    open_connection,
)

SLOW_CLIENTS = 200
SOCKETS = 200
HEAD_SENDERS = 20
TABS_PER_BURST = 20
SECONDS_BETWEEN_BURSTS = 0.5
HEAD_SECONDS = 0.1
RETRY_SECONDS = 0.5
HOLD_SECONDS = 90
PINGS_PER_WRITE = 500
EVENTS_PATH = "/_rx/_event"
SOCKET_PATH = f"{EVENTS_PATH}/?EIO=4&transport=websocket&token="
BOMB_BYTES = 16 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Attacker:
    """Opens connections to the server, from its addresses in turn."""

    port: int
    sources: list[str]
    numbers: "itertools.count[int]" = field(default_factory=itertools.count)

    @property
    def host(self) -> str:
        """The value of the `Host` header."""
        return f"127.0.0.1:{self.port}"

    async def repeat(self, attack: Callable[["Attacker", RawConnection, int], Awaitable[None]], pause: float) -> None:
        """Run an attack again and again, each time on a new connection."""
        while True:
            number = next(self.numbers)
            with suppress(OSError, EOFError, TimeoutError, AssertionError, asyncio.LimitOverrunError):
                async with open_connection(self.port, source=self.sources[number % len(self.sources)]) as connection:
                    await attack(self, connection, number)
            await asyncio.sleep(pause)


async def send_half_a_post(attacker: Attacker, connection: RawConnection, _: int) -> None:
    """Announce a body, send a part of it, and wait."""
    headers = [("Content-Length", "5000")]
    await connection.send(build_request("/api/me", host=attacker.host, method="POST", headers=headers, body=b"a"))
    await connection.wait_until_closed()


async def leave_responses_unread(attacker: Attacker, connection: RawConnection, _: int) -> None:
    """Request pages and answers of the API ahead, and read nothing."""
    connection.writer.transport.pause_reading()  # type: ignore[attr-defined]
    for path in ("/api/openapi.json", "/", "/login", "/") * 2:
        await connection.send(build_request(path, host=attacker.host))
    await asyncio.sleep(HOLD_SECONDS)


async def flood_socket(attacker: Attacker, connection: RawConnection, number: int) -> None:
    """Send pings without end; every fourth client sends a compression bomb first."""
    headers = [("Sec-WebSocket-Extensions", "permessage-deflate; client_max_window_bits")]
    await connection.send(build_handshake(f"{SOCKET_PATH}flood-{number}", host=attacker.host, headers=headers))
    assert (await connection.read_response()).status == 101
    if number % 4 == 0:
        await connection.send(build_bomb())
    pings = build_frame(PING, b"x") * PINGS_PER_WRITE
    discarding = asyncio.create_task(connection.wait_until_closed())
    while not discarding.done():
        await connection.send(pings)
        await asyncio.sleep(0.01)


def build_bomb() -> bytes:
    """Build a compressed frame that is a thousand times larger when it is decompressed."""
    compressor = zlib.compressobj(9, zlib.DEFLATED, -15)
    data = compressor.compress(bytes(BOMB_BYTES)) + compressor.flush(zlib.Z_SYNC_FLUSH)
    return build_frame(TEXT, data[:-4], is_compressed=True)


async def send_head(attacker: Attacker, connection: RawConnection, number: int) -> None:
    """Send a head of any size: few or many headers, short or long ones, whole or half."""
    header_count, value_bytes = 10 ** (number % 5), 10 ** (number // 5 % 5)
    headers = (b"x-%d: " % number + b"a" * value_bytes + b"\r\n") * min(header_count, 200_000 // value_bytes)
    end = b"" if number % 3 == 0 else b"\r\n"
    await connection.send(b"GET / HTTP/1.1\r\nHost: " + attacker.host.encode() + b"\r\n" + headers + end)
    await connection.read_response()


async def open_tab(attacker: Attacker, connection: RawConnection, number: int) -> None:
    """Open a page as a stranger, load its state, and go."""
    await connection.send(build_handshake(f"{SOCKET_PATH}tab-{number}", host=attacker.host))
    assert (await connection.read_response()).status == 101
    await connection.send(build_frame(TEXT, f"40{EVENTS_PATH},".encode()) + build_load_event())
    await connection.wait_for_text(b"42")


def build_load_event() -> bytes:
    """Build the event with which a page loads its state."""
    location = {"pathname": "/", "asPath": "/", "query": {}}
    event = {"name": "reflex___state____state.hydrate_and_load", "payload": {}, "router_data": location}
    return build_frame(TEXT, f"42{EVENTS_PATH},{json.dumps(['event', event])}".encode())


async def open_tabs(attacker: Attacker) -> None:
    """Open tabs in bursts."""
    while True:
        tasks = [asyncio.create_task(attacker.repeat(open_tab, pause=HOLD_SECONDS)) for _ in range(TABS_PER_BURST)]
        await asyncio.sleep(SECONDS_BETWEEN_BURSTS)
        await asyncio.wait(tasks, timeout=SECONDS_BETWEEN_BURSTS)
        for task in tasks:
            task.cancel()


async def attack(port: int, address_count: int) -> None:
    """Run all attacks at once."""
    attacker = Attacker(port, [f"127.0.0.{number + 2}" for number in range(address_count)])
    await asyncio.gather(
        *(attacker.repeat(send_half_a_post, RETRY_SECONDS) for _ in range(SLOW_CLIENTS)),
        *(attacker.repeat(leave_responses_unread, RETRY_SECONDS) for _ in range(SLOW_CLIENTS)),
        *(attacker.repeat(flood_socket, RETRY_SECONDS) for _ in range(SOCKETS)),
        *(attacker.repeat(send_head, HEAD_SECONDS) for _ in range(HEAD_SENDERS)),
        open_tabs(attacker),
    )


if __name__ == "__main__":
    asyncio.run(attack(int(sys.argv[1]), int(sys.argv[2])))
