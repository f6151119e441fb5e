"""What runs, for `herwa status`: read from the endpoint files, starting nothing."""

from dataclasses import dataclass
from datetime import datetime

from herwa_shared.embedded.lease import ENGINE_NAMES
from herwa_shared.embedded.process import is_alive
from herwa_shared.embedded.record import read_record
from herwa_shared.folder import DataFolder


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
