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

from benchmarks.report import print_progress
from herwa_shared.config import DiscordSettings, Settings, StoreSettings
from herwa_shared.embedded import EngineLease, lease_engines
from herwa_shared.runtime.data_dir import DataFolder
from herwa_sim.client.client import SimClient

WAIT_TIMEOUT_SECONDS = 60


@dataclass(frozen=True, slots=True)
class BenchmarkEnvironment:
    """The copy: start its processes, reach its local Discord."""

    settings: Settings
    folder: DataFolder
    lease: EngineLease
    stack: ExitStack

    def start_process(self, *command: str) -> psutil.Process:
        """A process of this copy, `python -m …`; it ends with the stage."""
        return self.stack.enter_context(run_process(self.settings, *command))

    def start_sim(self) -> SimClient:
        """The local Discord without a population of its own."""
        self.start_process("herwa_sim", "--quiet")
        return connect_sim(self.folder)


@contextmanager
def open_empty_copy() -> Iterator[Settings]:
    """Settings of a copy with an empty data folder and a free port; nothing of it runs yet."""
    path = Path(tempfile.mkdtemp(prefix="herwa-bench-"))
    path.chmod(0o755)
    try:
        yield Settings(
            HERWA_DATA_DIR=path,
            HERWA_PORT=DataFolder(path).get_or_create_port("herwa"),
            discord=DiscordSettings(DISCORD_TOKEN=None, HERWA_DISCORD_URL=None),
            stores=StoreSettings(DATABASE_URL=None, CLICKHOUSE_URL=None),
        )
    except BaseException:
        for log in sorted((path / "logs").glob("*.log")):
            print_progress(f"--- the end of {log.name}\n{log.read_text(errors='replace')[-2000:]}")
        raise
    finally:
        shutil.rmtree(path)


@contextmanager
def open_environment() -> Iterator[BenchmarkEnvironment]:
    """Engines with an empty data folder."""
    with open_empty_copy() as settings, ExitStack() as stack:
        folder = DataFolder(settings.data_dir)
        lease = stack.enter_context(lease_engines(settings, folder, report=print_progress))
        yield BenchmarkEnvironment(settings, folder, lease, stack)


@contextmanager
def run_process(settings: Settings, *command: str) -> Iterator[psutil.Process]:
    """`python -m command` on that copy, stopped at the end of the block."""
    log = settings.data_dir / "logs" / f"{command[0]}.log"
    with log.open("ab") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", *command],
            stdout=output,
            stderr=output,
            env=build_process_variables(settings),
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


def build_process_variables(settings: Settings) -> dict[str, str]:
    """For commands of that copy: nothing of the developer's own settings, and no history that is made up."""
    own_variables = {"HERWA_DATA_DIR": str(settings.data_dir), "HERWA_PORT": str(settings.port), "HERWA_DEMO_DAYS": "0"}
    external_variables = dict.fromkeys(("DISCORD_TOKEN", "HERWA_DISCORD_URL", "DATABASE_URL", "CLICKHOUSE_URL"), "")
    return {**os.environ, **external_variables, **own_variables}


def wait_until(condition: Callable[[], bool], description: str) -> None:
    """Wait for something that must come; an error says what did not."""
    deadline = time.monotonic() + WAIT_TIMEOUT_SECONDS
    while not condition():
        if time.monotonic() > deadline:
            error_text = f"waited {WAIT_TIMEOUT_SECONDS} s in vain for {description}"
            raise RuntimeError(error_text)
        time.sleep(0.02)


def connect_sim(folder: DataFolder) -> SimClient:
    """The running local Discord of that folder, once it answers."""
    client = SimClient(
        f"http://127.0.0.1:{folder.get_or_create_port('sim')}", folder.get_or_create_secret("sim_control")
    )
    wait_until(lambda: is_sim_ready(client), "the local Discord to answer")
    return client


def is_sim_ready(client: SimClient) -> bool:
    """True when the local Discord is up."""
    try:
        client.get_snapshot()
    except Exception:  # noqa: BLE001 - not yet, for whatever reason
        return False
    return True


def is_bot_connected(sim: SimClient) -> bool:
    """True when a bot is connected."""
    return any(session.connected for session in sim.get_snapshot().sessions)


def get_cpu_seconds(process: psutil.Process) -> float:
    """Processor time that the process has used so far, all its threads."""
    times = process.cpu_times()
    return float(times.user + times.system)
