"""The bot as a process of its own, as people start it, against a local Discord and the engines of the tests."""

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path

from herwa_shared.config import Settings
from herwa_shared.runtime.data_dir import DataFolder
from tests.support.sim_process import SimProcess

REPOSITORY_ROOT = Path(__file__).parents[2]
DEFAULT_ARGUMENTS = ("-m", "herwa_bot")

_process_numbers = count(1)


class BotProcess:
    """Started when made. What it says goes to a log file of the copy."""

    def __init__(self, settings: Settings, sim: SimProcess, *arguments: str, **environment: str) -> None:
        self.sim = sim
        self.log = DataFolder(settings.data_dir).logs_dir / f"bot-{next(_process_numbers)}.log"
        self.environment = {
            **os.environ,
            **dict.fromkeys(("DATABASE_URL", "CLICKHOUSE_URL", "HERWA_SUPERVISED"), ""),
            "HERWA_DATA_DIR": str(settings.data_dir),
            "HERWA_DISCORD_URL": sim.url,
            "DISCORD_TOKEN": sim.token,
            **environment,
        }
        self._initial_session_count = len(list_connected_sessions(sim)) if sim.process.poll() is None else 0
        with self.log.open("w") as log:
            self.process = subprocess.Popen(
                [sys.executable, *(arguments or DEFAULT_ARGUMENTS)],
                env=self.environment,
                cwd=REPOSITORY_ROOT,
                stderr=log,
                stdin=subprocess.DEVNULL,
            )

    @property
    def pid(self) -> int:
        return self.process.pid

    def read_log(self) -> str:
        return self.log.read_text()

    async def wait_until_ready(self) -> None:
        """Return when it has a session of its own and has heard of every server."""
        await wait_until(lambda: len(list_connected_sessions(self.sim)) > self._initial_session_count, self)
        await wait_for_acknowledgement(self.sim)

    async def wait_for_log(self, text: str) -> None:
        await wait_until(lambda: text in self.read_log(), self)

    async def wait_for_exit(self) -> int:
        """Wait for its end; the exit code."""
        return await asyncio.to_thread(self.process.wait, 60)

    async def stop(self, signal_number: int = signal.SIGTERM) -> int:
        self.process.send_signal(signal_number)
        return await self.wait_for_exit()

    def kill_if_running(self) -> None:
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()


@contextmanager
def run_bot_process(settings: Settings, sim: SimProcess, *arguments: str, **environment: str) -> Iterator[BotProcess]:
    bot = BotProcess(settings, sim, *arguments, **environment)
    try:
        yield bot
    finally:
        bot.kill_if_running()


def list_connected_sessions(sim: SimProcess) -> list:
    """The gateway sessions that have a socket."""
    return [session for session in sim.client.get_snapshot().sessions if session.connected]


async def wait_for_acknowledgement(sim: SimProcess) -> None:
    """Return when every bot has acknowledged all that was sent to it until now."""
    sequences = [session.sequence for session in list_connected_sessions(sim)]
    sim.client.request_heartbeat()
    await wait_until(
        lambda: all(
            session.acknowledged >= sequence
            for session, sequence in zip(list_connected_sessions(sim), sequences, strict=False)
        )
    )


async def wait_until(condition: Callable[[], bool], bot: BotProcess | None = None, timeout_seconds: float = 90) -> None:
    """Wait for what must come."""
    try:
        async with asyncio.timeout(timeout_seconds):
            while not condition():
                assert bot is None or bot.process.poll() is None, f"the bot ended\n{bot.read_log()}"
                await asyncio.sleep(0.02)
    except TimeoutError:
        raise AssertionError(f"waited in vain\n{bot.read_log() if bot else ''}") from None
