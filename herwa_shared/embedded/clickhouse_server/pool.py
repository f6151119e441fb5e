"""Handles of the one engine of this process: lent to one query at a time, set up for it, run in threads."""

import asyncio
import itertools
from collections.abc import AsyncIterator, Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import chdb

from herwa_shared.embedded.clickhouse_server.errors import ABORTED, EngineError
from herwa_shared.embedded.clickhouse_server.handle import Handle
from herwa_shared.embedded.clickhouse_server.request import Session

_MOST_HANDLES = 24
_STOP_SECONDS = 1.0
_KILL_ONE = "KILL QUERY WHERE endsWith(query, {tag:String}) ASYNC"
_KILL_ALL = "KILL QUERY WHERE query NOT LIKE 'KILL QUERY%' ASYNC"


class Pool:
    """All handles. The first opens the store; it is kept apart, with a thread of its own, for killing queries."""

    def __init__(self, store: Path, configuration: Path, *, database: str) -> None:
        self._address = f"{store}?config-file={configuration}"
        self._threads = ThreadPoolExecutor(_MOST_HANDLES, thread_name_prefix="query")
        self._keeper_thread = ThreadPoolExecutor(1, thread_name_prefix="keeper")
        self._places = asyncio.Semaphore(_MOST_HANDLES)
        self._tags = itertools.count(1)
        self._free: list[Handle] = []
        self._lent = 0
        self._stopping = False
        self._keeper = self._open()
        self._keeper.query(f"CREATE DATABASE IF NOT EXISTS {database}")

    @asynccontextmanager
    async def lend(self, session: Session) -> AsyncIterator[Handle]:
        """A handle set to this session; waits while all are lent. Raises EngineError for settings that do not exist."""
        async with self._places:
            if self._stopping:
                raise EngineError.of(ABORTED, "ABORTED", "The server is stopping")
            handle = self._take(session) or await self.run(self._open)
            self._lent += 1
            try:
                if not handle.is_set_to(session):
                    await self.run(handle.set_to, session)
                yield handle
            finally:
                self._lent -= 1
                if handle.spoiled:
                    handle.close()
                else:
                    self._free.append(handle)

    def run(self, function: Callable[..., Any], *arguments: Any) -> asyncio.Future[Any]:
        """Run it in a thread: the engine gives up the interpreter's lock while it works."""
        return asyncio.get_running_loop().run_in_executor(self._threads, function, *arguments)

    def new_tag(self) -> str:
        """A comment to end a statement with, by which it can be killed: the engine lets nobody choose query ids."""
        return f"\n/* herwa {next(self._tags)} */"

    async def kill(self, tag: str) -> None:
        """Ask the engine to end the statement with this tag. It ends soon, with an error of its own."""
        await self._ask_keeper(_KILL_ONE, {"tag": tag.strip()})

    async def stop(self) -> None:
        """Take no more queries and kill those that run; within about a second."""
        self._stopping = True
        deadline = asyncio.get_running_loop().time() + _STOP_SECONDS
        while self._lent and asyncio.get_running_loop().time() < deadline:
            await self._ask_keeper(_KILL_ALL, {})
            await asyncio.sleep(0.02)

    def close(self) -> None:
        """Close the store in order, unless a query still holds on to it: then the process may just end."""
        if not self._lent:
            for handle in (*self._free, self._keeper):
                handle.close()

    async def _ask_keeper(self, sql: str, parameters: dict[str, str]) -> None:
        loop = asyncio.get_running_loop()
        await loop.run_in_executor(self._keeper_thread, self._keeper.query, sql, "TabSeparated", parameters)

    def _take(self, session: Session) -> Handle | None:
        """A free handle, of those that need no setting up if there is one."""
        for place, handle in enumerate(self._free):
            if handle.is_set_to(session):
                return self._free.pop(place)
        return self._free.pop() if self._free else None

    def _open(self) -> Handle:
        return Handle(chdb.connect(self._address))
