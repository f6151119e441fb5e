"""Life cycle of the embedded engines: leases, start, restart, stop, status.

A process that needs the engines holds a lease. The first holder starts missing engines, the last one stops them.

A lease is a shared file lock (`flock`). The system releases it when its holder dies, even after kill -9. A second lock
serializes starting and stopping. An engine that outlives its holders is found and used by the next one.
"""

import fcntl
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import datetime
from types import TracebackType
from typing import IO, Self

from pydantic import SecretStr

from herwa_shared.config import Settings
from herwa_shared.embedded import engine_process
from herwa_shared.embedded.clickhouse import ClickHouseEngine
from herwa_shared.embedded.engine import Engine, ProgressReporter
from herwa_shared.embedded.engine_process import EngineRecord, is_alive, read_record, remove_record, write_record
from herwa_shared.embedded.postgres import PostgresEngine
from herwa_shared.embedded.redis import RedisEngine
from herwa_shared.errors import EngineFailure
from herwa_shared.log import get_logger
from herwa_shared.runtime.data_dir import DataFolder, is_port_free
from herwa_shared.runtime.log_file import LogFile, open_log_file, rotate_open_file

ENGINE_NAMES = (PostgresEngine.name, ClickHouseEngine.name, RedisEngine.name)
_START_LOCK_NAME = "engines-start"
_START_TIMEOUT_SECONDS = 90.0  # recovery after a crash may have to read a gigabyte of write-ahead log
_OPTIONAL_START_TIMEOUT_SECONDS = 5.0
_OPTIONAL_RETRY_SECONDS = 60.0
_PORT_TIMEOUT_SECONDS = 1.0
_log = get_logger(__name__)


@dataclass(frozen=True, slots=True)
class StoreUrls:
    """Connection URLs of the stores. They contain passwords, so they are excluded from the repr.

    `database` and `clickhouse` are the accounts for daily work: the latter can only read. `database_owner` migrates,
    `clickhouse_writer` inserts and migrates. Nothing may depend on an answer from `redis`.
    """

    database: str = field(repr=False)
    database_owner: str = field(repr=False)
    clickhouse: str = field(repr=False)
    clickhouse_writer: str = field(repr=False)
    redis: str = field(repr=False)


