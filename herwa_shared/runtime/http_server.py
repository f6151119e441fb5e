"""An HTTP server that ends as every process of Herwa does: when told, within a second, and its stores after it."""

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
    """Signals are ours: uvicorn would raise them again and end the process before its stores are closed."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield

    def stop(self) -> None:
        """Take no more requests; those being answered have a second."""
        self.should_exit = True


async def serve(app: Any, listener: socket.socket, **options: Any) -> None:
    """Answer on this socket until told to stop. `options` are uvicorn's."""
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
    """A loopback port, bound before anything else starts; None, and said with the mend, when it cannot be had."""
    try:
        return socket.create_server((LOOPBACK_HOST, port), backlog=2048)
    except OSError as error:
        if error.errno == errno.EADDRINUSE:
            log.error(f"another program listens on this port: {hint}", port=port)  # noqa: G004, TRY400
        elif error.errno == errno.EACCES:
            log.error(f"this port needs more rights: {hint}", port=port)  # noqa: G004, TRY400
        else:
            raise
        return None
