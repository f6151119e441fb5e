"""The bot as a separate process, connected to a local Discord and to the engines of the tests."""

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
from tests.support import waiting
from tests.support.sim_process import SimProcess

REPOSITORY_ROOT = Path(__file__).parents[2]
DEFAULT_ARGUMENTS = ("-m", "herwa_bot")

START_POLL_INTERVAL_SECONDS = 0.1  # a start takes seconds, and each poll costs the local Discord a list of all guilds

_process_numbers = count(1)


class BotProcess:
    """A bot process, started by the constructor. Its standard error goes to a log file in the data folder."""

    def __init__(self, settings: Settings, sim: SimProcess, *arguments: str, **environment: str) -> None:
        self.sim = sim
        self.log = DataFolder(settings.data_dir).logs_dir / f"bot-{next(_process_numbers)}.log"
        self.environment = {
            **os.environ,
            **dict.fromkeys(("DATABASE_URL", "CLICKHOUSE_URL", "REDIS_URL", "HERWA_SUPERVISED"), ""),
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
        """Wait until the bot has a gateway session and has received every guild."""
        await wait_until(
            lambda: len(list_connected_sessions(self.sim)) > self._initial_session_count,
            self,
            interval_seconds=START_POLL_INTERVAL_SECONDS,
        )
        await wait_for_acknowledgement(self.sim)

    async def wait_for_log(self, text: str) -> None:
        await wait_until(lambda: text in self.read_log(), self)

    async def wait_for_exit(self) -> int:
        """Wait until the process ends and return its exit code."""
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
    """Run a bot process; kill it at the end of the block if it still runs."""
    bot = BotProcess(settings, sim, *arguments, **environment)
    try:
        yield bot
    finally:
        bot.kill_if_running()


def list_connected_sessions(sim: SimProcess) -> list:
    """List the gateway sessions that have an open websocket."""
    return [session for session in sim.client.get_snapshot().sessions if session.connected]


async def wait_for_acknowledgement(sim: SimProcess) -> None:
    """Wait until every bot has acknowledged all events that were sent to it before this call."""
    sequences = [session.sequence for session in list_connected_sessions(sim)]
    sim.client.request_heartbeat()
    await wait_until(
        lambda: all(
            session.acknowledged >= sequence
            for session, sequence in zip(list_connected_sessions(sim), sequences, strict=False)
        )
    )


async def wait_until(
    condition: Callable[[], object],
    bot: BotProcess | None = None,
    timeout_seconds: float = waiting.WAIT_TIMEOUT_SECONDS,
    interval_seconds: float = waiting.POLL_INTERVAL_SECONDS,
) -> None:
    """Poll a condition until it is true; fail early, with the bot's log, when the bot has ended."""

    def is_met() -> object:
        result = condition()
        assert result or bot is None or bot.process.poll() is None, f"the bot ended\n{bot.read_log()}"
        return result

    await waiting.wait_until(
        is_met,
        timeout_seconds=timeout_seconds,
        interval_seconds=interval_seconds,
        get_details=bot.read_log if bot else str,
    )
