"""The worker erases members and deletes guilds, also if it is killed in the middle again and again."""

import asyncio
import os
import signal
import sys
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import text

from herwa_shared.clock import utc_now
from herwa_shared.privacy.erasure import is_finished, request_erasure
from herwa_shared.privacy.guild_deletion import GUILD_RETENTION
from tests.support.bot_process import REPOSITORY_ROOT
from tests.support.db_assertions import fetch_rows
from tests.support.row_factories import EventRow, add_guild, insert_events
from tests.support.waiting import wait_until

MEMBER, OTHER = 1_000_000_000_000_000_177, 1_000_000_000_000_000_188
COUNTS_SQL = """
SELECT toString(kind) AS name, hour AS moment, channel_id, sum(events), sum(total) FROM activity_hourly
WHERE guild_id = {guild:UInt64} GROUP BY ALL ORDER BY ALL
"""
MEMBERS_SQL = "SELECT DISTINCT user_id FROM activity_hourly WHERE guild_id = {guild:UInt64}"


async def fetch(stores, sql: str, guild_id: int) -> list:
    return (await stores.clickhouse.query(sql, parameters={"guild": guild_id})).result_rows


async def start_worker(settings) -> asyncio.subprocess.Process:
    """Start a worker and wait until its jobs run."""
    environment = {
        **os.environ,
        **dict.fromkeys(("DATABASE_URL", "CLICKHOUSE_URL", "REDIS_URL", "HERWA_SUPERVISED"), ""),
        "HERWA_DATA_DIR": str(settings.data_dir),
    }
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "herwa_worker", env=environment, cwd=REPOSITORY_ROOT, stderr=asyncio.subprocess.PIPE
    )
    while (line := await process.stderr.readline()) and b"worker started" not in line:
        pass
    return process


@pytest.mark.slow
async def test_worker_that_is_killed_again_and_again_erases_exactly_once(stores, settings):
    guild_id, now = await add_guild(stores), utc_now()
    months = [now - timedelta(days=31 * number) for number in range(60)]
    events = [EventRow(at, user, kind="voice", value=60) for at in months for user in (MEMBER, OTHER, 0) for _ in "ab"]
    await insert_events(stores, guild_id, events)
    before = await fetch(stores, COUNTS_SQL, guild_id)
    async with stores.database.transaction() as session:
        request = await request_erasure(session, guild_id=guild_id, user_id=MEMBER)
    for delay in (0.1, 0.4, 0.9, 1.3):
        process = await start_worker(settings)
        await asyncio.sleep(delay)
        process.send_signal(signal.SIGKILL)
        await process.wait()
        assert await fetch(stores, COUNTS_SQL, guild_id) == before

    async def is_erased() -> bool:
        async with stores.database.transaction() as session:
            return await is_finished(session, request_id=request.request_id)

    process = await start_worker(settings)
    try:
        await wait_until(is_erased, timeout_seconds=120)
    finally:
        process.kill()
        await process.wait()
    assert await fetch(stores, COUNTS_SQL, guild_id) == before
    assert (MEMBER,) not in await fetch(stores, MEMBERS_SQL, guild_id)


@pytest.mark.slow
async def test_worker_deletes_a_guild_that_was_left_30_days_ago(stores, settings):
    guild_id = await add_guild(stores)
    await insert_events(stores, guild_id, [EventRow(datetime(2026, 1, 2, tzinfo=UTC), MEMBER)])
    left_at = utc_now() - GUILD_RETENTION - timedelta(minutes=1)
    async with stores.database.transaction() as session:
        await session.execute(
            text("UPDATE guild SET left_at = :left_at WHERE id = :guild"), {"left_at": left_at, "guild": guild_id}
        )
    query = "SELECT finished_at IS NOT NULL FROM guild_deletion WHERE guild_id = :guild"

    async def is_deleted() -> bool:
        return await fetch_rows(stores, query, guild=guild_id) == [(True,)]

    process = await start_worker(settings)
    try:
        await wait_until(is_deleted, timeout_seconds=120)
    finally:
        process.kill()
        await process.wait()
    assert await fetch_rows(stores, "SELECT id FROM guild WHERE id = :guild", guild=guild_id) == []
    assert await fetch(stores, COUNTS_SQL, guild_id) == []
