"""`python -m herwa_web`: bind the public port, build the pages if need be, serve them until told to stop."""

import socket
import sys
from pathlib import Path

import uvloop

from herwa_shared.config import Settings
from herwa_shared.log import configure_logging, get_logger
from herwa_shared.runtime.heartbeat import present
from herwa_shared.runtime.http_server import listen, serve
from herwa_web.app_context import open_doors
from herwa_web.build.builder import BuildFailed, pages_to_serve
from herwa_web.serving.router import create_app

LARGEST_FRAME = 65_536
log = get_logger("herwa_web")


async def run(settings: Settings, listening: socket.socket, build: Path) -> None:
    """Serve on this socket until told to stop."""
    async with (
        open_doors(settings) as doors,
        present(doors.stores.database, name="web", detail=lambda: {"port": settings.port, **doors.policies.detail()}),
    ):
        app = create_app(doors, build)
        log.info("serving", url=settings.origin)
        # Who came through which proxy is ours to find out: see visitors.py.
        await serve(app, listening, lifespan="on", ws="wsproto", ws_max_size=LARGEST_FRAME, proxy_headers=False)


def main() -> int:
    """Entry point; the exit code."""
    settings = Settings()
    configure_logging(settings.log_level)
    listening = listen(settings.port, mend="set HERWA_PORT to a free one, above 1023")
    if listening is None:
        return 1
    try:
        # Who comes meanwhile waits at the bound port.
        with pages_to_serve(log.info) as build:
            uvloop.run(run(settings, listening, build))
    except BuildFailed as failed:
        log.error(str(failed))  # noqa: TRY400 - it has all that is known
        return 1
    except KeyboardInterrupt:  # told to stop while the pages were being built
        return 0
    return 0


if __name__ == "__main__":
    sys.exit(main())
