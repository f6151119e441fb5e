"""The data folder: whether we may write there, and how much room there is.

What the machine brings: Python, the renderer of pictures and its fonts, the built pages, a browser for the tests.
"""

import os
import platform
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from herwa.doctor.check_result import Finding, good, note, wrong
from herwa_shared.charts.render.fonts import MEND, missing_scripts
from herwa_shared.charts.render.skia_loader import RendererMissing

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


OLDEST = (3, 11)
BROWSERS = ("chromium", "chromium-browser", "google-chrome")
BUILD_SECONDS = 30


def machine_findings() -> list[Finding]:
    """In the order in which they matter."""
    return [*_python(), *_pictures(), *_pages(), *_browser()]


def _python() -> Iterator[Finding]:
    version = platform.python_version()
    if sys.version_info < OLDEST:
        yield wrong("Python", f"this is {version}", "install Python 3.11 or newer and run `make clean up`")
    else:
        yield good("Python", version)


def _pictures() -> Iterator[Finding]:
    try:
        missing = missing_scripts()
    except RendererMissing as error:
        yield wrong("Pictures", str(error), "apt-get install libgl1 libegl1")
        return
    if missing:
        yield note("Fonts", f"no font on this machine draws {', '.join(missing)}: names show empty boxes", MEND)
    else:
        yield good("Fonts", "every script can be drawn in pictures")


def _pages() -> Iterator[Finding]:
    """The room of the pages knows whether its build is of this very source."""
    command = [sys.executable, "-m", "herwa_web.build", "--check"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=BUILD_SECONDS, check=False)
    if done.returncode:
        yield note("Pages", "not built yet, or from an older version", "`herwa up` builds them; it takes half a minute")
    else:
        yield good("Pages", "built")


def _browser() -> Iterator[Finding]:
    found = next(filter(None, map(shutil.which, BROWSERS)), None)
    if found:
        yield good("Browser", f"{found}, for the tests")
    else:
        yield note("Browser", "no Chromium: only the tests need it", "apt-get install chromium, or run `make test`")
