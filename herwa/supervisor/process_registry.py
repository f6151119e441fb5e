"""Running processes of this copy: supervised by `herwa up`, or with a heartbeat."""

import json
import os
import socket
from collections.abc import Sequence
from typing import Any

import psutil
from sqlalchemy.ext.asyncio import AsyncSession

from herwa_shared.models import Process
from herwa_shared.runtime.data_dir import DataFolder
from herwa_shared.services.processes import list_live_processes


def write_process_registry(folder: DataFolder, processes: list[dict[str, Any]]) -> None:
    """Write the supervised processes to `run/up.json` atomically, for `herwa status`."""
    registry = {
        "supervisor": {"pid": os.getpid(), "created": psutil.Process().create_time()},
        "processes": processes,
    }
    temp_path = folder.run_dir / ".up.json"
    temp_path.write_text(json.dumps(registry))
    temp_path.replace(folder.run_dir / "up.json")


def read_process_registry(folder: DataFolder) -> list[dict[str, Any]] | None:
    """Read the processes that this folder's running `herwa up` supervises, or None."""
    try:
        registry = json.loads((folder.run_dir / "up.json").read_text())
        supervisor = psutil.Process(registry["supervisor"]["pid"])
        is_alive = abs(supervisor.create_time() - registry["supervisor"]["created"]) < 1
    except (FileNotFoundError, psutil.NoSuchProcess):
        return None
    return list(registry["processes"]) if is_alive else None


def remove_process_registry(folder: DataFolder) -> None:
    """Delete `run/up.json` when the supervisor ends."""
    (folder.run_dir / "up.json").unlink(missing_ok=True)


async def list_running_processes(session: AsyncSession) -> Sequence[Process]:
    """List processes with a recent heartbeat. Those of this host must also have a living PID."""
    hostname = socket.gethostname()
    return [
        process
        for process in await list_live_processes(session)
        if process.host != hostname or psutil.pid_exists(process.pid)
    ]
