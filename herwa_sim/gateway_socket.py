"""Sending side of a gateway connection: opcodes, close codes and the send queue.

One writer task drains the queue.
"""

import asyncio
from collections import deque
from contextlib import suppress
from enum import IntEnum
from typing import Any

import orjson
from aiohttp import web

from herwa_sim.compression import Encoder, create_encoder
from herwa_sim.session import SequencedEvent

QUEUE_HIGH_WATERMARK = 4000


class Opcode(IntEnum):
    """Gateway opcodes."""

    DISPATCH = 0
    HEARTBEAT = 1
    IDENTIFY = 2
    PRESENCE = 3
    VOICE_STATE = 4
    RESUME = 6
    RECONNECT = 7
    REQUEST_MEMBERS = 8
    INVALID_SESSION = 9
    HELLO = 10
    HEARTBEAT_ACK = 11


class GatewayCloseError(Exception):
    """Raised when the connection must be closed with this code and reason."""

    def __init__(self, code: int, reason: str) -> None:
        super().__init__(reason)
        self.code = code
        self.reason = reason


class GatewaySocket:
    """A WebSocket with a send queue.

    Callers never wait for the network: events are queued, and `write` sends them in order.
    """

    def __init__(self, request: web.Request, ws: web.WebSocketResponse) -> None:
        self._request = request
        self._ws = ws
        self._encode: Encoder | None = create_encoder(request.query.get("compress"))
        self._queue: deque[SequencedEvent | bytes | GatewayCloseError] = deque()
        self._filled = asyncio.Event()
        self._has_capacity = asyncio.Event()
        self._has_capacity.set()

    def enqueue(self, event: SequencedEvent) -> None:
        """Queue an event; above the high watermark, senders that wait for capacity are held back."""
        self._queue.append(event)
        self._filled.set()
        if len(self._queue) > QUEUE_HIGH_WATERMARK:
            self._has_capacity.clear()

    def send(self, op: int, data: Any = None) -> None:
        """Queue a payload that is not an event."""
        self._queue.append(orjson.dumps({"t": None, "s": None, "op": int(op), "d": data}))
        self._filled.set()

    def close(self, code: int, reason: str = "") -> None:
        """Close the connection with this code after the queue is sent."""
        self._queue.append(GatewayCloseError(code, reason))
        self._filled.set()

    async def wait_for_capacity(self) -> None:
        """Wait until the queue is short enough or the connection is closed (backpressure)."""
        await self._has_capacity.wait()

    def abort(self) -> None:
        """Abort the TCP connection without a close frame, as in a network failure."""
        if self._request.transport is not None:
            self._request.transport.abort()

    async def write(self) -> None:
        """Send queued items until the connection is closed."""
        try:
            with suppress(ConnectionError):
                while not self._ws.closed:
                    await self._filled.wait()
                    self._filled.clear()
                    await self._empty_queue()
        finally:
            self._has_capacity.set()

    async def _empty_queue(self) -> None:
        written = 0
        while self._queue:
            item = self._queue.popleft()
            if isinstance(item, GatewayCloseError):
                await self._ws.close(code=item.code, message=item.reason.encode())
                return
            await self._send_frame(item.encode_frame() if isinstance(item, SequencedEvent) else item)
            written += 1
            if len(self._queue) == QUEUE_HIGH_WATERMARK // 2:
                self._has_capacity.set()
            if written % 128 == 0:
                await asyncio.sleep(0)  # a socket whose buffer is never full would block the event loop

    async def _send_frame(self, frame: bytes) -> None:
        if self._encode is None:
            await self._ws.send_str(frame.decode())
        else:
            await self._ws.send_bytes(self._encode(frame))
