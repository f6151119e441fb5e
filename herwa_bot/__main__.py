"""`python -m herwa_bot`: settings in, a running bot out."""

import asyncio
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import uvloop

from herwa_bot.access.guard import Guard
from herwa_bot.collector.event_writer import Writer
from herwa_bot.collector.periodic import beat, last_beat, tick
from herwa_bot.collector.voice_tracker import load_voice
from herwa_bot.discord_endpoints import bot_token, discord_url, use_discord_at
from herwa_bot.runner import stay_connected
from herwa_bot.surfaces import declared, register_for_sure
from herwa_shared.config import Settings
from herwa_shared.db import Database
from herwa_shared.log import configure_logging, get_logger
from herwa_shared.policy_cache.cache import PolicyCache
from herwa_shared.runtime.data_dir import DataFolder
from herwa_shared.runtime.shutdown import until_stopped
from herwa_shared.services import processes
from herwa_shared.stores import Stores, open_stores

log = get_logger("herwa_bot")

GOODBYE_SECONDS = 1.0


async def run(settings: Settings) -> int:
    """Run until told to stop; the process's exit code."""
    folder = DataFolder(settings.data_dir)
    if url := discord_url(settings, folder):
        use_discord_at(url)
    token = bot_token(settings, folder)
    async with (
        open_stores(settings) as stores,
        _guarding(stores) as guard,
        _collecting(stores.database, guard) as writer,
    ):
        stopping = asyncio.create_task(until_stopped())
        try:
            return await stay_connected(
                stores, writer, guard, token, content=settings.discord.message_content, stopping=stopping
            )
        finally:
            stopping.cancel()


@asynccontextmanager
async def _guarding(stores: Stores) -> AsyncIterator[Guard]:
    """A guard that hears of changes; what it guards gets registered meanwhile."""
    surfaces = declared()
    cache = PolicyCache(stores.database, stores.database_url, surfaces)
    registering = asyncio.create_task(register_for_sure(stores.database, surfaces))
    async with cache.running():
        try:
            yield Guard(cache, surfaces, stores.database)
        finally:
            registering.cancel()
            await asyncio.gather(registering, return_exceptions=True)


@asynccontextmanager
async def _collecting(database: Database, guard: Guard) -> AsyncIterator[Writer]:
    """A writer that stores what it is given, and signs of life, for as long as the block lasts."""
    async with database.transaction() as session:
        process_id = await processes.register(session, name="bot")
    writer = Writer(database, process_id=process_id)
    await load_voice(database, writer.voice)
    tasks = [
        asyncio.create_task(writer.run()),
        asyncio.create_task(beat(writer, database, process_id=process_id, beside=guard.cache.detail)),
        asyncio.create_task(tick(writer, database)),
    ]
    try:
        yield writer
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await _say_goodbye(writer, database, process_id=process_id)


async def _say_goodbye(writer: Writer, database: Database, *, process_id: int) -> None:
    try:
        async with asyncio.timeout(GOODBYE_SECONDS):
            await last_beat(writer, database)
            async with database.transaction() as session:
                await processes.stopped(session, process_id=process_id)
    except Exception as error:  # noqa: BLE001 - the process ends, whatever it is
        log.warning("no good-bye could be left", error=repr(error)[:200])
    log.info("stopped", stored=writer.stored)


def main() -> None:
    """Entry point."""
    settings = Settings()
    configure_logging(settings.log_level)
    sys.exit(uvloop.run(run(settings)))


if __name__ == "__main__":
    main()
