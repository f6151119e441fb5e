"""The API's response is read ahead of the client, so that a client that does not read holds no slot."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from multidict import CIMultiDict
from yarl import URL

from herwa_web.serving.api_proxy import create_api_client
from herwa_web.serving.upstream_response import UpstreamRequest, fetch_response
from tests.support.waiting import wait_until
from tests.web.upstream_stub import LARGE_CHUNK_BYTES


class Slots:
    """Counts the slots that are held, and those that were released."""

    def __init__(self) -> None:
        self.held = self.released = 0

    @asynccontextmanager
    async def open(self) -> AsyncIterator[None]:
        self.held += 1
        try:
            yield
        finally:
            self.held -= 1
            self.released += 1


def build_large_request(url: str, chunk_count: int) -> UpstreamRequest:
    return UpstreamRequest("GET", URL(f"{url}/api/large?chunks={chunk_count}"), CIMultiDict(), b"")


@pytest.mark.parametrize("chunk_count", [1, 3])
async def test_slot_is_released_before_the_client_reads_if_the_response_fits(upstream_stub, chunk_count):
    _, url = upstream_stub
    slots = Slots()
    async with create_api_client() as client:
        request = build_large_request(url, chunk_count)
        limit = (chunk_count + 1) * LARGE_CHUNK_BYTES
        async with fetch_response(client, request, slots.open, read_ahead_bytes=limit) as response:
            await wait_until(lambda: slots.released == 1, description="the slot to be released")
            body = b"".join([chunk async for chunk in response.read_chunks()])
    assert len(body) == chunk_count * LARGE_CHUNK_BYTES


async def test_slot_is_held_while_a_large_response_waits_for_the_client(upstream_stub):
    _, url = upstream_stub
    slots = Slots()
    async with create_api_client() as client:
        request = build_large_request(url, 500)
        async with fetch_response(client, request, slots.open, read_ahead_bytes=LARGE_CHUNK_BYTES) as response:
            await response.wait_for_head()
            chunks = response.read_chunks()
            size = len(await anext(chunks))
            assert slots.held == 1
            async for chunk in chunks:
                assert len(chunk) <= 3 * LARGE_CHUNK_BYTES, "more was read ahead than the limit and one chunk"
                size += len(chunk)
    assert (size, slots.held, slots.released) == (500 * LARGE_CHUNK_BYTES, 0, 1)