class EngineLease:
    """A lease on the engines of a data folder.

    All methods block. Async code calls them in a thread (`asyncio.to_thread`).
    """

    def __init__(self, settings: Settings, folder: DataFolder, report: ProgressReporter) -> None:
        self._folder = folder
        self._report = report
        self._store_settings = settings.stores
        self._engines: list[Engine] = []
        if self._store_settings.database_url is None:
            self._engines.append(PostgresEngine(folder))
        if self._store_settings.clickhouse_url is None:
            self._engines.append(ClickHouseEngine(folder))
        if self._store_settings.redis_url is None:
            self._engines.append(RedisEngine(folder))
        self._retry_at: dict[str, float] = {}
        self._lock_file: IO[bytes] | None = None

    def acquire(self) -> None:
        """Acquire the lease and start missing engines.

        Raises EngineFailure. The lease is not held then.
        """
        try:
            with self._folder.lock(_START_LOCK_NAME):
                self._lock_file = _open_lease_file(self._folder)
                fcntl.flock(self._lock_file, fcntl.LOCK_SH)
                self._start_missing()
        except BaseException:
            self.release()
            raise

    @property
    def urls(self) -> StoreUrls:
        """Current URLs of the stores.

        An engine keeps its port, unless another program took the port while the engine was down.
        """
        stores = self._store_settings
        database, owner = self._choose_urls(PostgresEngine.name, stores.database_url, stores.database_owner_url)
        reader, writer = self._choose_urls(ClickHouseEngine.name, stores.clickhouse_url, stores.clickhouse_writer_url)
        redis, _ = self._choose_urls(RedisEngine.name, stores.redis_url, None)
        return StoreUrls(
            database=database, database_owner=owner, clickhouse=reader, clickhouse_writer=writer, redis=redis
        )

    def restart_dead(self) -> list[str]:
        """Restart engines that have died. Returns their names. Takes under 1 ms if all are running.

        An optional engine that could not be started is tried again after `_OPTIONAL_RETRY_SECONDS`.
        """
        if all(self._is_running(engine) for engine in self._list_due()):
            return []
        with self._folder.lock(_START_LOCK_NAME):
            return self._start_missing()

    def release(self) -> None:
        """Release the lease. The last holder stops the engines. Idempotent."""
        if self._lock_file is None:
            return
        with self._lock_file as lock_file, self._folder.lock(_START_LOCK_NAME):
            self._lock_file = None
            try:
                fcntl.flock(lock_file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                return
            self._stop_all()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.release()

    def _start_missing(self) -> list[str]:
        """Start the engines that are not running. The caller holds the lock that serializes starting and stopping."""
        started = start_missing(self._list_due(), self._folder, self._report)
        for engine in self._list_due():
            if engine.is_optional and not self._is_running(engine):
                self._retry_at[engine.name] = time.monotonic() + _OPTIONAL_RETRY_SECONDS
        return started

    def _list_due(self) -> list[Engine]:
        """List the engines, without those that have just failed to start."""
        return [engine for engine in self._engines if self._retry_at.get(engine.name, 0.0) <= time.monotonic()]

    def _is_running(self, engine: Engine) -> bool:
        record = read_record(self._folder, engine.name)
        return record is not None and engine_process.is_alive(record)

    def _choose_urls(self, name: str, url: SecretStr | None, privileged_url: SecretStr | None) -> tuple[str, str]:
        """Choose the URLs of a store's two accounts: from the settings, else those of the embedded engine."""
        if url is not None:
            return url.get_secret_value(), (privileged_url or url).get_secret_value()
        engine = next(engine for engine in self._engines if engine.name == name)
        port = self._folder.get_or_create_port(name)
        return engine.build_url(port), engine.build_privileged_url(port)

    def _stop_all(self) -> None:
        """Stop every engine of the folder, including one that this holder replaces with a URL."""
        records = [record for name in ENGINE_NAMES if (record := read_record(self._folder, name))]
        engine_process.stop_processes(records)
        for name in ENGINE_NAMES:
            remove_record(self._folder, name)


@dataclass(frozen=True, slots=True)
class EngineStatus:
    """Status of one embedded engine.

    `pid` and `since` (UTC) are None unless it is running. `port` is None before the first start.
    """

    name: str
    running: bool
    pid: int | None
    port: int | None
    since: datetime | None


def lease_engines(settings: Settings, folder: DataFolder, *, report: Callable[[str], None] = _log.info) -> EngineLease:
    """Acquire a lease on the embedded engines of this folder; start those that are not running.

    A store with a URL in the settings is not embedded and not touched. `report` receives messages about slow
    operations. Raises EngineFailure with the end of the engine's log.
    """
    lease = EngineLease(settings, folder, report)
    lease.acquire()
    return lease


def is_leased(folder: DataFolder) -> bool:
    """Check whether any process holds a lease on the engines of this folder."""
    with folder.lock(_START_LOCK_NAME), _open_lease_file(folder) as lock_file:
        try:
            fcntl.flock(lock_file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
    return False


def list_engines(folder: DataFolder) -> list[EngineStatus]:
    """List the status of all engines, running or not. Reads the record files and starts nothing."""
    return [_read_engine_status(folder, name) for name in ENGINE_NAMES]


def rotate_engine_logs(folder: DataFolder) -> None:
    """Rotate the log files of running engines that are full."""
    for name in ENGINE_NAMES:
        rotate_open_file(folder, name)


def start_missing(engines: Sequence[Engine], folder: DataFolder, report: ProgressReporter) -> list[str]:
    """Start the engines that are not running, in parallel. Returns the names of those that were started.

    The caller holds the lock that serializes starting and stopping. Raises EngineFailure, and reports the failure of an
    optional engine instead.
    """
    missing = [engine for engine in engines if not _is_ready(engine, folder)]
    if not missing:
        return []
    with ThreadPoolExecutor(len(missing), thread_name_prefix="engine") as pool:
        started = list(pool.map(lambda engine: _try_to_start(engine, folder, report), missing))
    return [engine.name for engine, is_started in zip(missing, started, strict=True) if is_started]


def _try_to_start(engine: Engine, folder: DataFolder, report: ProgressReporter) -> bool:
    """Start an engine and return True. The failure of an optional engine is reported; it then returns False."""
    try:
        _start_engine(engine, folder, report)
    except (EngineFailure, OSError) as error:
        if not engine.is_optional:
            raise
        report(f"{engine.title}: not available, Herwa works without it. {error}")
        return False
    return True


def _open_lease_file(folder: DataFolder) -> IO[bytes]:
    return (folder.run_dir / "engines.lock").open("ab")


def _is_ready(engine: Engine, folder: DataFolder) -> bool:
    record = read_record(folder, engine.name)
    return record is not None and record.ready and engine_process.is_alive(record)


def _start_engine(engine: Engine, folder: DataFolder, report: ProgressReporter) -> None:
    started_at = time.monotonic()
    rotate_open_file(folder, engine.name)
    with open_log_file(folder, engine.name) as log:
        record = read_record(folder, engine.name)
        if record is None or not engine_process.is_alive(record):
            engine_process.stop_orphans(engine)
            engine.prepare(report)
            record = engine_process.start_process(
                engine.build_launch_spec(port := _pick_engine_port(engine, folder, report)),
                port=port,
                log=log.descriptor,
            )
            write_record(folder, engine.name, record)
        _wait_until_ready(engine, record, log)
        write_record(folder, engine.name, record.to_ready())
    report(f"{engine.title}: ready on port {record.port} after {time.monotonic() - started_at:.1f} s")


def _pick_engine_port(engine: Engine, folder: DataFolder, report: ProgressReporter) -> int:
    """Get the engine's port; assign another one if a foreign program listens on it."""
    port = folder.get_or_create_port(engine.name)
    deadline = time.monotonic() + _PORT_TIMEOUT_SECONDS
    while not is_port_free(port):
        if time.monotonic() > deadline:
            new_port = folder.reassign_port(engine.name)
            report(f"{engine.title}: port {port} is used by another program, moving to {new_port}")
            return new_port
        time.sleep(0.02)
    return port


def _wait_until_ready(engine: Engine, record: EngineRecord, log: LogFile) -> None:
    timeout_seconds = _OPTIONAL_START_TIMEOUT_SECONDS if engine.is_optional else _START_TIMEOUT_SECONDS
    deadline = time.monotonic() + timeout_seconds
    while not engine.is_ready(record.port):
        if not engine_process.is_alive(record):
            raise _build_failure(engine, "stopped while starting", log)
        if time.monotonic() > deadline:
            engine_process.stop_processes([record])
            raise _build_failure(engine, f"didn't respond for {timeout_seconds:.0f} s", log)
        time.sleep(0.02)


def _build_failure(engine: Engine, problem: str, log: LogFile) -> EngineFailure:
    return EngineFailure(f"{engine.title} {problem}. The end of {log.path}:\n{log.read_tail()}")


def _read_engine_status(folder: DataFolder, name: str) -> EngineStatus:
    record = read_record(folder, name)
    if record is None or not is_alive(record):
        return EngineStatus(name, running=False, pid=None, port=folder.read_ports().get(name), since=None)
    return EngineStatus(name, running=True, pid=record.pid, port=record.port, since=record.started_at)
