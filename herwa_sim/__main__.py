"""The process: `python -m herwa_sim`. Listens on loopback until it is told to stop."""

import argparse
import gc
import socket

import uvloop
from aiohttp import web

from herwa_shared.config import Settings
from herwa_shared.log import configure_logging, get_logger
from herwa_shared.runtime.data_dir import DataFolder
from herwa_shared.runtime.shutdown import until_stopped
from herwa_sim.app import build
from herwa_sim.context import PARTS

log = get_logger("herwa_sim")


async def serve(folder: DataFolder, *, home: str, quiet: bool) -> None:
    """Serve until SIGTERM, SIGINT, or the end of a supervisor that holds our standard input."""
    url = f"http://127.0.0.1:{folder.port('sim')}"
    listener = _listener(folder.port("sim"))  # first of all: a second process must not touch the world
    app = build(folder, url, home=home)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.3)
    await runner.setup()
    await web.SockSite(runner, listener).start()
    if not quiet:
        app[PARTS].population.start()
    log.info("local Discord is ready", url=url, guilds=len(app[PARTS].world.guilds))
    await until_stopped()
    await runner.cleanup()


def _listener(port: int) -> socket.socket:
    try:
        return socket.create_server(("127.0.0.1", port))
    except OSError as error:
        sentence = f"The local Discord cannot listen on port {port}: {error.strerror}. Is it running already?"
        raise SystemExit(sentence) from None


def main() -> None:
    """Read the settings and run."""
    parser = argparse.ArgumentParser(prog="herwa_sim", description="A local Discord for demo and tests.")
    parser.add_argument("--quiet", action="store_true", help="a world without a population of its own")
    arguments = parser.parse_args()
    gc.set_threshold(100_000, 20, 100)  # a flood makes many small objects and no cycles
    settings = Settings()
    configure_logging(settings.log_level)
    uvloop.run(serve(DataFolder(settings.data_dir), home=settings.origin, quiet=arguments.quiet))


if __name__ == "__main__":
    main()
