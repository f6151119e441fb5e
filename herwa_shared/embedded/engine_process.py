"""The endpoint file of an engine, `<run>/<name>.json`: which process it is, on which port, since when.

Processes of engines: started apart from us, known to be alive, stopped within a bounded time.
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


@dataclass(frozen=True, slots=True)
class EngineRecord:
    """One started engine. `created` (seconds) tells its process from a later one with the same id."""

    pid: int
    created: float
    port: int
    since: str
    ready: bool = False

    @property
    def started_at(self) -> datetime:
        return datetime.fromisoformat(self.since)

    def to_ready(self) -> "EngineRecord":
        """The same engine, now known to have answered."""
        return replace(self, ready=True)


def read_record(folder: DataFolder, name: str) -> EngineRecord | None:
    """The engine that was started last, whether it lives or not; None when it was stopped or never started."""
    try:
        return EngineRecord(**json.loads(_get_record_path(folder, name).read_text()))
    except (FileNotFoundError, ValueError, TypeError):
        return None


def write_record(folder: DataFolder, name: str, record: EngineRecord) -> None:
    """Replace the file in one step: nobody reads half of it."""
    path = _get_record_path(folder, name)
    temp_path = path.with_name(f".{path.name}.{os.getpid()}")
    temp_path.write_text(json.dumps(asdict(record), indent=1))
    temp_path.replace(path)


def remove_record(folder: DataFolder, name: str) -> None:
    _get_record_path(folder, name).unlink(missing_ok=True)


def _get_record_path(folder: DataFolder, name: str) -> Path:
    return folder.run_dir / f"{name}.json"


STOP_TIMEOUT_SECONDS = 3.0
_MAX_CLOCK_STEP_SECONDS = (
    2.0  # a process's birth is computed from the wall clock, which may be set while the process lives
)
_children: dict[int, subprocess.Popen[bytes]] = {}


def start_process(launch: LaunchSpec, *, port: int, log: int) -> EngineRecord:
    """Start an engine that outlives us. `log` is the open file that takes what it writes."""
    child = launch.start(output=log, new_session=True)
    _children[child.pid] = child
    try:
        created = psutil.Process(child.pid).create_time()
    except psutil.NoSuchProcess:
        created = 0.0
    return EngineRecord(pid=child.pid, created=created, port=port, since=utc_now().isoformat(timespec="seconds"))


def is_alive(record: EngineRecord) -> bool:
    """True while this very process runs; a zombie is dead. Some 50 µs."""
    _reap()
    try:
        process = psutil.Process(record.pid)
        is_same_process = abs(process.create_time() - record.created) < _MAX_CLOCK_STEP_SECONDS
        return is_same_process and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def stop_processes(records: Collection[EngineRecord]) -> None:
    """Ask all of them to stop, at once; whoever has not after `STOP_SECONDS` is killed. Returns when none is left."""
    _send_signal(records, signal.SIGINT)
    if remaining := _wait_for_exit(records, STOP_TIMEOUT_SECONDS):
        _send_signal(remaining, signal.SIGKILL)
        _wait_for_exit(remaining, STOP_TIMEOUT_SECONDS)
    _reap()


def stop_orphans(engine: Engine) -> None:
    """Stop processes of this engine that no endpoint file names: what a kill -9 of it, or of its starter, left."""
    orphans = [process for process in psutil.process_iter() if _is_orphan(engine, process)]
    for process in orphans:
        with suppress(psutil.NoSuchProcess):
            process.send_signal(signal.SIGINT)
    _, remaining = psutil.wait_procs(orphans, STOP_TIMEOUT_SECONDS)
    for process in remaining:
        with suppress(psutil.NoSuchProcess):
            process.kill()
    psutil.wait_procs(remaining, STOP_TIMEOUT_SECONDS)


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
    """Those that still live after so many seconds."""
    deadline = time.monotonic() + seconds
    remaining = [record for record in records if is_alive(record)]
    while remaining and time.monotonic() < deadline:
        time.sleep(0.01)
        remaining = [record for record in remaining if is_alive(record)]
    return remaining


@atexit.register
def _detach_children() -> None:
    """An engine may outlive its starter, on whom Python would then blame it."""
    for child in _children.values():
        if child.poll() is None:
            child.returncode = 0


def _reap() -> None:
    """Collect children of ours that have ended, so that they are no zombies."""
    for pid, child in list(_children.items()):
        if child.poll() is not None:
            _children.pop(pid, None)
