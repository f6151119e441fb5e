"""The health of this copy: processes, shards, pipeline, stores, disk, jobs, slow questions, errors.

Everything but the disk comes from PostgreSQL: processes report themselves in their heartbeats.
"""

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from pathlib import Path
from typing import Any

import psutil
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col, select

from herwa_shared.clock import utc_now
from herwa_shared.db import Database
from herwa_shared.models import Process
from herwa_shared.operators.server_search import to_plain
from herwa_shared.operators.store_sizes import StoreGrowth, list_store_sizes
from herwa_shared.pipeline.status import PipelineStatus, load_pipeline_status
from herwa_shared.runtime.process_health import ProcessHealth
from herwa_shared.runtime.process_report import to_moment
from herwa_shared.services.process_details import BotDetail, JobStatus, WorkerDetail, parse_detail, parse_report

REQUIRED_PROCESSES = ("bot", "worker", "api", "web")
SILENCE = timedelta(seconds=5)
"""A process sends a heartbeat every two seconds. With the refresh of the page, silence is seen within ten."""
REPORT_TIME = timedelta(hours=1)
MAX_LOOP_LAG_MS = 1_000
MAX_BUFFER_AGE_SECONDS = 30.0
MAX_HEARTBEAT_AGE_SECONDS = 90.0
"""Discord asks for a heartbeat about every 41 seconds."""
MIN_FREE_SHARE = 0.05
MAX_ROWS = 20


class ProcessState(StrEnum):
    """Whether a process runs: `silent` sends no heartbeats, `missing` has never run or ended over an hour ago."""

    RUNNING = "running"
    SILENT = "silent"
    STOPPED = "stopped"
    MISSING = "missing"


class ProblemKind(StrEnum):
    """What is wrong."""

    PROCESS = "process"
    LOOP = "loop"
    SHARD = "shard"
    PIPELINE = "pipeline"
    DISK = "disk"
    JOB = "job"


@dataclass(frozen=True, slots=True)
class HealthProblem:
    """A problem of the subject of this name: a process, a shard, a job, or empty."""

    kind: ProblemKind
    subject: str = ""


@dataclass(frozen=True, slots=True)
class ProcessRow:
    """A process, and the seconds since its last heartbeat."""

    name: str
    host: str
    pid: int | None
    state: ProcessState
    age_seconds: float | None
    health: ProcessHealth | None


@dataclass(frozen=True, slots=True)
class ShardRow:
    """A shard of the bot. `heartbeat_age_seconds` is the time since Discord acknowledged a heartbeat."""

    id: int
    state: str
    events_per_second: float
    heartbeat_age_seconds: float | None

    @property
    def is_connected(self) -> bool:
        """Whether it receives events."""
        age = self.heartbeat_age_seconds
        return self.state == "connected" and (age is None or age <= MAX_HEARTBEAT_AGE_SECONDS)


@dataclass(frozen=True, slots=True)
class DiskStatus:
    """The disk of the data folder, in bytes."""

    total: int
    free: int

    @property
    def is_full(self) -> bool:
        """Whether less than `MIN_FREE_SHARE` of it is free."""
        return self.free < self.total * MIN_FREE_SHARE


@dataclass(frozen=True, slots=True)
class ProcessErrors:
    """A kind of warning or error of a process: how often since its start, and when last."""

    process: str
    event: str
    kind: str
    level: str
    count: int
    last_at: datetime


@dataclass(frozen=True, slots=True)
class SlowQuery:
    """A question about a server that took long."""

    process: str
    guild_id: int
    question: str
    milliseconds: int
    at: datetime


@dataclass(frozen=True, slots=True)
class HealthReport:
    """The health of this copy; no `problems`: all is well. `held` is the number of events in the bot's memory."""

    processes: tuple[ProcessRow, ...]
    shards: tuple[ShardRow, ...]
    pipeline: PipelineStatus
    held: int
    stores: tuple[StoreGrowth, ...]
    disk: DiskStatus
    jobs: tuple[JobStatus, ...]
    slow_queries: tuple[SlowQuery, ...]
    errors: tuple[ProcessErrors, ...]
    problems: tuple[HealthProblem, ...]

    def to_json(self) -> dict[str, Any]:
        """Return a JSON-compatible dict; ids are texts."""
        plain: dict[str, Any] = to_plain(asdict(self))
        for query in plain["slow_queries"]:
            query["guild_id"] = str(query["guild_id"])
        return {"healthy": not self.problems, **plain}


async def load_health(database: Database, data_dir: Path, *, now: datetime | None = None) -> HealthReport:
    """Load the health. `data_dir` is the data folder, whose disk is measured."""
    moment = now or utc_now()
    async with database.acquire_connection() as connection:
        pipeline = await load_pipeline_status(connection)
    async with database.transaction() as session:
        rows = await _list_newest_processes(session, moment)
        stores = await list_store_sizes(session, now=moment)
    processes = _build_processes(rows, moment)
    live = [row for row in rows if _get_state(row, moment) is ProcessState.RUNNING]
    shards, held = _build_shards(rows, moment)
    jobs = tuple(
        job
        for row in live
        if isinstance(detail := parse_detail(row.name, row.detail), WorkerDetail)
        for job in detail.jobs
    )
    disk = read_disk(data_dir)
    return HealthReport(
        processes,
        shards,
        pipeline,
        held,
        stores,
        disk,
        jobs,
        _list_slow_queries(live),
        _list_errors(rows),
        tuple(_find_problems(processes, shards, pipeline, disk, jobs)),
    )


