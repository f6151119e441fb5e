"""`python -m herwa_api`: bind this copy's port of the API, open the stores, serve until told to stop."""

import socket
import sys

import uvloop

from herwa_api.app import create_app
from herwa_api.surfaces import KINDS, SURFACES
from herwa_shared.authorization import open_policies
from herwa_shared.config import Settings
from herwa_shared.log import configure_logging, get_logger
from herwa_shared.runtime.data_dir import DataFolder
from herwa_shared.runtime.heartbeat import present
from herwa_shared.runtime.http_server import HOST, listen, serve
from herwa_shared.stores import open_stores

MEND = "does the API of this copy run already? Else remove its line from ports.json in the data folder"
log = get_logger("herwa_api")


async def run(settings: Settings, listening: socket.socket) -> None:
    """Answer on this socket until told to stop."""
    port = listening.getsockname()[1]
    async with (
        open_stores(settings) as stores,
        open_policies(stores, KINDS, SURFACES) as policies,
        present(stores.database, name="api", detail=lambda: {"port": port, **policies.detail()}),
    ):
        log.info("answering", url=f"http://{HOST}:{port}")
        # The pages pass requests on and say who asks; nobody else's word about that counts.
        await serve(create_app(stores, settings, policies), listening, lifespan="off", forwarded_allow_ips=HOST)


def main() -> int:
    """Entry point; the exit code."""
    settings = Settings()
    configure_logging(settings.log_level)
    listening = listen(DataFolder(settings.data_dir).port("api"), mend=MEND)
    if listening is None:
        return 1
    uvloop.run(run(settings, listening))
    return 0


if __name__ == "__main__":
    sys.exit(main())
