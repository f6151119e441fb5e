"""Interface of an embedded engine: files, launch command, health check, its processes."""

import subprocess
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

import psutil

ProgressReporter = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class SystemAccount:
    """The system user that an engine runs as when Herwa runs as root."""

    uid: int
    gid: int


@dataclass(frozen=True, slots=True)
class LaunchSpec:
    """A command with its complete environment, its working directory and, as root, its user."""

    argv: tuple[str, ...]
    cwd: Path
    environment: dict[str, str] = field(repr=False)
    account: SystemAccount | None = None

    def start(self, *, output: int, new_session: bool, stdin: int = subprocess.DEVNULL) -> subprocess.Popen[bytes]:
        """Start the process. `output` is a file descriptor for stdout and stderr.

        In a new session the process receives neither a terminal's Ctrl-C nor the end of this process.
        """
        return subprocess.Popen(
            self.argv,
            cwd=self.cwd,
            env=self.environment,
            stdin=stdin,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=new_session,
            user=self.account.uid if self.account else None,
            group=self.account.gid if self.account else None,
            extra_groups=[] if self.account else None,
        )


class Engine(Protocol):
    """An embedded database. Callers hold the lock that serializes starting and stopping."""

    name: str
    title: str
    is_optional: bool
    """Whether Herwa works without this engine. A failure to start it is then reported and not raised."""

    def prepare(self, report: ProgressReporter) -> None:
        """Create the files that the first start needs. Idempotent, and cheap when they exist."""

    def build_launch_spec(self, port: int) -> LaunchSpec:
        """Build the command that starts the engine on this loopback port."""

    def is_ready(self, port: int) -> bool:
        """Check whether the engine can run a query."""

    def is_own_process(self, process: psutil.Process) -> bool:
        """Check whether a process belongs to this engine, including one left over from a crash."""

    def build_url(self, port: int) -> str:
        """Build the connection URL of the account for daily work, with user and password."""

    def build_privileged_url(self, port: int) -> str:
        """Build the connection URL of the account that changes the schema, with user and password."""
