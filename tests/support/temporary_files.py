"""Temporary files of tests in memory: databases wait for the disk at each commit, which takes most of the time."""

import os
import shutil
import tempfile
from pathlib import Path

import psutil

MEMORY_FOLDER = Path("/dev/shm")
MIN_FREE_BYTES = 8 * 2**30


def keep_temporary_files_in_memory() -> None:
    """Let this process and its children create temporary files in memory, if it is large and TMPDIR is not set."""
    if "TMPDIR" not in os.environ and _has_free_memory():
        os.environ["TMPDIR"] = str(MEMORY_FOLDER)
        tempfile.tempdir = None  # it is determined at first use, which may have been before


def _has_free_memory() -> bool:
    if not os.access(MEMORY_FOLDER, os.W_OK | os.X_OK):
        return False
    return min(psutil.virtual_memory().available, shutil.disk_usage(MEMORY_FOLDER).free) >= MIN_FREE_BYTES
