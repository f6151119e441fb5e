"""The proxy to the API: forwarded requests and responses, streamed answers, and an unreachable API."""

import asyncio
import json
import socket

import httpx
import pytest

from herwa_shared.runtime.http_limits import MAX_BODY_BYTES
from tests.support.raw_connection import build_request, open_connection
from tests.web.web_server import run_web_server

API_IDLE_SECONDS = 5  # uvicorn's default


async def fetch_echo(client: httpx.AsyncClient, path: str = "/api/x", method: str = "GET", **options) -> dict:
    """Send a request through the proxy; return how it reached the stub."""
    response = await client.request(method, path, **options)
    assert response.status_code == 200, response.text
    return response.json()


def get_header_values(echo: dict, name: str) -> list[str]:
    return [value for key, value in echo["headers"] if key == name]


@pytest.mark.parametrize(
    "path", ["/api", "/api/guilds/1/stats", "/auth/login", "/w/x", "/embed/x", "/healthz", "/readyz"]
)
async def test_api_path_reaches_the_api(web, path):
    async with web.client() as client:
        assert (await fetch_echo(client, path))["raw_path"] == path


@pytest.mark.parametrize("path", ["/metrics", "/apix", "/authentic", "/wx", "/healthz2", "/%61pi2"])
async def test_other_path_does_not_reach_the_api(web, path):
    async with web.client() as client:
        response = await client.get(path)
        assert (response.status_code, response.headers["content-type"]) == (404, "text/html; charset=utf-8")


async def test_path_and_query_are_forwarded_unchanged(web):
    async with web.client() as client:
        echo = await fetch_echo(client, "/api/a%2Fb%20c/%C3%A9?x=%26&y=a+b&y=2&z=%2e")
    assert echo["raw_path"] == "/api/a%2Fb%20c/%C3%A9"
    assert echo["query"] == "x=%26&y=a+b&y=2&z=%2e"


@pytest.mark.parametrize(
    "path", ["/api/../metrics", "/api/%2e%2e/metrics", "/api/..%2fmetrics", "/w/./../metrics", "/api/.."]
)
async def test_dot_segments_do_not_reach_the_api(web, path):
    reader, writer = await asyncio.open_connection("127.0.0.1", web.port)
    writer.write(f"GET {path} HTTP/1.1\r\nHost: {web.host}\r\nConnection: close\r\n\r\n".encode())
    response = (await reader.read()).decode()
    writer.close()
    assert "raw_path" not in response, "the request reached the API"


@pytest.mark.parametrize(("value", "forwarded"), [("é 日本".encode(), "é 日本"), (b"caf\xe9", "café")])
async def test_value_outside_of_ascii_is_forwarded_as_utf8(web, value, forwarded):
    async with web.client() as client:
        echo = await fetch_echo(client, headers=[(b"X-Mine", value)])
    assert get_header_values(echo, "x-mine") == [forwarded]


async def test_nothing_is_added_to_a_request(web):
    async with open_connection(web.port, source="127.0.0.1") as connection:
        await connection.send(build_request("/api/x", host=web.host))
        echo = json.loads((await connection.read_response()).body)
    names = {name for name, _ in echo["headers"]}
    assert names == {"host", "x-forwarded-for", "x-forwarded-proto", "x-forwarded-host"}


@pytest.mark.slow
async def test_connection_that_the_api_closed_in_the_meantime_is_not_used(web):
    async with web.client() as client:
        await fetch_echo(client, method="POST")
        await asyncio.sleep(API_IDLE_SECONDS + 0.5)
        assert (await fetch_echo(client, method="POST"))["method"] == "POST"


@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"])
async def test_every_method_is_forwarded(web, method):
    async with web.client() as client:
        echo = await fetch_echo(client, method=method)
    assert (echo["method"], echo["size"]) == (method, 0)


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH"])
async def test_body_is_forwarded(web, method):
    async with web.client() as client:
        echo = await fetch_echo(client, method=method, content=b"x" * 1000, headers={"Content-Type": "text/x-own"})
    assert (echo["method"], echo["size"]) == (method, 1000)
    assert get_header_values(echo, "content-type") == ["text/x-own"]
    assert get_header_values(echo, "content-length") == ["1000"]


async def test_head_response_has_no_body(web):
    async with web.client() as client:
        response = await client.head("/api/x")
    assert (response.status_code, response.content) == (200, b"")


async def test_forwarded_headers_of_the_visitor_are_replaced(web):
    forged_headers = {"X-Forwarded-For": "1.2.3.4", "X-Forwarded-Proto": "https", "X-Forwarded-Host": "evil.example"}
    async with web.client() as client:
        echo = await fetch_echo(client, headers={**forged_headers, "X-Real-IP": "1.2.3.4", "Forwarded": "for=1.2.3.4"})
    assert get_header_values(echo, "x-forwarded-for") == ["127.0.0.1"]
    assert get_header_values(echo, "x-forwarded-proto") == ["http"]
    assert get_header_values(echo, "x-forwarded-host") == [f"127.0.0.1:{web.port}"]
    assert get_header_values(echo, "x-real-ip") == get_header_values(echo, "forwarded") == []


