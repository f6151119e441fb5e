"""Herwa behind the reverse proxies of docs/operating.md, with the configurations that are printed there."""

import asyncio
import re
import ssl
import subprocess
from collections.abc import AsyncIterator
from contextlib import closing
from itertools import count
from pathlib import Path
from typing import Self

import httpx
import pytest
from playwright.async_api import async_playwright, expect

from herwa_shared.runtime.data_dir import DataFolder
from herwa_shared.runtime.http_limits import MAX_BODY_BYTES, MAX_DELAY_SECONDS, REQUEST_RATE
from herwa_web import texts
from tests.support.chromium import DESKTOP_VIEWPORT, log_in, start_chromium
from tests.support.configurable_copy import ConfigurableCopy, open_copy
from tests.support.proxy_process import find_program, run_proxy

pytestmark = pytest.mark.slow
LOAD_TIMEOUT_MS = 45_000

ROOT = Path(__file__).parents[2]
DOCUMENT = ROOT / "docs" / "operating.md"
HOST = "stats.example.com"
ADDRESS_IN_DOCUMENT = "127.0.0.1:8321"
CERTIFICATE_PATTERN = re.compile(r"/etc/letsencrypt/live/[^/]+/(fullchain|privkey)\.pem")
TOO_MANY_REQUESTS = REQUEST_RATE.burst + int(REQUEST_RATE.per_second * MAX_DELAY_SECONDS) * 2


def read_configuration(language: str, copy: ConfigurableCopy) -> str:
    """The configuration in this language in the document, for this copy."""
    block = re.search(rf"^```{language}\n(.*?)^```$", DOCUMENT.read_text(), re.DOTALL | re.MULTILINE)
    assert block, f"{DOCUMENT} contains no configuration in {language}"
    text = block.group(1)
    assert HOST in text
    assert ADDRESS_IN_DOCUMENT in text
    return text.replace(ADDRESS_IN_DOCUMENT, f"127.0.0.1:{copy.port}")


def write_caddy_configuration(folder: Path, copy: ConfigurableCopy, port: int) -> list[str]:
    """Write the configuration with a certificate of Caddy's own authority; return the command that runs it."""
    options = (
        f"{{\n\tadmin off\n\tlocal_certs\n\tskip_install_trust\n\tauto_https disable_redirects\n"
        f"\tstorage file_system {folder}/storage\n}}\n"
    )
    file = folder / "Caddyfile"
    file.write_text(options + read_configuration("caddyfile", copy).replace(HOST, f"{HOST}:{port}"))
    return [find_program("caddy"), "run", "--config", str(file)]


def write_nginx_configuration(folder: Path, copy: ConfigurableCopy, port: int) -> list[str]:
    """Write the configuration with a certificate signed by itself; return the command that runs it."""
    text = CERTIFICATE_PATTERN.sub(rf"{folder}/\1.pem", read_configuration("nginx", copy))
    assert text.count("listen 443 ") == 1
    (folder / "herwa.conf").write_text(text.replace("listen 443 ", f"listen {port} "))
    paths = "".join(
        f"    {name}_temp_path {folder}/{name};\n" for name in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    )
    file = folder / "nginx.conf"
    file.write_text(
        f"daemon off;\npid {folder}/nginx.pid;\nerror_log stderr;\nworker_processes 1;\n"
        f"events {{ worker_connections 4096; }}\nhttp {{\n    access_log off;\n{paths}    include {folder}/herwa.conf;\n}}\n"
    )
    subject = ["-subj", f"/CN={HOST}", "-addext", f"subjectAltName=DNS:{HOST}"]
    files = ["-keyout", str(folder / "privkey.pem"), "-out", str(folder / "fullchain.pem")]
    subprocess.run(
        [find_program("openssl"), "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", *subject, *files],
        check=True,
        capture_output=True,
    )
    return [find_program("nginx"), "-e", "stderr", "-c", str(file)]


