"""What happens by the clock: full five minutes of voice, live counters, forgotten rights.

Signs of life: how the bot does, and up to when each shard has heard everything.
"""

import asyncio
from collections.abc import Callable
from typing import Any

from herwa_bot.collector.event_writer import EventWriter
from herwa_bot.collector.gateway_sessions import get_time_ms
from herwa_bot.collector.voice_tracker import ACCRUAL_INTERVAL_MS
from herwa_shared.db import Database
from herwa_shared.log import get_logger
from herwa_shared.pipeline.voice_sessions import purge_voice_sessions
from herwa_shared.services import processes
from herwa_shared.services.gateway_sessions import start_gateway_session, update_gateway_sessions

log = get_logger(__name__)

TICK_INTERVAL_SECONDS = 1.0
GUILDS_PER_YIELD = 500


async def tick_forever(writer: EventWriter, database: Database) -> None:
    """Every second, for ever. A database that is away is no reason to stop."""
    last_interval = get_time_ms() // ACCRUAL_INTERVAL_MS
    while True:
        try:
            if (interval := get_time_ms() // ACCRUAL_INTERVAL_MS) > last_interval:
                last_interval = interval
                await _accrue_voice(writer, interval * ACCRUAL_INTERVAL_MS)
                async with database.acquire_connection() as connection:
                    await purge_voice_sessions(connection, now_ms=get_time_ms())
            for guild_id in writer.member_counts.changed:
                writer.metadata.set_member_count(guild_id, writer.member_counts.members.get(guild_id))
            await writer.live_updates.save(database)
        except Exception as error:  # noqa: BLE001 - whatever it is, the next tick may come through
            log.warning("live counters wait", error=repr(error)[:200])
        await asyncio.sleep(TICK_INTERVAL_SECONDS)


async def _accrue_voice(writer: EventWriter, until_ms: int) -> None:
    """Count everybody in voice up to the mark; other work gets its turn in between."""
    for index, guild_id in enumerate(writer.voice_tracker.list_guilds()):
        writer.voice_tracker.accrue(guild_id, until_ms)
        if index % GUILDS_PER_YIELD == 0:
            await asyncio.sleep(0)


ProcessDetail = dict[str, Any]


async def send_heartbeats(
    writer: EventWriter, database: Database, *, process_id: int, build_extra_detail: Callable[[], ProcessDetail] = dict
) -> None:
    """Say so every two seconds, for ever; `beside` says what else there is to know. A database that is away is no
    reason to stop.
    """
    while True:
        try:
            await send_heartbeat(writer, database, process_id=process_id, extra_detail=build_extra_detail())
        except Exception as error:  # noqa: BLE001 - whatever it is, the next sign may come through
            log.warning("no sign of life could be left", error=repr(error)[:200])
        await asyncio.sleep(processes.HEARTBEAT_INTERVAL_SECONDS)


async def send_heartbeat(
    writer: EventWriter, database: Database, *, process_id: int, extra_detail: ProcessDetail
) -> None:
    """One sign of life."""
    shard_sessions = list(writer.gateway_sessions.sessions.values())
    new_sessions = [shard_session for shard_session in shard_sessions if shard_session.gateway_session_id is None]
    connected_ids = [
        shard_session.gateway_session_id
        for shard_session in shard_sessions
        if shard_session.connected and shard_session.gateway_session_id is not None
    ]
    async with database.transaction() as session:
        new_ids = [
            await start_gateway_session(
                session,
                shard_id=shard_session.shard_id,
                shard_count=shard_session.shard_count,
                intents=shard_session.intents,
            )
            for shard_session in new_sessions
        ]
        await update_gateway_sessions(session, session_ids=connected_ids, seen_at=writer.stored_until)
        await processes.record_heartbeat(
            session, process_id=process_id, detail={**build_detail(writer), **extra_detail}
        )
    for shard_session, session_id in zip(new_sessions, new_ids, strict=True):  # now that it is committed
        shard_session.gateway_session_id = session_id


async def send_final_heartbeat(writer: EventWriter, database: Database) -> None:
    """Before good-bye, when all is stored: up to when each shard was heard."""
    if writer.pending:
        return
    async with database.transaction() as session:
        for shard_session in writer.gateway_sessions.sessions.values():
            if shard_session.gateway_session_id is not None and shard_session.connected_until is not None:
                await update_gateway_sessions(
                    session, session_ids=[shard_session.gateway_session_id], seen_at=shard_session.connected_until
                )


def build_detail(writer: EventWriter) -> ProcessDetail:
    """What people want to know of the bot."""
    sessions = writer.gateway_sessions.sessions.values()
    connected = sum(session.connected for session in sessions)
    return {
        "gateway": "connected" if connected and connected == writer.gateway_sessions.shard_count else "connecting",
        "shards": {str(session.shard_id): "connected" if session.connected else "disconnected" for session in sessions},
        "shard_count": writer.gateway_sessions.shard_count,
        "guilds": len(writer.metadata.guilds),
        "held": writer.pending,
        "stored": writer.stored,
        "duplicates": writer.duplicates,
        "skipped": writer.skipped,
        "user": writer.gateway_sessions.user,
        "missing_intents": list(writer.gateway_sessions.missing_intents),
    }
