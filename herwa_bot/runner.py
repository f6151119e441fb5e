"""Stay connected to Discord until told to stop: what may end a connection, and what follows then."""

import asyncio

import aiohttp
import discord

from herwa_bot.access.guard import Guard
from herwa_bot.bot import HerwaBot
from herwa_bot.collector.event_writer import EventWriter
from herwa_shared.log import get_logger
from herwa_shared.stores import Stores

log = get_logger(__name__)

RETRY_DELAYS_SECONDS = (1.0, 2.0, 5.0, 15.0, 60.0)  # Discord takes a bot's token away after 1,000 log-ins in a day
CLOSE_TIMEOUT_SECONDS = 1.5
INVALID_TOKEN_CLOSE_CODE = 4004
RECONNECTABLE_ERRORS = (
    OSError,
    aiohttp.ClientError,
    discord.HTTPException,
    discord.GatewayNotFound,
    discord.ConnectionClosed,
    discord.PrivilegedIntentsRequired,
)


async def run_forever(
    stores: Stores,
    writer: EventWriter,
    guard: Guard,
    token: str,
    *,
    message_content: bool,
    shutdown_task: asyncio.Task[None],
) -> int:
    """Listen until `stopping` is done; the exit code: 0, or 2 when Discord does not know the token.

    A bot that may not have what it asked for comes back without: it goes on counting all the rest.
    """
    failures, all_intents_granted = 0, True
    while not shutdown_task.done():
        bot = HerwaBot(stores, writer, guard, message_content=message_content, all_intents_granted=all_intents_granted)
        outcome = await _run_once(bot, token, shutdown_task)
        if shutdown_task.done():
            break
        if _is_invalid_token(outcome):
            log.error("Discord does not know this token: set DISCORD_TOKEN to the token of your application's bot")
            return 2
        if all_intents_granted and isinstance(outcome, discord.PrivilegedIntentsRequired):
            all_intents_granted = bot.was_ready  # granted until just now: the next one asks what is left
            continue
        failures = 1 if bot.was_ready else failures + 1
        delay = RETRY_DELAYS_SECONDS[min(failures, len(RETRY_DELAYS_SECONDS)) - 1]
        _log_outcome(outcome, delay)
        await asyncio.wait({shutdown_task}, timeout=delay)
    return 0


async def _run_once(bot: HerwaBot, token: str, shutdown_task: asyncio.Task[None]) -> BaseException | None:
    """Run one bot until it ends or is to stop; what ended it."""
    bot_task = asyncio.create_task(bot.start(token))
    await asyncio.wait({bot_task, shutdown_task}, return_when=asyncio.FIRST_COMPLETED)
    if shutdown_task.done():
        await bot.writer.resolve_channels()  # after this there is nobody to ask
    try:
        async with asyncio.timeout(CLOSE_TIMEOUT_SECONDS):
            await bot.close()
    except TimeoutError:
        log.warning("Discord does not say good-bye, going without")
    bot_task.cancel()
    [outcome] = await asyncio.gather(bot_task, return_exceptions=True)
    return outcome


def _is_invalid_token(outcome: BaseException | None) -> bool:
    rejected_by_gateway = isinstance(outcome, discord.ConnectionClosed) and outcome.code == INVALID_TOKEN_CLOSE_CODE
    return rejected_by_gateway or isinstance(outcome, discord.LoginFailure)


def _log_outcome(outcome: BaseException | None, delay: float) -> None:
    if outcome is None or isinstance(outcome, RECONNECTABLE_ERRORS):
        log.warning("Discord cannot be reached, trying again", seconds=delay, error=str(outcome)[:200])
    else:
        log.error("the bot ended, starting it again", seconds=delay, exc_info=outcome)
