"""The ClickHouse engine as a loopback HTTP server: a process of its own around chDB, started like a real server."""

import os
import sys
import urllib.error
import urllib.request
from pathlib import Path

import psutil

import herwa_shared
from herwa_shared.embedded.engine import LaunchSpec, ProgressReporter
from herwa_shared.runtime.data_dir import DataFolder

USER = "herwa"
DATABASE = "herwa"
PASSWORD_ENV_VAR = "HERWA_CLICKHOUSE_PASSWORD"  # noqa: S105 - the name of it
_MODULE = "herwa_shared.embedded.clickhouse_server"
_PROJECT_DIR = Path(herwa_shared.__file__).parents[1]


class ClickHouseEngine:
    """The ClickHouse engine of one data folder."""

    name = "clickhouse"
    title = "ClickHouse"

    def __init__(self, folder: DataFolder) -> None:
        self._home = folder.path / "clickhouse"
        self._password = folder.get_or_create_secret("clickhouse")

    def prepare(self, report: ProgressReporter) -> None:
        if not self._home.exists():
            report(f"{self.title}: first start, creating the database")
            self._home.mkdir(mode=0o700)

    def build_launch_spec(self, port: int) -> LaunchSpec:
        """`-P`: the working folder is full of data and no place to import from."""
        argv = (sys.executable, "-P", "-m", _MODULE, "--home", str(self._home), "--port", str(port))
        environment = {
            "PATH": os.environ.get("PATH", "/usr/bin:/bin"),
            "HOME": str(self._home),  # the engine reads configuration from there, and must find none
            "PYTHONPATH": str(_PROJECT_DIR),
            "TZ": "UTC",
            PASSWORD_ENV_VAR: self._password,
        }
        return LaunchSpec(argv, self._home, environment)

    def is_ready(self, port: int) -> bool:
        request = urllib.request.Request(f"http://127.0.0.1:{port}/?query=SELECT+1")
        request.add_header("X-ClickHouse-User", USER)
        request.add_header("X-ClickHouse-Key", self._password)
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        try:
            with opener.open(request, timeout=5) as response:
                return bool(response.read() == b"1\n")
        except (urllib.error.URLError, OSError):
            return False

    def is_own_process(self, process: psutil.Process) -> bool:
        return process.cwd() == str(self._home) and _MODULE in process.cmdline()

    def build_url(self, port: int) -> str:
        return f"http://{USER}:{self._password}@127.0.0.1:{port}/{DATABASE}"