@pytest.mark.slow
async def test_trusted_proxy_headers_are_used(stores, settings, upstream_stub):
    async with (
        run_web_server(
            settings, api=upstream_stub[1], HERWA_TRUSTED_PROXIES="2", HERWA_PUBLIC_URL="https://herwa.example"
        ) as server,
        server.client() as client,
    ):
        forwarded_headers = {"X-Forwarded-For": "6.6.6.6, 9.9.9.9, 10.0.0.1", "X-Forwarded-Proto": "https"}
        echo = await fetch_echo(client, headers={**forwarded_headers, "X-Forwarded-Host": "herwa.example"})
    assert get_header_values(echo, "x-forwarded-for") == ["9.9.9.9"], (
        "addresses before the first trusted proxy are not trusted"
    )
    assert get_header_values(echo, "x-forwarded-proto") == ["https"]
    assert get_header_values(echo, "x-forwarded-host") == ["herwa.example"]


async def test_hop_by_hop_headers_are_not_forwarded(web):
    async with web.client() as client:
        headers = {"Connection": "X-Mine", "X-Mine": "1", "TE": "trailers", "Upgrade": "h2c", "X-Kept": "1"}
        response = await client.get("/api/x", headers=headers)
    echo = response.json()
    assert (
        get_header_values(echo, "x-mine") == get_header_values(echo, "te") == get_header_values(echo, "upgrade") == []
    )
    assert get_header_values(echo, "x-kept") == ["1"]
    assert "x-private" not in response.headers


async def test_cookies_are_forwarded_separately_and_redirects_are_not_followed(web):
    async with web.client() as client:
        cookies_response = await client.get("/api/cookies")
        redirect = await client.get("/api/redirect")
    assert [line.split("=")[0] for line in cookies_response.headers.get_list("set-cookie")] == ["one", "two"]
    assert (redirect.status_code, redirect.headers["location"]) == (303, "https://elsewhere.example/")


async def test_response_is_streamed(web, upstream_stub):
    upstream_stub[0].stream_released.clear()
    async with web.client() as client, client.stream("GET", "/api/stream") as response:
        parts = response.aiter_raw()
        assert await anext(parts) == b"first"
        upstream_stub[0].stream_released.set()
        assert await anext(parts) == b"last"


async def test_request_reaches_the_api_once_its_body_is_complete(web, upstream_stub):
    upstream_stub[0].upload_started.clear()

    async def send_slowly():
        yield b"a" * 1000
        await asyncio.sleep(0.5)
        assert not upstream_stub[0].upload_started.is_set(), "a client that sends slowly must not hold a connection"
        yield b"b" * 1000

    async with web.client() as client:
        response = await client.post("/api/upload", content=send_slowly())
    assert response.json() == {"size": 2000}


async def test_too_large_body_is_refused(web):
    async def send_too_much():
        for _ in range(200):
            yield b"x" * 1_000

    async with web.client() as client:
        announced_response = await client.post("/api/upload", content=b"x" * (MAX_BODY_BYTES + 1))
        streamed_response = await client.post("/api/upload", content=send_too_much())
        allowed_response = await client.post("/api/upload", content=b"x" * MAX_BODY_BYTES)
    for response in (announced_response, streamed_response):
        assert (response.status_code, response.json()["code"]) == (413, "too_large")
    assert allowed_response.json() == {"size": MAX_BODY_BYTES}


async def test_embed_keeps_the_frame_policy_of_the_api(web):
    async with web.client() as client:
        card = await client.get("/embed/card")
    assert card.headers["content-security-policy"] == "frame-ancestors https://a.example"
    assert "x-frame-options" not in card.headers


async def test_unreachable_api_returns_a_problem_and_pages_still_work(stores, settings):
    async with run_web_server(settings) as server, server.client() as client:
        for path in ("/api/guilds/1", "/readyz", "/auth/login"):
            response = await client.get(path)
            assert (response.status_code, response.headers["retry-after"]) == (503, "2")
            assert response.headers["content-type"] == "application/problem+json"
            assert json.loads(response.content)["code"] == "unreachable"
        assert (await client.get("/")).status_code == 200


@pytest.mark.slow
async def test_truncated_api_response_is_a_protocol_error(stores, settings):
    async def send_half(reader, writer):
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf")
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(send_half, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    async with (
        server,
        run_web_server(settings, api=f"http://127.0.0.1:{port}") as web_server,
        web_server.client() as client,
    ):
        with pytest.raises(httpx.RemoteProtocolError):
            await client.get("/api/x")
        assert (await client.get("/")).status_code == 200
        assert "API connection lost during a response" in web_server.read_output()


async def test_visitor_who_disconnects_early_causes_no_error(web):
    with socket.create_connection(("127.0.0.1", web.port)) as connection:
        connection.sendall(
            f"POST /api/upload HTTP/1.1\r\nHost: {web.host}\r\nContent-Length: 5000\r\n\r\nsome".encode()
        )
    async with web.client() as client:
        assert (await fetch_echo(client))["method"] == "GET"
    assert "Exception in ASGI application" not in web.read_output()
