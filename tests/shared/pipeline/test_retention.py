"""Retention: raw rows are deleted after three months in entire parts, hourly rows are kept; PostgreSQL does not grow."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime, timedelta

import asyncpg
import pytest

from herwa_shared.clock import utc_now
from herwa_shared.pipeline import buffer
from herwa_shared.pipeline.buffer import SLOT_COUNT, SLOT_SECONDS, append_events, truncate_moved_slots
from herwa_shared.pipeline.drain import purge_drain_requests
from herwa_shared.pipeline.events import ActivityEvent, EventKind
from herwa_shared.pipeline.key_dedup import hash_event_key, purge_event_keys
from herwa_shared.pipeline.membership_dedup import purge_membership_periods
from herwa_shared.pipeline.mover import move_batch
from herwa_shared.pipeline.voice_sessions import (
    VoiceChange,
    VoiceSessionRow,
    purge_voice_sessions,
    save_voice_changes,
)
from herwa_shared.services.guilds import GuildData, save_guilds
from tests.support.event_factories import build_message_event, build_snowflake
from tests.support.row_factories import EventRow, insert_events

RAW_COUNT_SQL = "SELECT count() FROM activity_events WHERE guild_id = {guild:UInt64}"
HOURLY_SUM_SQL = "SELECT sum(events) FROM activity_hourly WHERE guild_id = {guild:UInt64}"
OLD_PARTS_SQL = """
SELECT countIf(max_time < now('UTC') - INTERVAL 3 MONTH AND rows > 0),
    (SELECT position(create_table_query, 'ttl_only_drop_parts = 1') > 0 FROM system.tables
        WHERE database = currentDatabase() AND name = 'activity_events')
FROM system.parts WHERE database = currentDatabase() AND table = 'activity_events' AND active
"""
SIZES_SQL = """
SELECT CASE WHEN relname LIKE 'event_buffer%' THEN 'event_buffer' ELSE relname END AS name,
    sum(pg_total_relation_size(oid))::bigint AS size
FROM pg_class WHERE relkind = 'r' AND relnamespace = current_schema()::regnamespace GROUP BY 1
"""
TURN = timedelta(seconds=SLOT_COUNT * SLOT_SECONDS)
TURNS, TURNS_OF_A_DAY = 60, 12
EVENTS_PER_SLOT = 60
MAX_INDEX_SPREAD = 1.1  # pages of an index are not always equally full
CHANGED_TABLES = (
    "event_key",
    "membership_period",
    "voice_session",
    "channel_coverage",
    "data_version",
    "drain_request",
    "ingest_state",
)


async def test_old_raw_rows_are_deleted_and_hourly_rows_are_kept(stores, guild_id):
    now = utc_now()
    times = [now - timedelta(days=days) for days in (1, 80, 110, 400, 2000)]
    events = [build_message_event(guild_id, build_snowflake(int(time.timestamp() * 1000))) for time in times]
    async with stores.database.acquire_connection() as connection:
        await append_events(connection, events)
        await move_all(connection, stores)
    await stores.clickhouse_writer.command("OPTIMIZE TABLE activity_events FINAL")

    parameters = {"guild": guild_id}
    assert (await stores.clickhouse.query(RAW_COUNT_SQL, parameters=parameters)).result_rows == [(2,)]
    assert (await stores.clickhouse.query(HOURLY_SUM_SQL, parameters=parameters)).result_rows == [(5,)]


async def test_weeks_that_are_entirely_old_are_dropped_as_parts(stores, guild_id):
    now = utc_now()
    await insert_events(stores, guild_id, [EventRow(now - timedelta(days=days)) for days in (3, 110, 117, 400)])
    await stores.clickhouse_writer.command("OPTIMIZE TABLE activity_events FINAL")
    parts = await stores.clickhouse_writer.query(OLD_PARTS_SQL)
    assert parts.result_rows == [(0, True)]


@pytest.mark.slow
async def test_postgresql_does_not_grow_with_the_turns_of_the_ring(stores, owner, guild_id, monkeypatch):
    """Every turn of the ring stores, moves and purges events of every kind, as two hours do.

    The buffer is as large after 60 turns as after 2. Tables whose rows are kept for a day are as large as after a day.
    The test vacuums them, as PostgreSQL does by itself.
    """
    start = utc_now().replace(minute=0, second=0, microsecond=0) - TURNS * TURN
    async with stores.database.transaction() as session:
        await save_guilds(session, [GuildData(guild_id, "Tea", 1, None, 0, start)])
    sizes = []
    async with stores.database.acquire_connection() as connection, keep_slot_default(owner):
        for turn in range(TURNS):
            turn_start = start + turn * TURN
            for slot in range(SLOT_COUNT):
                await owner.execute(f"ALTER TABLE event_buffer ALTER COLUMN slot SET DEFAULT {slot}")
                await store_slot(connection, guild_id, turn_start + slot * timedelta(seconds=SLOT_SECONDS), turn)
                if slot % 6 == 5:
                    await move_all(connection, stores)
                    monkeypatch.setattr(buffer, "CURRENT_SLOT_SQL", f"SELECT ($1::int + $2::int) * 0 + {slot}")
                    await truncate_moved_slots(connection)
            await purge_rows(connection, turn_start + TURN)
            for table in CHANGED_TABLES:
                await owner.execute(f"VACUUM {table}")
            sizes.append({row["name"]: row["size"] for row in await owner.fetch(SIZES_SQL)})
    assert sizes[-1]["event_buffer"] <= sizes[1]["event_buffer"]
    grown = {
        name: (sizes[TURNS_OF_A_DAY + 1][name], size)
        for name, size in sizes[-1].items()
        if size > sizes[TURNS_OF_A_DAY + 1][name] * MAX_INDEX_SPREAD
    }
    assert grown == {}


@asynccontextmanager
async def keep_slot_default(owner: asyncpg.Connection) -> AsyncIterator[None]:
    """Restore the default of the buffer's slot after the block."""
    query = (
        "SELECT pg_get_expr(adbin, adrelid) FROM pg_attrdef JOIN pg_attribute ON attrelid = adrelid AND attnum = adnum"
        " WHERE adrelid = 'event_buffer'::regclass AND attname = 'slot'"
    )
    default = await owner.fetchval(query)
    try:
        yield
    finally:
        await owner.execute(f"ALTER TABLE event_buffer ALTER COLUMN slot SET DEFAULT {default}")


