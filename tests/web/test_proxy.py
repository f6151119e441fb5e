"""What the API sees of a visitor, what the visitor sees of the API, and what happens when it is not there."""

import asyncio
import json
import socket

import httpx
import pytest

from tests.web.site import site


async def told(client: httpx.AsyncClient, path: str = "/api/x", method: str = "GET", **more) -> dict:
    answer = await client.request(method, path, **more)
    assert answer.status_code == 200, answer.text
    return answer.json()


def values(seen: dict, name: str) -> list[str]:
    return [value for key, value in seen["headers"] if key == name]


@pytest.mark.parametrize(
    "path", ["/api", "/api/guilds/1/stats", "/auth/login", "/w/x", "/embed/x", "/healthz", "/readyz"]
)
async def test_what_is_the_apis_reaches_the_api(web, path):
    async with web.client() as client:
        assert (await told(client, path))["raw_path"] == path


@pytest.mark.parametrize("path", ["/metrics", "/apix", "/authentic", "/wx", "/healthz2", "/%61pi2"])
async def test_nothing_else_does(web, path):
    async with web.client() as client:
        answer = await client.get(path)
        assert (answer.status_code, answer.headers["content-type"]) == (404, "text/html; charset=utf-8")


async def test_path_and_query_arrive_as_they_were_sent(web):
    async with web.client() as client:
        seen = await told(client, "/api/a%2Fb%20c/%C3%A9?x=%26&y=a+b&y=2&z=%2e")
    assert seen["raw_path"] == "/api/a%2Fb%20c/%C3%A9"
    assert seen["query"] == "x=%26&y=a+b&y=2&z=%2e"


@pytest.mark.parametrize(
    "path", ["/api/../metrics", "/api/%2e%2e/metrics", "/api/..%2fmetrics", "/w/./../metrics", "/api/.."]
)
async def test_dots_lead_nowhere_else(web, path):
    reader, writer = await asyncio.open_connection("127.0.0.1", web.port)
    writer.write(f"GET {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n".encode())
    answer = (await reader.read()).decode()
    writer.close()
    assert "raw_path" not in answer, "it did not reach the API"


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE", "OPTIONS"])
async def test_every_method_and_body_is_passed_on(web, method):
    async with web.client() as client:
        seen = await told(client, method=method, content=b"x" * 1000, headers={"Content-Type": "text/x-own"})
    assert (seen["method"], seen["size"]) == (method, 1000)
    assert values(seen, "content-type") == ["text/x-own"]
    assert values(seen, "content-length") == ["1000"]


async def test_head_is_answered_without_a_body(web):
    async with web.client() as client:
        answer = await client.head("/api/x")
    assert (answer.status_code, answer.content) == (200, b"")


async def test_the_address_of_the_visitor_is_ours_to_tell(web):
    lies = {"X-Forwarded-For": "1.2.3.4", "X-Forwarded-Proto": "https", "X-Forwarded-Host": "evil.example"}
    async with web.client() as client:
        seen = await told(client, headers={**lies, "X-Real-IP": "1.2.3.4", "Forwarded": "for=1.2.3.4"})
    assert values(seen, "x-forwarded-for") == ["127.0.0.1"]
    assert values(seen, "x-forwarded-proto") == ["http"]
    assert values(seen, "x-forwarded-host") == [f"127.0.0.1:{web.port}"]
    assert values(seen, "x-real-ip") == values(seen, "forwarded") == []


async def test_behind_trusted_proxies_their_word_counts_and_no_other(stores, settings, behind):
    async with site(settings, api=behind[1], HERWA_TRUSTED_PROXIES="2") as served, served.client() as client:
        chain = {"X-Forwarded-For": "6.6.6.6, 9.9.9.9, 10.0.0.1", "X-Forwarded-Proto": "https"}
        seen = await told(client, headers={**chain, "X-Forwarded-Host": "herwa.example"})
    assert values(seen, "x-forwarded-for") == ["9.9.9.9"], (
        "what stands before the first trusted proxy's word is hearsay"
    )
    assert values(seen, "x-forwarded-proto") == ["https"]
    assert values(seen, "x-forwarded-host") == ["herwa.example"]


