"""A copy of Herwa for measuring: own data folder and ports, real engines, the local Discord, gone afterwards."""

import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import psutil

from benchmarks.report import remark
from herwa_shared.config import DiscordSettings, Settings, StoreSettings
from herwa_shared.embedded import EngineLease, lease_engines
from herwa_shared.runtime.data_dir import DataFolder
from herwa_sim.client.client import SimClient

PATIENCE_SECONDS = 60


@dataclass(frozen=True, slots=True)
class Stage:
    """The copy: start its processes, reach its local Discord."""

    settings: Settings
    folder: DataFolder
    lease: EngineLease
    stack: ExitStack

    def start(self, *command: str) -> psutil.Process:
        """A process of this copy, `python -m …`; it ends with the stage."""
        return self.stack.enter_context(running(self.settings, *command))

    def sim(self) -> SimClient:
        """The local Discord without a population of its own."""
        self.start("herwa_sim", "--quiet")
        return sim_of(self.folder)


@contextmanager
def empty_copy() -> Iterator[Settings]:
    """Settings of a copy with an empty data folder and a free port; nothing of it runs yet."""
    path = Path(tempfile.mkdtemp(prefix="herwa-bench-"))
    path.chmod(0o755)
    try:
        yield Settings(
            HERWA_DATA_DIR=path,
            HERWA_PORT=DataFolder(path).port("herwa"),
            discord=DiscordSettings(DISCORD_TOKEN=None, HERWA_DISCORD_URL=None),
            stores=StoreSettings(DATABASE_URL=None, CLICKHOUSE_URL=None),
        )
    except BaseException:
        for log in sorted((path / "logs").glob("*.log")):
            remark(f"--- the end of {log.name}\n{log.read_text(errors='replace')[-2000:]}")
        raise
    finally:
        shutil.rmtree(path)


@contextmanager
def stage() -> Iterator[Stage]:
    """Engines with an empty data folder."""
    with empty_copy() as settings, ExitStack() as stack:
        folder = DataFolder(settings.data_dir)
        lease = stack.enter_context(lease_engines(settings, folder, say=remark))
        yield Stage(settings, folder, lease, stack)


@contextmanager
def running(settings: Settings, *command: str) -> Iterator[psutil.Process]:
    """`python -m command` on that copy, stopped at the end of the block."""
    log = settings.data_dir / "logs" / f"{command[0]}.log"
    with log.open("ab") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", *command],
            stdout=output,
            stderr=output,
            env=environment(settings),
            start_new_session=True,
        )
    try:
        yield psutil.Process(process.pid)
    finally:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()


def environment(settings: Settings) -> dict[str, str]:
    """For commands of that copy: nothing of the developer's own settings, and no history that is made up."""
    own = {"HERWA_DATA_DIR": str(settings.data_dir), "HERWA_PORT": str(settings.port), "HERWA_DEMO_DAYS": "0"}
    elsewhere = dict.fromkeys(("DISCORD_TOKEN", "HERWA_DISCORD_URL", "DATABASE_URL", "CLICKHOUSE_URL"), "")
    return {**os.environ, **elsewhere, **own}


def until(true: Callable[[], bool], what: str) -> None:
    """Wait for something that must come; an error says what did not."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not true():
        if time.monotonic() > deadline:
            message = f"waited {PATIENCE_SECONDS} s in vain for {what}"
            raise RuntimeError(message)
        time.sleep(0.02)


def sim_of(folder: DataFolder) -> SimClient:
    """The running local Discord of that folder, once it answers."""
    client = SimClient(f"http://127.0.0.1:{folder.port('sim')}", folder.secret("sim_control"))
    until(lambda: answers(client), "the local Discord to answer")
    return client


def answers(client: SimClient) -> bool:
    """True when the local Discord is up."""
    try:
        client.state()
    except Exception:  # noqa: BLE001 - not yet, for whatever reason
        return False
    return True


def listens(sim: SimClient) -> bool:
    """True when a bot is connected."""
    return any(session.connected for session in sim.state().sessions)


def cpu_seconds(process: psutil.Process) -> float:
    """Processor time that the process has used so far, all its threads."""
    times = process.cpu_times()
    return float(times.user + times.system)
