"""The embedded ClickHouse engine: chDB behind a loopback HTTP server in a separate process."""

import os
import sys
import urllib.error
import urllib.request
from pathlib import Path

import psutil

import herwa_shared
from herwa_shared.embedded.engine import LaunchSpec, ProgressReporter
from herwa_shared.runtime.data_dir import DataFolder

READER = "herwa"
WRITER = "herwa_writer"
DATABASE = "herwa"
READER_PASSWORD_ENV_VAR = "HERWA_CLICKHOUSE_READER_PASSWORD"  # noqa: S105 - the name of the variable
WRITER_PASSWORD_ENV_VAR = "HERWA_CLICKHOUSE_WRITER_PASSWORD"  # noqa: S105 - the name of the variable
_MODULE = "herwa_shared.embedded.clickhouse_server"
_PROJECT_DIR = Path(herwa_shared.__file__).parents[1]


class ClickHouseEngine:
    """The ClickHouse engine of one data folder. Implements `engine.Engine`."""

    name = "clickhouse"
    title = "ClickHouse"
    is_optional = False

    def __init__(self, folder: DataFolder) -> None:
        self._home = folder.path / "clickhouse"
        self._reader_password = folder.get_or_create_secret("clickhouse")
        self._writer_password = folder.get_or_create_secret("clickhouse_writer")

    def prepare(self, report: ProgressReporter) -> None:
        """Create the working directory of the server."""
        if not self._home.exists():
            report(f"{self.title}: first start, creating the database")
            self._home.mkdir(mode=0o700)

    def build_launch_spec(self, port: int) -> LaunchSpec:
        """Build the command of the server.

        `-P` keeps the working directory, which contains data, off the import path.
        """
        argv = (sys.executable, "-P", "-m", _MODULE, "--home", str(self._home), "--port", str(port))
        environment = {
            "PATH": os.environ.get("PATH", "/usr/bin:/bin"),
            "HOME": str(self._home),  # chDB reads configuration from HOME and must not find any
            "PYTHONPATH": str(_PROJECT_DIR),
            "TZ": "UTC",
            READER_PASSWORD_ENV_VAR: self._reader_password,
            WRITER_PASSWORD_ENV_VAR: self._writer_password,
        }
        return LaunchSpec(argv, self._home, environment)

    def is_ready(self, port: int) -> bool:
        """Check whether the server can run `SELECT 1`."""
        request = urllib.request.Request(f"http://127.0.0.1:{port}/?query=SELECT+1")
        request.add_header("X-ClickHouse-User", READER)
        request.add_header("X-ClickHouse-Key", self._reader_password)
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        try:
            with opener.open(request, timeout=5) as response:
                return bool(response.read() == b"1\n")
        except (urllib.error.URLError, OSError):
            return False

    def is_own_process(self, process: psutil.Process) -> bool:
        """Identify the process by its working directory and its module."""
        return process.cwd() == str(self._home) and _MODULE in process.cmdline()

    def build_url(self, port: int) -> str:
        """Build the HTTP URL of the account that reads, with user and password."""
        return f"http://{READER}:{self._reader_password}@127.0.0.1:{port}/{DATABASE}"

    def build_privileged_url(self, port: int) -> str:
        """Build the HTTP URL of the account that inserts and migrates, with user and password."""
        return f"http://{WRITER}:{self._writer_password}@127.0.0.1:{port}/{DATABASE}"
