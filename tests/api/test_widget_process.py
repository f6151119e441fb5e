"""Widgets at the port of a real process: 10,000 requests, a stopped ClickHouse, a cache in front of a stopped process."""

import asyncio
import getpass
import os
import signal
import time
from pathlib import Path

import httpx
import pytest

from herwa_shared.clock import utc_now
from herwa_shared.config import Settings
from herwa_shared.embedded.engine_process import read_record
from herwa_shared.runtime.data_dir import DataFolder
from herwa_shared.services.widget_uses import load_uses
from herwa_shared.stores import Stores
from tests.api.api_process import open_api_client, run_api_process
from tests.api.test_widgets import PEOPLE, Site, site
from tests.support.proxy_process import find_program, run_proxy
from tests.support.statement_log import count_selects
from tests.support.waiting import wait_until

__all__ = ["site"]

pytestmark = pytest.mark.slow

CONNECTIONS, REQUESTS = 32, 10_000
HEAD_END = b"\r\n\r\n"
FORMS = ("", ".svg", ".json", ".png")
MAX_AGE_SECONDS = 60


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


async def test_stopped_clickhouse_leaves_the_last_numbers_with_their_time(site: Site, settings: Settings):
    folder = DataFolder(settings.data_dir)
    path, engine = f"/w/{site.widget.public_id}", read_record(folder, "clickhouse").pid
    async with run_api_process(settings), open_api_client(folder.get_or_create_port("api")) as client:
        first = (await client.get(f"{path}.json")).json()
        os.kill(engine, signal.SIGSTOP)
        try:
            await site.make_old(minutes=5)
            await site.change(number_format="dot")  # so that the process loads the widget again

            async def is_stale() -> bool:
                response = await client.get(f"{path}.json")
                assert response.status_code == 200
                return response.json()["is_stale"]

            await wait_until(is_stale)
            last = (await client.get(f"{path}.json")).json()
            statuses = {form: (await client.get(path + form)).status_code for form in FORMS}
            svg = (await client.get(f"{path}.svg")).text
        finally:
            os.kill(engine, signal.SIGCONT)
    values = [[metric["value"] for metric in body["metrics"]] for body in (first, last)]
    assert values == [[2 * PEOPLE, PEOPLE]] * 2
    assert set(statuses.values()) == {200}
    assert "as of" in svg


NGINX = """daemon off;
user {user};
pid {folder}/nginx.pid;
error_log stderr;
events {{ worker_connections 64; }}
http {{
    access_log off;
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
    proxy_cache_path {folder}/cache keys_zone=widgets:1m;
    server {{
        listen 127.0.0.1:{port};
        location /w/ {{
            proxy_pass http://127.0.0.1:{api_port};
            proxy_cache widgets;
            add_header X-Cache-Status $upstream_cache_status;
        }}
    }}
}}
"""
"""nginx with nothing but a cache in front of the API. It honors `max-age` and `stale-if-error` (RFC 5861)."""


async def test_cache_shows_the_card_while_herwa_is_stopped(site: Site, settings: Settings, tmp_path: Path):
    folder = DataFolder(settings.data_dir)
    api_port, port = folder.get_or_create_port("api"), DataFolder(tmp_path).get_or_create_port("cache")
    file, path = tmp_path / "nginx.conf", f"/w/{site.widget.public_id}.svg"
    file.write_text(NGINX.format(user=getpass.getuser(), folder=tmp_path, port=port, api_port=api_port))
    command = [find_program("nginx"), "-e", "stderr", "-c", str(file)]
    with run_proxy(command, port, tmp_path):
        async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", trust_env=False) as client:
            async with run_api_process(settings) as process, open_api_client(api_port):
                first = await client.get(path)
                again = await client.get(path)
                process.kill()
                await process.wait()
            await asyncio.sleep(MAX_AGE_SECONDS + 1)  # from then on the cache needs a new response
            last = await client.get(path)
    statuses = [response.headers["x-cache-status"] for response in (first, again, last)]
    assert statuses == ["MISS", "HIT", "STALE"]
    assert (last.status_code, last.content) == (200, first.content)
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
