"""Entry point of `python -m herwa_sim`: serve the local Discord on the loopback interface."""

import argparse
import gc
import os
import socket

import uvloop
from aiohttp import web

from herwa_shared.config import Settings
from herwa_shared.log import configure_logging, get_logger
from herwa_shared.runtime.data_dir import DataFolder
from herwa_shared.runtime.process_health import monitor_health
from herwa_shared.runtime.shutdown import wait_for_shutdown
from herwa_sim.app import create_app
from herwa_sim.context import CONTEXT_KEY
from herwa_sim.texts import actions as texts

log = get_logger("herwa_sim")


async def serve(folder: DataFolder, *, herwa_origin: str, quiet: bool) -> None:
    """Serve until SIGTERM, SIGINT or the exit of the supervisor that holds our standard input."""
    url = f"http://127.0.0.1:{folder.get_or_create_port('sim')}"
    # Bind the port before anything else: a second process must not touch the files of the world.
    listener = _open_listener(folder.get_or_create_port("sim"))
    app = create_app(folder, url, herwa_origin=herwa_origin)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.3)
    await runner.setup()
    await web.SockSite(runner, listener).start()
    if not quiet:
        app[CONTEXT_KEY].population.start()
    server = runner.server
    assert server is not None
    async with monitor_health(lambda: len(server.connections)):
        log.info("local Discord is ready", url=url, guilds=len(app[CONTEXT_KEY].world.guilds))
        await wait_for_shutdown()
    await runner.cleanup()


def _open_listener(port: int) -> socket.socket:
    """Bind the loopback port. Raises SystemExit with a hint when the port is in use."""
    try:
        return socket.create_server(("127.0.0.1", port))
    except OSError as error:
        raise SystemExit(texts.format_port_in_use(port, os.strerror(error.errno or 0))) from None


def main() -> None:
    """Parse the command line, load the settings and run the server."""
    parser = argparse.ArgumentParser(prog="herwa_sim", description="A local Discord for demo and tests.")
    parser.add_argument("--quiet", action="store_true", help="a world without a population of its own")
    arguments = parser.parse_args()
    gc.set_threshold(100_000, 20, 100)  # the load generator creates many small objects and no cycles
    settings = Settings()
    configure_logging(settings.log_level, process_name="sim")
    uvloop.run(serve(DataFolder(settings.data_dir), herwa_origin=settings.origin, quiet=arguments.quiet))


if __name__ == "__main__":
    main()
