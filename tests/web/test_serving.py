"""Pages and assets over HTTP: security headers, caching, preloading, any origin."""

import re
from base64 import b64encode
from hashlib import sha256

import pytest

from tests.web.reflex_client import HYDRATE, connect_client
from tests.web.web_server import run_web_server

PAGE_PATHS = ("/", "/login", "/g/81384788765712384", "/no/such/page")


@pytest.mark.parametrize("path", PAGE_PATHS)
async def test_page_allows_only_its_own_scripts_and_no_framing(web, path):
    async with web.client() as client:
        page = await client.get(path)
    policy = dict(rule.split(" ", 1) for rule in page.headers["content-security-policy"].split("; "))
    assert policy["default-src"] == policy["base-uri"] == policy["frame-ancestors"] == "'none'"
    assert policy["connect-src"] == "'self'"
    assert "'unsafe-inline'" not in policy["script-src"]
    assert "*" not in page.headers["content-security-policy"]
    for script in re.findall(r"<script(?![^>]*\bsrc=)[^>]*>(.*?)</script>", page.text, re.DOTALL):
        assert f"'sha256-{b64encode(sha256(script.encode()).digest()).decode()}'" in policy["script-src"]
    assert page.headers["x-frame-options"] == "DENY"
    assert page.headers["x-content-type-options"] == "nosniff"
    assert page.headers["referrer-policy"] == "strict-origin-when-cross-origin"
    assert "camera=()" in page.headers["permissions-policy"]
    assert "server" not in page.headers
    assert "strict-transport-security" not in page.headers, "this server runs on http"


async def test_unknown_page_is_404(web):
    async with web.client() as client:
        assert [(await client.get(path)).status_code for path in PAGE_PATHS] == [200, 200, 200, 404]
        assert (await client.get("/login/")).status_code == 200


async def test_only_guild_pages_send_modulepreload_links(web):
    async with web.client() as client:
        link = (await client.get("/g/81384788765712384")).headers["link"]
        preload_paths = re.findall(r"<(/assets/[^>]+)>; rel=modulepreload", link)
        assert len(preload_paths) == len(link.split(", "))
        assert any("plotly" in path for path in preload_paths)
        assert {(await client.get(path)).status_code for path in preload_paths} == {200}
        for path in ("/", "/login", "/no/such/page", preload_paths[0]):
            assert "link" not in (await client.get(path)).headers


async def test_pages_are_revalidated_and_assets_are_immutable(web):
    async with web.client() as client:
        page = await client.get("/")
        assert page.headers["cache-control"] == "no-cache"
        second_page = await client.get("/", headers={"If-None-Match": page.headers["etag"]})
        assert second_page.status_code == 304
        assets = sorted(set(re.findall(r'"(/assets/[^"]+)"', page.text)))
        assert assets
        for asset in assets:
            response = await client.get(asset)
            assert response.status_code == 200
            assert response.headers["cache-control"] == "public, max-age=31536000, immutable"
            assert response.headers["vary"] == "Accept-Encoding"
            assert len(response.content) < 2_000 or response.headers["content-encoding"] == "gzip"


@pytest.mark.parametrize(
    "path", ["/../rxconfig.py", "/%2e%2e/rxconfig.py", "/assets/..%2f..%2f..%2froutes.json", "/\0", "/" + "a" * 5000]
)
async def test_other_files_are_not_served(web, path):
    async with web.client() as client:
        response = await client.get(path.replace("\0", "%00"))
    assert response.status_code in (404, 405)
    assert "import" not in response.text[:200]


async def test_page_accepts_only_get_and_head(web):
    async with web.client() as client:
        for method in ("POST", "PUT", "DELETE", "OPTIONS"):
            assert (await client.request(method, "/")).status_code == 405


async def test_one_build_works_at_every_origin(web, stores, settings):
    async with run_web_server(settings, HERWA_PUBLIC_URL="https://herwa.example") as other_server:
        async with web.client() as client, other_server.client() as other_client:
            page = await client.get("/")
            assert page.text == (await other_client.get("/")).text
            assert (await other_client.get("/")).headers["strict-transport-security"] == "max-age=31536000"
            for asset in set(re.findall(r'"(/assets/[^"]+\.js)"', page.text)):
                text = (await client.get(asset)).text
                assert "herwa.invalid" not in text
                assert f":{web.port}" not in text
                assert "localhost:8" not in text
        for origin in ("https://herwa.example", f"http://localhost:{other_server.port}"):
            async with connect_client(other_server, origin=origin) as visitor:
                await visitor.send(HYDRATE)
                await visitor.wait_until_idle()
