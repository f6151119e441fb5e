"""Entry point of the embedded ClickHouse server.

Usage: `python -m herwa_shared.embedded.clickhouse_server --home DIR --port N`, with the passwords of the accounts in
the environment variables `READER_PASSWORD_ENV_VAR` and `WRITER_PASSWORD_ENV_VAR`.
"""

import argparse
import os
import signal
import socket
from pathlib import Path

import uvicorn

from herwa_shared.embedded.clickhouse import (
    DATABASE,
    READER,
    READER_PASSWORD_ENV_VAR,
    WRITER,
    WRITER_PASSWORD_ENV_VAR,
)
from herwa_shared.embedded.clickhouse_server.accounts import Account
from herwa_shared.embedded.clickhouse_server.app import ClickHouseApp
from herwa_shared.embedded.clickhouse_server.config_file import write_config_file
from herwa_shared.embedded.clickhouse_server.pool import ConnectionPool

# Clients close idle connections, the server does not: a request that is sent while the server closes would be lost.
_KEEP_ALIVE_SECONDS = 3600
_SHUTDOWN_TIMEOUT_SECONDS = 1


class EngineServer(uvicorn.Server):
    """A uvicorn server that kills running queries before it shuts down.

    uvicorn waits for running requests, and these wait for their queries.
    """

    def __init__(self, config: uvicorn.Config, pool: ConnectionPool) -> None:
        super().__init__(config)
        self._pool = pool

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Stop the queries, then the requests, then close the store."""
        await self._pool.stop()
        await super().shutdown(sockets)
        self._pool.close()


def main() -> None:
    """Run the server until SIGINT or SIGTERM."""
    parser = argparse.ArgumentParser(description="The ClickHouse engine as an HTTP server on loopback.")
    parser.add_argument("--home", type=Path, required=True, help="working folder: store, spool, configuration")
    parser.add_argument("--port", type=int, required=True)
    options = parser.parse_args()
    accounts = (
        Account(READER, os.environ.pop(READER_PASSWORD_ENV_VAR), is_reader=True),
        Account(WRITER, os.environ.pop(WRITER_PASSWORD_ENV_VAR), is_reader=False),
    )

    pool = ConnectionPool(options.home / "store", write_config_file(options.home), database=DATABASE)
    app = ClickHouseApp(pool, spool_dir=options.home / "spool", accounts=accounts)
    config = uvicorn.Config(
        app,
        host="127.0.0.1",
        port=options.port,
        loop="uvloop",
        http="httptools",
        interface="asgi3",
        ws="none",
        lifespan="off",
        log_level="warning",
        access_log=False,
        server_header=False,
        date_header=False,
        timeout_keep_alive=_KEEP_ALIVE_SECONDS,
        timeout_graceful_shutdown=_SHUTDOWN_TIMEOUT_SECONDS,
    )
    for signal_number in (signal.SIGINT, signal.SIGTERM):
        # uvicorn handles these signals and raises them a second time when it has stopped, which must have no effect.
        signal.signal(signal_number, signal.SIG_IGN)
    EngineServer(config, pool).run()
    # chDB's threads may still run. A regular interpreter shutdown while they run can abort the process.
    os._exit(0)


if __name__ == "__main__":
    main()
