"""`python -m herwa_api`: bind the port, open the stores, serve until told to stop."""

import errno
import socket
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import uvicorn
import uvloop

from herwa_api.app import create_app
from herwa_shared.config import Settings
from herwa_shared.lifetime import call_on_stop
from herwa_shared.log import configure_logging, get_logger
from herwa_shared.presence import present
from herwa_shared.stores import open_stores

HOST = "127.0.0.1"
LAST_ANSWERS_SECONDS = 1
log = get_logger("herwa_api")


class _Server(uvicorn.Server):
    """Signals are ours: uvicorn would raise them again and end the process before its stores are closed."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield

    def stop(self) -> None:
        """Take no more requests; those being answered have a second."""
        self.should_exit = True


async def run(settings: Settings, listening: socket.socket) -> None:
    """Answer on this socket until told to stop."""
    async with (
        open_stores(settings) as stores,
        present(stores.database, name="api", detail=lambda: {"port": settings.port}),
    ):
        server = _Server(
            uvicorn.Config(
                create_app(stores, settings),
                log_config=None,
                access_log=False,
                server_header=False,
                lifespan="off",
                timeout_graceful_shutdown=LAST_ANSWERS_SECONDS,
            )
        )
        call_on_stop(server.stop)
        log.info("answering", url=f"http://{HOST}:{settings.port}")
        await server.serve(sockets=[listening])


def listen(port: int) -> socket.socket | None:
    """The one public port, bound before anything else starts; None, and said why, when it cannot be had."""
    try:
        return socket.create_server((HOST, port), backlog=2048)
    except OSError as error:
        if error.errno == errno.EADDRINUSE:
            log.error("another program listens on this port: set HERWA_PORT to a free one", port=port)  # noqa: TRY400
        elif error.errno == errno.EACCES:
            log.error("this port needs more rights: set HERWA_PORT to one above 1023", port=port)  # noqa: TRY400
        else:
            raise
        return None


def main() -> int:
    """Entry point; the exit code."""
    settings = Settings()
    configure_logging(settings.log_level)
    listening = listen(settings.port)
    if listening is None:
        return 1
    uvloop.run(run(settings, listening))
    return 0


if __name__ == "__main__":
    sys.exit(main())
