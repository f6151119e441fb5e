"""Attacks with request heads: many headers, long ones, half-sent ones, headers that HTTP forbids, foreign hosts."""

import asyncio
import json

import pytest
from starlette.requests import Request

from herwa_shared.runtime import http_limits as limits
from herwa_shared.runtime.http_problems import RequestRefused
from herwa_web.serving.api_proxy import API_TIMEOUT, ApiProxy, create_api_client, filter_headers
from tests.support.raw_connection import RawResponse, build_handshake, build_request, open_connection
from tests.support.waiting import wait_until
from tests.web.reflex_client import HYDRATE, connect_client
from tests.web.web_server import run_web_server

ATTACKER = "127.0.0.11"


async def send(web, *parts: bytes) -> RawResponse:
    """Send bytes on a new connection; return the first response."""
    async with open_connection(web.port, source=ATTACKER) as connection:
        for part in parts:
            await connection.send(part)
        return await connection.read_response()


@pytest.mark.parametrize("path", ["/", "/api/x"])
async def test_100_headers_are_allowed_and_one_more_is_refused(web, path):
    headers = [(f"X-{n}", "1") for n in range(limits.MAX_HEADERS)]
    assert (await send(web, build_request(path, host=web.host, headers=headers[1:]))).status == 200
    refusal = await send(web, build_request(path, host=web.host, headers=headers))
    assert (refusal.status, json.loads(refusal.body)["code"]) == (431, "head_too_large")
    assert refusal.get_values("connection") == ["close"]


async def test_many_headers_do_not_delay_others(web):
    async with connect_client(web) as visitor, open_connection(web.port, source=ATTACKER) as connection:
        await connection.send(b"GET /api/x HTTP/1.1\r\n" + b"a:b\r\n" * 200_000 + b"\r\n")
        await visitor.send(HYDRATE)
        await visitor.wait_until_idle()
        assert (await connection.read_response()).status == 431


async def test_work_on_headers_grows_no_faster_than_their_number():
    class Headers(list):
        reads = 0

        def __iter__(self):
            for header in super().__iter__():
                Headers.reads += 1
                yield header

    filter_headers(Headers([(b"connection", b"x-1, x-2"), *((b"x-%d" % n, b"") for n in range(1_000))]), frozenset())
    assert Headers.reads == 1_001


@pytest.mark.parametrize(
    "head",
    [
        b"GET / HTTP/1.1\r\nX: " + b"a" * limits.MAX_HEAD_BYTES + b"\r\n\r\n",
        b"GET /" + b"a" * limits.MAX_HEAD_BYTES + b" HTTP/1.1\r\n\r\n",
        b"GET / HTTP/1.1\r\n" + (b"X: " + b"a" * 1_000 + b"\r\n") * 40 + b"\r\n",
    ],
    ids=["value", "path", "many"],
)
async def test_large_head_is_refused(web, head):
    assert (await send(web, head)).status == 431


async def test_endless_head_is_refused_early(web):
    async with open_connection(web.port, source=ATTACKER) as connection:
        sent_bytes = 0
        await connection.send(b"GET / HTTP/1.1\r\nX: ")
        response = asyncio.create_task(connection.read_response())
        while not response.done():
            assert sent_bytes < 10_000_000, "the server goes on reading"
            await connection.send(b"a" * 65_536)
            sent_bytes += 65_536
            await asyncio.sleep(0.002)  # the response is read before the connection is found to be closed
        assert (await response).status == 431


async def test_half_sent_heads_of_one_address_leave_capacity_for_others(web):
    connections = [open_connection(web.port, source=ATTACKER) for _ in range(limits.CONNECTIONS.per_address + 50)]
    for connection in connections:
        await (await connection.__aenter__()).send(b"GET / HTTP/1.1\r\nX: ")
    async with web.client() as client:
        assert (await client.get("/")).status_code == 200
        assert (await client.get("/api/x")).status_code == 200
    for connection in connections:
        await connection.__aexit__(None, None, None)