def read_disk(data_dir: Path) -> DiskStatus:
    """Read how full the disk of the data folder is."""
    usage = psutil.disk_usage(str(data_dir))
    return DiskStatus(usage.total, usage.free)


async def _list_newest_processes(session: AsyncSession, now: datetime) -> Sequence[Process]:
    """List one process of each name on each host, of those with a heartbeat in the last hour: the newest one.

    One that runs comes before newer ones that do not, such as a second one that was stopped.
    """
    is_running = col(Process.stopped_at).is_(None) & (col(Process.seen_at) >= now - SILENCE)
    query = (
        select(Process)
        .where(col(Process.seen_at) > now - REPORT_TIME)
        .distinct(col(Process.name), col(Process.host))
        .order_by(col(Process.name), col(Process.host), is_running.desc(), col(Process.id).desc())
    )
    return (await session.scalars(query)).all()


def _get_state(row: Process, now: datetime) -> ProcessState:
    if row.stopped_at is not None:
        return ProcessState.STOPPED
    return ProcessState.SILENT if now - row.seen_at > SILENCE else ProcessState.RUNNING


def _build_processes(rows: Iterable[Process], now: datetime) -> tuple[ProcessRow, ...]:
    found = [row for row in rows if row.name in REQUIRED_PROCESSES]
    built = [_build_process(row, now) for row in found]
    names = {row.name for row in found}
    built += [
        ProcessRow(name, "", None, ProcessState.MISSING, None, None) for name in REQUIRED_PROCESSES if name not in names
    ]
    return tuple(sorted(built, key=lambda row: (REQUIRED_PROCESSES.index(row.name), row.host)))


def _build_process(row: Process, now: datetime) -> ProcessRow:
    detail = parse_detail(row.name, row.detail)
    age = max(0.0, round((now - row.seen_at).total_seconds(), 1))
    return ProcessRow(row.name, row.host, row.pid, _get_state(row, now), age, detail.health if detail else None)


def _build_shards(rows: Iterable[Process], now: datetime) -> tuple[tuple[ShardRow, ...], int]:
    """Build the rows of all shards, and the number of events that bots hold in memory.

    Of a bot that sends no heartbeats the shards are silent, whatever they were.
    """
    shards, held = [], 0
    for row in rows:
        detail = parse_detail(row.name, row.detail)
        if not isinstance(detail, BotDetail) or row.stopped_at is not None:
            continue
        held += detail.held
        is_silent = _get_state(row, now) is ProcessState.SILENT
        for shard_id, known_state in detail.shards.items():
            state = ProcessState.SILENT if is_silent else known_state
            traffic = detail.shard_details.get(shard_id)
            age = traffic.heartbeat_age_seconds if traffic else None
            shards.append(ShardRow(int(shard_id), state, traffic.events_per_second if traffic else 0.0, age))
        known = {int(shard_id) for shard_id in detail.shards}
        shards += [ShardRow(id_, "missing", 0.0, None) for id_ in range(detail.shard_count) if id_ not in known]
    return tuple(sorted(shards, key=lambda shard: shard.id)), held


def _list_slow_queries(rows: Iterable[Process]) -> tuple[SlowQuery, ...]:
    queries = [
        SlowQuery(row.name, slow.guild_id, slow.question, slow.milliseconds, to_moment(slow.at))
        for row in rows
        for slow in parse_report(row.detail).questions
    ]
    return tuple(sorted(queries, key=lambda query: -query.milliseconds)[:MAX_ROWS])


def _list_errors(rows: Iterable[Process]) -> tuple[ProcessErrors, ...]:
    groups = [
        ProcessErrors(row.name, error.event, error.kind, error.level, error.count, to_moment(error.last_at))
        for row in rows
        for error in parse_report(row.detail).errors
    ]
    return tuple(sorted(groups, key=lambda group: (group.level != "error", -group.count))[:MAX_ROWS])


def _find_problems(
    processes: Iterable[ProcessRow],
    shards: Iterable[ShardRow],
    pipeline: PipelineStatus,
    disk: DiskStatus,
    jobs: Iterable[JobStatus],
) -> Iterable[HealthProblem]:
    for process in processes:
        if process.state is not ProcessState.RUNNING:
            yield HealthProblem(ProblemKind.PROCESS, process.name)
        elif process.health is not None and process.health.loop_lag_ms > MAX_LOOP_LAG_MS:
            yield HealthProblem(ProblemKind.LOOP, process.name)
    for shard in shards:
        if not shard.is_connected:
            yield HealthProblem(ProblemKind.SHARD, str(shard.id))
    if pipeline.failures or pipeline.buffer_age_seconds > MAX_BUFFER_AGE_SECONDS:
        yield HealthProblem(ProblemKind.PIPELINE)
    if disk.is_full:
        yield HealthProblem(ProblemKind.DISK)
    for job in jobs:
        if job.failures:
            yield HealthProblem(ProblemKind.JOB, job.name)
