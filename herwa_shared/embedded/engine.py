"""What one embedded engine is: where it lives, how it is started, asked and recognised."""

import subprocess
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

import psutil

ProgressReporter = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class SystemAccount:
    """A user of this machine that an engine runs as, for when Herwa itself runs as root."""

    uid: int
    gid: int


@dataclass(frozen=True, slots=True)
class LaunchSpec:
    """One program with its arguments, its whole environment, its working folder and, as root, its account."""

    argv: tuple[str, ...]
    cwd: Path
    environment: dict[str, str] = field(repr=False)
    account: SystemAccount | None = None

    def start(self, *, output: int, new_session: bool, stdin: int = subprocess.DEVNULL) -> subprocess.Popen[bytes]:
        """Start it. In a session of its own neither a terminal's Ctrl-C nor our death reaches it."""
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
    """An embedded database. All of it is called under the lock that serializes starting and stopping."""

    name: str
    title: str

    def prepare(self, report: ProgressReporter) -> None:
        """Make what the first start needs; cheap, and without effect, ever after."""

    def build_launch_spec(self, port: int) -> LaunchSpec:
        """How to start it on this loopback port."""

    def is_ready(self, port: int) -> bool:
        """True when it answers a real query."""

    def is_own_process(self, process: psutil.Process) -> bool:
        """True for a process of this very engine, also one that a crash left behind."""

    def build_url(self, port: int) -> str:
        """Where clients find it, with its user and password."""
