"""Keep the bot connected to Discord until shutdown: restart with backoff after failures."""

import asyncio
import time

import aiohttp
import discord

from herwa_bot.access.guard import Guard
from herwa_bot.bot import HerwaBot
from herwa_bot.collector.event_writer import EventWriter
from herwa_bot.ui.writes import wait_for_running_writes
from herwa_shared.discord.guild_reader import GuildReader
from herwa_shared.errors import format_reason
from herwa_shared.log import get_logger
from herwa_shared.retry import Backoff, RetryPolicy
from herwa_shared.stores import Stores

log = get_logger(__name__)

# Discord resets a bot's token after 1,000 log-ins in a day: at the longest delay there are at most 800.
RECONNECTION = RetryPolicy(first_delay_seconds=1.0, max_delay_seconds=120.0, factor=2.5)
STABLE_SECONDS = 60.0
"""A bot that was connected longer than this restarts with the first delay."""
CLOSE_TIMEOUT_SECONDS = 1.5
WRITE_TIMEOUT_SECONDS = 1.0
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
    guild_reader: GuildReader,
    token: str,
    *,
    message_content: bool,
    dashboard_url: str | None,
    shutdown_task: asyncio.Task[None],
) -> int:
    """Run the bot and restart it after failures, until `shutdown_task` is done.

    After Discord rejected the privileged intents the bot restarts without those that are not granted and counts
    everything else.

    Returns the exit code: 0, or 2 when Discord rejects the token.
    """
    backoff, all_intents_granted = Backoff(RECONNECTION), True
    while not shutdown_task.done():
        bot = HerwaBot(
            stores,
            writer,
            guard,
            guild_reader,
            message_content=message_content,
            all_intents_granted=all_intents_granted,
            dashboard_url=dashboard_url,
        )
        started_at = time.monotonic()
        outcome = await _run_once(bot, token, shutdown_task)
        if shutdown_task.done():
            break
        if _is_invalid_token(outcome):
            log.error("Discord does not know this token: set DISCORD_TOKEN to the token of your application's bot")
            return 2
        if all_intents_granted and isinstance(outcome, discord.PrivilegedIntentsRequired):
            # After READY the intents were granted until now: the next bot reads the application's flags again. Before
            # READY the flags said they are granted and the gateway refused: the next bot requests none of them.
            all_intents_granted = bot.was_ready
            continue
        if bot.was_ready and time.monotonic() - started_at > STABLE_SECONDS:
            backoff.reset()
        delay = backoff.record_failure()
        _log_outcome(outcome, round(delay, 1))
        await asyncio.wait({shutdown_task}, timeout=delay)
    return 0


async def _run_once(bot: HerwaBot, token: str, shutdown_task: asyncio.Task[None]) -> BaseException | None:
    """Run one bot until it ends or shutdown begins. Returns the exception that ended it, if any."""
    bot_task = asyncio.create_task(bot.start(token))
    await asyncio.wait({bot_task, shutdown_task}, return_when=asyncio.FIRST_COMPLETED)
    if shutdown_task.done():  # last chance: these need the connection
        await wait_for_running_writes(WRITE_TIMEOUT_SECONDS)
        await bot.writer.resolve_channels()
    try:
        async with asyncio.timeout(CLOSE_TIMEOUT_SECONDS):
            await bot.close()
    except TimeoutError:
        log.warning("closing the Discord connection timed out")
    bot_task.cancel()
    [outcome] = await asyncio.gather(bot_task, return_exceptions=True)
    return outcome


def _is_invalid_token(outcome: BaseException | None) -> bool:
    rejected_by_gateway = isinstance(outcome, discord.ConnectionClosed) and outcome.code == INVALID_TOKEN_CLOSE_CODE
    return rejected_by_gateway or isinstance(outcome, discord.LoginFailure)


def _log_outcome(outcome: BaseException | None, delay: float) -> None:
    if outcome is None or isinstance(outcome, RECONNECTABLE_ERRORS):
        log.warning("Discord connection failed, retrying", delay_seconds=delay, error=format_reason(outcome))
    else:
        log.error("bot failed, restarting", delay_seconds=delay, exc_info=outcome)
