"""A uvicorn server that shuts down within a second, before the process closes its stores."""

import errno
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import uvicorn

from herwa_shared.log import get_logger
from herwa_shared.runtime.shutdown import on_shutdown

LOOPBACK_HOST = "127.0.0.1"
SHUTDOWN_TIMEOUT_SECONDS = 1
log = get_logger(__name__)


class _Server(uvicorn.Server):
    """A uvicorn server without signal handlers.

    uvicorn would raise the signals again after its shutdown and end the process before its stores are closed.
    """

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Do not install signal handlers."""
        yield

    def stop(self) -> None:
        """Accept no more requests. Running requests have `SHUTDOWN_TIMEOUT_SECONDS` to finish."""
        self.should_exit = True


async def serve(app: Any, listener: socket.socket, **options: Any) -> None:
    """Serve requests on this socket until shutdown. `options` are passed to uvicorn."""
    config = uvicorn.Config(
        app,
        log_config=None,
        access_log=False,
        server_header=False,
        timeout_graceful_shutdown=SHUTDOWN_TIMEOUT_SECONDS,
        **options,
    )
    server = _Server(config)
    on_shutdown(server.stop)
    await server.serve(sockets=[listener])


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
