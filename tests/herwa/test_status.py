"""`herwa status` reports processes that stall or are late, policy caches without changes, and shards as they are."""

import json
import os
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import update

from herwa.status.render import render_status
from herwa.status.status import InstanceStatus, read_status
from herwa.supervisor.process_registry import SupervisedStatus, write_process_registry
from herwa.texts import status as texts
from herwa_shared.clock import utc_now
from herwa_shared.config import Settings
from herwa_shared.models import Process
from herwa_shared.runtime.data_dir import DataFolder
from herwa_shared.runtime.process_health import ProcessHealth
from herwa_shared.services import processes
from herwa_shared.services.process_details import BotDetail, CatchUpStatus, PolicyCacheStatus, ServerDetail
from tests.support.process_rows import mark_all_processes_stopped

SUPERVISOR_PORT = 8455
HEALTHY = ProcessHealth(loop_lag_ms=3, rss_bytes=120_000_000, connections=7)
DETAIL = ServerDetail(HEALTHY, port=8321, policies=PolicyCacheStatus(servers=12, sweep_age_seconds=0.4))
BOT = BotDetail(
    health=HEALTHY,
    policies=DETAIL.policies,
    gateway="connecting",
    shard_count=2,
    guilds=0,
    held=0,
    stored=0,
    duplicates=0,
    skipped=0,
    user=None,
)


@pytest.fixture(autouse=True)
async def stopped_processes(stores) -> None:
    await mark_all_processes_stopped(stores)


async def read_status_with_detail(settings, stores, detail, *, seen_seconds_ago=0) -> InstanceStatus:
    """Read the status while a registered process of this name and PID has this heartbeat detail."""
    async with stores.database.transaction() as session:
        process_id = await processes.register_process(session, name="web")
        await processes.record_heartbeat(session, process_id=process_id, detail=detail)
    await update_process(stores, process_id, seen_at=utc_now() - timedelta(seconds=seen_seconds_ago))
    try:
        return await read_status(settings)
    finally:
        async with stores.database.transaction() as session:
            await processes.mark_process_stopped(session, process_id=process_id)


async def update_process(stores, process_id: int, **values: object) -> None:
    async with stores.database.transaction() as session:
        await session.execute(update(Process).where(Process.id == process_id).values(**values))


async def read_supervised(tmp_path, **fields: object) -> tuple[InstanceStatus, Path]:
    """Read the status of a copy whose supervisor, this process, runs one process, also this one."""
    folder = DataFolder(tmp_path)
    supervisor_settings = Settings(HERWA_DATA_DIR=tmp_path, HERWA_PORT=SUPERVISOR_PORT)
    write_process_registry(folder, supervisor_settings, [SupervisedStatus(name="web", pid=os.getpid(), **fields)])
    return await read_status(Settings(HERWA_DATA_DIR=tmp_path)), folder.logs_dir


@pytest.mark.parametrize("age", [None, 30.0])
async def test_process_without_policy_notifications_is_a_problem(settings, stores, age):
    status = await read_status_with_detail(settings, stores, replace(DETAIL, policies=PolicyCacheStatus(12, age)))
    assert texts.format_policies_stale("web") in status.problems


async def test_process_with_policy_notifications_is_shown_in_one_line(settings, stores):
    status = await read_status_with_detail(settings, stores, DETAIL)
    assert texts.format_policies_stale("web") not in status.problems
    assert texts.format_policies("web", 12, 0.4) in render_status(status).plain
    assert status.to_json()["policies"]["web"] == {"servers": 12, "sweep_age_seconds": 0.4}


async def test_loop_lag_memory_and_connections_of_a_process_are_shown(settings, stores):
    status = await read_status_with_detail(settings, stores, DETAIL)
    [line] = [line for line in render_status(status).plain.splitlines() if line.startswith("web ")]
    assert line.split()[1:] == [str(os.getpid()), str(settings.port), "3", "ms", "120", "MB", "7", "●", "running"]
    [process] = [process for process in status.to_json()["processes"] if process["name"] == "web"]
    assert process.items() >= {"loop_lag_ms": 3, "rss_bytes": 120_000_000, "connections": 7}.items()


async def test_late_event_loop_is_a_problem(settings, stores):
    late = ProcessHealth(loop_lag_ms=6_000, rss_bytes=1)
    status = await read_status_with_detail(settings, stores, replace(DETAIL, health=late))
    assert texts.format_process_slow("web", 6_000) in status.problems


async def test_running_process_without_heartbeats_is_a_problem(settings, stores):
    status = await read_status_with_detail(settings, stores, DETAIL, seen_seconds_ago=30)
    [process] = [process for process in status.processes if process.name == "web"]
    assert texts.format_process_silent("web", process.silent_seconds, process.host) in status.problems
    assert texts.format_process_missing("web") not in status.problems


