"""A temporary copy of Herwa for benchmarks, with its own data folder, ports, engines and local Discord."""

import os
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import psutil
from sqlalchemy.ext.asyncio import AsyncSession

from benchmarks.report import print_progress
from herwa_shared.catalog import Limit, TierKey
from herwa_shared.config import DiscordSettings, Settings, StoreSettings
from herwa_shared.embedded import EngineLease, lease_engines
from herwa_shared.runtime.data_dir import DataFolder
from herwa_shared.services.audit import SYSTEM
from herwa_shared.services.tiers import set_tier_limit
from herwa_sim.client.client import SimClient
from tests.support.waiting import wait_until_blocking

LOW_PRIORITY = 10
WAIT_TIMEOUT_SECONDS = 60
"""Deadline of every wait for a process; far longer than a start takes on a slow machine."""


@dataclass(frozen=True, slots=True)
class BenchmarkEnvironment:
    """A copy with running engines; starts its other processes and connects to its local Discord."""

    settings: Settings
    folder: DataFolder
    lease: EngineLease
    stack: ExitStack

    def start_process(self, *command: str) -> psutil.Process:
        """Start `python -m command` as a process of this copy; it is stopped with the environment."""
        return self.stack.enter_context(run_process(self.settings, *command))

    def start_sim(self) -> SimClient:
        """Start the local Discord without simulated members and return its client."""
        self.start_process("herwa_sim", "--quiet")
        return connect_sim(self.folder)


@contextmanager
def open_empty_copy() -> Iterator[Settings]:
    """Create settings of a copy with an empty data folder and a free port; no process is started.

    After an error the end of each log file is printed. The folder is deleted in any case.
    """
    path = Path(tempfile.mkdtemp(prefix="herwa-bench-"))
    try:
        yield Settings(
            HERWA_DATA_DIR=path,
            HERWA_PORT=DataFolder(path).get_or_create_port("herwa"),
            discord=DiscordSettings(DISCORD_TOKEN=None, HERWA_DISCORD_URL=None),
            stores=StoreSettings(DATABASE_URL=None, CLICKHOUSE_URL=None, REDIS_URL=None),
        )
    except BaseException:
        for log in sorted((path / "logs").glob("*.log")):
            print_progress(f"--- end of {log.name}\n{log.read_text(errors='replace')[-2000:]}")
        raise
    finally:
        shutil.rmtree(path)


@contextmanager
def open_environment() -> Iterator[BenchmarkEnvironment]:
    """Start the engines of an empty copy."""
    with open_empty_copy() as settings, ExitStack() as stack:
        folder = DataFolder(settings.data_dir)
        lease = stack.enter_context(lease_engines(settings, folder, report=print_progress))
        yield BenchmarkEnvironment(settings, folder, lease, stack)


@contextmanager
def run_process(settings: Settings, *command: str) -> Iterator[psutil.Process]:
    """Run `python -m command` on this copy; stop it at the end of the block."""
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


@contextmanager
def run_load(module: str, *arguments: str) -> Iterator[subprocess.Popen[str]]:
    """Run `python -m module`, which sends load, at a low priority: elsewhere it would not take the server's processor.

    Stop it at the end of the block. Raises AssertionError if it has stopped before.
    """
    process = subprocess.Popen(
        [sys.executable, "-m", module, *arguments],
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,
        preexec_fn=_lower_priority,  # noqa: PLW1509 - no other thread
    )
    try:
        yield process
        assert process.poll() is None, "the load has stopped"
    finally:
        process.kill()
        process.wait()


def _lower_priority() -> None:
    """Lower the priority of this process, and of its session where Linux schedules sessions as groups."""
    os.nice(LOW_PRIORITY)
    with suppress(OSError):
        Path("/proc/self/autogroup").write_text(str(LOW_PRIORITY))


def build_process_variables(settings: Settings) -> dict[str, str]:
    """Environment variables of the copy, without the developer's own settings and without demo history."""
    own_variables = {"HERWA_DATA_DIR": str(settings.data_dir), "HERWA_PORT": str(settings.port), "HERWA_DEMO_DAYS": "0"}
    external_variables = dict.fromkeys(
        ("DISCORD_TOKEN", "HERWA_DISCORD_URL", "DATABASE_URL", "CLICKHOUSE_URL", "REDIS_URL"), ""
    )
    return {**os.environ, **external_variables, **own_variables}


def wait_until(condition: Callable[[], bool], description: str) -> None:
    """Poll a condition until it is true. Raises AssertionError with the description at the deadline."""
    wait_until_blocking(condition, description=description, timeout_seconds=WAIT_TIMEOUT_SECONDS)


def connect_sim(folder: DataFolder) -> SimClient:
    """Wait until the local Discord of this data folder responds and return its client."""
    client = SimClient(
        f"http://127.0.0.1:{folder.get_or_create_port('sim')}", folder.get_or_create_secret("sim_control")
    )
    wait_until(lambda: is_sim_ready(client), "the local Discord to respond")
    return client


def is_sim_ready(client: SimClient) -> bool:
    """True when the local Discord responds."""
    try:
        client.get_snapshot()
    except Exception:  # noqa: BLE001 - any error means that it does not run yet
        return False
    return True


def is_bot_connected(sim: SimClient) -> bool:
    """True when a bot has an open gateway connection."""
    return any(session.connected for session in sim.get_snapshot().sessions)


def get_cpu_seconds(process: psutil.Process) -> float:
    """CPU seconds that all threads of a process have used so far, in user and kernel mode."""
    times = process.cpu_times()
    return float(times.user + times.system)


async def set_limits(session: AsyncSession, values: Mapping[Limit, int | None]) -> None:
    """Set limits of the tier that every server has; None means unlimited."""
    for limit, value in values.items():
        await set_tier_limit(session, tier=TierKey.FREE, limit=limit, value=value, actor=SYSTEM)
