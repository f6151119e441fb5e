"""`python -m herwa_shared.embedded.clickhouse_server --home FOLDER --port N`, the password in the environment."""

import argparse
import os
import signal
import socket
from pathlib import Path

import uvicorn

from herwa_shared.embedded.clickhouse import DATABASE, PASSWORD_VARIABLE
from herwa_shared.embedded.clickhouse_server.app import App
from herwa_shared.embedded.clickhouse_server.configuration import write_configuration
from herwa_shared.embedded.clickhouse_server.pool import Pool

_KEEP_ALIVE = 3600  # the client ends an idle connection, never we: a request sent into our closing would be lost
_GRACE = 1


class Server(uvicorn.Server):
    """uvicorn waits for running requests before it stops; so the queries that they wait for are killed first."""

    def __init__(self, config: uvicorn.Config, pool: Pool) -> None:
        super().__init__(config)
        self._pool = pool

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        await self._pool.stop()
        await super().shutdown(sockets)
        self._pool.close()


def main() -> None:
    arguments = argparse.ArgumentParser(description="The ClickHouse engine as an HTTP server on loopback.")
    arguments.add_argument("--home", type=Path, required=True, help="working folder: store, spool, configuration")
    arguments.add_argument("--port", type=int, required=True)
    chosen = arguments.parse_args()
    password = os.environ.pop(PASSWORD_VARIABLE)

    pool = Pool(chosen.home / "store", write_configuration(chosen.home), database=DATABASE)
    app = App(pool, spool=chosen.home / "spool", password=password)
    config = uvicorn.Config(
        app,
        host="127.0.0.1",
        port=chosen.port,
        loop="uvloop",
        http="httptools",
        interface="asgi3",
        ws="none",
        lifespan="off",
        log_level="warning",
        access_log=False,
        server_header=False,
        date_header=False,
        timeout_keep_alive=_KEEP_ALIVE,
        timeout_graceful_shutdown=_GRACE,
    )
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_IGN)  # uvicorn handles them, and raises them anew when it is done
    Server(config, pool).run()
    os._exit(0)  # the engine's threads may still run; taking the interpreter down under them can abort


if __name__ == "__main__":
    main()
