"""Engine processes: start detached, check whether they are alive, stop within bounded time.

The record of an engine, `<run>/<name>.json`, contains its process, its port and its start time.
"""

import atexit
import json
import os
import signal
import subprocess
import time
from collections.abc import Collection
from contextlib import suppress
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from pathlib import Path

import psutil

from herwa_shared.clock import utc_now
from herwa_shared.embedded.engine import Engine, LaunchSpec
from herwa_shared.runtime.data_dir import DataFolder

STOP_TIMEOUT_SECONDS = 3.0

# psutil computes a process's start time from the wall clock, which can be adjusted while the process runs.
_MAX_CLOCK_STEP_SECONDS = 2.0
_children: dict[int, subprocess.Popen[bytes]] = {}


@dataclass(frozen=True, slots=True)
class EngineRecord:
    """A started engine, as stored in its record file.

    `created` is the process's start in Unix seconds; it distinguishes the process from a later one with the same PID.
    `since` is the start in ISO 8601. `ready` is set when the engine has answered a query.
    """

    pid: int
    created: float
    port: int
    since: str
    ready: bool = False

    @property
    def started_at(self) -> datetime:
        """The start of the engine, in UTC."""
        return datetime.fromisoformat(self.since)

    def to_ready(self) -> "EngineRecord":
        """Copy the record with `ready` set."""
        return replace(self, ready=True)


def read_record(folder: DataFolder, name: str) -> EngineRecord | None:
    """Read the record of an engine, alive or dead. None if it was stopped or never started."""
    try:
        return EngineRecord(**json.loads(_get_record_path(folder, name).read_text()))
    except (FileNotFoundError, ValueError, TypeError):
        return None


def write_record(folder: DataFolder, name: str, record: EngineRecord) -> None:
    """Write the record atomically, so that a reader never sees a partial file."""
    path = _get_record_path(folder, name)
    temp_path = path.with_name(f".{path.name}.{os.getpid()}")
    temp_path.write_text(json.dumps(asdict(record), indent=1))
    temp_path.replace(path)


def remove_record(folder: DataFolder, name: str) -> None:
    """Delete the record, if it exists."""
    _get_record_path(folder, name).unlink(missing_ok=True)


def start_process(launch: LaunchSpec, *, port: int, log: int) -> EngineRecord:
    """Start an engine that can outlive this process. `log` is a file descriptor for its output."""
    child = launch.start(output=log, new_session=True)
    _children[child.pid] = child
    try:
        created = psutil.Process(child.pid).create_time()
    except psutil.NoSuchProcess:
        created = 0.0
    return EngineRecord(pid=child.pid, created=created, port=port, since=utc_now().isoformat(timespec="seconds"))


def is_alive(record: EngineRecord) -> bool:
    """Check whether exactly this process is running. A zombie counts as dead. Takes about 50 µs."""
    _reap()
    try:
        process = psutil.Process(record.pid)
        is_same_process = abs(process.create_time() - record.created) < _MAX_CLOCK_STEP_SECONDS
        return is_same_process and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def stop_processes(records: Collection[EngineRecord]) -> None:
    """Stop all processes in parallel: SIGINT, then SIGKILL after `STOP_TIMEOUT_SECONDS`.

    Returns when all have ended.
    """
    _send_signal(records, signal.SIGINT)
    if remaining := _wait_for_exit(records, STOP_TIMEOUT_SECONDS):
        _send_signal(remaining, signal.SIGKILL)
        _wait_for_exit(remaining, STOP_TIMEOUT_SECONDS)
    _reap()


def stop_orphans(engine: Engine) -> None:
    """Stop processes of this engine that have no record.

    They remain after a kill -9 of the engine or of the process that started it.
    """
    orphans = [process for process in psutil.process_iter() if _is_orphan(engine, process)]
    for process in orphans:
        with suppress(psutil.NoSuchProcess):
            process.send_signal(signal.SIGINT)
    _, remaining = psutil.wait_procs(orphans, STOP_TIMEOUT_SECONDS)
    for process in remaining:
        with suppress(psutil.NoSuchProcess):
            process.kill()
    psutil.wait_procs(remaining, STOP_TIMEOUT_SECONDS)


def _get_record_path(folder: DataFolder, name: str) -> Path:
    return folder.run_dir / f"{name}.json"


def _is_orphan(engine: Engine, process: psutil.Process) -> bool:
    try:
        return process.status() != psutil.STATUS_ZOMBIE and engine.is_own_process(process)
    except (psutil.NoSuchProcess, psutil.AccessDenied):
        return False


def _send_signal(records: Collection[EngineRecord], signal_number: signal.Signals) -> None:
    for record in records:
        if is_alive(record):
            with suppress(ProcessLookupError):
                os.kill(record.pid, signal_number)


def _wait_for_exit(records: Collection[EngineRecord], seconds: float) -> list[EngineRecord]:
    """Wait at most `seconds`. Returns the records whose processes are still alive."""
    deadline = time.monotonic() + seconds
    remaining = [record for record in records if is_alive(record)]
    while remaining and time.monotonic() < deadline:
        time.sleep(0.01)
        remaining = [record for record in remaining if is_alive(record)]
    return remaining


@atexit.register
def _detach_children() -> None:
    """Mark running engines as finished. They may outlive this process, and Popen would warn."""
    for child in _children.values():
        if child.poll() is None:
            child.returncode = 0


def _reap() -> None:
    """Reap child processes that have ended, so that they do not become zombies."""
    for pid, child in list(_children.items()):
        if child.poll() is not None:
            _children.pop(pid, None)
