"""The embedded PostgreSQL: one cluster on loopback TCP."""

import os
import subprocess

import psutil

from herwa_shared.embedded.engine import LaunchSpec, ProgressReporter
from herwa_shared.embedded.postgres_installation import resolve_installation
from herwa_shared.embedded.postgres_setup import (
    APP_ROLE,
    DATABASE,
    ENVIRONMENT,
    OWNER_ROLE,
    RolePasswords,
    create_cluster,
    update_cluster,
)
from herwa_shared.embedded.system_account import create_account
from herwa_shared.runtime.data_dir import DataFolder

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
    is_optional = False

    def __init__(self, folder: DataFolder) -> None:
        self._folder = folder
        self._installation = resolve_installation(folder)
        self._passwords = RolePasswords(
            owner=folder.get_or_create_secret("postgres_owner"), app=folder.get_or_create_secret("postgres")
        )

    def prepare(self, report: ProgressReporter) -> None:
        """Copy the binaries and create the cluster if missing, remove a stale PID file, update the accounts."""
        if os.geteuid() == 0:
            create_account()
            self._installation = resolve_installation(self._folder)
        self._installation.create_base()
        self._installation.copy_binaries(report)
        if not self._installation.cluster.exists():
            if not self._installation.base.is_relative_to(self._folder.path):
                report(
                    f"{self.title}: doesn't run as root, and only root can access {self._folder.path.parent}."
                    f" Its data is in {self._installation.base}"
                )
            report(f"{self.title}: first start, creating the database")
            create_cluster(self._installation, self._passwords)
        self._remove_stale_pid_file()
        update_cluster(self._installation, self._passwords)

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
        connection_args = ("-h", "127.0.0.1", "-p", str(port), "-U", APP_ROLE, "-d", DATABASE)
        result = subprocess.run(
            (str(self._installation.binaries / "psql"), "-X", "-w", *connection_args, "-Atc", "select 1"),
            env={**ENVIRONMENT, "PGPASSWORD": self._passwords.app, "PGCONNECT_TIMEOUT": "2"},
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
        """Build the URL of the account for daily work, with user and password."""
        return f"postgresql://{APP_ROLE}:{self._passwords.app}@127.0.0.1:{port}/{DATABASE}"

    def build_privileged_url(self, port: int) -> str:
        """Build the URL of the account that owns the tables, with user and password."""
        return f"postgresql://{OWNER_ROLE}:{self._passwords.owner}@127.0.0.1:{port}/{DATABASE}"

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
