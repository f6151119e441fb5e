"""Stay connected to Discord until told to stop: what may end a connection, and what follows then."""

import asyncio

import aiohttp
import discord

from herwa_bot.access.guard import Guard
from herwa_bot.bot import HerwaBot
from herwa_bot.collector.event_writer import Writer
from herwa_shared.log import get_logger
from herwa_shared.stores import Stores

log = get_logger(__name__)

RETRY_SECONDS = (1.0, 2.0, 5.0, 15.0, 60.0)  # Discord takes a bot's token away after 1,000 log-ins in a day
CLOSE_SECONDS = 1.5
UNKNOWN_TOKEN = 4004
AWAY = (
    OSError,
    aiohttp.ClientError,
    discord.HTTPException,
    discord.GatewayNotFound,
    discord.ConnectionClosed,
    discord.PrivilegedIntentsRequired,
)


async def stay_connected(
    stores: Stores, writer: Writer, guard: Guard, token: str, *, content: bool, stopping: asyncio.Task[None]
) -> int:
    """Listen until `stopping` is done; the exit code: 0, or 2 when Discord does not know the token.

    A bot that may not have what it asked for comes back without: it goes on counting all the rest.
    """
    failures, all_granted = 0, True
    while not stopping.done():
        bot = HerwaBot(stores, writer, guard, content=content, all_granted=all_granted)
        outcome = await _live(bot, token, stopping)
        if stopping.done():
            break
        if _is_unknown_token(outcome):
            log.error("Discord does not know this token: set DISCORD_TOKEN to the token of your application's bot")
            return 2
        if all_granted and isinstance(outcome, discord.PrivilegedIntentsRequired):
            all_granted = bot.was_ready  # granted until just now: the next one asks what is left
            continue
        failures = 1 if bot.was_ready else failures + 1
        wait = RETRY_SECONDS[min(failures, len(RETRY_SECONDS)) - 1]
        _say(outcome, wait)
        await asyncio.wait({stopping}, timeout=wait)
    return 0


async def _live(bot: HerwaBot, token: str, stopping: asyncio.Task[None]) -> BaseException | None:
    """Run one bot until it ends or is to stop; what ended it."""
    running = asyncio.create_task(bot.start(token))
    await asyncio.wait({running, stopping}, return_when=asyncio.FIRST_COMPLETED)
    if stopping.done():
        await bot.writer.name_places()  # after this there is nobody to ask
    try:
        async with asyncio.timeout(CLOSE_SECONDS):
            await bot.close()
    except TimeoutError:
        log.warning("Discord does not say good-bye, going without")
    running.cancel()
    [outcome] = await asyncio.gather(running, return_exceptions=True)
    return outcome


def _is_unknown_token(outcome: BaseException | None) -> bool:
    closed = isinstance(outcome, discord.ConnectionClosed) and outcome.code == UNKNOWN_TOKEN
    return closed or isinstance(outcome, discord.LoginFailure)


def _say(outcome: BaseException | None, wait: float) -> None:
    if outcome is None or isinstance(outcome, AWAY):
        log.warning("Discord cannot be reached, trying again", seconds=wait, error=str(outcome)[:200])
    else:
        log.error("the bot ended, starting it again", seconds=wait, exc_info=outcome)
