"""Widgets at the port of a real process: 10,000 requests, and a cache in front of a process that has stopped."""

import asyncio
import re
import time
from dataclasses import dataclass

import httpx
import pytest

from herwa_shared.clock import utc_now
from herwa_shared.config import Settings
from herwa_shared.runtime.data_dir import DataFolder
from herwa_shared.services.widget_uses import load_uses
from herwa_shared.stores import Stores
from tests.api.api_process import open_api_client, run_api_process
from tests.api.test_widgets import PEOPLE, Site, site
from tests.support.statement_log import count_selects

__all__ = ["site"]

pytestmark = pytest.mark.slow

CONNECTIONS, REQUESTS = 32, 10_000
HEAD_END = b"\r\n\r\n"
FORMS = ("", ".svg", ".json", ".png")


async def send_requests(port: int, path: str, numbers: range) -> list[int]:
    """Request forms of a widget with random queries on one connection; return the statuses."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    statuses = []
    for number in numbers:
        target = f"{path}{FORMS[number % len(FORMS)]}?cachebust={number}&utm_source=x%20{number}"
        writer.write(f"GET {target} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nCookie: a={number}\r\n\r\n".encode())
        head = (await reader.readuntil(HEAD_END)).lower()
        await reader.readexactly(int(head.partition(b"content-length: ")[2].partition(b"\r\n")[0]))
        statuses.append(int(head.split(b" ")[1]))
    writer.close()
    return statuses


async def test_ten_thousand_requests_with_random_queries_cost_one_query(site: Site, settings: Settings, stores: Stores):
    port = DataFolder(settings.data_dir).get_or_create_port("api")
    path = f"/w/{site.widget.public_id}"
    async with run_api_process(settings, module="tests.api.unlimited_api"), open_api_client(port):
        before, started_at = await count_selects(stores.clickhouse), time.monotonic()
        parts = [range(start, REQUESTS, CONNECTIONS) for start in range(CONNECTIONS)]
        statuses = await asyncio.gather(*(send_requests(port, path, part) for part in parts))
        seconds, selects = time.monotonic() - started_at, await count_selects(stores.clickhouse) - before - 1
    counts = [status for part in statuses for status in part]
    assert (len(counts), set(counts)) == (REQUESTS, {200})
    assert seconds < 60, "longer than a minute: numbers may be refreshed"
    assert selects == 1


@dataclass
class StaleCache:
    """A shared cache that honors `max-age` and `stale-if-error` (RFC 5861), for one URL."""

    client: httpx.AsyncClient
    stored: httpx.Response | None = None
    stored_at: float = 0.0

    async def get(self, path: str, now: float) -> httpx.Response:
        if self.stored is not None and now < self.stored_at + self._read_seconds("max-age"):
            return self.stored
        try:
            response = await self.client.get(path)
        except httpx.TransportError:
            response = None
        if response is not None and response.status_code < 500:
            self.stored, self.stored_at = response, now
        elif self.stored is None or now > self.stored_at + self._read_seconds("stale-if-error"):
            raise AssertionError("the cache has nothing that it may send")
        return self.stored

    def _read_seconds(self, directive: str) -> int:
        assert self.stored is not None
        found = re.search(rf"\b{directive}=(\d+)", self.stored.headers["cache-control"])
        return int(found[1]) if found else 0


async def test_cache_shows_the_card_while_herwa_is_stopped(site: Site, settings: Settings):
    port = DataFolder(settings.data_dir).get_or_create_port("api")
    path = f"/w/{site.widget.public_id}.svg"
    async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", trust_env=False) as client:
        cache = StaleCache(client)
        async with run_api_process(settings) as process, open_api_client(port):
            first = await cache.get(path, now=0)
            process.kill()
            await process.wait()
        for hours in (1, 24, 6 * 24):
            later = await cache.get(path, now=hours * 3600)
            assert (later.status_code, later.content) == (200, first.content)
    assert f">{PEOPLE}</text>" in first.text


async def test_link_and_views_are_counted_when_the_process_stops(site: Site, settings: Settings, stores: Stores):
    await site.change(invite="abc123")
    port = DataFolder(settings.data_dir).get_or_create_port("api")
    async with run_api_process(settings) as process, open_api_client(port) as client:
        for form in (".svg", ".svg", ".json", "/go"):
            assert (await client.get(f"/w/{site.widget.public_id}{form}")).status_code in (200, 302)
        process.terminate()
        await process.wait()
    async with stores.database.transaction() as session:
        uses = (await load_uses(session, widget_ids=[site.widget.id], days=1, now=utc_now()))[site.widget.id]
    assert (uses.views, uses.clicks) == ((3,), (1,))
