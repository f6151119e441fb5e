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
from herwa_shared.services.processes import living


def write_roster(folder: DataFolder, processes: list[dict[str, Any]]) -> None:
    """Leave word of who is watched over here, for `herwa status`."""
    roster = {
        "supervisor": {"pid": os.getpid(), "created": psutil.Process().create_time()},
        "processes": processes,
    }
    temporary = folder.run / ".up.json"
    temporary.write_text(json.dumps(roster))
    temporary.replace(folder.run / "up.json")


def read_roster(folder: DataFolder) -> list[dict[str, Any]] | None:
    """The processes that the living `herwa up` of this folder watches, None when there is none."""
    try:
        roster = json.loads((folder.run / "up.json").read_text())
        supervisor = psutil.Process(roster["supervisor"]["pid"])
        alive = abs(supervisor.create_time() - roster["supervisor"]["created"]) < 1
    except (FileNotFoundError, psutil.NoSuchProcess):
        return None
    return list(roster["processes"]) if alive else None


def remove_roster(folder: DataFolder) -> None:
    """Nobody watches any more."""
    (folder.run / "up.json").unlink(missing_ok=True)


async def truly_living(session: AsyncSession) -> Sequence[Process]:
    """Those who gave a sign of life, without the ones of this machine that have been killed since."""
    here = socket.gethostname()
    return [process for process in await living(session) if process.host != here or psutil.pid_exists(process.pid)]