async def test_headers_of_one_connection_stay_on_it(web):
    async with web.client() as client:
        asked = {"Connection": "X-Mine", "X-Mine": "1", "TE": "trailers", "Upgrade": "h2c", "X-Kept": "1"}
        answer = await client.get("/api/x", headers=asked)
    seen = answer.json()
    assert values(seen, "x-mine") == values(seen, "te") == values(seen, "upgrade") == []
    assert values(seen, "x-kept") == ["1"]
    assert "x-private" not in answer.headers


async def test_cookies_stay_several_and_redirects_are_the_visitors(web):
    async with web.client() as client:
        two = await client.get("/api/cookies")
        away = await client.get("/api/redirect")
    assert [line.split("=")[0] for line in two.headers.get_list("set-cookie")] == ["one", "two"]
    assert (away.status_code, away.headers["location"]) == (303, "https://elsewhere.example/")


async def test_an_answer_arrives_as_it_is_made(web, behind):
    behind[0].released.clear()
    async with web.client() as client, client.stream("GET", "/api/stream") as answer:
        parts = answer.aiter_raw()
        assert await anext(parts) == b"first"
        behind[0].released.set()
        assert await anext(parts) == b"last"


async def test_a_body_arrives_as_it_is_sent(web, behind):
    behind[0].arrived.clear()

    async def slowly():
        yield b"a" * 1000
        await asyncio.wait_for(behind[0].arrived.wait(), 30)
        yield b"b" * 1000

    async with web.client() as client:
        answer = await client.post("/api/upload", content=slowly())
    assert answer.json() == {"size": 2000}


async def test_bodies_that_nothing_needs_are_refused(web):
    async def endless():
        for _ in range(200):
            yield b"x" * 100_000

    async with web.client() as client:
        announced = await client.post("/api/upload", content=b"x" * 10_000_001)
        found_out = await client.post("/api/upload", content=endless())
        enough = await client.post("/api/upload", content=b"x" * 10_000_000)
    for answer in (announced, found_out):
        assert (answer.status_code, answer.json()["code"]) == (413, "too_large")
    assert enough.json() == {"size": 10_000_000}


async def test_a_card_may_be_framed_where_the_api_says(web):
    async with web.client() as client:
        card = await client.get("/embed/card")
    assert card.headers["content-security-policy"] == "frame-ancestors https://a.example"
    assert "x-frame-options" not in card.headers


async def test_while_the_api_is_away_pages_go_on_and_programs_are_told(stores, settings):
    async with site(settings) as served, served.client() as client:
        for path in ("/api/guilds/1", "/readyz", "/auth/login"):
            answer = await client.get(path)
            assert (answer.status_code, answer.headers["retry-after"]) == (503, "2")
            assert answer.headers["content-type"] == "application/problem+json"
            assert json.loads(answer.content)["code"] == "unreachable"
        assert (await client.get("/")).status_code == 200


async def test_an_api_that_ends_in_the_middle_is_no_whole_answer(stores, settings):
    async def half(reader, writer):
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf")
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(half, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    async with server, site(settings, api=f"http://127.0.0.1:{port}") as served, served.client() as client:
        with pytest.raises(httpx.RemoteProtocolError):
            await client.get("/api/x")
        assert (await client.get("/")).status_code == 200
        assert "fell silent" in served.said()


async def test_a_visitor_who_leaves_early_disturbs_nobody(web):
    with socket.create_connection(("127.0.0.1", web.port)) as leaving:
        leaving.sendall(b"POST /api/upload HTTP/1.1\r\nHost: x\r\nContent-Length: 5000\r\n\r\nsome")
    async with web.client() as client:
        assert (await told(client))["method"] == "GET"
    assert "Exception in ASGI application" not in web.said()
