"""`python -m herwa_web.build`: make the pages for the browser when their sources have changed, and say so.

One build serves any address and any number of copies; where it lies, and for how long, is told in `builds.py`.
"""

import fcntl
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
from herwa_web.sources import ROOT, sources_digest

TOOLS = ROOT / ".tools"
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


def _build(say: Callable[[str], None]) -> None:
    first = not (WORKSHOP / "node_modules").is_dir()
    say("building the pages: about half a minute" if first else "building the pages: about ten seconds")
    began = time.monotonic()
    before = sources_digest(with_lock=False)
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
    if process.returncode:
        raise BuildFailed(_why(log))
    if before == sources_digest(with_lock=False):
        keep(sources_digest())
        say(f"the pages are built, after {time.monotonic() - began:.0f} s")


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
    try:
        build_if_stale(lambda line: print(f"→ {line}", flush=True))  # noqa: T201
    except BuildFailed as failed:
        print(failed, file=sys.stderr)  # noqa: T201
        return 1
    except KeyboardInterrupt:
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main())
