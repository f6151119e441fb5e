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
from tests.sim.process import SimProcess

CHECKOUT = Path(__file__).parents[2]
AS_PEOPLE_DO = ("-m", "herwa_bot")

_numbers = count(1)


class BotProcess:
    """Started when made. What it says goes to a log file of the copy."""

    def __init__(self, settings: Settings, sim: SimProcess, *arguments: str, **environment: str) -> None:
        self.sim = sim
        self.log = DataFolder(settings.data_dir).logs / f"bot-{next(_numbers)}.log"
        self.environment = {
            **os.environ,
            **dict.fromkeys(("DATABASE_URL", "CLICKHOUSE_URL", "HERWA_SUPERVISED"), ""),
            "HERWA_DATA_DIR": str(settings.data_dir),
            "HERWA_DISCORD_URL": sim.url,
            "DISCORD_TOKEN": sim.token,
            **environment,
        }
        self._sessions = len(connected(sim)) if sim.process.poll() is None else 0
        with self.log.open("w") as log:
            self.process = subprocess.Popen(
                [sys.executable, *(arguments or AS_PEOPLE_DO)],
                env=self.environment,
                cwd=CHECKOUT,
                stderr=log,
                stdin=subprocess.DEVNULL,
            )

    @property
    def pid(self) -> int:
        return self.process.pid

    def said(self) -> str:
        return self.log.read_text()

    async def listens(self) -> None:
        """Return when it has a session of its own and has heard of every server."""
        await until(lambda: len(connected(self.sim)) > self._sessions, self)
        await heard(self.sim)

    async def says(self, words: str) -> None:
        await until(lambda: words in self.said(), self)

    async def ends(self) -> int:
        """Wait for its end; the exit code."""
        return await asyncio.to_thread(self.process.wait, 60)

    async def stop(self, number: int = signal.SIGTERM) -> int:
        self.process.send_signal(number)
        return await self.ends()

    def kill_if_running(self) -> None:
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()


@contextmanager
def bot_process(settings: Settings, sim: SimProcess, *arguments: str, **environment: str) -> Iterator[BotProcess]:
    bot = BotProcess(settings, sim, *arguments, **environment)
    try:
        yield bot
    finally:
        bot.kill_if_running()


def connected(sim: SimProcess) -> list:
    """The gateway sessions that have a socket."""
    return [session for session in sim.client.state().sessions if session.connected]


async def heard(sim: SimProcess) -> None:
    """Return when every bot has acknowledged all that was sent to it until now."""
    sent = [session.sequence for session in connected(sim)]
    sim.client.ask_for_heartbeat()
    await until(lambda: all(one.acknowledged >= by for one, by in zip(connected(sim), sent, strict=False)))


async def until(true: Callable[[], bool], bot: BotProcess | None = None, seconds: float = 90) -> None:
    """Wait for what must come."""
    try:
        async with asyncio.timeout(seconds):
            while not true():
                assert bot is None or bot.process.poll() is None, f"the bot ended\n{bot.said()}"
                await asyncio.sleep(0.02)
    except TimeoutError:
        raise AssertionError(f"waited in vain\n{bot.said() if bot else ''}") from None
