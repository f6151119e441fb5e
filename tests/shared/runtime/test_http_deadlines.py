"""Clients that are too slow, in each part of a connection. The limits are shortened, the server and sockets are real."""

import asyncio

import pytest

from herwa_shared.runtime import connection_bounds, http_limits
from herwa_shared.runtime.fair_sharing import PoolLimit, RateLimit
from tests.support.bounded_server import HOST, run_bounded_server
from tests.support.raw_connection import TEXT, abort, build_frame, build_handshake, build_request, open_connection
from tests.support.waiting import wait_until

LONG = 1_000.0
LARGE_RESPONSE = b"x" * 50_000_000


class Application:
    """Answers requests; `running` is the number of requests and sockets that it handles at the moment."""

    def __init__(self) -> None:
        self.running = 0
        self.bodies: list[bytes] = []

    async def __call__(self, scope, receive, send):
        self.running += 1
        try:
            await (self.echo(receive, send) if scope["type"] == "websocket" else self.response(scope, receive, send))
        finally:
            self.running -= 1

    async def response(self, scope, receive, send):
        body, message = b"", {"more_body": True}
        while message.get("more_body"):
            message = await receive()
            if message["type"] == "http.disconnect":
                return
            body += message["body"]
        self.bodies.append(body)
        response = LARGE_RESPONSE if scope["path"] == "/large" else b"ok"
        await send(
            {"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"%d" % len(response))]}
        )
        for start in range(0, len(response), 500_000):
            await send({"type": "http.response.body", "body": response[start : start + 500_000], "more_body": True})
        await send({"type": "http.response.body", "body": b""})

    async def echo(self, receive, send):
        await receive()
        await send({"type": "websocket.accept"})
        while (message := await receive())["type"] == "websocket.receive":
            await send({"type": "websocket.send", "text": message["text"] * 1000})

    async def wait_until_idle(self) -> None:
        await wait_until(lambda: not self.running, timeout_seconds=30)


@pytest.fixture
async def application():
    return Application()


@pytest.fixture(autouse=True)
def patch_limits(monkeypatch):
    """Switch every deadline off, so that each test proves the one that it shortens."""
    monkeypatch.setattr(connection_bounds, "SWEEP_SECONDS", 0.05)
    for name in ("HEAD", "BODY_CHUNK", "BODY", "RESPONSE_CHUNK", "CLOSE", "HANDSHAKE"):
        monkeypatch.setattr(http_limits, f"{name}_SECONDS", LONG)
    return monkeypatch


async def test_an_incomplete_head_is_answered_with_408(application, patch_limits):
    patch_limits.setattr(http_limits, "HEAD_SECONDS", 0.3)
    async with run_bounded_server(application) as server, open_connection(server.port) as connection:
        await connection.send(b"GET / HTTP/1.1\r\nHost: x\r\nX-Slow: ")
        response = await connection.read_response()
        await connection.wait_until_closed()
    assert (response.status, application.bodies) == (408, [])


async def test_a_head_that_arrives_byte_by_byte_has_the_same_deadline(application, patch_limits):
    patch_limits.setattr(http_limits, "HEAD_SECONDS", 0.5)
    async with run_bounded_server(application) as server, open_connection(server.port) as connection:

        async def drip():
            for byte in b"GET / HTTP/1.1\r\nHost: x\r\nX-Slow: " + b"a" * 10_000:
                await connection.send(bytes([byte]))
                await asyncio.sleep(0.02)

        dripping = asyncio.create_task(drip())
        assert (await connection.read_response()).status == 408
        dripping.cancel()


@pytest.mark.parametrize("sent", [b"", b"\r\n"])
async def test_a_connection_without_a_request_is_closed(application, patch_limits, sent):
    patch_limits.setattr(http_limits, "HEAD_SECONDS", 0.3)
    async with run_bounded_server(application) as server, open_connection(server.port) as connection:
        await connection.send(sent)
        async with asyncio.timeout(30):
            assert await connection.reader.read() == b""


async def test_a_second_head_on_the_connection_has_a_deadline_too(application, patch_limits):
    patch_limits.setattr(http_limits, "HEAD_SECONDS", 0.3)
    async with run_bounded_server(application) as server, open_connection(server.port) as connection:
        await connection.send(build_request("/", host=HOST))
        assert (await connection.read_response()).status == 200
        await connection.send(b"GET / HTTP/1.1\r\n")
        assert (await connection.read_response()).status == 408


@pytest.mark.parametrize("limit", ["BODY_CHUNK_SECONDS", "BODY_SECONDS"])
async def test_a_body_that_does_not_come_is_answered_with_408(application, patch_limits, limit):
    patch_limits.setattr(http_limits, limit, 0.3)
    async with run_bounded_server(application) as server, open_connection(server.port) as connection:
        headers = [("Content-Length", "100")]
        await connection.send(build_request("/upload", host=HOST, method="POST", headers=headers, body=b"some"))
        response = await connection.read_response()
        await connection.wait_until_closed()
        await application.wait_until_idle()
    assert (response.status, application.bodies) == (408, [])


async def test_a_body_that_arrives_byte_by_byte_has_one_deadline(application, patch_limits):
    patch_limits.setattr(http_limits, "BODY_SECONDS", 0.5)
    patch_limits.setattr(http_limits, "BODY_CHUNK_SECONDS", 0.4)
    async with run_bounded_server(application) as server, open_connection(server.port) as connection:
        headers = [("Content-Length", "10000")]
        await connection.send(build_request("/upload", host=HOST, method="POST", headers=headers, body=b"a"))

        async def drip():
            while True:
                await connection.send(b"a")
                await asyncio.sleep(0.05)

        dripping = asyncio.create_task(drip())
        assert (await connection.read_response()).status == 408
        dripping.cancel()


async def test_an_unread_response_is_given_up(application, patch_limits):
    patch_limits.setattr(http_limits, "RESPONSE_CHUNK_SECONDS", 0.3)
    async with run_bounded_server(application) as server, open_connection(server.port) as connection:
        await connection.send(build_request("/large", host=HOST))
        await connection.reader.readexactly(1)
        await application.wait_until_idle()
        await wait_until_no_connection(server)


async def test_a_response_that_waits_behind_a_closed_connection_is_given_up(application, patch_limits):
    patch_limits.setattr(http_limits, "CLOSE_SECONDS", 0.3)
    async with run_bounded_server(application) as server, open_connection(server.port) as connection:
        connection.writer.transport.pause_reading()
        await connection.send(build_request("/large", host=HOST, headers=[("Connection", "close")]))
        await connection.send(b"GET / HTTP/9.9\r\n\r\n")  # refused, so the server closes
        await wait_until_no_connection(server)


async def test_a_refused_client_that_goes_on_sending_is_cut_off(application, patch_limits):
    patch_limits.setattr(http_limits, "MAX_DISCARDED_BYTES", 100_000)
    async with run_bounded_server(application) as server, open_connection(server.port) as connection:
        await connection.send(build_request("/upload", host=HOST, method="GET", body=b"x" * 1_000_000))
        await connection.wait_until_closed()
        await wait_until_no_connection(server)


async def test_unread_websocket_responses_are_given_up(application, patch_limits):
    patch_limits.setattr(http_limits, "RESPONSE_CHUNK_SECONDS", 0.3)
    patch_limits.setattr(http_limits, "SOCKET_FRAMES_PER_SECOND", 1e6)
    async with run_bounded_server(application) as server, open_connection(server.port) as connection:
        await connection.send(build_handshake("/", host=HOST))
        assert (await connection.read_response()).status == 101
        connection.writer.transport.pause_reading()
        for _ in range(100):
            await connection.send(build_frame(TEXT, b"x" * 60_000))
        await application.wait_until_idle()
        await wait_until_no_connection(server)


async def test_the_number_of_connections_is_limited_per_address_and_in_total(application, patch_limits):
    patch_limits.setattr(http_limits, "CONNECTIONS", PoolLimit(total=12, per_address=4, free_share=2))
    async with run_bounded_server(application) as server:
        admitted = [
            connection
            for source in ("127.0.0.2", "127.0.0.3", "127.0.0.4")
            for connection in [await is_served(server.port, source) for _ in range(6)]
            if connection is not None
        ]
        assert 0 < server.bounds.count_connections() <= 12
        held = [connection.get_extra_info("sockname")[0] for connection in admitted]
        assert held.count("127.0.0.2") == 4
        assert held.count("127.0.0.3") >= 1
        assert held.count("127.0.0.4") >= 1, "an address that holds none gets one while one is free"
        for writer in admitted:
            await abort(writer)
        await wait_until_no_connection(server)
        async with open_connection(server.port, source="127.0.0.2") as connection:
            await connection.send(build_request("/", host=HOST))
            assert (await connection.read_response()).status == 200


async def test_an_address_that_connects_too_fast_waits_and_loses_nothing(application, patch_limits):
    rate = RateLimit(per_second=10, burst=2, min_per_second=10, min_burst=2, total_per_second=1_000)
    patch_limits.setattr(http_limits, "CONNECTION_RATE", rate)
    async with run_bounded_server(application) as server:

        async def request():
            async with open_connection(server.port) as connection:
                await connection.send(build_request("/", host=HOST))
                return (await connection.read_response()).status

        assert await asyncio.gather(*(request() for _ in range(6))) == [200] * 6
        patch_limits.setattr(http_limits, "MAX_DELAY_SECONDS", 0.0)
        async with open_connection(server.port) as connection:
            await connection.wait_until_closed()


async def is_served(port: int, source: str) -> asyncio.StreamWriter | None:
    """Send a request; return the open connection if it is answered, None if the server closes it."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port, local_addr=(source, 0))
    try:
        writer.write(build_request("/", host=HOST))
        async with asyncio.timeout(30):
            await reader.readuntil(b"ok")
    except (OSError, asyncio.IncompleteReadError):
        await abort(writer)
        return None
    return writer


async def wait_until_no_connection(server) -> None:
    await wait_until(lambda: not server.bounds.count_connections(), timeout_seconds=30)
