"""WebSocket connections of uvicorn whose frames of every kind are paced, and whose answers have a deadline.

A connection is read only as fast as its frames are handled: one message at a time, within the frame rates of the
connection and of its client's address, and not while the client leaves answers unread. Nothing is dropped: what the
client sends too fast waits in its own buffers.
"""

from collections.abc import Iterator
from typing import Any

import wsproto
from uvicorn.protocols.websockets.wsproto_impl import WSProtocol
from wsproto import ConnectionType, events

from herwa_shared.runtime import http_limits as limits
from herwa_shared.runtime.client_address import get_address_group
from herwa_shared.runtime.connection_bounds import ConnectionBounds, ConnectionSlot, is_over


class BoundedWebSocketProtocol(WSProtocol):
    """One WebSocket connection. It takes over the slot of the HTTP connection that was upgraded."""

    def __init__(self, bounds: ConnectionBounds, slot: ConnectionSlot | None, **options: Any) -> None:
        super().__init__(**options)
        self.conn = _PacedConnection(self)
        self._bounds = bounds
        self._slot = slot
        self._group = ""
        self._tokens = limits.SOCKET_FRAME_BURST
        self._tokens_at = self._connected_at = bounds.clock()
        self._is_waiting = False
        self._response_paused_at: float | None = None
        self._closing_at: float | None = None

    # Connection

    def connection_made(self, transport: Any) -> None:
        super().connection_made(transport)
        self._bounds.connections.add(self)

    def connection_lost(self, exc: Exception | None) -> None:
        super().connection_lost(exc)
        self._bounds.connections.discard(self)
        if self._slot is not None:
            self._bounds.release(self._slot)
            self._slot = None

    def handle_connect(self, event: events.Request) -> None:
        super().handle_connect(event)
        self._group = get_address_group(self._bounds.rules.get_address(dict(self.scope)))

    # Pace

    def data_received(self, data: bytes) -> None:
        """Handle the data as far as the pace permits, and read on only if that is all of it."""
        self._take_token()
        super().data_received(data)
        self._update_reading()

    async def receive(self) -> Any:
        """Return the next message for the application; the frames after it are handled from now on."""
        message = await self.queue.get()
        if self.read_paused and self.queue.empty():
            self.read_paused = False
            self._continue()
        return message

    def may_handle_frame(self) -> bool:
        """Return whether the next frame may be handled now."""
        return not (self._is_waiting or self.read_paused) and self.writable.is_set()

    def count_frame(self) -> None:
        """Count a frame that is about to be handled."""
        self._take_token()

    def _take_token(self) -> None:
        """Take a token of the connection and one of the address; pause if one of them has none left."""
        if not self.handshake_complete:
            return
        now = self._bounds.clock()
        refilled = self._tokens + (now - self._tokens_at) * limits.SOCKET_FRAMES_PER_SECOND
        self._tokens = min(limits.SOCKET_FRAME_BURST, refilled) - 1
        self._tokens_at = now
        delay = max(-self._tokens / limits.SOCKET_FRAMES_PER_SECOND, self._bounds.frame_rate.take(self._group))
        if delay > 0 and not self._is_waiting:
            self._is_waiting = True
            self.loop.call_later(delay, self._stop_waiting)

    def _stop_waiting(self) -> None:
        self._is_waiting = False
        self._continue()

    def _continue(self) -> None:
        """Handle the frames that have waited, then read on."""
        if self.transport.is_closing() or not self.may_handle_frame():
            return
        self.handle_events()
        self._update_reading()

    def _update_reading(self) -> None:
        if self.transport.is_closing():
            return
        if self.may_handle_frame():
            self.transport.resume_reading()
        else:
            self.transport.pause_reading()

    def keepalive_timeout(self) -> None:
        """Close the connection of a client that does not answer pings. While we do not read, its answers wait."""
        if self.may_handle_frame():
            super().keepalive_timeout()
        else:
            self.pong_timer = self.pending_ping_payload = None
            self.schedule_ping()

    # Answers

    def pause_writing(self) -> None:
        self._response_paused_at = self._bounds.clock()
        super().pause_writing()

    def resume_writing(self) -> None:
        self._response_paused_at = None
        super().resume_writing()
        self._continue()

    # Deadlines

    def check_deadlines(self, now: float) -> None:
        """Close the connection if its client has missed a deadline."""
        if self.transport.is_closing():
            self._closing_at = self._closing_at or now
        handshake_at = None if self.handshake_complete else self._connected_at
        if (
            is_over(self._closing_at, limits.CLOSE_SECONDS, now)
            or is_over(self._response_paused_at, limits.RESPONSE_CHUNK_SECONDS, now)
            or is_over(handshake_at, limits.HANDSHAKE_SECONDS, now)
        ):
            self.transport.abort()


class _PacedConnection(wsproto.WSConnection):
    """Parses the next frame only when it may be handled."""

    def __init__(self, protocol: BoundedWebSocketProtocol) -> None:
        super().__init__(ConnectionType.SERVER)
        self._protocol = protocol

    def events(self) -> Iterator[events.Event]:  # type: ignore[override]
        """Yield events, and stop at the first frame that must wait."""
        parsed_events = super().events()
        while self._protocol.may_handle_frame():
            event = next(parsed_events, None)
            if event is None:
                return
            self._protocol.count_frame()
            yield event
