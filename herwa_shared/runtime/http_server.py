"""A uvicorn server with bounded connections that shuts down within a second, before the process closes its stores."""

import asyncio
import errno
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any

import uvicorn

from herwa_shared.log import get_logger
from herwa_shared.runtime.asgi_types import AsgiApp
from herwa_shared.runtime.connection_bounds import ConnectionBounds, ServerRules, raise_open_file_limit
from herwa_shared.runtime.garbage_collection import exempt_startup_objects
from herwa_shared.runtime.http_limits import MAX_FRAME_BYTES
from herwa_shared.runtime.http_protocol import BoundedHttpProtocol
from herwa_shared.runtime.request_bounds import RequestBounds
from herwa_shared.runtime.shutdown import on_shutdown
from herwa_shared.runtime.websocket_protocol import BoundedWebSocketProtocol

LOOPBACK_HOST = "127.0.0.1"
SHUTDOWN_TIMEOUT_SECONDS = 1
DRAIN_SECONDS = 10.0
"""How long the requests that run at a shutdown have to finish, if the server drains."""
log = get_logger(__name__)


class BoundedServer(uvicorn.Server):
    """A uvicorn server without signal handlers, which closes connections that miss their deadlines.

    uvicorn would raise the signals again after its shutdown and end the process before its stores are closed.
    """

    def __init__(self, config: uvicorn.Config, bounds: ConnectionBounds) -> None:
        super().__init__(config)
        self.bounds = bounds
        self._drain_task: asyncio.Task[None] | None = None

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Do not install signal handlers."""
        yield

    async def on_tick(self, counter: int) -> bool:
        """Check all deadlines. uvicorn calls this ten times a second."""
        self.bounds.sweep()
        return await super().on_tick(counter)

    def stop(self) -> None:
        """Accept no more requests. Running requests have `SHUTDOWN_TIMEOUT_SECONDS` to finish."""
        self.should_exit = True

    def start_drain(self) -> None:
        """Stop when the requests that run now have ended, or after DRAIN_SECONDS. New ones are accepted until then."""
        self._drain_task = asyncio.create_task(self._drain())

    async def _drain(self) -> None:
        if running := set(self.server_state.tasks):
            log.info("server drains", requests=len(running))
            await asyncio.wait(running, timeout=DRAIN_SECONDS)
        self.stop()


async def serve(
    server: BoundedServer, listener: socket.socket, *, announce_drain: Callable[[], None] | None = None
) -> None:
    """Serve requests on this socket until shutdown.

    With `announce_drain`, which is called at the shutdown, the server drains: see `BoundedServer.start_drain`.
    """
    raise_open_file_limit()

    def shut_down() -> None:
        if announce_drain is None:
            server.stop()
        else:
            announce_drain()
            server.start_drain()

    on_shutdown(shut_down)
    exempt_startup_objects()
    await server.serve(sockets=[listener])


def build_server(app: AsgiApp, rules: ServerRules, *, has_websockets: bool = False, **options: Any) -> BoundedServer:
    """Build a server whose connections and requests have the limits of `http_limits`.

    `options` are passed to uvicorn.
    """
    bounds = ConnectionBounds(rules)
    config = uvicorn.Config(
        RequestBounds(app, rules),
        http=partial(BoundedHttpProtocol, bounds),  # type: ignore[arg-type]
        ws=partial(BoundedWebSocketProtocol, bounds) if has_websockets else "none",  # type: ignore[arg-type]
        ws_max_size=MAX_FRAME_BYTES,
        ws_per_message_deflate=False,  # 64 KB of compressed data can become 64 MB
        log_config=None,
        access_log=False,
        server_header=False,
        timeout_graceful_shutdown=SHUTDOWN_TIMEOUT_SECONDS,
        **options,
    )
    return BoundedServer(config, bounds)


def listen(port: int, *, hint: str) -> socket.socket | None:
    """Bind a loopback port. Call it before anything else starts.

    Returns None, after logging `hint`, if the port is in use or needs more privileges. Raises OSError otherwise.
    """
    try:
        return socket.create_server((LOOPBACK_HOST, port), backlog=2048)
    except OSError as error:
        if error.errno == errno.EADDRINUSE:
            log.error("port already in use", port=port, hint=hint)  # noqa: TRY400 - the traceback adds nothing
        elif error.errno == errno.EACCES:
            log.error("no permission to use this port", port=port, hint=hint)  # noqa: TRY400 - same
        else:
            raise
        return None
