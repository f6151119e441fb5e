"""`python -m herwa_web`: bind the public port, build the pages if need be, serve them until told to stop."""

import socket
import sys
from pathlib import Path

import uvloop

from herwa_shared.config import Settings
from herwa_shared.log import configure_logging, get_logger
from herwa_shared.runtime.heartbeat import send_heartbeats
from herwa_shared.runtime.http_server import listen, serve
from herwa_web.app_context import open_app_context
from herwa_web.build.builder import BuildError, ensure_build
from herwa_web.serving.router import create_app

MAX_FRAME_BYTES = 65_536
log = get_logger("herwa_web")


async def run(settings: Settings, server_socket: socket.socket, build: Path) -> None:
    """Serve on this socket until told to stop."""
    async with (
        open_app_context(settings) as context,
        send_heartbeats(
            context.stores.database, name="web", detail=lambda: {"port": settings.port, **context.policies.get_status()}
        ),
    ):
        app = create_app(context, build)
        log.info("serving", url=settings.origin)
        # Who came through which proxy is ours to find out: see visitors.py.
        await serve(app, server_socket, lifespan="on", ws="wsproto", ws_max_size=MAX_FRAME_BYTES, proxy_headers=False)


def main() -> int:
    """Entry point; the exit code."""
    settings = Settings()
    configure_logging(settings.log_level)
    server_socket = listen(settings.port, hint="set HERWA_PORT to a free one, above 1023")
    if server_socket is None:
        return 1
    try:
        # Who comes meanwhile waits at the bound port.
        with ensure_build(log.info) as build:
            uvloop.run(run(settings, server_socket, build))
    except BuildError as error:
        log.error(str(error))  # noqa: TRY400 - it has all that is known
        return 1
    except KeyboardInterrupt:  # told to stop while the pages were being built
        return 0
    return 0


if __name__ == "__main__":
    sys.exit(main())
