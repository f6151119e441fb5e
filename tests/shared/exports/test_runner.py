"""Exports are written part by part: interrupted, paused, canceled, in turns, and without a trace after a failure."""

import asyncio
import hashlib
import zipfile
from datetime import timedelta

import pytest
from sqlalchemy import text

import herwa_shared.exports.files as files_module
import herwa_shared.exports.runner as runner_module
from herwa_shared.clock import utc_now
from herwa_shared.errors import NotFound, ServiceUnavailable
from herwa_shared.exports.cleanup import apply_choices, delete_expired_exports
from herwa_shared.exports.jobs import (
    ExportNotPossible,
    ExportState,
    ExportTooLarge,
    cancel_export,
    get_export,
    pause_export,
    resume_export,
)
from herwa_shared.exports.runner import ExportRunner
from herwa_shared.privacy.choices import set_opt_out
from tests.shared.exports.conftest import ACTOR, MEMBERS, finish_export, load_job, run_until, start_export
from tests.support.row_factories import add_guild, add_member
from tests.support.waiting import wait_until


async def change(stores, job_id: int, act) -> None:
    async with stores.database.transaction() as session:
        job = await get_export(session, guild_id=(await load_job(stores, job_id)).guild_id, export_id=job_id)
        await act(session, ACTOR, job=job)


@pytest.mark.slow
async def test_part_that_was_interrupted_is_written_again_and_the_file_is_the_same(
    stores, runner, folder, guild, monkeypatch
):
    job_id = await start_export(stores, guild)
    undisturbed = await finish_export(stores, runner, job_id)
    expected = hashlib.sha256(folder.open_file(job_id).read()).hexdigest()

    write_part, calls = runner_module.write_part, 0

    async def fail_every_second_time(*arguments, **options):
        nonlocal calls
        calls += 1
        written = await write_part(*arguments, **options)
        if calls % 2:
            raise ServiceUnavailable
        return written

    monkeypatch.setattr(runner_module, "write_part", fail_every_second_time)
    async with stores.database.acquire_connection() as connection:
        await connection.execute(
            "UPDATE export_job SET state = 'queued', planned_at = NULL, done_rows = 0 WHERE id = $1", job_id
        )
    monkeypatch.setattr(runner_module, "RETRY", runner_module.RetryPolicy(0.01, 0.01))
    disturbed = await finish_export(stores, runner, job_id, allows_failures=True)
    assert calls > 4
    assert disturbed.file_digest == undisturbed.file_digest
    assert hashlib.sha256(folder.open_file(job_id).read()).hexdigest() == expected
    assert disturbed.done_rows == undisturbed.done_rows


async def test_lease_of_a_killed_writer_ends_and_another_one_goes_on(stores, runner, folder, guild, monkeypatch):
    job_id = await start_export(stores, guild)
    await run_until(stores, runner, job_id, lambda job: job.done_rows > 0)
    done_rows = (await load_job(stores, job_id)).done_rows
    monkeypatch.setattr(runner_module, "LEASE_SECONDS", 0.5)
    hanging = ExportRunner(stores.database, stores.clickhouse_writer, folder)
    monkeypatch.setattr(hanging, "_run", lambda _: asyncio.Event().wait())
    task = asyncio.create_task(hanging.run_step())

    async def is_leased() -> bool:
        return (await load_job(stores, job_id)).lease is not None

    await wait_until(is_leased, interval_seconds=0.05)
    task.cancel()
    job = await finish_export(stores, runner, job_id)
    assert (job.state, job.done_rows > done_rows) == (ExportState.READY, True)


async def test_paused_export_goes_on_where_it_was(stores, runner, guild):
    job_id = await start_export(stores, guild)
    await run_until(stores, runner, job_id, lambda job: job.done_rows > 0)
    await change(stores, job_id, pause_export)
    with pytest.raises(ExportNotPossible):
        await change(stores, job_id, pause_export)
    paused = await load_job(stores, job_id)
    for _ in range(3):
        await runner.run_step()
    assert (await load_job(stores, job_id)).done_rows == paused.done_rows
    await change(stores, job_id, resume_export)
    assert (await finish_export(stores, runner, job_id)).state == ExportState.READY


async def test_canceled_export_leaves_no_file(stores, runner, folder, guild):
    job_id = await start_export(stores, guild)
    await run_until(stores, runner, job_id, lambda job: job.done_rows > 0)
    await change(stores, job_id, cancel_export)
    await delete_expired_exports(stores.database, folder, now=utc_now())
    assert job_id not in set(folder.list_ids())
    assert (await load_job(stores, job_id)).state == ExportState.CANCELED


async def test_guilds_take_turns_and_a_guild_has_one_export_in_work(stores, runner, guild):
    other = await add_guild(stores)
    first, second = await start_export(stores, guild), await start_export(stores, guild)
    foreign = await start_export(stores, other)
    job = await finish_export(stores, runner, foreign)
    assert job.state == ExportState.READY
    assert (await load_job(stores, first)).state == ExportState.RUNNING, (
        "the small export did not wait for the large one"
    )
    assert (await load_job(stores, second)).state == ExportState.QUEUED
    await finish_export(stores, runner, second)
    assert (await load_job(stores, first)).state == ExportState.READY


