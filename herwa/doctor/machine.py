"""Checks of the machine: Python, image renderer, fonts, built pages, browser, data folder."""

import os
import platform
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from herwa.doctor.check_result import CheckResult, report_error, report_ok, report_warning
from herwa.texts import doctor as texts
from herwa_shared.charts.render.fonts import FONT_INSTALL_COMMAND, list_missing_scripts
from herwa_shared.charts.render.skia_loader import RendererUnavailable

BYTES_PER_GIB = 1 << 30
LOW_SPACE_BYTES, MIN_SPACE_BYTES = 5 * BYTES_PER_GIB, BYTES_PER_GIB // 4
PYTHON_VERSIONS = ((3, 11), (3, 12), (3, 13), (3, 14))  # as in pyproject.toml
BROWSERS = ("chromium-headless-shell", "chromium", "chromium-browser", "google-chrome")
BUILD_CHECK_TIMEOUT_SECONDS = 30


def check_machine() -> list[CheckResult]:
    """Check what Herwa needs from this machine, in order of importance."""
    return [*_check_python(), *_check_images(), *_check_web_build(), *_check_browser()]


def check_data_folder(path: Path) -> list[CheckResult]:
    """Check whether the data folder is writable and has enough disk space. It may not exist yet."""
    return [*_check_writable(path), *_check_disk_space(path)]


def _check_python() -> Iterator[CheckResult]:
    version = platform.python_version()
    if sys.version_info[:2] not in PYTHON_VERSIONS:
        yield report_error(texts.SUBJECT_PYTHON, texts.format_unsupported_python(version), texts.INSTALL_PYTHON)
    else:
        yield report_ok(texts.SUBJECT_PYTHON, version)


def _check_images() -> Iterator[CheckResult]:
    try:
        missing = list_missing_scripts()
    except RendererUnavailable as error:
        yield report_error(texts.SUBJECT_IMAGES, str(error), texts.INSTALL_RENDERER)
        return
    if missing:
        fix = texts.format_run(FONT_INSTALL_COMMAND)
        yield report_warning(texts.SUBJECT_FONTS, texts.format_missing_fonts(missing), fix)
    else:
        yield report_ok(texts.SUBJECT_FONTS, texts.FONTS_COMPLETE)


def _check_web_build() -> Iterator[CheckResult]:
    """Check in a subprocess of `herwa_web` whether the built pages match the source."""
    command = [sys.executable, "-m", "herwa_web.build", "--check"]
    try:
        result = subprocess.run(command, capture_output=True, timeout=BUILD_CHECK_TIMEOUT_SECONDS, check=False)
    except subprocess.TimeoutExpired:
        yield report_warning(texts.SUBJECT_PAGES, texts.PAGES_NOT_CHECKED, texts.RUN_DOCTOR_AGAIN)
        return
    if result.returncode:
        yield report_warning(texts.SUBJECT_PAGES, texts.PAGES_OUTDATED, texts.BUILD_PAGES)
    else:
        yield report_ok(texts.SUBJECT_PAGES, texts.PAGES_BUILT)


def _check_browser() -> Iterator[CheckResult]:
    browser = next(filter(None, map(shutil.which, BROWSERS)), None)
    if browser:
        yield report_ok(texts.SUBJECT_BROWSER, texts.format_browser(browser))
    else:
        yield report_warning(texts.SUBJECT_BROWSER, texts.BROWSER_MISSING, texts.INSTALL_BROWSER)


def _check_writable(path: Path) -> Iterator[CheckResult]:
    existing_path = _get_existing_path(path)
    if not existing_path.is_dir():
        yield report_error(
            texts.SUBJECT_DATA_FOLDER, texts.format_not_a_folder(existing_path), texts.CHOOSE_DATA_FOLDER
        )
    elif not os.access(existing_path, os.W_OK | os.X_OK):
        yield report_error(texts.SUBJECT_DATA_FOLDER, texts.format_not_writable(existing_path), texts.ALLOW_DATA_FOLDER)
    else:
        yield report_ok(
            texts.SUBJECT_DATA_FOLDER, str(path) if path == existing_path else texts.format_new_folder(path)
        )


def _check_disk_space(path: Path) -> Iterator[CheckResult]:
    free_bytes = shutil.disk_usage(_get_existing_path(path)).free
    detail = texts.format_free_space(free_bytes / BYTES_PER_GIB)
    if free_bytes < MIN_SPACE_BYTES:
        yield report_error(texts.SUBJECT_DISK, detail, texts.FREE_DISK_SPACE)
    elif free_bytes < LOW_SPACE_BYTES:
        yield report_warning(texts.SUBJECT_DISK, detail, texts.FREE_DISK_SPACE_SOON)
    else:
        yield report_ok(texts.SUBJECT_DISK, detail)


def _get_existing_path(path: Path) -> Path:
    return next(candidate for candidate in (path, *path.parents) if candidate.exists())
