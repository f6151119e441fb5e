"""A load generator for HTTP/1.1: so many connections send one request after the other."""

import asyncio
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

TIMEOUT_SECONDS = 60


@dataclass(slots=True)
class LoadResult:
    """The seconds that each request took, and the total time."""

    latencies: list[float] = field(default_factory=list)
    seconds: float = 0.0


async def send_requests(port: int, requests: Sequence[bytes], *, connections: int) -> LoadResult:
    """Send the requests, shared by all connections, and check that each is answered with 200. Raises RuntimeError."""
    result, started_at = LoadResult(), time.perf_counter()
    iterator = iter(requests)
    async with asyncio.timeout(TIMEOUT_SECONDS):
        await asyncio.gather(*(_send(port, iterator, result.latencies) for _ in range(connections)))
    result.seconds = time.perf_counter() - started_at
    return result


async def _send(port: int, requests: Iterator[bytes], latencies: list[float]) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        for request in requests:
            started_at = time.perf_counter()
            writer.write(request)
            head = await reader.readuntil(b"\r\n\r\n")
            await reader.readexactly(_read_length(head))
            latencies.append(time.perf_counter() - started_at)
            if not head.startswith(b"HTTP/1.1 200"):
                message = f"unexpected response: {head[:200]!r}"
                raise RuntimeError(message)
    finally:
        writer.close()


def _read_length(head: bytes) -> int:
    for line in head.lower().split(b"\r\n"):
        if line.startswith(b"content-length:"):
            return int(line[15:])
    return 0
