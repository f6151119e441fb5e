"""Who runs in this copy: the processes that `herwa up` watches, and all that gave a sign of life of their own."""

import json
import os
import socket
from collections.abc import Sequence
from typing import Any

import psutil
from sqlalchemy.ext.asyncio import AsyncSession

from herwa_shared.models import Process
from herwa_shared.runtime.data_dir import DataFolder
from herwa_shared.services.processes import list_live


def write_process_registry(folder: DataFolder, processes: list[dict[str, Any]]) -> None:
    """Leave word of who is watched over here, for `herwa status`."""
    registry = {
        "supervisor": {"pid": os.getpid(), "created": psutil.Process().create_time()},
        "processes": processes,
    }
    temp_path = folder.run_dir / ".up.json"
    temp_path.write_text(json.dumps(registry))
    temp_path.replace(folder.run_dir / "up.json")


def read_process_registry(folder: DataFolder) -> list[dict[str, Any]] | None:
    """The processes that the living `herwa up` of this folder watches, None when there is none."""
    try:
        registry = json.loads((folder.run_dir / "up.json").read_text())
        supervisor = psutil.Process(registry["supervisor"]["pid"])
        is_alive = abs(supervisor.create_time() - registry["supervisor"]["created"]) < 1
    except (FileNotFoundError, psutil.NoSuchProcess):
        return None
    return list(registry["processes"]) if is_alive else None


def remove_process_registry(folder: DataFolder) -> None:
    """Nobody watches any more."""
    (folder.run_dir / "up.json").unlink(missing_ok=True)


async def list_running_processes(session: AsyncSession) -> Sequence[Process]:
    """Those who gave a sign of life, without the ones of this machine that have been killed since."""
    hostname = socket.gethostname()
    return [
        process for process in await list_live(session) if process.host != hostname or psutil.pid_exists(process.pid)
    ]
