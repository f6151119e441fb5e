"""The health of a copy: silent and stopped processes, blocked loops, absent shards, a full disk, failing jobs."""

import asyncio
import os
import subprocess
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import update

from herwa_shared.clock import utc_now
from herwa_shared.errors import NotFound
from herwa_shared.models import Process
from herwa_shared.operators.health import SILENCE, HealthProblem, HealthReport, ProblemKind, load_health, read_disk
from herwa_shared.operators.jobs import request_job, take_job_requests
from herwa_shared.runtime.process_health import ProcessHealth
from herwa_shared.services import processes
from herwa_shared.services.audit import SYSTEM
from herwa_shared.services.process_details import (
    BotDetail,
    JobStatus,
    PolicyCacheStatus,
    ProcessDetail,
    ShardDetail,
    WorkerDetail,
)
from herwa_shared.stores import Stores
from tests.support.process_rows import mark_all_processes_stopped

HEALTHY = ProcessHealth(loop_lag_ms=3, rss_bytes=120_000_000)
POLICIES = PolicyCacheStatus(1, 0.1)
MAX_FILL_BYTES = 1 << 20


@pytest.fixture(autouse=True)
async def stopped_processes(stores: Stores) -> None:
    await mark_all_processes_stopped(stores)


def build_bot(**shards: tuple[str, float | None]) -> BotDetail:
    return BotDetail(
        health=HEALTHY,
        policies=POLICIES,
        gateway="connecting",
        shard_count=3,
        guilds=1,
        held=7,
        stored=0,
        duplicates=0,
        skipped=0,
        user=None,
        shards={name.removeprefix("shard"): state for name, (state, _) in shards.items()},
        shard_details={name.removeprefix("shard"): ShardDetail(2.5, age) for name, (_, age) in shards.items()},
    )


async def load_with(
    stores: Stores, data_dir: Path, name: str, detail: ProcessDetail, **columns: object
) -> HealthReport:
    """Load the health while a process of this name has sent a heartbeat."""
    async with stores.database.transaction() as session:
        process_id = await processes.register_process(session, name=name)
        await processes.record_heartbeat(session, process_id=process_id, detail=detail)
        if columns:
            await session.execute(update(Process).where(Process.id == process_id).values(**columns))
    try:
        return await load_health(stores.database, data_dir)
    finally:
        async with stores.database.transaction() as session:
            await session.execute(
                update(Process).where(Process.id == process_id).values(seen_at=utc_now() - timedelta(hours=2))
            )


async def test_silent_stopped_and_blocked_processes_are_problems(stores: Stores, data_dir: Path):
    worker = WorkerDetail(HEALTHY, 0, 0, [JobStatus("purge", 60.0, failures=2, last_error="disk")])
    report = await load_with(stores, data_dir, "worker", worker)
    assert HealthProblem(ProblemKind.PROCESS, "worker") not in report.problems
    assert HealthProblem(ProblemKind.JOB, "purge") in report.problems
    assert HealthProblem(ProblemKind.PROCESS, "bot") in report.problems
    for columns in ({"seen_at": utc_now() - SILENCE - timedelta(seconds=1)}, {"stopped_at": utc_now()}):
        report = await load_with(stores, data_dir, "worker", worker, **columns)
        assert HealthProblem(ProblemKind.PROCESS, "worker") in report.problems
        assert report.jobs == ()
    blocked = WorkerDetail(ProcessHealth(loop_lag_ms=4_000, rss_bytes=1), 0, 0)
    report = await load_with(stores, data_dir, "worker", blocked)
    assert HealthProblem(ProblemKind.LOOP, "worker") in report.problems


async def test_shards_without_a_connection_are_problems(stores: Stores, data_dir: Path):
    bot = build_bot(shard0=("connected", 12.0), shard1=("connected", 300.0))
    report = await load_with(stores, data_dir, "bot", bot)
    assert [(shard.id, shard.is_connected, shard.events_per_second) for shard in report.shards] == [
        (0, True, 2.5),
        (1, False, 2.5),
        (2, False, 0.0),
    ]
    assert report.held == 7
    shard_problems = {problem.subject for problem in report.problems if problem.kind is ProblemKind.SHARD}
    assert shard_problems == {"1", "2"}
    silent = await load_with(stores, data_dir, "bot", bot, seen_at=utc_now() - SILENCE - timedelta(seconds=1))
    assert not any(shard.is_connected for shard in silent.shards)


async def test_errors_and_slow_questions_are_grouped(stores: Stores, data_dir: Path):
    async with stores.database.transaction() as session:
        process_id = await processes.register_process(session, name="api")
        error = {"event": "request failed", "kind": "KeyError", "level": "error", "count": 3, "last_at": 1.0}
        slow = {"guild_id": 1 << 60, "question": "stats", "milliseconds": 900, "at": 1.0}
        detail = {"report": {"errors": [error], "questions": [slow]}}
        await session.execute(update(Process).where(Process.id == process_id).values(detail=detail))
    report = await load_health(stores.database, data_dir)
    group = next(group for group in report.errors if group.kind == "KeyError")
    assert (group.process, group.event, group.count) == ("api", "request failed", 3)
    assert (report.slow_queries[0].guild_id, report.slow_queries[0].milliseconds) == (1 << 60, 900)
    assert report.to_json()["slow_queries"][0]["guild_id"] == str(1 << 60)
    async with stores.database.transaction() as session:
        await processes.mark_process_stopped(session, process_id=process_id)
        await session.execute(
            update(Process).where(Process.id == process_id).values(seen_at=utc_now() - timedelta(hours=2))
        )


async def test_requested_job_must_exist_and_is_taken_once(stores: Stores, data_dir: Path):
    async with stores.database.transaction() as session:
        with pytest.raises(NotFound):
            await request_job(session, name="nothing", actor=SYSTEM)
        process_id = await processes.register_process(session, name="worker")
        detail = WorkerDetail(HEALTHY, 0, 0, [JobStatus("purge", 60.0)])
        await processes.record_heartbeat(session, process_id=process_id, detail=detail)
        await request_job(session, name="purge", actor=SYSTEM)
        await request_job(session, name="purge", actor=SYSTEM)
        assert await take_job_requests(session) == ["purge"]
        assert await take_job_requests(session) == []
        await session.rollback()


@pytest.mark.slow
@pytest.mark.skipif(os.geteuid() != 0, reason="mounts a small file system")
async def test_full_disk_is_seen(tmp_path: Path):
    mount = await asyncio.to_thread(
        subprocess.run, ["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", str(tmp_path)], check=False
    )
    assert mount.returncode == 0, "this test needs a machine that allows mounts"
    try:
        assert not read_disk(tmp_path).is_full
        (tmp_path / "file").write_bytes(bytes(MAX_FILL_BYTES - 16_384))
        assert read_disk(tmp_path).is_full
    finally:
        await asyncio.to_thread(subprocess.run, ["umount", str(tmp_path)], check=True)


async def test_running_process_comes_before_a_newer_one_that_was_stopped(stores: Stores, data_dir: Path):
    worker = WorkerDetail(HEALTHY, 0, 0)
    async with stores.database.transaction() as session:
        running_id = await processes.register_process(session, name="worker")
        await processes.record_heartbeat(session, process_id=running_id, detail=worker)
    report = await load_with(stores, data_dir, "worker", worker, stopped_at=utc_now())
    assert HealthProblem(ProblemKind.PROCESS, "worker") not in report.problems
