"""The bot that most modules of this package share: starting a bot takes seconds."""

from herwa_shared.config import Settings
from tests.support.bot_process import BotProcess, list_connected_sessions, wait_for_acknowledgement, wait_until
from tests.support.sim_process import SimProcess


class SharedBot:
    """A bot process that is started at its first use, and again after it was stopped or has ended."""

    def __init__(self) -> None:
        self._bot: BotProcess | None = None

    async def get_ready(self, settings: Settings, sim: SimProcess) -> BotProcess:
        """Return the bot, connected and with all events of the modules before this one received."""
        if self._bot is None or self._bot.process.poll() is not None:
            self._bot = BotProcess(settings, sim)
            await self._bot.wait_until_ready()
        else:
            await wait_until(lambda: list_connected_sessions(sim), self._bot)
            await wait_for_acknowledgement(sim)
        return self._bot

    async def stop(self) -> None:
        """Stop the bot if it runs."""
        if self._bot is not None and self._bot.process.poll() is None:
            await self._bot.stop()

    def kill_if_running(self) -> None:
        if self._bot is not None:
            self._bot.kill_if_running()
