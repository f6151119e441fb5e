"""`python -m herwa_web`: the web process.

It binds the public port, builds the pages if their sources have changed, and serves them until a signal.
"""

import socket
import sys
from pathlib import Path

import uvloop

from herwa_shared.config import Settings
from herwa_shared.log import configure_logging, get_logger
from herwa_shared.runtime.data_dir import DataFolder
from herwa_shared.runtime.heartbeat import send_heartbeats
from herwa_shared.runtime.http_server import build_server, listen, serve
from herwa_shared.runtime.metrics_server import serve_metrics
from herwa_shared.runtime.process_health import monitor_health
from herwa_shared.services.process_details import ServerDetail
from herwa_shared.services.process_metrics import build_process_metrics
from herwa_web.app_context import open_app_context
from herwa_web.build.builder import BuildError, ensure_build
from herwa_web.serving.router import create_app
from herwa_web.serving.server_rules import build_server_rules

log = get_logger("herwa_web")


async def run(settings: Settings, server_socket: socket.socket, build: Path) -> None:
    """Serve the build on this bound socket until the process gets SIGTERM or SIGINT.

    While it runs, the process sends heartbeats under the name `web`, with its health, its port
    and the state of the policy cache.
    """
    async with open_app_context(settings) as context:
        app = create_app(context, build)
        # `proxy_headers=False`: `serving/client_address.py` evaluates `X-Forwarded-*`, not uvicorn.
        server = build_server(
            app, build_server_rules(settings), has_websockets=True, lifespan="on", proxy_headers=False
        )
        policies = context.policies
        async with monitor_health(server.bounds.count_connections) as monitor:

            def build_detail() -> ServerDetail:
                return ServerDetail(monitor.read_health(), settings.port, policies.get_status())

            async with (
                send_heartbeats(context.stores.database, name="web", build_detail=build_detail),
                serve_metrics(DataFolder(settings.data_dir), "web", lambda: build_process_metrics(build_detail())),
            ):
                log.info("web server started", url=settings.origin)
                await serve(server, server_socket)


def main() -> int:
    """Run the web process and return its exit code: 1 without a port or without a build."""
    settings = Settings()
    folder = DataFolder(settings.data_dir)
    configure_logging(settings.log_level, process_name="web", user_key=folder.get_log_key())
    server_socket = listen(settings.port, hint="set HERWA_PORT to a free one, above 1023")
    if server_socket is None:
        return 1
    try:
        # The port is bound already, so clients that connect during the build wait for it.
        with ensure_build(log.info) as build:
            uvloop.run(run(settings, server_socket, build))
    except BuildError as error:
        log.error(str(error))  # noqa: TRY400 - the message is complete, a traceback adds nothing
        return 1
    except KeyboardInterrupt:  # stopped by a signal during the build
        return 0
    return 0


if __name__ == "__main__":
    sys.exit(main())