async def test_ended_process_without_heartbeats_is_not_a_problem_of_its_own(settings, stores):
    async with stores.database.transaction() as session:
        process_id = await processes.register_process(session, name="web")
    unused_pid = 2**22 + 1  # above the largest PID of Linux
    await update_process(stores, process_id, seen_at=utc_now() - timedelta(seconds=30), pid=unused_pid)
    assert "web" not in {process.name for process in (await read_status(settings)).processes}


@pytest.mark.parametrize("detail", [{}, {"port": 1, "policies": 12, "policy_sweep_age": 0.4}, {"health": "good"}])
async def test_process_of_another_version_is_shown_without_details(settings, stores, detail):
    async with stores.database.transaction() as session:
        process_id = await processes.register_process(session, name="web")
    await update_process(stores, process_id, detail=detail)
    status = await read_status(settings)
    async with stores.database.transaction() as session:
        await processes.mark_process_stopped(session, process_id=process_id)
    assert [(process.name, process.health) for process in status.processes if process.host] == [("web", None)]
    assert "web" in render_status(status).plain


async def test_only_connected_shards_are_counted(settings, stores):
    status = await read_status_with_detail(settings, stores, DETAIL)
    status.gateway = replace(BOT, shards={"0": "disconnected", "1": "connected"})
    assert texts.format_gateway("connecting", 1, 2, 0, 0) in render_status(status).plain


@pytest.mark.parametrize("counts", [(12, 3_400, 0), (0, 3_400, 2), (0, 0, 1), (0, 0, 0)])
async def test_progress_of_the_catch_up_is_shown_if_messages_were_missed(settings, stores, counts):
    status = await read_status_with_detail(settings, stores, DETAIL)
    status.gateway = replace(BOT, catch_up=CatchUpStatus(*counts))
    assert (texts.format_catch_up(*counts) in render_status(status).plain) is any(counts)


@pytest.mark.parametrize(("restarts", "uptime_seconds", "is_problem"), [(3, 5, True), (2, 5, False), (3, 90, False)])
async def test_process_that_ends_again_and_again_is_a_problem(tmp_path, restarts, uptime_seconds, is_problem):
    since = utc_now() - timedelta(seconds=uptime_seconds)
    status, logs_dir = await read_supervised(tmp_path, restarts=restarts, since=since, health=HEALTHY)
    assert (texts.format_process_restarting("web", restarts, logs_dir) in status.problems) is is_problem


@pytest.mark.parametrize(("seconds", "is_problem"), [(12.0, True), (2.0, False)])
async def test_supervised_process_that_reports_no_health_is_a_problem(tmp_path, seconds, is_problem):
    status, _ = await read_supervised(tmp_path, since=utc_now(), health=HEALTHY, silent_seconds=seconds)
    assert (texts.format_process_silent("web", seconds, None) in status.problems) is is_problem


@pytest.mark.parametrize(("minutes", "is_problem"), [(5, True), (90, False)])
async def test_stall_is_reported_for_an_hour(tmp_path, minutes, is_problem):
    at = utc_now() - timedelta(minutes=minutes)
    status, logs_dir = await read_supervised(tmp_path, since=at, health=HEALTHY, stalls=2, stalled_at=at)
    assert (texts.format_process_stalls("web", 2, at, logs_dir) in status.problems) is is_problem


async def test_address_is_that_of_the_running_copy_and_not_of_the_settings_here(tmp_path):
    status, _ = await read_supervised(tmp_path, since=utc_now(), health=HEALTHY)
    assert (status.url, status.ports["herwa"]) == (f"http://localhost:{SUPERVISOR_PORT}", SUPERVISOR_PORT)


@pytest.mark.parametrize(("minutes", "is_problem"), [(6, True), (1, False)])
async def test_start_that_does_not_end_is_a_problem(tmp_path, minutes, is_problem):
    status, logs_dir = await read_supervised(tmp_path, since=utc_now() - timedelta(minutes=minutes))
    assert (texts.format_process_starting("web", logs_dir) in status.problems) is is_problem


async def test_supervisor_that_does_not_watch_its_processes_is_a_problem(tmp_path):
    await read_supervised(tmp_path, since=utc_now(), health=HEALTHY)
    path = tmp_path / "run" / "up.json"
    registry = json.loads(path.read_text())
    path.write_text(json.dumps({**registry, "written_at": (utc_now() - timedelta(seconds=40)).isoformat()}))
    status = await read_status(Settings(HERWA_DATA_DIR=tmp_path))
    assert any(problem.startswith("`herwa up` hasn't responded") for problem in status.problems)
