"""The answer of the API to one request, read ahead of the client.

A client that reads slowly or not at all therefore holds no connection to the API, unless the response is larger than
the read-ahead.
"""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager, suppress
from dataclasses import dataclass

import aiohttp
from multidict import CIMultiDict
from yarl import URL

MAX_CHUNK_BYTES = 65_536
OpenSlot = Callable[[], AbstractAsyncContextManager[None]]


@dataclass(frozen=True, slots=True)
class UpstreamRequest:
    """A complete request to the API."""

    method: str
    url: URL
    headers: CIMultiDict[str]
    body: bytes


class UpstreamResponse:
    """An answer that a task reads. Its errors are raised by `wait_for_head` and `read_chunks`."""

    def __init__(self, read_ahead_bytes: int) -> None:
        self._read_ahead_bytes = read_ahead_bytes
        self._chunks: list[bytes] = []
        self._waiting_bytes = 0
        self._response: aiohttp.ClientResponse | None = None
        self._is_complete = False
        self._error: Exception | None = None
        self._has_news = asyncio.Event()
        self._has_capacity = asyncio.Event()
        self._has_capacity.set()

    async def wait_for_head(self) -> aiohttp.ClientResponse:
        """Return the response with its status and headers."""
        while self._response is None:
            await self._wait_for_news()
        return self._response

    async def read_chunks(self) -> AsyncIterator[bytes]:
        """Yield the body as it arrives."""
        while self._chunks or not self._is_complete:
            if not self._chunks:
                await self._wait_for_news()
                continue
            body = b"".join(self._chunks)
            self._chunks.clear()
            self._waiting_bytes = 0
            self._has_capacity.set()
            yield body

    async def fetch(self, client: aiohttp.ClientSession, request: UpstreamRequest, open_slot: OpenSlot) -> None:
        """Send the request and read its answer, in a slot that is released when all of it has arrived."""
        try:
            async with (
                open_slot(),
                client.request(
                    request.method,
                    request.url,
                    headers=request.headers,
                    data=request.body or None,
                    allow_redirects=False,
                ) as response,
            ):
                self._response = response
                self._has_news.set()
                await self._read_body(response)
            self._is_complete = True
        except Exception as error:  # noqa: BLE001 - raised again where the answer is read
            self._error = error
        self._has_news.set()

    async def _read_body(self, response: aiohttp.ClientResponse) -> None:
        async for chunk in response.content.iter_chunked(MAX_CHUNK_BYTES):
            self._chunks.append(chunk)
            self._waiting_bytes += len(chunk)
            self._has_news.set()
            if self._waiting_bytes >= self._read_ahead_bytes:
                self._has_capacity.clear()
            await self._has_capacity.wait()

    async def _wait_for_news(self) -> None:
        await self._has_news.wait()
        self._has_news.clear()
        if self._error is not None and not self._chunks:
            raise self._error


@asynccontextmanager
async def fetch_response(
    client: aiohttp.ClientSession, request: UpstreamRequest, open_slot: OpenSlot, *, read_ahead_bytes: int
) -> AsyncIterator[UpstreamResponse]:
    """Send a request and yield its answer; cancel it at the end of the block if it is not complete."""
    response = UpstreamResponse(read_ahead_bytes)
    task = asyncio.create_task(response.fetch(client, request, open_slot))
    try:
        yield response
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task
