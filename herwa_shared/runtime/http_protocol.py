"""HTTP connections of uvicorn with bounded heads, bodies and answers.

Everything here happens before the application sees the request. A refused client gets a short answer; what it still
sends is discarded until it has received the answer.
"""

from typing import Any

import httptools
from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol, RequestResponseCycle

from herwa_shared.runtime import http_limits as limits
from herwa_shared.runtime import http_problems as problems
from herwa_shared.runtime.connection_bounds import ConnectionBounds, ConnectionSlot, is_over
from herwa_shared.runtime.http_problems import HttpProblem, RequestRefused


class BoundedHttpProtocol(HttpToolsProtocol):
    """One HTTP connection. `bounds` is shared by all connections of the server."""

    def __init__(self, bounds: ConnectionBounds, **options: Any) -> None:
        super().__init__(**options)
        self._bounds = bounds
        self._slot: ConnectionSlot | None = None
        self._running: RequestResponseCycle | None = None
        self._is_refused = False
        self._discarded_bytes = 0
        self._is_in_head = True  # also between two requests
        self._has_begun = False
        self._header_count = 0
        self._head_bytes = 0
        self._unparsed_bytes = 0
        self._body_bytes = 0
        # Since when the client keeps us waiting, each None if it does not.
        self._head_started_at: float | None = bounds.clock()
        self._body_started_at: float | None = None
        self._chunk_started_at: float | None = None
        self._response_paused_at: float | None = None
        self._closing_at: float | None = None

    # Connection

    def connection_made(self, transport: Any) -> None:
        super().connection_made(transport)
        self._bounds.connections.add(self)
        self._slot = self._bounds.admit(self.client[0] if self.client else "")
        if self._slot is None:
            transport.abort()
        elif self._slot.delay_seconds:
            transport.pause_reading()
            self.loop.call_later(self._slot.delay_seconds, self._start_reading)

    def connection_lost(self, exc: Exception | None) -> None:
        super().connection_lost(exc)
        self._disconnect_running()
        self._bounds.connections.discard(self)
        if self._slot is not None:
            self._bounds.release(self._slot)
            self._slot = None

    def _start_asgi_task(self, cycle: RequestResponseCycle, app: Any) -> None:
        """Start the request; one that was sent ahead starts later than it is read."""
        self._running = cycle
        super()._start_asgi_task(cycle, app)

    def _disconnect_running(self) -> None:
        """Tell the application that the client of the running request is gone."""
        if self._running is not None and not self._running.response_complete:
            self._running.disconnected = True
            self._running.message_event.set()

    def _start_reading(self) -> None:
        if not self.transport.is_closing():
            self._head_started_at = self._bounds.clock()
            self.transport.resume_reading()

    def handle_websocket_upgrade(self) -> None:
        """Hand the connection and its slot over to the WebSocket protocol."""
        self._bounds.connections.discard(self)
        slot, self._slot = self._slot, None
        protocol_class: Any = self.ws_protocol_class
        self.ws_protocol_class = lambda **options: protocol_class(slot=slot, **options)  # type: ignore[assignment]
        super().handle_websocket_upgrade()

    # Data from the client

    def data_received(self, data: bytes) -> None:
        if self._is_refused:
            self._discard(data)
            return
        self._unset_keepalive_if_required()
        try:
            self._parse(data)
        except httptools.HttpParserUpgrade:
            if self._should_upgrade():  # an upgrade to anything else is ignored, as HTTP allows
                self.handle_websocket_upgrade()
        except httptools.HttpParserError as error:
            cause = error.__context__
            self._refuse(cause.problem if isinstance(cause, RequestRefused) else problems.MALFORMED_REQUEST)

    def _parse(self, data: bytes) -> None:
        """Parse the data, a head never by more than its limit at once.

        The parser reports a header when it is complete, so the bytes of an incomplete one are counted here.
        """
        position = 0
        while position < len(data):
            if not self._is_in_head:
                self.parser.feed_data(data[position:])
                return
            if self._head_started_at is None:
                self._head_started_at = self._bounds.clock()
            part = data[position : position + limits.MAX_HEAD_BYTES]
            position += len(part)
            self._unparsed_bytes += len(part)
            self.parser.feed_data(part)
            if self._is_in_head and self._unparsed_bytes > limits.MAX_HEAD_BYTES:
                self._refuse(problems.HEAD_TOO_LARGE)
                return

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self._has_begun = True
        self._header_count = self._head_bytes = self._body_bytes = self._unparsed_bytes = 0
        self._head_started_at = self._bounds.clock()

    def on_url(self, url: bytes) -> None:
        super().on_url(url)
        self._count_head(len(url))

    def on_header(self, name: bytes, value: bytes) -> None:
        """Add a header without the blanks around its value. Trailers, after the body, are dropped."""
        self._header_count += 1
        if self._header_count > limits.MAX_HEADERS:
            raise RequestRefused(problems.HEAD_TOO_LARGE)
        self._count_head(len(name) + len(value))
        if self._is_in_head:
            super().on_header(name, value.strip(b" \t"))

    def _count_head(self, size: int) -> None:
        self._head_bytes += size
        if self._head_bytes > limits.MAX_HEAD_BYTES:
            raise RequestRefused(problems.HEAD_TOO_LARGE)

    def on_headers_complete(self) -> None:
        if len(self.pipeline) >= limits.MAX_PIPELINED_REQUESTS:
            raise RequestRefused(problems.TOO_MANY_REQUESTS)
        body_bytes = self._get_announced_bytes()
        if body_bytes:
            path = (httptools.parse_url(self.url).path or b"").decode("latin-1")
            if not self._bounds.rules.accepts_body(self.parser.get_method().decode("ascii"), path):
                raise RequestRefused(problems.BODY_NOT_EXPECTED)
            if body_bytes > limits.MAX_BODY_BYTES:
                raise RequestRefused(problems.BODY_TOO_LARGE)
            self._body_started_at = self._chunk_started_at = self._bounds.clock()
        self._is_in_head = False
        self._head_started_at = None
        super().on_headers_complete()

    def _get_announced_bytes(self) -> int:
        """Return the announced size of the body: 0 without a body, 1 if the size is not announced."""
        for name, value in self.headers:
            if name == b"content-length":
                return int(value)
            if name == b"transfer-encoding":
                return 1
        return 0

    def on_body(self, body: bytes) -> None:
        self._chunk_started_at = self._bounds.clock()
        self._body_bytes += len(body)
        if self._body_bytes > limits.MAX_BODY_BYTES:
            raise RequestRefused(problems.BODY_TOO_LARGE)
        super().on_body(body)

    def on_message_complete(self) -> None:
        self._is_in_head = True
        self._has_begun = False
        self._unparsed_bytes = 0
        self._body_started_at = self._chunk_started_at = None
        super().on_message_complete()

    # Answers

    def pause_writing(self) -> None:
        self._response_paused_at = self._bounds.clock()
        super().pause_writing()

    def resume_writing(self) -> None:
        self._response_paused_at = None
        super().resume_writing()

    def _refuse(self, problem: HttpProblem) -> None:
        """Answer with the problem, unless another answer is being sent, and take no further request."""
        can_respond = self._can_respond()
        self._is_refused = True
        self._closing_at = self._bounds.clock()
        self._disconnect_running()
        if self.transport.is_closing():
            return
        if not can_respond:
            self.transport.close()
            return
        headers = [*self.server_state.default_headers, *problem.list_headers(), (b"connection", b"close")]
        lines = [STATUS_LINE[problem.status], *(name + b": " + value + b"\r\n" for name, value in headers)]
        self.transport.write(b"".join([*lines, b"\r\n", problem.render_body()]))
        self.transport.write_eof()

    def _can_respond(self) -> bool:
        """Return whether the request being read is the next one to be answered."""
        if self.cycle is None:
            return True
        return self.cycle.response_complete if self._is_in_head else not (self.cycle.response_started or self.pipeline)

    def _discard(self, data: bytes) -> None:
        self._discarded_bytes += len(data)
        if self._discarded_bytes > limits.MAX_DISCARDED_BYTES:
            self.transport.abort()

    # Deadlines

    def check_deadlines(self, now: float) -> None:
        """Close the connection if its client has missed a deadline."""
        if self._is_refused or self.transport.is_closing():
            self._closing_at = self._closing_at or now
            if now - self._closing_at > limits.CLOSE_SECONDS:
                self.transport.abort()
        elif is_over(self._response_paused_at, limits.RESPONSE_CHUNK_SECONDS, now):
            self.transport.abort()
        elif self.flow.read_paused:
            self._restart_clocks(now)
        elif is_over(self._head_started_at, limits.HEAD_SECONDS, now):
            self._expire_head()
        elif is_over(self._chunk_started_at, limits.BODY_CHUNK_SECONDS, now) or is_over(
            self._body_started_at, limits.BODY_SECONDS, now
        ):
            self._refuse(problems.REQUEST_TIMEOUT)

    def _expire_head(self) -> None:
        """A client that sent part of a head learns why; a connection that was never used is just closed."""
        if self._has_begun:
            self._refuse(problems.REQUEST_TIMEOUT)
        else:
            self.transport.close()

    def _restart_clocks(self, now: float) -> None:
        """We do not read at the moment, so the client is not to blame."""
        self._head_started_at = self._head_started_at and now
        self._chunk_started_at = self._chunk_started_at and now
