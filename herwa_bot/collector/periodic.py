"""What happens by the clock: full five minutes of voice, live counters, forgotten rights.

Signs of life: how the bot does, and up to when each shard has heard everything.
"""

import asyncio
from collections.abc import Callable
from typing import Any

from herwa_bot.collector.event_writer import Writer
from herwa_bot.collector.gateway_sessions import now_ms
from herwa_bot.collector.voice_tracker import MARK_MS
from herwa_shared.db import Database
from herwa_shared.log import get_logger
from herwa_shared.pipeline.voice_sessions import forget_stays
from herwa_shared.services import processes
from herwa_shared.services.gateway_sessions import begin_run, still_listening

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


Detail = dict[str, Any]


async def beat(writer: Writer, database: Database, *, process_id: int, beside: Callable[[], Detail] = dict) -> None:
    """Say so every two seconds, for ever; `beside` says what else there is to know. A database that is away is no
    reason to stop.
    """
    while True:
        try:
            await beat_once(writer, database, process_id=process_id, beside=beside())
        except Exception as error:  # noqa: BLE001 - whatever it is, the next sign may come through
            log.warning("no sign of life could be left", error=repr(error)[:200])
        await asyncio.sleep(processes.BEAT_SECONDS)


async def beat_once(writer: Writer, database: Database, *, process_id: int, beside: Detail) -> None:
    """One sign of life."""
    runs = list(writer.listening.sessions.values())
    begun = [run for run in runs if run.run_id is None]
    heard = [run.run_id for run in runs if run.connected and run.run_id is not None]
    async with database.transaction() as session:
        ids = [
            await begin_run(session, shard_id=run.shard_id, shard_count=run.shard_count, intents=run.intents)
            for run in begun
        ]
        await still_listening(session, run_ids=heard, until=writer.stored_until)
        await processes.beat(session, process_id=process_id, detail={**detail(writer), **beside})
    for run, run_id in zip(begun, ids, strict=True):  # now that it is committed
        run.run_id = run_id


async def last_beat(writer: Writer, database: Database) -> None:
    """Before good-bye, when all is stored: up to when each shard was heard."""
    if writer.held:
        return
    async with database.transaction() as session:
        for run in writer.listening.sessions.values():
            if run.run_id is not None and run.heard_until is not None:
                await still_listening(session, run_ids=[run.run_id], until=run.heard_until)


def detail(writer: Writer) -> Detail:
    """What people want to know of the bot."""
    sessions = writer.listening.sessions.values()
    connected = sum(session.connected for session in sessions)
    return {
        "gateway": "connected" if connected and connected == writer.listening.shard_count else "connecting",
        "shards": {str(s.shard_id): "connected" if s.connected else "disconnected" for s in sessions},
        "shard_count": writer.listening.shard_count,
        "guilds": len(writer.directory.guilds),
        "held": writer.held,
        "stored": writer.stored,
        "duplicates": writer.duplicates,
        "skipped": writer.skipped,
        "user": writer.listening.user,
        "missing_intents": list(writer.listening.missing_intents),
    }
