"""A pool of chDB connections. Each one is configured for one query and runs it in a thread."""

import asyncio
import itertools
import shutil
from collections.abc import AsyncIterator, Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import chdb

from herwa_shared.embedded.clickhouse_server.errors import ABORTED, EngineError
from herwa_shared.embedded.clickhouse_server.request import ConnectionSettings

_MAX_CONNECTIONS = 24
_STOP_TIMEOUT_SECONDS = 1.0
_KILL_TAGGED = "KILL QUERY WHERE endsWith(query, {tag:String}) ASYNC"
_KILL_ALL = "KILL QUERY WHERE query NOT LIKE 'KILL QUERY%' ASYNC"


class EngineConnection:
    """A chDB connection with its current settings and database. One thread at a time may use it.

    `is_dirty` means that its state is unknown: the pool closes the connection instead of reusing it.
    """

    def __init__(self, connection: Any) -> None:
        self._connection = connection
        self._settings: dict[str, str] = {}
        self._database = "default"
        self.is_readonly = False
        self.is_dirty = False

    def query(self, sql: str, output_format: str = "TabSeparated", parameters: Mapping[str, str] | None = None) -> Any:
        """Run one statement to its end. Returns chDB's result. Raises EngineError.

        After an error chDB may return a part of the failed result with the next one, so the connection is dirty.
        """
        try:
            return self._connection.query(sql, output_format, params=dict(parameters or {}))
        except RuntimeError as error:
            self.is_dirty = True
            raise EngineError(str(error)) from None

    def is_configured_for(self, target: ConnectionSettings) -> bool:
        """Check whether settings, database and mode match the request's."""
        return (
            self._settings == target.settings
            and self._database == target.database
            and self.is_readonly == target.is_readonly
        )

    def configure(self, target: ConnectionSettings) -> None:
        """Change settings and database to those of the request. Sends only the difference.

        A connection in read-only mode cannot be changed, and remains in that mode.
        """
        changes = [f"{name} = DEFAULT" for name in self._settings if name not in target.settings]
        for name, value in target.settings.items():
            if self._settings.get(name) != value:
                changes.append(name + " = " + _quote(value, "'"))
        if changes:
            self.is_dirty = True  # until the statement has set all of them
            self.query("SET " + ", ".join(changes))
            self._settings = dict(target.settings)
            self.is_dirty = False
        if target.database != self._database:
            self.query("USE " + _quote(target.database, "`"))
            self._database = target.database
        if target.is_readonly:
            self.query("SET readonly = 1")
            self.is_readonly = True

    def close(self) -> None:
        """Close the connection."""
        self._connection.close()


class ConnectionPool:
    """All connections of this process.

    The first connection opens the store. It is reserved, with a thread of its own, for killing queries.
    """

    def __init__(self, store: Path, configuration: Path, *, database: str) -> None:
        self._connection_string = f"{store}?config-file={configuration}"
        self._executor = ThreadPoolExecutor(_MAX_CONNECTIONS, thread_name_prefix="query")
        self._control_executor = ThreadPoolExecutor(1, thread_name_prefix="keeper")
        self._slots = asyncio.Semaphore(_MAX_CONNECTIONS)
        self._tags = itertools.count(1)
        self._idle: list[EngineConnection] = []
        self._in_use = 0
        self._is_stopping = False
        _remove_system_logs(store)
        self._control = self._open_connection()
        self._control.query(f"CREATE DATABASE IF NOT EXISTS {database}")

    @asynccontextmanager
    async def acquire(self, target: ConnectionSettings) -> AsyncIterator[EngineConnection]:
        """Acquire a connection with these settings. Waits while all are in use.

        Raises EngineError for settings that do not exist, and while the server is stopping.
        """
        async with self._slots:
            if self._is_stopping:
                raise EngineError.from_code(ABORTED, "ABORTED", "The server is stopping")
            connection = self._pop_idle(target) or await self.run(self._open_connection)
            self._in_use += 1
            try:
                if not connection.is_configured_for(target):
                    await self.run(connection.configure, target)
                yield connection
            finally:
                self._in_use -= 1
                if connection.is_dirty:
                    connection.close()
                else:
                    self._idle.append(connection)
                    if len(self._idle) > _MAX_CONNECTIONS:
                        self._idle.pop(0).close()

    def run(self, function: Callable[..., Any], *arguments: Any) -> asyncio.Future[Any]:
        """Run a function in a thread of the pool. chDB releases the GIL while it works."""
        return asyncio.get_running_loop().run_in_executor(self._executor, function, *arguments)

    def create_tag(self) -> str:
        """Create a comment to append to a statement, by which `kill` finds it.

        The embedded engine does not support choosing query ids.
        """
        return f"\n/* herwa {next(self._tags)} */"

    async def kill(self, tag: str) -> None:
        """Cancel the statement with this tag. It ends soon after, with an error."""
        await self._run_control_query(_KILL_TAGGED, {"tag": tag.strip()})

    async def stop(self) -> None:
        """Reject new queries and kill the running ones. Takes at most about a second."""
        self._is_stopping = True
        deadline = asyncio.get_running_loop().time() + _STOP_TIMEOUT_SECONDS
        while self._in_use and asyncio.get_running_loop().time() < deadline:
            await self._run_control_query(_KILL_ALL, {})
            await asyncio.sleep(0.02)

    def close(self) -> None:
        """Close the store, unless a query still runs. In that case the process may exit without it."""
        if not self._in_use:
            for connection in (*self._idle, self._control):
                connection.close()

    async def _run_control_query(self, sql: str, parameters: dict[str, str]) -> None:
        loop = asyncio.get_running_loop()
        await loop.run_in_executor(self._control_executor, self._control.query, sql, "TabSeparated", parameters)

    def _pop_idle(self, target: ConnectionSettings) -> EngineConnection | None:
        """Take an idle connection with the right settings, else one whose settings can be changed."""
        for index, connection in enumerate(self._idle):
            if connection.is_configured_for(target):
                return self._idle.pop(index)
        for index, connection in enumerate(self._idle):
            if not connection.is_readonly:
                return self._idle.pop(index)
        return None

    def _open_connection(self) -> EngineConnection:
        return EngineConnection(chdb.connect(self._connection_string))


def _quote(text: str, quote_char: str) -> str:
    return quote_char + text.replace("\\", "\\\\").replace(quote_char, f"\\{quote_char}") + quote_char


def _remove_system_logs(store: Path) -> None:
    """Remove logs with texts of queries, which earlier versions wrote. The engine itself forgets them at its end."""
    shutil.rmtree(store / "data" / "system", ignore_errors=True)
