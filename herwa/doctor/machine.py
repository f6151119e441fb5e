"""Checks of the machine: Python, image renderer, fonts, built pages, browser, data folder."""

import os
import platform
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from herwa.doctor.check_result import CheckResult, report_error, report_ok, report_warning
from herwa_shared.charts.render.fonts import FONT_INSTALL_COMMAND, list_missing_scripts
from herwa_shared.charts.render.skia_loader import RendererUnavailable

BYTES_PER_GIB = 1 << 30
LOW_SPACE_BYTES, MIN_SPACE_BYTES = 5 * BYTES_PER_GIB, BYTES_PER_GIB // 4
MIN_PYTHON_VERSION = (3, 11)
BROWSERS = ("chromium", "chromium-browser", "google-chrome")
BUILD_CHECK_TIMEOUT_SECONDS = 30


def check_machine() -> list[CheckResult]:
    """Check what Herwa needs from this machine, in order of importance."""
    return [*_check_python(), *_check_images(), *_check_web_build(), *_check_browser()]


def check_data_folder(path: Path) -> list[CheckResult]:
    """Check whether the data folder is writable and has enough disk space. It may not exist yet."""
    return [*_check_writable(path), *_check_disk_space(path)]


def _check_python() -> Iterator[CheckResult]:
    version = platform.python_version()
    if sys.version_info < MIN_PYTHON_VERSION:
        yield report_error("Python", f"this is {version}", "install Python 3.11 or newer and run `make clean up`")
    else:
        yield report_ok("Python", version)


def _check_images() -> Iterator[CheckResult]:
    try:
        missing = list_missing_scripts()
    except RendererUnavailable as error:
        yield report_error("Pictures", str(error), "apt-get install libgl1 libegl1")
        return
    if missing:
        yield report_warning(
            "Fonts", f"no font on this machine draws {', '.join(missing)}: names show empty boxes", FONT_INSTALL_COMMAND
        )
    else:
        yield report_ok("Fonts", "every script can be drawn in pictures")


def _check_web_build() -> Iterator[CheckResult]:
    """Check in a subprocess of `herwa_web` whether the built pages match the source."""
    command = [sys.executable, "-m", "herwa_web.build", "--check"]
    result = subprocess.run(command, capture_output=True, text=True, timeout=BUILD_CHECK_TIMEOUT_SECONDS, check=False)
    if result.returncode:
        yield report_warning(
            "Pages", "not built yet, or from an older version", "`herwa up` builds them; it takes half a minute"
        )
    else:
        yield report_ok("Pages", "built")


def _check_browser() -> Iterator[CheckResult]:
    browser = next(filter(None, map(shutil.which, BROWSERS)), None)
    if browser:
        yield report_ok("Browser", f"{browser}, for the tests")
    else:
        yield report_warning(
            "Browser", "no Chromium: only the tests need it", "apt-get install chromium, or run `make test`"
        )


def _check_writable(path: Path) -> Iterator[CheckResult]:
    existing_path = _get_existing_path(path)
    if not existing_path.is_dir():
        yield report_error("Data folder", f"{existing_path} is a file", "set HERWA_DATA_DIR to a folder")
    elif not os.access(existing_path, os.W_OK | os.X_OK):
        fix = "give this account the right to write there, or set HERWA_DATA_DIR to another folder"
        yield report_error("Data folder", f"{existing_path} is not ours to write in", fix)
    else:
        yield report_ok("Data folder", str(path) if path == existing_path else f"{path}, made at the first start")


def _check_disk_space(path: Path) -> Iterator[CheckResult]:
    free_bytes = shutil.disk_usage(_get_existing_path(path)).free
    detail = f"{free_bytes / BYTES_PER_GIB:.1f} GiB free"
    if free_bytes < MIN_SPACE_BYTES:
        yield report_error("Disk", detail, "make room: the databases stop when the disk is full")
    elif free_bytes < LOW_SPACE_BYTES:
        yield report_warning("Disk", detail, "make room, or set HERWA_DATA_DIR to a larger disk, before it gets full")
    else:
        yield report_ok("Disk", detail)


def _get_existing_path(path: Path) -> Path:
    return next(candidate for candidate in (path, *path.parents) if candidate.exists())
