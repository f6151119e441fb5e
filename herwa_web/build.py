"""`python -m herwa_web.build [--update-lock]`: build the pages for the browser if their sources have changed.

One build serves any address and any number of copies. `builds.py` defines where builds are kept and for how long.
A build changes no tracked file: Reflex rewrites the npm lock on every run, so its bytes are restored afterwards.
With `--update-lock` the new npm lock is kept instead.
"""

import argparse
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

from herwa_shared.errors import HerwaError
from herwa_web.builds import WORKSHOP, built_pages, held, keep
from herwa_web.node import environment_with_node
from herwa_web.sources import LOCK, ROOT, sources_digest

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


def main() -> int:
    """Entry point; the exit code."""
    parser = argparse.ArgumentParser(prog="python -m herwa_web.build", description="Build the pages for the browser.")
    parser.add_argument("--update-lock", action="store_true", help="keep the npm lock that the build writes")
    build = update_lock if parser.parse_args().update_lock else build_if_stale
    try:
        build(lambda line: print(f"→ {line}", flush=True))  # noqa: T201
    except BuildFailed as failed:
        print(failed, file=sys.stderr)  # noqa: T201
        return 1
    except KeyboardInterrupt:
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main())