async def store_slot(connection: asyncpg.Connection, guild_id: int, at: datetime, turn: int) -> None:
    """Store the events of one slot: messages, reactions, joins and leaves, voice."""
    at_ms = int(at.timestamp() * 1000)
    events = [build_message_event(guild_id, build_snowflake(at_ms + index)) for index in range(EVENTS_PER_SLOT)]
    reaction = ActivityEvent(guild_id, EventKind.REACTION, at_ms, 1, 0, 7, False, None, None, 0, 0)
    events += [reaction._replace(key=hash_event_key(f"{at_ms} {index}")) for index in range(EVENTS_PER_SLOT)]
    join = ActivityEvent(guild_id, EventKind.JOIN, at_ms, 0, 0, 7, False, None, None, 0, 0)
    events += [join._replace(user_id=turn % 5), join._replace(user_id=turn % 5, kind=EventKind.LEAVE, at_ms=at_ms + 9)]
    await append_events(connection, events)
    session = VoiceSessionRow(guild_id, at_ms // 1000 % 500, 1, at_ms, at_ms + 1000, False, False, False, open=False)
    voice = ActivityEvent(guild_id, EventKind.VOICE, at_ms, 1, 0, session.user_id, False, 1, None, 0, 0)
    await save_voice_changes(connection, [VoiceChange(session, [voice])])
    await connection.execute("INSERT INTO drain_request (at) VALUES ($1)", at)


async def purge_rows(connection: asyncpg.Connection, now: datetime) -> None:
    """Purge as the jobs of worker and bot do."""
    await connection.execute(
        "UPDATE event_key SET seen_at = $1 WHERE seen_at > $1", now
    )  # the database's clock is ahead of the test's
    await purge_event_keys(connection, now=now)
    await purge_voice_sessions(connection, now_ms=int(now.timestamp() * 1000))
    await purge_membership_periods(connection, now=now)
    await purge_drain_requests(connection, now=now)


async def move_all(connection: asyncpg.Connection, stores) -> None:
    while await move_batch(connection, stores.clickhouse_writer):
        pass
