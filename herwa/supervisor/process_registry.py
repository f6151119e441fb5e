"""Running processes of this copy: supervised by `herwa up`, or with a heartbeat."""

import os
import socket
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import psutil
from pydantic import TypeAdapter, ValidationError
from sqlalchemy.ext.asyncio import AsyncSession

from herwa_shared.clock import utc_now
from herwa_shared.config import Settings
from herwa_shared.models import Process
from herwa_shared.runtime.data_dir import DataFolder, read_json, write_json
from herwa_shared.runtime.process_health import ProcessHealth
from herwa_shared.services.processes import list_live_processes, list_silent_processes

MAX_CLOCK_STEP_SECONDS = 2.0  # psutil computes the start of a process from the wall clock, which can be adjusted
REGISTRY_NAME = "up.json"


@dataclass(frozen=True, slots=True)
class SupervisedStatus:
    """A supervised process as its supervisor sees it.

    `since` is its last start. `health` is its newest report, None until the start is complete; `silent_seconds` is how
    long ago that was. `stalls` counts how often the process was restarted because it was silent, `stalled_at` is the
    last time.
    """

    name: str
    pid: int | None
    restarts: int = 0
    since: datetime | None = None
    health: ProcessHealth | None = None
    silent_seconds: float = 0.0
    stalls: int = 0
    stalled_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class ProcessRegistry:
    """What the supervisor knows. `created` is its start in Unix seconds, `written_at` the time of this record.

    `url` and `port` are those of its settings, which may differ from those of the process that reads this record.
    """

    pid: int
    created: float
    written_at: datetime
    url: str
    port: int
    processes: list[SupervisedStatus]


_ADAPTER = TypeAdapter(ProcessRegistry)


def write_process_registry(folder: DataFolder, settings: Settings, processes: Sequence[SupervisedStatus]) -> None:
    """Write the supervised processes to `run/up.json` atomically, for `herwa status`."""
    created = psutil.Process().create_time()
    registry = ProcessRegistry(os.getpid(), created, utc_now(), settings.origin, settings.port, list(processes))
    write_json(folder.run_dir / REGISTRY_NAME, _ADAPTER.dump_python(registry, mode="json"))


def read_process_registry(folder: DataFolder) -> ProcessRegistry | None:
    """Read what this folder's running `herwa up` has recorded. None if none is running."""
    try:
        registry = _ADAPTER.validate_python(read_json(folder.run_dir / REGISTRY_NAME))
        supervisor = psutil.Process(registry.pid)
    except (ValidationError, psutil.NoSuchProcess):
        return None
    is_alive = abs(supervisor.create_time() - registry.created) < MAX_CLOCK_STEP_SECONDS
    return registry if is_alive else None


def remove_process_registry(folder: DataFolder) -> None:
    """Delete `run/up.json` when the supervisor ends."""
    (folder.run_dir / REGISTRY_NAME).unlink(missing_ok=True)


async def list_running_processes(session: AsyncSession) -> Sequence[Process]:
    """List processes with a recent heartbeat. Those of this host must also have a living PID."""
    hostname = socket.gethostname()
    return [
        process
        for process in await list_live_processes(session)
        if process.host != hostname or psutil.pid_exists(process.pid)
    ]


async def list_stalled_processes(session: AsyncSession) -> Sequence[Process]:
    """List processes that have stopped sending heartbeats and did not end. Those of this host are still running."""
    hostname = socket.gethostname()
    return [
        process
        for process in await list_silent_processes(session)
        if process.host != hostname or _is_same_process(process)
    ]


def _is_same_process(process: Process) -> bool:
    """Return whether the PID belongs to the process that has registered, not to a later one."""
    try:
        created = psutil.Process(process.pid).create_time()
    except psutil.NoSuchProcess:
        return False
    return created <= process.started_at.timestamp() + MAX_CLOCK_STEP_SECONDS
