"""An export whose worker or ClickHouse is killed at random moments has the bytes of one that was never disturbed."""

import asyncio
import hashlib
import os
import random
import signal
from datetime import timedelta

import pytest

from herwa_shared.clock import utc_now
from herwa_shared.embedded import lease_engines
from herwa_shared.embedded.engine_process import read_record
from herwa_shared.exports.files import open_export_folder
from herwa_shared.exports.jobs import ExportCreator, ExportRequest, create_export, preview_export
from herwa_shared.exports.tables import DataSet, ExportFormat
from herwa_shared.models import ExportJob
from herwa_shared.services.audit import SYSTEM
from tests.support.row_factories import add_guild
from tests.support.waiting import wait_until
from tests.worker.test_privacy_jobs import start_worker

KILLS, CLICKHOUSE_KILLS = 20, 6
ROWS = 400_000
FILL_SQL = """
INSERT INTO activity_events (guild_id, kind, at, channel_id, thread_id, user_id, reply, value, attachments)
SELECT {guild:UInt64}, 'message', toDateTime64({start:UInt32}, 3, 'UTC') + number * {step:Float64},
    1 + number % 40, 0, 1 + cityHash64(number) % 5000, number % 7 = 0, number % 300, number % 3
FROM numbers({rows:UInt64})
"""


async def fill(stores, guild_id: int, *, rows: int) -> None:
    """Insert messages of the last 80 days, and of the 80 days before."""
    for days in (160, 81):
        start = utc_now() - timedelta(days=days)
        parameters = {"guild": guild_id, "start": int(start.timestamp()), "step": 80 * 86_400 / rows, "rows": rows}
        await stores.clickhouse_writer.command(FILL_SQL, parameters=parameters)


async def start_export(stores, guild_id: int, export_format: ExportFormat) -> int:
    now = utc_now()
    request = ExportRequest(
        (DataSet.MESSAGES, DataSet.SUMMARIES), export_format, now - timedelta(days=200), now, with_members=True
    )
    preview = await preview_export(stores.clickhouse, guild_id=guild_id, request=request, now=now)
    async with stores.database.transaction() as session:
        job = await create_export(
            session, ExportCreator(SYSTEM), guild_id=guild_id, request=request, preview=preview, max_rows=None
        )
        return job.id


async def load_job(stores, job_id: int) -> ExportJob:
    async with stores.database.transaction() as session:
        return await session.get_one(ExportJob, job_id)


async def finish(stores, settings, job_id: int) -> ExportJob:
    async def is_finished() -> bool:
        return (await load_job(stores, job_id)).state not in ("queued", "running")

    process = await start_worker(settings)
    try:
        await wait_until(is_finished, timeout_seconds=180)
    finally:
        process.kill()
        await process.wait()
    return await load_job(stores, job_id)


async def restart(stores, job_id: int) -> None:
    """Let the same export be written again, so that its README has the same dates."""
    async with stores.database.acquire_connection() as connection:
        await connection.execute("DELETE FROM export_part WHERE job_id = $1", job_id)
        await connection.execute(
            "UPDATE export_job SET state = 'queued', planned_at = NULL, finished_at = NULL, done_rows = 0,"
            " file_digest = NULL WHERE id = $1",
            job_id,
        )


@pytest.mark.slow
@pytest.mark.parametrize("export_format", [ExportFormat.CSV, ExportFormat.PARQUET])
async def test_export_of_a_worker_that_is_killed_again_and_again_has_the_same_bytes(stores, settings, export_format):
    guild_id, rng = await add_guild(stores), random.Random(15)
    await fill(stores, guild_id, rows=ROWS)
    job_id = await start_export(stores, guild_id, export_format)
    undisturbed = await finish(stores, settings, job_id)
    assert undisturbed.state == "ready"
    export_folder = open_export_folder(settings)
    expected = hashlib.sha256(export_folder.open_file(job_id).read()).digest()

    await restart(stores, job_id)
    kills_at_work = 0
    for _ in range(KILLS):
        process = await start_worker(settings)
        await asyncio.sleep(rng.uniform(0.05, 1.2))
        process.send_signal(signal.SIGKILL)
        await process.wait()
        job = await load_job(stores, job_id)
        kills_at_work += job.lease is not None
        async with stores.database.acquire_connection() as connection:  # as if the lease had ended meanwhile
            await connection.execute("UPDATE export_job SET leased_until = now() WHERE id = $1", job_id)
        if job.state == "ready":
            await restart(stores, job_id)
    assert kills_at_work >= 3
    disturbed = await finish(stores, settings, job_id)
    assert (disturbed.state, disturbed.done_rows) == ("ready", undisturbed.done_rows)
    assert hashlib.sha256(export_folder.open_file(job_id).read()).digest() == expected


@pytest.mark.slow
async def test_export_during_which_clickhouse_is_killed_has_the_same_bytes(stores, settings, folder):
    guild_id, rng = await add_guild(stores), random.Random(16)
    await fill(stores, guild_id, rows=ROWS)
    job_id = await start_export(stores, guild_id, ExportFormat.CSV)
    await finish(stores, settings, job_id)
    export_folder = open_export_folder(settings)
    expected = hashlib.sha256(export_folder.open_file(job_id).read()).digest()

    await restart(stores, job_id)
    process, kills_at_work = await start_worker(settings), 0
    for _ in range(CLICKHOUSE_KILLS):
        await asyncio.sleep(rng.uniform(0.2, 0.8))
        kills_at_work += (await load_job(stores, job_id)).state in ("queued", "running")
        os.kill(read_record(folder, "clickhouse").pid, signal.SIGKILL)
        with await asyncio.to_thread(lease_engines, settings, folder):  # starts what is missing, as the supervisor does
            pass
    process.kill()
    await process.wait()
    assert kills_at_work >= 3
    async with stores.database.acquire_connection() as connection:
        await connection.execute("UPDATE export_job SET leased_until = now() WHERE id = $1", job_id)
    disturbed = await finish(stores, settings, job_id)
    assert disturbed.state == "ready"
    assert hashlib.sha256(export_folder.open_file(job_id).read()).digest() == expected
