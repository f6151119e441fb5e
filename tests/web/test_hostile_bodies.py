"""Attacks with bodies that never come and answers that are never read: they hold no connection to the API."""

import asyncio
from contextlib import AsyncExitStack

import pytest

from herwa_shared.runtime import http_limits as limits
from herwa_web.serving.api_proxy import API_TIMEOUT
from tests.support.raw_connection import build_request, open_connection
from tests.support.waiting import wait_until
from tests.web.upstream_stub import LARGE_CHUNK_BYTES

ATTACKER = "127.0.0.12"
ATTACK_COUNT = 210


async def open_many(stack: AsyncExitStack, web, request: bytes, count: int = ATTACK_COUNT) -> list:
    """Send the request on many connections of one address."""
    connections = [await stack.enter_async_context(open_connection(web.port, source=ATTACKER)) for _ in range(count)]
    for connection in connections:
        await connection.send(request)
    return connections


async def assert_api_is_served(web) -> None:
    async with web.client() as client:
        assert (await client.post("/api/upload", content=b"x" * 1_000)).json() == {"size": 1_000}
        assert (await client.get("/api/x")).status_code == 200


async def test_bodies_that_never_come_hold_no_connection_to_the_api(web):
    request = build_request("/api/upload", host=web.host, method="POST", headers=[("Content-Length", "5000")])
    async with AsyncExitStack() as stack:
        await open_many(stack, web, request)
        await assert_api_is_served(web)


async def test_chunked_bodies_that_never_end_hold_no_connection_to_the_api(web):
    headers = [("Transfer-Encoding", "chunked")]
    request = build_request("/api/upload", host=web.host, method="POST", headers=headers, body=b"1\r\na\r\n" * 100)
    async with AsyncExitStack() as stack:
        await open_many(stack, web, request)
        await assert_api_is_served(web)


async def test_unread_responses_hold_no_connection_to_the_api(web, upstream_stub):
    chunk_count = limits.READ_AHEAD_BYTES // LARGE_CHUNK_BYTES
    async with AsyncExitStack() as stack:
        for connection in await open_many(stack, web, build_request(f"/api/large?chunks={chunk_count}", host=web.host)):
            connection.writer.transport.pause_reading()
        await assert_api_is_served(web)
        await wait_until(lambda: not upstream_stub[0].open_count, description="the API to have sent every answer")


async def test_large_unread_responses_of_one_address_leave_connections_for_others(web, upstream_stub):
    async with AsyncExitStack() as stack:
        for connection in await open_many(stack, web, build_request("/api/large?chunks=1000", host=web.host)):
            connection.writer.transport.pause_reading()
        share = limits.API_CONNECTIONS.total // (limits.API_CONNECTIONS.free_share + 1)
        await wait_until(lambda: upstream_stub[0].open_count >= share, description="the attack to take its share")
        await assert_api_is_served(web)
        assert upstream_stub[0].open_count <= limits.API_CONNECTIONS.per_address
    await wait_until(lambda: not upstream_stub[0].open_count, description="the API to be left alone")


@pytest.mark.slow
async def test_large_unread_response_is_given_up(web, upstream_stub):
    async with open_connection(web.port, source=ATTACKER) as connection:
        await connection.send(build_request("/api/large?chunks=1000", host=web.host))
        connection.writer.transport.pause_reading()
        await wait_until(lambda: upstream_stub[0].open_count == 1, description="the answer to begin")
        await wait_until(lambda: not upstream_stub[0].open_count, description="the answer to be given up")


@pytest.mark.slow
async def test_body_that_never_comes_is_answered_after_its_deadline(web):
    async with open_connection(web.port, source=ATTACKER) as connection:
        headers = [("Content-Length", "5000")]
        await connection.send(build_request("/api/upload", host=web.host, method="POST", headers=headers))
        assert (await connection.read_response()).status == 408


@pytest.mark.parametrize("method", ["GET", "HEAD", "DELETE", "OPTIONS", "PROPFIND"])
@pytest.mark.parametrize("header", [("Content-Length", "5000"), ("Transfer-Encoding", "chunked")])
async def test_body_of_a_method_without_one_is_refused(web, method, header):
    async with open_connection(web.port, source=ATTACKER) as connection:
        await connection.send(build_request("/api/x", host=web.host, method=method, headers=[header]))
        assert (await connection.read_response()).status == 413


@pytest.mark.parametrize("path", ["/", "/login", "/auth/logout", "/w/x", "/embed/x", "/_rx/_upload", "/%61pi/x"])
async def test_body_outside_the_api_is_refused(web, path):
    async with open_connection(web.port, source=ATTACKER) as connection:
        await connection.send(build_request(path, host=web.host, method="POST", headers=[("Content-Length", "5")]))
        assert (await connection.read_response()).status == 413


async def test_trailers_do_not_reach_the_api(web):
    body = b"4\r\nsome\r\n0\r\nX-Forwarded-For: 1.2.3.4\r\nX-Late: 1\r\n\r\n"
    async with open_connection(web.port, source=ATTACKER) as connection:
        headers = [("Transfer-Encoding", "chunked")]
        await connection.send(build_request("/api/x", host=web.host, method="POST", headers=headers, body=body))
        response = await connection.read_response()
    assert b'"size":4' in response.body
    assert b"1.2.3.4" not in response.body
    assert b"x-late" not in response.body


@pytest.mark.parametrize("method", ["GET", "HEAD"])
async def test_request_to_the_api_ends_when_its_client_disconnects(web, upstream_stub, method):
    async with open_connection(web.port, source=ATTACKER) as connection:
        await connection.send(build_request("/api/slow", host=web.host, method=method))
        await wait_until(lambda: upstream_stub[0].slow_count == 1, description="the request to reach the API")
    timeout_seconds = API_TIMEOUT.sock_read / 2
    await wait_until(lambda: not upstream_stub[0].slow_count, timeout_seconds=timeout_seconds, description="its end")


async def test_change_goes_on_when_its_client_disconnects(web, upstream_stub):
    async with open_connection(web.port, source=ATTACKER) as connection:
        await connection.send(build_request("/api/slow", host=web.host, method="POST"))
        await wait_until(lambda: upstream_stub[0].slow_count == 1, description="the request to reach the API")
    await asyncio.sleep(0.5)
    assert upstream_stub[0].slow_count == 1
    upstream_stub[0].slow_released.set()
    await wait_until(lambda: not upstream_stub[0].slow_count, description="its end")
    upstream_stub[0].slow_released.clear()


SMUGGLED = b"GET /api/smuggled HTTP/1.1\r\nHost: other\r\n\r\n"


@pytest.mark.parametrize(
    "headers",
    [
        [("Content-Length", "0"), ("Transfer-Encoding", "chunked")],
        [("Transfer-Encoding", "chunked"), ("Content-Length", "46")],
        [("Content-Length", "0"), ("Content-Length", "46")],
        [("Content-Length", "+46")],
        [("Content-Length", "0x2e")],
        [("Content-Length", "46, 46")],
        [("Transfer-Encoding", "xchunked")],
        [("Transfer-Encoding", "chunked, identity")],
        [("Transfer-Encoding ", "chunked")],
        [("Transfer-Encoding", "\x0bchunked")],
    ],
)
async def test_request_with_an_ambiguous_length_is_refused(web, headers):
    async with open_connection(web.port, source=ATTACKER) as connection:
        body = b"0\r\n\r\n" + SMUGGLED
        await connection.send(build_request("/api/x", host=web.host, method="POST", headers=headers, body=body))
        response = await connection.read_response()
        assert response.status == 400
        assert b"raw_path" not in response.body
        await connection.wait_until_closed()
