"""Attacks with WebSocket frames: compression bombs, floods of pings and pongs, binary data, too many sockets."""

import asyncio
import json
import zlib
from contextlib import AsyncExitStack, asynccontextmanager

import psutil
import pytest

from herwa_shared.runtime import http_limits as limits
from tests.support.raw_connection import (
    CLOSE,
    PING,
    PONG,
    TEXT,
    RawConnection,
    build_frame,
    build_handshake,
    open_connection,
)
from tests.web.reflex_client import HYDRATE, NAMESPACE, connect_client

BINARY, CONTINUATION = 2, 0
SOCKET_PATH = f"{NAMESPACE}/?token=t&EIO=4&transport=websocket"
ATTACKER = "127.0.0.13"
BOMB_BYTES = 64 * 1024 * 1024


@asynccontextmanager
async def open_socket(web, source: str = ATTACKER, *, extension: str = ""):
    """Open a WebSocket of Engine.IO; its first frame has been read."""
    headers = [("Sec-WebSocket-Extensions", extension)] if extension else []
    async with open_connection(web.port, source=source) as connection:
        await connection.send(build_handshake(SOCKET_PATH, host=web.host, headers=headers))
        response = await connection.read_response()
        assert response.status == 101
        assert response.get_values("sec-websocket-extensions") == [], "compression is not offered"
        assert (await connection.read_frame())[0] == TEXT
        yield connection


async def read_until_closed(connection: RawConnection) -> list[tuple[int, bytes]]:
    """Read frames until the server closes the connection."""
    frames = []
    while True:
        try:
            frames.append(await connection.read_frame())
        except (OSError, asyncio.IncompleteReadError):
            return frames
        if frames[-1][0] == CLOSE:
            return frames


def build_bomb() -> bytes:
    """64 MiB of zeros as a compressed frame of 64 KB."""
    compressor = zlib.compressobj(9, zlib.DEFLATED, -15)
    data = compressor.compress(bytes(BOMB_BYTES)) + compressor.flush(zlib.Z_SYNC_FLUSH)
    return build_frame(TEXT, data[:-4], is_compressed=True)


async def test_compression_bombs_close_their_sockets_and_take_no_memory(web):
    bomb = build_bomb()
    assert len(bomb) < 70_000
    memory = psutil.Process(web.process.pid).memory_info
    before = memory().rss
    async with AsyncExitStack() as stack:
        extension = "permessage-deflate; client_max_window_bits"
        for _ in range(10):
            socket = await stack.enter_async_context(open_socket(web, extension=extension))
            await socket.send(bomb)
            await read_until_closed(socket)
            assert memory().rss - before < BOMB_BYTES / 2


@pytest.mark.parametrize("opcode", [PING, PONG])
async def test_flood_of_control_frames_is_paced_and_delays_no_other_client(web, opcode):
    frame_count = 20_000
    async with AsyncExitStack() as stack:
        visitor = await stack.enter_async_context(connect_client(web))
        sockets = [await stack.enter_async_context(open_socket(web)) for _ in range(4)]
        for socket in sockets:
            socket.writer.write(build_frame(opcode, b"x") * frame_count)
        await visitor.send(HYDRATE)
        await visitor.wait_until_idle()
        reply_count = 0
        for socket in sockets:
            socket.writer.write(build_frame(TEXT, b"6"))
            reply_count += len(socket.reader._buffer) // 3
        assert reply_count < frame_count / 4, "the visitor did not wait for the flood"


async def test_frames_are_paced_for_all_sockets_of_an_address_together(web):
    socket_count = 30
    async with AsyncExitStack() as stack:
        sockets = [await stack.enter_async_context(open_socket(web, "127.0.0.14")) for _ in range(socket_count)]
        for socket in sockets:
            socket.writer.write(build_frame(PING, b"x") * 1_000)
        await asyncio.sleep(1)
        reply_count = sum(len(socket.reader._buffer) // 3 for socket in sockets)
        assert reply_count > limits.SOCKET_FRAME_BURST, "nothing is dropped"
        allowed = limits.FRAME_RATE.burst + 5 * limits.FRAME_RATE.per_second
        assert reply_count < allowed < socket_count * 1_000


async def test_every_frame_of_a_paced_socket_is_answered(web):
    async with open_socket(web, "127.0.0.15") as socket:
        frame_count = int(limits.SOCKET_FRAME_BURST) + 20
        await socket.send(b"".join(build_frame(PING, b"%d" % n) for n in range(frame_count)))
        assert [await socket.read_frame() for _ in range(frame_count)] == [
            (PONG, b"%d" % n) for n in range(frame_count)
        ]


async def test_fragments_are_paced(web):
    async with AsyncExitStack() as stack:
        socket = await stack.enter_async_context(open_socket(web))
        visitor = await stack.enter_async_context(connect_client(web))
        empty = build_frame(CONTINUATION, is_final=False)
        await socket.send(build_frame(TEXT, b"4", is_final=False) + empty * 20_000)
        await visitor.send(HYDRATE)
        await visitor.wait_until_idle()


@pytest.mark.parametrize(
    "frame",
    [
        build_frame(BINARY, b"4"),
        build_frame(TEXT, b"59-[]"),
        build_frame(TEXT, b'459-["event",{"_placeholder":true,"num":0}]'),
        build_frame(TEXT, b"2probe"),
        build_frame(TEXT, b"5"),
        build_frame(TEXT, b"b4"),
        build_frame(TEXT, b""),
    ],
    ids=["binary", "engine-binary", "binary-event", "upgrade-probe", "upgrade", "base64", "empty"],
)
async def test_other_kinds_of_frames_close_their_socket(web, frame):
    async with open_socket(web) as socket:
        await socket.send(frame)
        assert (await read_until_closed(socket))[-1][0] == CLOSE


async def test_message_in_fragments_is_bounded(web):
    async with open_socket(web) as socket:
        await socket.send(build_frame(TEXT, b"4" + b"x" * 40_000, is_final=False))
        await socket.send(build_frame(CONTINUATION, b"x" * 40_000))
        assert (await read_until_closed(socket))[-1][0] == CLOSE


async def test_client_that_reads_no_responses_is_not_served_further(web):
    async with open_socket(web, "127.0.0.16") as socket:
        await socket.send(build_frame(TEXT, b"40/_rx/_event,"))
        socket.writer.transport.pause_reading()
        event = json.dumps({"name": HYDRATE, "payload": {}, "router_data": {"pathname": "/", "asPath": "/"}})
        frame = build_frame(TEXT, f'42/_rx/_event,["event",{event}]'.encode())
        before = psutil.Process(web.process.pid).memory_info().rss
        await socket.send(frame * 200)
        await asyncio.sleep(3)
        assert psutil.Process(web.process.pid).memory_info().rss - before < 30_000_000
