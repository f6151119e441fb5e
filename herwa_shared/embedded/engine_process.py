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
from herwa_shared.embedded.engine import Engine, Launch
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

    def as_ready(self) -> "EngineRecord":
        """The same engine, now known to have answered."""
        return replace(self, ready=True)


def read_record(folder: DataFolder, name: str) -> EngineRecord | None:
    """The engine that was started last, whether it lives or not; None when it was stopped or never started."""
    try:
        return EngineRecord(**json.loads(_path(folder, name).read_text()))
    except (FileNotFoundError, ValueError, TypeError):
        return None


def write_record(folder: DataFolder, name: str, record: EngineRecord) -> None:
    """Replace the file in one step: nobody reads half of it."""
    path = _path(folder, name)
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    temporary.write_text(json.dumps(asdict(record), indent=1))
    temporary.replace(path)


def remove_record(folder: DataFolder, name: str) -> None:
    _path(folder, name).unlink(missing_ok=True)


def _path(folder: DataFolder, name: str) -> Path:
    return folder.run / f"{name}.json"


STOP_SECONDS = 3.0
_CLOCK_STEP = 2.0  # a process's birth is computed from the wall clock, which may be set while the process lives
_children: dict[int, subprocess.Popen[bytes]] = {}


def start(launch: Launch, *, port: int, log: int) -> EngineRecord:
    """Start an engine that outlives us. `log` is the open file that takes what it writes."""
    child = launch.start(output=log, own_session=True)
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
        same = abs(process.create_time() - record.created) < _CLOCK_STEP
        return same and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def stop(records: Collection[EngineRecord]) -> None:
    """Ask all of them to stop, at once; whoever has not after `STOP_SECONDS` is killed. Returns when none is left."""
    _signal(records, signal.SIGINT)
    if left := _wait(records, STOP_SECONDS):
        _signal(left, signal.SIGKILL)
        _wait(left, STOP_SECONDS)
    _reap()


def stop_strays(engine: Engine) -> None:
    """Stop processes of this engine that no endpoint file names: what a kill -9 of it, or of its starter, left."""
    strays = [process for process in psutil.process_iter() if _is_stray(engine, process)]
    for process in strays:
        with suppress(psutil.NoSuchProcess):
            process.send_signal(signal.SIGINT)
    _, left = psutil.wait_procs(strays, STOP_SECONDS)
    for process in left:
        with suppress(psutil.NoSuchProcess):
            process.kill()
    psutil.wait_procs(left, STOP_SECONDS)


def _is_stray(engine: Engine, process: psutil.Process) -> bool:
    try:
        return process.status() != psutil.STATUS_ZOMBIE and engine.owns(process)
    except (psutil.NoSuchProcess, psutil.AccessDenied):
        return False


def _signal(records: Collection[EngineRecord], number: signal.Signals) -> None:
    for record in records:
        if is_alive(record):
            with suppress(ProcessLookupError):
                os.kill(record.pid, number)


def _wait(records: Collection[EngineRecord], seconds: float) -> list[EngineRecord]:
    """Those that still live after so many seconds."""
    deadline = time.monotonic() + seconds
    left = [record for record in records if is_alive(record)]
    while left and time.monotonic() < deadline:
        time.sleep(0.01)
        left = [record for record in left if is_alive(record)]
    return left


@atexit.register
def _let_go() -> None:
    """An engine may outlive its starter, on whom Python would then blame it."""
    for child in _children.values():
        if child.poll() is None:
            child.returncode = 0


def _reap() -> None:
    """Collect children of ours that have ended, so that they are no zombies."""
    for pid, child in list(_children.items()):
        if child.poll() is not None:
            _children.pop(pid, None)
