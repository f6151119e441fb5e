"""`herwa status` reports processes without policy changes, and shards as they are."""

import os
from datetime import timedelta

import pytest

from herwa.status.render import render_status
from herwa.status.status import InstanceStatus, read_status
from herwa.supervisor.process_registry import write_process_registry
from herwa.texts import status as texts
from herwa_shared.clock import utc_now
from herwa_shared.config import Settings
from herwa_shared.runtime.data_dir import DataFolder
from herwa_shared.services import processes


async def read_status_with_detail(settings, stores, detail: dict[str, object]) -> InstanceStatus:
    """Read the status while a registered process has this heartbeat detail."""
    async with stores.database.transaction() as session:
        process_id = await processes.register_process(session, name="probe")
        await processes.record_heartbeat(session, process_id=process_id, detail=detail)
    try:
        return await read_status(settings)
    finally:
        async with stores.database.transaction() as session:
            await processes.mark_process_stopped(session, process_id=process_id)


@pytest.mark.parametrize("age", [None, 30.0])
async def test_process_without_policy_notifications_is_a_problem(settings, stores, age):
    status = await read_status_with_detail(settings, stores, {"policies": 12, "policy_sweep_age": age})
    assert texts.format_policies_stale("probe") in status.problems


async def test_process_with_policy_notifications_is_shown_in_one_line(settings, stores):
    status = await read_status_with_detail(settings, stores, {"policies": 12, "policy_sweep_age": 0.4})
    assert texts.format_policies_stale("probe") not in status.problems
    assert texts.format_policies("probe", 12, 0.4) in render_status(status).plain
    assert status.to_json()["policies"]["probe"] == {"servers": 12, "sweep_age_seconds": 0.4}


async def test_only_connected_shards_are_counted(settings, stores):
    status = await read_status_with_detail(settings, stores, {})
    status.gateway = {"gateway": "connecting", "shards": {"0": "disconnected", "1": "connected"}, "shard_count": 2}
    assert texts.format_gateway("connecting", 1, 2, 0, 0) in render_status(status).plain


@pytest.mark.parametrize(("pending", "fetched"), [(12, 3_400), (0, 3_400), (0, 0)])
async def test_progress_of_the_catch_up_is_shown_if_messages_were_missed(settings, stores, pending, fetched):
    status = await read_status_with_detail(settings, stores, {})
    status.gateway = {"catch_up": {"pending_channels": pending, "fetched_messages": fetched}}
    assert (texts.format_catch_up(pending, fetched) in render_status(status).plain) is bool(pending or fetched)


@pytest.mark.parametrize(("restarts", "uptime_seconds", "is_problem"), [(3, 5, True), (2, 5, False), (3, 90, False)])
async def test_process_that_ends_again_and_again_is_a_problem(tmp_path, restarts, uptime_seconds, is_problem):
    folder = DataFolder(tmp_path)
    since = (utc_now() - timedelta(seconds=uptime_seconds)).isoformat()
    write_process_registry(folder, [{"name": "web", "pid": os.getpid(), "restarts": restarts, "since": since}])

    status = await read_status(Settings(HERWA_DATA_DIR=tmp_path))

    assert (texts.format_process_restarting("web", restarts, folder.logs_dir) in status.problems) is is_problem
