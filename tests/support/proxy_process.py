"""A reverse proxy as a process: Caddy or nginx, as scripts/reverse-proxies downloads them."""

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.support.configurable_copy import is_listening
from tests.support.waiting import wait_until_blocking

PROXIES_FOLDER = Path(__file__).parents[2] / ".tools" / "proxies"


def find_program(name: str) -> str:
    """Find a program that scripts/reverse-proxies downloaded, or of the system."""
    path = shutil.which(name, path=f"{PROXIES_FOLDER}{os.pathsep}{os.environ['PATH']}")
    assert path, f"there is no {name}: scripts/reverse-proxies downloads the proxies"
    return path


@contextmanager
def run_proxy(command: list[str], port: int, folder: Path) -> Iterator[None]:
    """Run a proxy until the end of the block; `folder` is its home."""
    output_path = folder / "proxy.out"
    environment = {"PATH": "/usr/bin:/bin", "HOME": str(folder), "XDG_DATA_HOME": str(folder)}
    with output_path.open("wb") as output:
        process = subprocess.Popen(command, stdout=output, stderr=output, env=environment)
    try:
        wait_until_blocking(
            lambda: is_listening(port),
            description="the proxy to listen",
            timeout_seconds=30,
            get_details=output_path.read_text,
        )
        yield
    finally:
        process.terminate()
        process.wait(30)
