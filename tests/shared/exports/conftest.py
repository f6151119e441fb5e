"""A guild with every kind of event, before and after the border of precise events, and a runner of exports."""

from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import update
from sqlmodel import col

from herwa_shared.clock import utc_now
from herwa_shared.exports.files import ExportFolder
from herwa_shared.exports.jobs import (
    OPEN_STATES,
    ExportCreator,
    ExportRequest,
    ExportState,
    create_export,
    preview_export,
)
from herwa_shared.exports.runner import ExportRunner
from herwa_shared.exports.tables import DataSet, ExportFormat
from herwa_shared.models import ExportJob
from herwa_shared.services.audit import Actor, ChangeSource
from herwa_shared.stores import Stores
from tests.support.row_factories import COMMAND_COLUMNS, EVENT_COLUMNS, OWNER_ID, add_channel, add_guild
from tests.support.waiting import wait_until

ACTOR = Actor(ChangeSource.WEB, OWNER_ID, "Owner")
MEMBERS = (1_000_000_000_000_000_077, 1_000_000_000_000_000_088, 1_000_000_000_000_000_099)
DAYS = (2, 20, 45, 150, 200)
"""Ages of the events; the last two are before the border."""
HOSTILE_NAME = '=HYPERLINK("http://evil.example";"a"),\n@x'


def build_rows(guild_id: int, now: datetime) -> list[list[object]]:
    """Rows of `activity_events` with the columns of commands; the value is the position of the row."""
    rows: list[list[object]] = []
    for day in DAYS:
        at = (now - timedelta(days=day)).replace(hour=10, minute=0, second=0, microsecond=0)
        for number, member in enumerate(MEMBERS):
            moment = at + timedelta(minutes=number, milliseconds=123)
            rows += [
                [guild_id, "message", moment, 11, 0, member, True, 10 + number, 1, "", "", ""],
                [guild_id, "message", moment, 11, 12, member, False, None, None, "", "", ""],
                [guild_id, "reaction", moment, 11, 0, member, False, None, None, "", "", ""],
                [guild_id, "voice", moment, 21, 0, member, False, 60 * (number + 1), None, "", "", ""],
                [guild_id, "command", moment, 11, 0, member, False, 35, None, "server-stats", "command", "ok"],
            ]
        rows += [
            [guild_id, "join", at, 0, 0, MEMBERS[0], False, None, None, "", "", ""],
            [guild_id, "leave", at, 0, 0, MEMBERS[1], False, 86_400, None, "", "", ""],
            [guild_id, "message_delete", at, 11, 0, 0, False, None, None, "", "", ""],
            [guild_id, "boost", at, 0, 0, MEMBERS[2], False, None, None, "", "", ""],
            [guild_id, "member_count", at, 0, 0, 0, False, 500 + day, None, "", "", ""],
        ]
    return rows


@pytest.fixture
async def guild(stores: Stores) -> int:
    guild_id = await add_guild(stores)
    await stores.clickhouse_writer.insert(
        "activity_events", build_rows(guild_id, utc_now()), column_names=[*EVENT_COLUMNS, *COMMAND_COLUMNS]
    )
    await add_channel(stores, guild_id, HOSTILE_NAME)
    return guild_id


@pytest.fixture
def folder(tmp_path: Path) -> ExportFolder:
    return ExportFolder(tmp_path)


@pytest.fixture
async def runner(stores: Stores, folder: ExportFolder) -> ExportRunner:
    """A runner that finds no exports of earlier tests."""
    async with stores.database.transaction() as session:
        await session.execute(
            update(ExportJob).where(col(ExportJob.state).in_(OPEN_STATES)).values(state=ExportState.CANCELED)
        )
    return ExportRunner(stores.database, stores.clickhouse_writer, folder)


def build_request(
    *,
    data_sets: tuple[DataSet, ...] = tuple(DataSet),
    export_format: ExportFormat = ExportFormat.CSV,
    members: bool = True,
) -> ExportRequest:
    now = utc_now()
    return ExportRequest(data_sets, export_format, now - timedelta(days=400), now, with_members=members)


async def start_export(
    stores: Stores, guild_id: int, request: ExportRequest | None = None, *, max_rows: int | None = None
) -> int:
    request = request or build_request()
    preview = await preview_export(stores.clickhouse, guild_id=guild_id, request=request, now=utc_now())
    async with stores.database.transaction() as session:
        job = await create_export(
            session, ExportCreator(ACTOR), guild_id=guild_id, request=request, preview=preview, max_rows=max_rows
        )
        assert job.id is not None
        return job.id


async def load_job(stores: Stores, job_id: int) -> ExportJob:
    async with stores.database.transaction() as session:
        return await session.get_one(ExportJob, job_id)


async def run_until(
    stores: Stores,
    runner: ExportRunner,
    job_id: int,
    is_done: Callable[[ExportJob], bool],
    *,
    allows_failures: bool = False,
) -> ExportJob:
    """Run steps until a condition of the export holds; other exports of the database also go on."""

    async def step() -> bool:
        await runner.run_step()
        job = await load_job(stores, job_id)
        assert allows_failures or not job.failures, "a part has failed"
        return is_done(job)

    await wait_until(step, timeout_seconds=60)
    return await load_job(stores, job_id)


async def finish_export(
    stores: Stores, runner: ExportRunner, job_id: int, *, allows_failures: bool = False
) -> ExportJob:
    return await run_until(
        stores, runner, job_id, lambda job: job.state not in ("queued", "running"), allows_failures=allows_failures
    )
