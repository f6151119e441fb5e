"""Periodic tasks: voice accrual, live counters, permission invalidation and the heartbeat.

The heartbeat records the bot's status and the time up to which each shard's events are stored.
"""

import asyncio

from herwa_bot.collector.event_writer import EventWriter
from herwa_bot.collector.gateway_sessions import ShardSession, get_time_ms
from herwa_shared.clock import utc_now
from herwa_shared.db import Database
from herwa_shared.errors import format_reason
from herwa_shared.log import RateLimitedLogger, get_logger
from herwa_shared.pipeline.voice_sessions import ACCRUAL_INTERVAL_MS, purge_voice_sessions
from herwa_shared.runtime.process_health import ProcessHealth
from herwa_shared.services import processes
from herwa_shared.services.gateway_sessions import (
    end_gateway_session,
    mark_breaks_planned,
    start_gateway_session,
    update_gateway_sessions,
)
from herwa_shared.services.process_details import BotDetail, CatchUpStatus, PolicyCacheStatus

limited_log = RateLimitedLogger(get_logger(__name__))

TICK_INTERVAL_SECONDS = 1.0
GUILDS_PER_YIELD = 500


async def tick_forever(writer: EventWriter, database: Database) -> None:
    """Accrue voice time, save live counters and invalidations every second, until cancelled.

    Failures, such as an unavailable database, are logged and retried at the next tick.
    """
    last_interval = get_time_ms() // ACCRUAL_INTERVAL_MS
    while True:
        try:
            if (interval := get_time_ms() // ACCRUAL_INTERVAL_MS) > last_interval:
                last_interval = interval
                await _accrue_voice(writer, interval * ACCRUAL_INTERVAL_MS)
                async with database.acquire_connection() as connection:
                    await purge_voice_sessions(connection, now_ms=get_time_ms())
            writer.gap_tracker.open_overdue_gaps(now=utc_now())
            for guild_id in writer.member_counts.changed_guild_ids:
                writer.metadata.set_member_count(guild_id, writer.member_counts.members.get(guild_id))
            await writer.live_updates.save(database)
        except Exception as error:  # noqa: BLE001 - any failure may be temporary, the next tick retries
            limited_log.warning("periodic tick failed", kind=type(error).__name__, error=format_reason(error))
        await asyncio.sleep(TICK_INTERVAL_SECONDS)


async def record_heartbeat(writer: EventWriter, database: Database, *, process_id: int, detail: BotDetail) -> None:
    """Record one heartbeat.

    It saves the process detail, new gateway sessions, those whose break is planned, and the time up to which events are
    stored.
    """
    shard_sessions = list(writer.gateway_sessions.sessions.values())
    new_sessions = [shard_session for shard_session in shard_sessions if shard_session.gateway_session_id is None]
    connected_ids = [
        shard_session.gateway_session_id
        for shard_session in shard_sessions
        if shard_session.connected and shard_session.gateway_session_id is not None
    ]
    for shard_session in shard_sessions:
        if shard_session.connected and writer.gateway_sessions.traffic.check_received(shard_session.shard_id):
            shard_session.heard_until = writer.stored_until
    lost_sessions = list(writer.gateway_sessions.lost_sessions)
    planned_sessions = [shard_session for shard_session in shard_sessions if _is_break_planned(writer, shard_session)]
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
        for lost_session in lost_sessions:
            if lost_session.gateway_session_id is not None and lost_session.heard_until is not None:
                await end_gateway_session(
                    session, session_id=lost_session.gateway_session_id, heard_until=lost_session.heard_until
                )
        if planned_sessions:
            ids = [shard_session.gateway_session_id for shard_session in planned_sessions]
            await mark_breaks_planned(session, [id_ for id_ in ids if id_ is not None])
        await processes.record_heartbeat(session, process_id=process_id, detail=detail)
    del writer.gateway_sessions.lost_sessions[: len(lost_sessions)]
    for shard_session in planned_sessions:
        shard_session.is_break_planned = True
    for shard_session, session_id in zip(new_sessions, new_ids, strict=True):  # only after the commit
        shard_session.mark_recorded(session_id)
    if new_sessions:
        writer.member_counts.poll_now.set()  # each session begins with samples


def _is_break_planned(writer: EventWriter, shard_session: ShardSession) -> bool:
    """Return whether the catch-up before a session is planned, but its row does not say so yet."""
    is_on_shard = writer.gateway_sessions.build_guild_filter(shard_session.shard_id)
    return (
        shard_session.gateway_session_id is not None
        and not shard_session.is_break_planned
        and not writer.gap_tracker.is_expecting(is_on_shard)
        and not writer.catch_up.has_unplanned_periods
    )


async def send_final_heartbeat(writer: EventWriter, database: Database) -> None:
    """Record until when each shard was connected, at shutdown.

    Does nothing if there are events that are not stored.
    """
    if writer.pending:
        return
    async with database.transaction() as session:
        for shard_session in writer.gateway_sessions.sessions.values():
            if shard_session.gateway_session_id is not None and shard_session.connected_until is not None:
                await update_gateway_sessions(
                    session, session_ids=[shard_session.gateway_session_id], seen_at=shard_session.connected_until
                )


def build_detail(writer: EventWriter, health: ProcessHealth, policies: PolicyCacheStatus) -> BotDetail:
    """Build the bot's process detail."""
    gateway = writer.gateway_sessions
    sessions = gateway.sessions.values()
    connected_count = sum(session.connected for session in sessions)
    return BotDetail(
        health=health,
        policies=policies,
        gateway="connected" if connected_count and connected_count == gateway.shard_count else "connecting",
        shards={str(session.shard_id): "connected" if session.connected else "disconnected" for session in sessions},
        shard_details=gateway.traffic.read_details(gateway.sessions),
        shard_count=gateway.shard_count,
        guilds=len(writer.metadata.guilds),
        held=writer.pending,
        stored=writer.stored_count,
        duplicates=writer.duplicate_count,
        skipped=writer.skipped_count,
        user=gateway.bot_user_name,
        missing_intents=list(gateway.missing_intents),
        catch_up=CatchUpStatus(
            writer.catch_up.fetcher.pending_channels,
            writer.catch_up.fetcher.fetched_messages,
            writer.catch_up.pending_listings,
        ),
    )


async def _accrue_voice(writer: EventWriter, until_ms: int) -> None:
    """Accrue voice time of all guilds up to `until_ms`.

    Other tasks run in between, after every GUILDS_PER_YIELD guilds.
    """
    for index, guild_id in enumerate(writer.voice_tracker.list_guilds()):
        writer.voice_tracker.accrue(guild_id, until_ms)
        if index % GUILDS_PER_YIELD == 0:
            await asyncio.sleep(0)
