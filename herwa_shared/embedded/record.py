"""The endpoint file of an engine, `<run>/<name>.json`: which process it is, on which port, since when."""

import json
import os
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from pathlib import Path

from herwa_shared.folder import DataFolder


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