async def test_full_disk_is_an_error_that_leaves_nothing(stores, runner, folder, guild, monkeypatch):
    job_id = await start_export(stores, guild)
    await run_until(stores, runner, job_id, lambda job: job.done_rows > 0)
    monkeypatch.setattr(files_module, "MIN_FREE_BYTES", 1 << 60)
    job = await finish_export(stores, runner, job_id)
    assert (job.state, job.error) == (ExportState.FAILED, "disk_full")
    assert job_id not in set(folder.list_ids())


async def test_export_beyond_the_limit_of_rows_is_refused_or_stopped(stores, runner, folder, guild):
    with pytest.raises(ExportTooLarge):
        await start_export(stores, guild, max_rows=3)
    job_id = await start_export(stores, guild)
    async with stores.database.acquire_connection() as connection:
        await connection.execute("UPDATE export_job SET max_rows = 3 WHERE id = $1", job_id)
    job = await finish_export(stores, runner, job_id)
    assert (job.state, job.error) == (ExportState.FAILED, "too_many_rows")
    assert job_id not in set(folder.list_ids())


async def test_member_who_opts_out_is_in_no_file_any_more(stores, runner, folder, guild):
    await add_member(stores, guild, MEMBERS[1], "Grace the Writer")
    await add_member(stores, guild, 88, "Mallory the Silent")
    job_id = await start_export(stores, guild)
    await finish_export(stores, runner, job_id)
    member = str(MEMBERS[1]).encode()
    assert all(text in folder.open_file(job_id).read() for text in (member, b"Grace the Writer", b"Mallory"))
    async with stores.database.transaction() as session:
        await set_opt_out(session, guild_id=guild, user_id=MEMBERS[1], opted_out=True)
    await apply_choices(stores.database, stores.clickhouse_writer)
    assert (await load_job(stores, job_id)).state == ExportState.QUEUED
    job = await finish_export(stores, runner, job_id)
    content = folder.open_file(job_id).read()
    assert job.state == ExportState.READY
    assert not [text for text in (member, b"Grace the Writer") if text in content]
    assert str(MEMBERS[0]).encode() in content
    await apply_choices(stores.database, stores.clickhouse_writer)
    assert (await load_job(stores, job_id)).state == ExportState.READY, "it is checked and stays"
    async with stores.database.transaction() as session:
        await set_opt_out(session, guild_id=None, user_id=88, opted_out=True)
    await apply_choices(stores.database, stores.clickhouse_writer)
    await finish_export(stores, runner, job_id)
    assert b"Mallory" not in folder.open_file(job_id).read(), "a member without events has a name only"


async def test_file_is_deleted_after_a_week_and_audited(stores, runner, folder, guild):
    job_id = await start_export(stores, guild)
    await finish_export(stores, runner, job_id)
    await delete_expired_exports(stores.database, folder, now=utc_now() + timedelta(days=6))
    assert folder.get_index(job_id).exists()
    await delete_expired_exports(stores.database, folder, now=utc_now() + timedelta(days=7, minutes=1))
    assert not folder.get_index(job_id).exists()
    assert (await load_job(stores, job_id)).state == ExportState.DELETED
    async with stores.database.transaction() as session:
        rows = (
            await session.execute(
                text("SELECT action FROM audit_entry WHERE guild_id = :guild ORDER BY number"), {"guild": guild}
            )
        ).scalars()
        assert list(rows) == ["export.create", "export.delete"]


async def test_foreign_guild_does_not_find_the_export(stores, guild):
    job_id = await start_export(stores, guild)
    async with stores.database.transaction() as session:
        with pytest.raises(NotFound):
            await get_export(session, guild_id=await add_guild(stores), export_id=job_id)
    await change(stores, job_id, cancel_export)


async def test_damaged_part_lets_the_export_be_written_again(stores, runner, folder, guild):
    job_id = await start_export(stores, guild)
    await run_until(stores, runner, job_id, lambda job: job.done_rows > 1)
    part = folder.get_part(job_id, 1)
    part.write_bytes(part.read_bytes()[:-1] + b"?")
    done = await finish_export(stores, runner, job_id)
    assert (done.state, done.done_rows) == (ExportState.READY, done.estimated_rows)
    with zipfile.ZipFile(folder.open_file(job_id)) as archive:
        lines = [line.split() for line in archive.read("SHA256SUMS").decode().splitlines()]
        assert {name: hashlib.sha256(archive.read(name)).hexdigest() for _, name in lines} == {n: d for d, n in lines}


async def test_file_that_is_written_again_while_it_is_read_is_not_mixed(stores, runner, folder, guild):
    job_id = await start_export(stores, guild)
    await finish_export(stores, runner, job_id)
    before = folder.open_file(job_id).read()
    reader = folder.open_file(job_id)
    assert reader.read(100) == before[:100]
    async with stores.database.transaction() as session:
        await set_opt_out(session, guild_id=guild, user_id=MEMBERS[1], opted_out=True)
    await apply_choices(stores.database, stores.clickhouse_writer)
    await finish_export(stores, runner, job_id)
    with pytest.raises(FileNotFoundError):
        reader.read()
    assert folder.open_file(job_id).read() != before
