"""`python -m herwa_api`: bind this copy's port of the API, open the stores, serve until told to stop."""

import socket
import sys

import uvloop

from herwa_api.app import create_app
from herwa_api.surfaces import KINDS, SURFACES
from herwa_shared.authorization import open_policy_cache
from herwa_shared.config import Settings
from herwa_shared.log import configure_logging, get_logger
from herwa_shared.runtime.data_dir import DataFolder
from herwa_shared.runtime.heartbeat import send_heartbeats
from herwa_shared.runtime.http_server import LOOPBACK_HOST, listen, serve
from herwa_shared.stores import open_stores

PORT_HINT = "does the API of this copy run already? Else remove its line from ports.json in the data folder"
log = get_logger("herwa_api")


async def run(settings: Settings, server_socket: socket.socket) -> None:
    """Answer on this socket until told to stop."""
    port = server_socket.getsockname()[1]
    async with (
        open_stores(settings) as stores,
        open_policy_cache(stores, KINDS, SURFACES) as policies,
        send_heartbeats(stores.database, name="api", detail=lambda: {"port": port, **policies.get_status()}),
    ):
        log.info("answering", url=f"http://{LOOPBACK_HOST}:{port}")
        # The pages pass requests on and say who asks; nobody else's word about that counts.
        await serve(
            create_app(stores, settings, policies), server_socket, lifespan="off", forwarded_allow_ips=LOOPBACK_HOST
        )


def main() -> int:
    """Entry point; the exit code."""
    settings = Settings()
    configure_logging(settings.log_level)
    server_socket = listen(DataFolder(settings.data_dir).get_or_create_port("api"), hint=PORT_HINT)
    if server_socket is None:
        return 1
    uvloop.run(run(settings, server_socket))
    return 0


if __name__ == "__main__":
    sys.exit(main())
