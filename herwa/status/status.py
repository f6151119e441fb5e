"""Collect the status of a copy: processes, ports, pipeline, gateway, problems.

It starts nothing.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from herwa.status.process_status import MAX_SILENT_SECONDS, ProcessStatus, get_heartbeat_age
from herwa.supervisor.process_registry import (
    ProcessRegistry,
    list_running_processes,
    list_stalled_processes,
    read_process_registry,
)
from herwa.texts import status as texts
from herwa_shared.clock import utc_now
from herwa_shared.config import Settings
from herwa_shared.db import Database
from herwa_shared.embedded import EngineLease, list_engines
from herwa_shared.errors import format_reason
from herwa_shared.models import Process
from herwa_shared.pipeline.status import PipelineStatus, load_pipeline_status
from herwa_shared.runtime.data_dir import DataFolder
from herwa_shared.services.backfills import BackfillStatus, list_open_backfills
from herwa_shared.services.process_details import BotDetail, PolicyCacheStatus, find_policy_status, parse_detail

REQUIRED_PROCESSES = ("worker", "api", "bot", "web")
MAX_BUFFER_AGE_SECONDS = 30.0
MAX_SWEEP_AGE_SECONDS = 10.0
MAX_REGISTRY_AGE_SECONDS = 15.0
QUERY_TIMEOUT_SECONDS = 10.0


@dataclass(slots=True)
class InstanceStatus:
    """The status of a copy. `problems` are sentences for people; empty means healthy."""

    data_dir: str
    url: str
    is_up: bool = False
    processes: list[ProcessStatus] = field(default_factory=list)
    ports: dict[str, int] = field(default_factory=dict)
    pipeline: PipelineStatus | None = None
    gateway: BotDetail | None = None
    policies: dict[str, PolicyCacheStatus] = field(default_factory=dict)
    backfills: dict[str, BackfillStatus] = field(default_factory=dict)
    problems: list[str] = field(default_factory=list)

    def to_json(self) -> dict[str, Any]:
        """Serialize for `--json`."""
        return {
            "data_dir": self.data_dir,
            "up": self.is_up,
            "healthy": not self.problems,
            "address": self.url,
            "processes": [process.to_json() for process in self.processes],
            "ports": self.ports,
            **_format_pipeline(self.pipeline),
            "gateway": asdict(self.gateway) if self.gateway else None,
            "policies": {name: asdict(policies) for name, policies in self.policies.items()},
            "backfills": {name: backfill.to_json(utc_now()) for name, backfill in self.backfills.items()},
            "problems": self.problems,
        }


async def read_status(settings: Settings) -> InstanceStatus:
    """Collect the status of this copy."""
    status = InstanceStatus(data_dir=str(settings.data_dir), url=settings.origin)
    if not settings.data_dir.is_dir():
        status.problems.append(texts.COPY_STOPPED)
        return status
    folder = DataFolder(settings.data_dir)
    registry = read_process_registry(folder)
    engines = _list_engines(settings, folder)
    status.is_up = registry is not None
    status.url = registry.url if registry else settings.origin
    status.processes = [
        *(ProcessStatus.from_supervisor(supervised) for supervised in (registry.processes if registry else ())),
        *engines,
    ]
    status.ports = {**folder.read_ports(), "herwa": registry.port if registry else settings.port}
    status.problems += _list_supervisor_problems(registry)
    if settings.stores.database_url or any(engine.name == "postgres" and engine.running for engine in engines):
        await _read_database(settings, folder, status)
    elif not status.is_up:
        status.problems.append(texts.COPY_STOPPED)
    for process in status.processes:
        status.problems += process.list_problems(folder.logs_dir, is_up=status.is_up)
    return status


def _list_supervisor_problems(registry: ProcessRegistry | None) -> list[str]:
    """Report a supervisor that runs but does not write its record: what the record says of its processes is old."""
    if registry is None:
        return []
    age_seconds = (utc_now() - registry.written_at).total_seconds()
    return [texts.format_supervisor_silent(age_seconds)] if age_seconds > MAX_REGISTRY_AGE_SECONDS else []


def _format_pipeline(pipeline: PipelineStatus | None) -> dict[str, Any]:
    if pipeline is None:
        return {"buffer": None, "mover": None}
    buffer = {"rows": pipeline.buffer_rows, "age_seconds": pipeline.buffer_age_seconds}
    mover_fields = ("pending_rows", "pending_seconds", "failures", "last_error", "moved", "moved_at")
    values = pipeline.to_json()
    return {
        "buffer": buffer,
        "mover": {"lag_seconds": buffer["age_seconds"], **{name: values[name] for name in mover_fields}},
    }


def _list_engines(settings: Settings, folder: DataFolder) -> list[ProcessStatus]:
    """List the engines of this folder, except those that a URL in the settings replaces."""
    stores = settings.stores
    replaced = {"postgres": stores.database_url, "clickhouse": stores.clickhouse_url, "redis": stores.redis_url}
    return [ProcessStatus.from_engine(engine) for engine in list_engines(folder) if replaced[engine.name] is None]


async def _read_database(settings: Settings, folder: DataFolder, status: InstanceStatus) -> None:
    # The lease is used only for its URLs and never acquired: reading the status must not start or stop an engine.
    urls = EngineLease(settings, folder, lambda _: None).urls
    database = Database(urls.database, pool_size=1)
    try:
        async with asyncio.timeout(QUERY_TIMEOUT_SECONDS):
            async with database.acquire_connection() as connection:
                status.pipeline = await load_pipeline_status(connection)
            async with database.transaction() as session:
                live_processes = await list_running_processes(session)
                stalled_processes = await list_stalled_processes(session)
                status.backfills = await list_open_backfills(session)
    except Exception as error:  # noqa: BLE001 - any error is part of the status
        status.problems.append(texts.format_database_down(format_reason(error)))
        return
    finally:
        await database.close()
    _add_processes(status, [*live_processes, *stalled_processes])
    _add_details(status, live_processes)
    status.problems += (
        _list_missing(status, [*live_processes, *stalled_processes])
        + _list_pipeline_problems(status.pipeline)
        + _list_gateway_problems(status)
    )
    status.problems += _list_policy_problems(status)


def _add_processes(status: InstanceStatus, processes: Sequence[Process]) -> None:
    """Add processes that run without `herwa up`; report supervised ones that run and send no heartbeats."""
    supervised_pids = {process.pid for process in status.processes}
    for process in processes:
        if process.pid not in supervised_pids:
            status.processes.append(ProcessStatus.from_heartbeat(process))
        elif (age_seconds := get_heartbeat_age(process)) > MAX_SILENT_SECONDS:
            status.problems.append(texts.format_heartbeat_missing(process.name, age_seconds))


def _add_details(status: InstanceStatus, live_processes: Sequence[Process]) -> None:
    """Add the newest bot's gateway, and policy caches."""
    for process in live_processes:
        detail = parse_detail(process.name, process.detail)
        if isinstance(detail, BotDetail):
            status.gateway = detail
        if policies := find_policy_status(detail):
            status.policies[process.name] = policies


