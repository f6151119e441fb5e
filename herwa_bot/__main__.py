"""`python -m herwa_bot`: settings in, a running bot out."""

import asyncio
import sys

import aiohttp
import discord
import uvloop

from herwa_bot.bot import HerwaBot
from herwa_bot.discord_place import bot_token, discord_url, use_discord_at
from herwa_shared.config import Settings
from herwa_shared.folder import DataFolder
from herwa_shared.lifetime import until_stopped
from herwa_shared.log import configure_logging, get_logger
from herwa_shared.services import processes
from herwa_shared.stores import Stores, open_stores

log = get_logger("herwa_bot")

RETRY_SECONDS = 2.0


async def run(settings: Settings) -> int:
    """Run until told to stop; the process's exit code."""
    folder = DataFolder(settings.data_dir)
    if url := discord_url(settings, folder):
        use_discord_at(url)
    token = bot_token(settings, folder)
    async with open_stores(settings) as stores:
        async with stores.database.transaction() as session:
            process_id = await processes.register(session, name="bot")
        stopping = asyncio.create_task(until_stopped())
        try:
            return await listen(
                stores, token, process_id=process_id, content=settings.discord.message_content, stopping=stopping
            )
        finally:
            stopping.cancel()
            async with stores.database.transaction() as session:
                await processes.stopped(session, process_id=process_id)


async def listen(stores: Stores, token: str, *, process_id: int, content: bool, stopping: asyncio.Task[None]) -> int:
    """Connect and stay connected; come back without the content intent when Discord does not grant it."""
    while not stopping.done():
        bot = HerwaBot(stores, process_id=process_id, content=content)
        running = asyncio.create_task(bot.start(token))
        await asyncio.wait({running, stopping}, return_when=asyncio.FIRST_COMPLETED)
        await bot.close()
        if not running.done():
            running.cancel()
        try:
            await running
        except asyncio.CancelledError:
            break
        except discord.LoginFailure:
            log.error("Discord does not know this token: set DISCORD_TOKEN to the token of your application's bot")  # noqa: TRY400
            return 2
        except discord.PrivilegedIntentsRequired:
            log.warning("Discord does not grant the message content intent: lengths and attachments stay unknown")
            content = False
        except (OSError, aiohttp.ClientError, discord.DiscordServerError) as error:
            log.warning("Discord cannot be reached, trying again", error=str(error)[:200])
            await asyncio.wait({stopping}, timeout=RETRY_SECONDS)
    return 0


def main() -> None:
    """Entry point."""
    settings = Settings()
    configure_logging(settings.log_level)
    sys.exit(uvloop.run(run(settings)))


if __name__ == "__main__":
    main()
