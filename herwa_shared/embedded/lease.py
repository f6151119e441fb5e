"""Engines' life: who needs them holds a lease; the first in starts what is missing, the last out stops it.

A lease is a shared lock that the system frees when its holder dies, however it dies. Starting and stopping are
serialized by a lock of their own. An engine that outlives its holders is found and used by the next.
"""

import fcntl
from collections.abc import Callable
from dataclasses import dataclass, field
from types import TracebackType
from typing import IO, Self

from herwa_shared.config import Settings
from herwa_shared.embedded import process
from herwa_shared.embedded.clickhouse import ClickHouse
from herwa_shared.embedded.engine import Engine, Say
from herwa_shared.embedded.postgres import Postgres
from herwa_shared.embedded.record import read_record, remove_record
from herwa_shared.embedded.starter import ensure_running
from herwa_shared.folder import DataFolder
from herwa_shared.log import get_logger

ENGINE_NAMES = (Postgres.name, ClickHouse.name)
_START_LOCK = "engines-start"
_log = get_logger(__name__)


@dataclass(frozen=True, slots=True)
class StoreUrls:
    """Where the stores are, passwords included: hence never in a repr."""

    database: str = field(repr=False)
    clickhouse: str = field(repr=False)


class EngineLease:
    """One holder's claim on the engines of a folder. Blocking calls: in async code, call them in a thread."""

    def __init__(self, settings: Settings, folder: DataFolder, say: Say) -> None:
        self._folder = folder
        self._say = say
        self._given = settings.stores
        self._engines: list[Engine] = []
        if self._given.database_url is None:
            self._engines.append(Postgres(folder))
        if self._given.clickhouse_url is None:
            self._engines.append(ClickHouse(folder))
        self._holding: IO[bytes] | None = None

    def acquire(self) -> None:
        """Hold the engines, starting what does not run. Raises EngineFailed, holding nothing."""
        try:
            with self._folder.lock(_START_LOCK):
                self._holding = (self._folder.run / "engines.lock").open("ab")
                fcntl.flock(self._holding, fcntl.LOCK_SH)
                ensure_running(self._engines, self._folder, self._say)
        except BaseException:
            self.release()
            raise

    @property
    def urls(self) -> StoreUrls:
        """Where the stores are now. An engine keeps its port unless a stranger took it while the engine was down."""
        known = {engine.name: engine.url(self._folder.port(engine.name)) for engine in self._engines}
        if self._given.database_url is not None:
            known[Postgres.name] = self._given.database_url.get_secret_value()
        if self._given.clickhouse_url is not None:
            known[ClickHouse.name] = self._given.clickhouse_url.get_secret_value()
        return StoreUrls(database=known[Postgres.name], clickhouse=known[ClickHouse.name])

    def heal(self) -> list[str]:
        """Restart the engines of this folder that died; their names. Below a millisecond when all is well."""
        if all(self._is_running(engine) for engine in self._engines):
            return []
        with self._folder.lock(_START_LOCK):
            return ensure_running(self._engines, self._folder, self._say)

    def release(self) -> None:
        """Let go; the last holder out stops the engines. Safe to call twice."""
        if self._holding is None:
            return
        with self._holding as holding, self._folder.lock(_START_LOCK):
            self._holding = None
            try:
                fcntl.flock(holding, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                return
            self._stop_all()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.release()

    def _is_running(self, engine: Engine) -> bool:
        record = read_record(self._folder, engine.name)
        return record is not None and process.is_alive(record)

    def _stop_all(self) -> None:
        """Every engine of the folder, also one that this holder, having a URL for it, never used."""
        records = [record for name in ENGINE_NAMES if (record := read_record(self._folder, name))]
        process.stop(records)
        for name in ENGINE_NAMES:
            remove_record(self._folder, name)


def lease_engines(settings: Settings, folder: DataFolder, *, say: Callable[[str], None] = _log.info) -> EngineLease:
    """Start, or join, the embedded engines of this folder; a store with a URL in the settings is left alone.

    What takes a while is told through `say`. Raises EngineFailed with the end of the engine's log.
    """
    lease = EngineLease(settings, folder, say)
    lease.acquire()
    return lease
