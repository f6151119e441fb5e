"""Bringing engines up: whoever runs is kept, whoever does not is started and asked until it answers."""

import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

from herwa_shared.embedded import process
from herwa_shared.embedded.engine import Engine, Say
from herwa_shared.embedded.enginelog import EngineLog, open_log
from herwa_shared.embedded.record import EngineRecord, read_record, write_record
from herwa_shared.errors import EngineFailed
from herwa_shared.folder import DataFolder, port_is_free

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
    return record is not None and record.ready and process.is_alive(record)


def _bring_up(engine: Engine, folder: DataFolder, say: Say) -> None:
    began = time.monotonic()
    with open_log(folder, engine.name) as log:
        record = read_record(folder, engine.name)
        if record is None or not process.is_alive(record):
            process.stop_strays(engine)
            engine.prepare(say)
            record = process.start(
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
        if not process.is_alive(record):
            raise _failure(engine, "ended while starting", log)
        if time.monotonic() > deadline:
            process.stop([record])
            raise _failure(engine, f"did not answer for {_START_SECONDS:.0f} s", log)
        time.sleep(0.02)


def _failure(engine: Engine, what: str, log: EngineLog) -> EngineFailed:
    return EngineFailed(f"{engine.title} {what}. The end of {log.path}:\n{log.tail()}")
