"""The interactive documentation at /api/docs comes from this origin alone, and works under its strict CSP."""

import re

import pytest
from playwright.async_api import async_playwright

from herwa_shared.config import Settings
from herwa_shared.runtime.data_dir import DataFolder
from tests.api.api_process import open_api_client, run_api_process
from tests.support.chromium import start_chromium

PAGE = "/api/docs"


async def test_page_loads_nothing_of_another_origin_and_no_inline_script(client):
    page = await client.get(PAGE)
    assert (page.status_code, page.headers["content-type"]) == (200, "text/html; charset=utf-8")
    policy = dict(part.split(" ", 1) for part in page.headers["content-security-policy"].split("; "))
    assert policy["default-src"] == "'none'"
    assert (policy["script-src"], policy["connect-src"]) == ("'self'", "'self'")
    assert policy["frame-ancestors"] == "'none'"
    assert re.findall(r"<script>|javascript:|\son\w+=|https?://", page.text) == []
    urls = re.findall(r'(?:src|href)="([^"]+)"', page.text)
    assert len(urls) == 3
    for url in urls:
        response = await client.get(url)
        assert (response.status_code, response.headers["x-content-type-options"]) == (200, "nosniff")
        expected_type = "text/css" if url.endswith(".css") else "text/javascript"
        assert response.headers["content-type"].startswith(expected_type)


@pytest.mark.parametrize("asset", ["core.py", "redoc.standalone.js", "..%2fcore.py", "index.html", "../__init__.py"])
async def test_other_files_are_not_served(client, asset):
    assert (await client.get(f"{PAGE}/{asset}")).status_code in (400, 404)


@pytest.mark.slow
async def test_page_lists_every_operation_and_sends_a_request(settings: Settings, stores):
    port = DataFolder(settings.data_dir).get_or_create_port("api")
    async with run_api_process(settings), open_api_client(port) as http, async_playwright() as playwright:
        document = (await http.get("/api/openapi.json")).json()
        page = await (await start_chromium(playwright)).new_page()
        problems: list[str] = []
        page.on("console", lambda message: problems.append(message.text) if message.type == "error" else None)
        page.on("pageerror", lambda error: problems.append(str(error)))
        requests: list[str] = []
        page.on("request", lambda request: requests.append(request.url))
        await page.goto(f"http://127.0.0.1:{port}{PAGE}")
        await page.wait_for_selector(".opblock")
        operations = sum(len(methods) for methods in document["paths"].values())
        assert await page.locator(".opblock").count() == operations
        health = page.locator(".opblock", has_text="/healthz")
        await health.locator(".opblock-summary-control").click()
        await health.locator("button.execute").click()
        await health.locator(".live-responses-table .response-col_status", has_text="200").wait_for()
        assert {
            url.partition("/api")[0].partition("/healthz")[0] for url in requests if not url.startswith("data:")
        } == {f"http://127.0.0.1:{port}"}
    assert problems == []


async def test_document_is_served_once_to_a_client_that_keeps_it(client):
    document = await client.get("/api/openapi.json")
    assert (document.status_code, document.json()["openapi"]) == (200, "3.1.0")
    known = await client.get("/api/openapi.json", headers={"If-None-Match": document.headers["etag"]})
    assert (known.status_code, known.content) == (304, b"")
