"""Bringing engines up: whoever runs is kept, whoever does not is started and asked until it answers.

Engines' life: who needs them holds a lease; the first in starts what is missing, the last out stops it.

A lease is a shared lock that the system frees when its holder dies, however it dies. Starting and stopping are
serialized by a lock of their own. An engine that outlives its holders is found and used by the next.

What runs, for `herwa status`: read from the endpoint files, starting nothing.
"""

import fcntl
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import datetime
from types import TracebackType
from typing import IO, Self

from herwa_shared.config import Settings
from herwa_shared.embedded import engine_process
from herwa_shared.embedded.clickhouse import ClickHouse
from herwa_shared.embedded.engine import Engine, Say
from herwa_shared.embedded.engine_process import EngineRecord, is_alive, read_record, remove_record, write_record
from herwa_shared.embedded.postgres import Postgres
from herwa_shared.errors import EngineFailed
from herwa_shared.log import get_logger
from herwa_shared.runtime.data_dir import DataFolder, port_is_free
from herwa_shared.runtime.log_file import EngineLog, open_log

_START_SECONDS = 90.0  # recovery after a crash may read a gigabyte of log
_PORT_SECONDS = 1.0


def ensure_running(engines: Sequence[Engine], folder: DataFolder, say: Say) -> list[str]:
    """Start those that do not run, side by side; their names. The caller holds the lock for starting."""
    missing = [engine for engine in engines if not _is_ready(engine, folder)]
    if not missing:
        return []
    with ThreadPoolExecutor(len(missing), thread_name_prefix="engine") as pool:
        list(pool.map(lambda engine: _bring_up(engine, folder, say), missing))
    return [engine.name for engine in missing]


def _is_ready(engine: Engine, folder: DataFolder) -> bool:
    record = read_record(folder, engine.name)
    return record is not None and record.ready and engine_process.is_alive(record)


def _bring_up(engine: Engine, folder: DataFolder, say: Say) -> None:
    began = time.monotonic()
    with open_log(folder, engine.name) as log:
        record = read_record(folder, engine.name)
        if record is None or not engine_process.is_alive(record):
            engine_process.stop_strays(engine)
            engine.prepare(say)
            record = engine_process.start(
                engine.launch(port := _free_port(engine, folder, say)), port=port, log=log.descriptor
            )
            write_record(folder, engine.name, record)
        _await_answer(engine, record, log)
        write_record(folder, engine.name, record.as_ready())
    say(f"{engine.title}: ready on port {record.port} after {time.monotonic() - began:.1f} s")


def _free_port(engine: Engine, folder: DataFolder, say: Say) -> int:
    """The engine's own port; another one when a stranger keeps it."""
    port = folder.port(engine.name)
    deadline = time.monotonic() + _PORT_SECONDS
    while not port_is_free(port):
        if time.monotonic() > deadline:
            moved = folder.move_port(engine.name)
            say(f"{engine.title}: another program listens on port {port}, moving to {moved}")
            return moved
        time.sleep(0.02)
    return port


def _await_answer(engine: Engine, record: EngineRecord, log: EngineLog) -> None:
    deadline = time.monotonic() + _START_SECONDS
    while not engine.answers(record.port):
        if not engine_process.is_alive(record):
            raise _failure(engine, "ended while starting", log)
        if time.monotonic() > deadline:
            engine_process.stop([record])
            raise _failure(engine, f"did not answer for {_START_SECONDS:.0f} s", log)
        time.sleep(0.02)


def _failure(engine: Engine, what: str, log: EngineLog) -> EngineFailed:
    return EngineFailed(f"{engine.title} {what}. The end of {log.path}:\n{log.tail()}")


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
        return record is not None and engine_process.is_alive(record)

    def _stop_all(self) -> None:
        """Every engine of the folder, also one that this holder, having a URL for it, never used."""
        records = [record for name in ENGINE_NAMES if (record := read_record(self._folder, name))]
        engine_process.stop(records)
        for name in ENGINE_NAMES:
            remove_record(self._folder, name)


def lease_engines(settings: Settings, folder: DataFolder, *, say: Callable[[str], None] = _log.info) -> EngineLease:
    """Start, or join, the embedded engines of this folder; a store with a URL in the settings is left alone.

    What takes a while is told through `say`. Raises EngineFailed with the end of the engine's log.
    """
    lease = EngineLease(settings, folder, say)
    lease.acquire()
    return lease


@dataclass(frozen=True, slots=True)
class EngineState:
    """One embedded engine of a folder. `pid` and `since` (UTC): of the one that runs; `port`: None before the first."""

    name: str
    running: bool
    pid: int | None
    port: int | None
    since: datetime | None


def engine_states(folder: DataFolder) -> list[EngineState]:
    """Every engine that this folder may have, running or not."""
    return [_state(folder, name) for name in ENGINE_NAMES]


def _state(folder: DataFolder, name: str) -> EngineState:
    record = read_record(folder, name)
    if record is None or not is_alive(record):
        return EngineState(name, running=False, pid=None, port=folder.ports().get(name), since=None)
    return EngineState(name, running=True, pid=record.pid, port=record.port, since=record.started_at)
