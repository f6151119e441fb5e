"""What happens by the clock: full five minutes of voice, live counters, forgotten rights."""

import asyncio

from herwa_bot.collector.listening import now_ms
from herwa_bot.collector.voice import MARK_MS
from herwa_bot.collector.writer import Writer
from herwa_shared.db import Database
from herwa_shared.log import get_logger
from herwa_shared.pipeline.voice import forget_stays

log = get_logger(__name__)

TICK_SECONDS = 1.0
GUILDS_AT_ONCE = 500


async def tick(writer: Writer, database: Database) -> None:
    """Every second, for ever. A database that is away is no reason to stop."""
    marked = now_ms() // MARK_MS
    while True:
        try:
            if (mark := now_ms() // MARK_MS) > marked:
                marked = mark
                await _mark(writer, mark * MARK_MS)
                async with database.raw() as connection:
                    await forget_stays(connection, now_ms=now_ms())
            for guild_id in writer.census.moved:
                writer.directory.sized(guild_id, writer.census.members.get(guild_id))
            await writer.live.tell(database)
        except Exception as error:  # noqa: BLE001 - whatever it is, the next tick may come through
            log.warning("live counters wait", error=repr(error)[:200])
        await asyncio.sleep(TICK_SECONDS)


async def _mark(writer: Writer, mark_ms: int) -> None:
    """Count everybody in voice up to the mark; other work gets its turn in between."""
    for number, guild_id in enumerate(writer.voice.guilds()):
        writer.voice.mark(guild_id, mark_ms)
        if number % GUILDS_AT_ONCE == 0:
            await asyncio.sleep(0)
