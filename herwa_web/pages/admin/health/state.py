"""State of the health page of the operator's panel."""

from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import reflex as rx
from sqlalchemy.ext.asyncio import AsyncSession

from herwa_shared.operators.health import HealthProblem, HealthReport, ProcessRow, ProcessState, ShardRow, load_health
from herwa_shared.operators.jobs import request_job
from herwa_shared.services.audit import Actor
from herwa_shared.services.process_details import JobStatus
from herwa_web import app_context
from herwa_web.pages.admin import texts as panel_texts
from herwa_web.pages.admin.health import texts
from herwa_web.pages.admin.overview.state import ShareBar
from herwa_web.pages.admin.panel_state import PanelPageState
from herwa_web.pages.admin.server.view_models import TextRow
from herwa_web.panel import PANEL_URL

MAX_PERCENT = 100


@dataclass(frozen=True, slots=True)
class ShardTile:
    """A square of the shard grid."""

    id: str
    tone: str
    text: str
    tip: str


@dataclass(frozen=True, slots=True)
class PipelineStep:
    """A step that events pass through."""

    label: str
    text: str
    note: str
    tone: str


@dataclass(frozen=True, slots=True)
class SlowRow:
    """A slow question about a server."""

    href: str
    label: str
    text: str


@dataclass(frozen=True, slots=True)
class HealthView:
    """The health page. `problems` are sentences; none: all is well."""

    summary: str = ""
    problems: list[str] = field(default_factory=list)
    processes: list[TextRow] = field(default_factory=list)
    shards: list[ShardTile] = field(default_factory=list)
    steps: list[PipelineStep] = field(default_factory=list)
    sizes: list[ShareBar] = field(default_factory=list)
    jobs: list[TextRow] = field(default_factory=list)
    slow: list[SlowRow] = field(default_factory=list)
    errors: list[TextRow] = field(default_factory=list)


class AdminHealthState(PanelPageState, rx.State):
    """State of the health page."""

    view: HealthView = rx.field(default_factory=HealthView)

    @rx.event(background=True, temporal=True)
    async def run_job(self, key: str) -> Any:
        """Let the worker run a job now."""

        async def change(session: AsyncSession, actor: Actor) -> None:
            await request_job(session, name=str(key)[:64], actor=actor)

        return await self._change(change, done=texts.JOB_REQUESTED)

    async def _fetch(self, _session: AsyncSession, _url: Any) -> HealthReport:
        return await load_health(app_context.get_stores().database, app_context.get_settings().data_dir)

    def _present(self, data: HealthReport) -> None:
        self.view = build_health(data)


def build_health(report: HealthReport) -> HealthView:
    """Build the view."""
    return HealthView(
        texts.format_problem_count(len(report.problems)) if report.problems else texts.ALL_WELL,
        [_format_problem(problem) for problem in report.problems],
        [_build_process(process) for process in report.processes],
        [_build_shard(shard) for shard in report.shards],
        _build_steps(report),
        _build_sizes(report),
        [_build_job(job) for job in report.jobs],
        [
            SlowRow(
                f"{PANEL_URL}/servers/{slow.guild_id}",
                f"{slow.guild_id} · {slow.question}",
                f"{texts.format_milliseconds(slow.milliseconds)} · {panel_texts.format_moment(slow.at)}",
            )
            for slow in report.slow_queries
        ],
        [
            TextRow(
                f"{error.event} {error.kind}".strip(),
                [error.process, panel_texts.format_moment(error.last_at)],
                badge=f"{error.count:,}×",  # noqa: RUF001 - times
                tone="red" if error.level == "error" else "amber",
            )
            for error in report.errors
        ],
    )


def _format_problem(problem: HealthProblem) -> str:
    return texts.format_problem(problem.kind, problem.subject)


def _build_process(process: ProcessRow) -> TextRow:
    facts = [texts.format_heartbeat(process.age_seconds)]
    if process.health is not None:
        facts += [texts.format_lag(process.health.loop_lag_ms), texts.format_bytes(process.health.rss_bytes)]
    if process.host:
        facts.append(f"{process.host}:{process.pid}")
    tone = "green" if process.state is ProcessState.RUNNING else "red"
    return TextRow(texts.TITLES[process.name], facts, process.name, texts.STATES[process.state], tone)


def _build_shard(shard: ShardRow) -> ShardTile:
    tip = f"{shard.state} · {texts.format_rate(shard.events_per_second)}"
    tip = f"{tip} · {texts.format_heartbeat(shard.heartbeat_age_seconds)}"
    return ShardTile(
        str(shard.id), "green" if shard.is_connected else "red", texts.format_rate(shard.events_per_second), tip
    )


def _build_steps(report: HealthReport) -> list[PipelineStep]:
    pipeline = report.pipeline
    memory, buffer, transfer, clickhouse = texts.STEPS
    moved_at = panel_texts.format_moment(pipeline.moved_at)
    failures = texts.format_failures(pipeline.failures) if pipeline.failures else ""
    return [
        PipelineStep(memory, texts.format_rows(report.held), "", ""),
        PipelineStep(
            buffer, texts.format_rows(pipeline.buffer_rows), texts.format_oldest(pipeline.buffer_age_seconds), ""
        ),
        PipelineStep(transfer, texts.format_rows(pipeline.pending_rows), failures, "red" if failures else ""),
        PipelineStep(clickhouse, texts.format_rows(pipeline.moved), moved_at, ""),
    ]


def _build_sizes(report: HealthReport) -> list[ShareBar]:
    largest = max((store.size for store in report.stores), default=0)
    bars = [
        ShareBar(
            texts.STORE_TITLES.get(store.name, store.name),
            " · ".join(part for part in (texts.format_bytes(store.size), texts.format_growth(store.growth)) if part),
            round(MAX_PERCENT * store.size / largest) if largest else 0,
        )
        for store in report.stores
    ]
    disk = report.disk
    used = round(MAX_PERCENT * (disk.total - disk.free) / disk.total) if disk.total else 0
    return [*bars, ShareBar(texts.DISK, texts.format_free(disk.free, disk.total), used)]


def _build_job(job: JobStatus) -> TextRow:
    facts = [texts.format_interval(job.interval_seconds)]
    if job.last_at is not None:
        facts.append(panel_texts.format_moment(datetime.fromtimestamp(job.last_at, UTC)))
        facts.append(texts.format_milliseconds(job.milliseconds))
    if job.last_error:
        facts.append(job.last_error)
    return TextRow(job.name, facts, job.name, texts.format_failures(job.failures) if job.failures else "", "red")
