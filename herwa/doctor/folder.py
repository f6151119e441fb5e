"""The data folder: whether we may write there, and how much room there is."""

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

from herwa.doctor.finding import Finding, good, note, wrong

GIB = 1 << 30
LITTLE, TOO_LITTLE = 5 * GIB, GIB // 4


def folder_findings(path: Path) -> list[Finding]:
    """For a folder that may not be there yet."""
    return [*_rights(path), *_room(path)]


def _rights(path: Path) -> Iterator[Finding]:
    nearest = _nearest(path)
    if not nearest.is_dir():
        yield wrong("Data folder", f"{nearest} is a file", "set HERWA_DATA_DIR to a folder")
    elif not os.access(nearest, os.W_OK | os.X_OK):
        mend = "give this account the right to write there, or set HERWA_DATA_DIR to another folder"
        yield wrong("Data folder", f"{nearest} is not ours to write in", mend)
    else:
        yield good("Data folder", str(path) if path == nearest else f"{path}, made at the first start")


def _room(path: Path) -> Iterator[Finding]:
    free = shutil.disk_usage(_nearest(path)).free
    found = f"{free / GIB:.1f} GiB free"
    if free < TOO_LITTLE:
        yield wrong("Disk", found, "make room: the databases stop when the disk is full")
    elif free < LITTLE:
        yield note("Disk", found, "make room, or set HERWA_DATA_DIR to a larger disk, before it gets full")
    else:
        yield good("Disk", found)


def _nearest(path: Path) -> Path:
    return next(one for one in (path, *path.parents) if one.exists())