@pytest.fixture(scope="module", params=[write_caddy_configuration, write_nginx_configuration], ids=["caddy", "nginx"])
async def proxied_copy(request, tmp_path_factory) -> AsyncIterator[tuple[ConfigurableCopy, str]]:
    """A copy behind a proxy, and its public URL."""
    folder = tmp_path_factory.mktemp("proxy")
    port = DataFolder(folder).get_or_create_port("proxy")
    url = f"https://{HOST}:{port}"
    with open_copy(HERWA_PUBLIC_URL=url, HERWA_TRUSTED_PROXIES="1") as copy:
        command = request.param(folder, copy, port)
        await asyncio.to_thread(copy.start_all)
        with run_proxy(command, port, folder):
            yield copy, url
        await asyncio.to_thread(copy.stop_all)


class Client:
    """A client with this address, which sends an address that it invents in each request."""

    def __init__(self, address: str, url: str) -> None:
        context = ssl.create_default_context()
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        transport = httpx.AsyncHTTPTransport(
            verify=context, local_address=address, limits=httpx.Limits(max_connections=TOO_MANY_REQUESTS)
        )
        self._http_client = httpx.AsyncClient(transport=transport, base_url=url.replace(HOST, "127.0.0.1"), timeout=60)
        self._host = url.removeprefix("https://")
        self._invented_addresses = (f"203.0.113.{number % 250}" for number in count())

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *exception: object) -> None:
        await self._http_client.aclose()

    async def request(self, method: str, path: str, *, content: bytes | None = None, **headers: str) -> httpx.Response:
        all_headers = {"Host": self._host, "X-Forwarded-For": next(self._invented_addresses), **headers}
        return await self._http_client.request(
            method, path, content=content, headers=all_headers, extensions={"sni_hostname": HOST}
        )


async def test_user_logs_in_and_sees_live_pages(proxied_copy):
    copy, url = proxied_copy
    async with async_playwright() as playwright:
        browser = await start_chromium(playwright, f"--host-resolver-rules=MAP {HOST} 127.0.0.1")
        context = await browser.new_context(viewport=DESKTOP_VIEWPORT, ignore_https_errors=True)
        page = await context.new_page()
        await log_in(page, url, "owner")
        cookies = [cookie for cookie in await context.cookies(url) if cookie["httpOnly"]]
        assert cookies
        assert all(cookie["secure"] for cookie in cookies)
        with closing(copy.open_sim_client()) as sim:
            guild_id = next(guild.id for guild in sim.get_snapshot().guilds if guild.name == "Garden Club")
        await page.goto(f"{url}/g/{guild_id}?range=today")
        await expect(page.locator(".live")).to_be_visible(timeout=LOAD_TIMEOUT_MS)
        await expect(page.locator(".live")).not_to_have_text(texts.OFFLINE, use_inner_text=True)
        await browser.close()


async def test_each_client_has_its_own_limits_and_cannot_invent_an_address(proxied_copy):
    _, url = proxied_copy
    async with Client("127.0.0.2", url) as client, Client("127.0.0.3", url) as other_client:
        requests = asyncio.gather(*(client.request("GET", "/healthz") for _ in range(TOO_MANY_REQUESTS)))
        other_statuses = {(await other_client.request("GET", "/healthz")).status_code for _ in range(10)}
        statuses = {response.status_code for response in await requests}
    assert statuses == {200, 429}
    assert other_statuses == {200}


async def test_proxy_adds_hsts_and_refuses_large_bodies_and_forwards_no_invented_host(proxied_copy):
    _, url = proxied_copy
    async with Client("127.0.0.4", url) as client:
        response = await client.request("GET", "/")
        assert response.status_code == 200
        assert "max-age" in response.headers["strict-transport-security"]
        for size in (MAX_BODY_BYTES + 1, MAX_BODY_BYTES * 2, MAX_BODY_BYTES * 10):
            large = await client.request("POST", "/auth/logout", content=b"x" * size)
            assert large.status_code == 413
        invented = await client.request("GET", "/", **{"X-Forwarded-Host": "evil.example"})
        assert invented.status_code == 200
        assert "evil.example" not in invented.text
