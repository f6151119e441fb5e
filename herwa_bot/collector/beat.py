"""Signs of life: how the bot does, and up to when each shard has heard everything."""

import asyncio
from typing import Any

import discord
from discord.ext import commands
from sqlalchemy.exc import SQLAlchemyError

from herwa_bot.collector.writer import Writer
from herwa_shared.db import Database
from herwa_shared.log import get_logger
from herwa_shared.services import processes
from herwa_shared.services.collector_runs import begin_run, still_listening

log = get_logger(__name__)


async def beat(bot: commands.AutoShardedBot, writer: Writer, database: Database, *, process_id: int) -> None:
    """Say so every two seconds, for ever. A database that is away is no reason to stop."""
    while True:
        try:
            async with database.transaction() as session:
                for run in writer.listening.sessions.values():
                    if run.run_id is None:
                        run.run_id = await begin_run(session, shard_id=run.shard_id, shard_count=run.shard_count)
                heard = [r.run_id for r in writer.listening.sessions.values() if r.connected and r.run_id is not None]
                await still_listening(session, run_ids=heard, until=writer.stored_until)
                await processes.beat(session, process_id=process_id, detail=detail(bot, writer))
        except (OSError, SQLAlchemyError) as error:
            log.warning("no sign of life could be left", error=str(error)[:200])
        await asyncio.sleep(processes.BEAT_SECONDS)


def detail(bot: commands.AutoShardedBot, writer: Writer) -> dict[str, Any]:
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
        "user": str(bot.user) if isinstance(bot.user, discord.ClientUser) else None,
    }