@pytest.mark.slow
async def test_half_sent_head_is_answered_after_its_deadline(web):
    assert (await send(web, b"GET / HTTP/1.1\r\nX: ")).status == 408


async def test_many_requests_ahead_on_one_connection_close_it_and_end_its_work(web, upstream_stub):
    async with open_connection(web.port, source=ATTACKER) as connection:
        await connection.send(build_request("/api/slow", host=web.host))
        await wait_until(lambda: upstream_stub[0].slow_count == 1, description="the request to reach the API")
        await connection.send(build_request("/api/slow", host=web.host) * 1_000)
        await connection.wait_until_closed()
    timeout_seconds = API_TIMEOUT.sock_read / 2
    await wait_until(lambda: not upstream_stub[0].slow_count, timeout_seconds=timeout_seconds, description="its end")


@pytest.mark.parametrize("value", ["a ", "a\t", " a \t ", "\ta"])
async def test_blanks_around_a_value_are_removed(web, value):
    response = await send(web, build_request("/api/x", host=web.host, headers=[("X-Mine", value)]))
    assert response.status == 200
    assert ["x-mine", "a"] in json.loads(response.body)["headers"]


@pytest.mark.parametrize("value", ["a\x01b", "a\x7fb", "a\x0bb", "a\x00b", "a\rb"])
async def test_forbidden_character_is_a_bad_request(web, value):
    assert (await send(web, build_request("/api/x", host=web.host, headers=[("X-Mine", value)]))).status == 400


async def test_what_the_proxy_cannot_pass_on_is_a_bad_request_and_no_missing_api(web):
    async def receive():
        return {"type": "http.request", "body": b""}

    async with create_api_client() as client:
        for headers, raw_path in (([(b"x-mine", b"a\nb")], b"/api/x"), ([], b"/api/\xff")):
            scope = {
                "type": "http",
                "method": "GET",
                "scheme": "http",
                "client": ("127.0.0.1", 1),
                "headers": [(b"host", b"x"), *headers],
                "raw_path": raw_path,
                "query_string": b"",
            }
            with pytest.raises(RequestRefused) as refusal:
                await ApiProxy(client, web.url, trusted_proxies=0)(Request(scope).scope, receive, receive)
            assert (refusal.value.problem.status, refusal.value.problem.code) == (400, "bad_request")


@pytest.mark.parametrize("path", ["/", "/login", "/api/x", "/auth/login", "/healthz", "/no/such/page"])
@pytest.mark.parametrize("host", ["evil.example", "localhost.evil.example:{port}", "localhost", "127.0.0.1:1", ""])
async def test_foreign_host_is_refused(web, path, host):
    response = await send(web, build_request(path, host=host.format(port=web.port)))
    assert (response.status, json.loads(response.body)["code"]) == (400, "unknown_host")
    assert f"http://localhost:{web.port}" in json.loads(response.body)["detail"]


async def test_two_hosts_are_refused(web):
    assert (await send(web, build_request("/", host=web.host, headers=[("Host", web.host)]))).status == 400


async def test_foreign_host_gets_no_websocket(web):
    assert (
        await send(web, build_handshake("/_rx/_event/?EIO=4&transport=websocket", host="evil.example"))
    ).status == 400


async def test_hosts_of_the_public_url_are_served(stores, settings, upstream_stub):
    async with run_web_server(settings, api=upstream_stub[1], HERWA_PUBLIC_URL="https://herwa.example") as server:
        for host in ("herwa.example", "HERWA.example:443", f"localhost:{server.port}", server.host):
            assert (await send(server, build_request("/", host=host))).status == 200
        assert (await send(server, build_request("/", host="other.example"))).status == 400


@pytest.mark.parametrize("path", ["/", "/api/x", "/api/redirect", "/no/such/page"])
async def test_response_has_one_date(web, path):
    response = await send(web, build_request(path, host=web.host))
    assert len(response.get_values("date")) == 1
    assert response.get_values("server") == []