def _list_missing(status: InstanceStatus, processes: Sequence[Process]) -> list[str]:
    if status.is_up:
        return []
    names = {process.name for process in processes}
    if not names:
        return [texts.COPY_STOPPED]
    return [texts.format_process_missing(name) for name in REQUIRED_PROCESSES if name not in names]


def _list_pipeline_problems(pipeline: PipelineStatus) -> list[str]:
    if pipeline.failures:
        return [
            texts.format_mover_failing(
                pipeline.pending_rows, pipeline.pending_seconds, pipeline.failures, pipeline.last_error
            )
        ]
    if pipeline.buffer_age_seconds > MAX_BUFFER_AGE_SECONDS:
        return [texts.format_buffer_waiting(pipeline.buffer_age_seconds)]
    return []


def _list_gateway_problems(status: InstanceStatus) -> list[str]:
    if status.is_up and not status.gateway:
        return [texts.NO_BOT_HEARTBEAT]
    if status.gateway and not status.gateway.is_connected:
        return [texts.BOT_NOT_CONNECTED]
    return []


def _list_policy_problems(status: InstanceStatus) -> list[str]:
    """List processes that do not receive policy changes.

    They decide with the last known policies; periods, grants and rules that expire still expire on time.
    """
    stale_names = [
        name
        for name, policies in status.policies.items()
        if policies.sweep_age_seconds is None or policies.sweep_age_seconds > MAX_SWEEP_AGE_SECONDS
    ]
    return [texts.format_policies_stale(name) for name in stale_names]
