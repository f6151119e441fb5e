"""Collect the status of a copy: processes, ports, pipeline, gateway, problems.

It starts nothing.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import psutil

from herwa.supervisor.process_registry import list_running_processes, read_process_registry
from herwa.texts import status as texts
from herwa_shared.clock import utc_now
from herwa_shared.config import Settings
from herwa_shared.db import Database
from herwa_shared.embedded import EngineLease, list_engines
from herwa_shared.errors import format_reason
from herwa_shared.models import Process
from herwa_shared.pipeline.status import PipelineStatus, load_pipeline_status
from herwa_shared.runtime.data_dir import DataFolder

REQUIRED_PROCESSES = ("worker", "api", "bot", "web")
MAX_BUFFER_AGE_SECONDS = 30.0
MAX_SWEEP_AGE_SECONDS = 10.0
QUERY_TIMEOUT_SECONDS = 10.0
MIN_RESTARTS, MIN_UPTIME_SECONDS = 3, 60.0


@dataclass(slots=True)
class InstanceStatus:
    """The status of a copy. `problems` are sentences for people; empty means healthy."""

    data_dir: str
    url: str
    is_up: bool = False
    processes: list[dict[str, Any]] = field(default_factory=list)
    ports: dict[str, int] = field(default_factory=dict)
    pipeline: PipelineStatus | None = None
    gateway: dict[str, Any] = field(default_factory=dict)
    policies: dict[str, dict[str, Any]] = field(default_factory=dict)
    problems: list[str] = field(default_factory=list)

    def to_json(self) -> dict[str, Any]:
        """Serialize for `--json`."""
        return {
            "data_dir": self.data_dir,
            "up": self.is_up,
            "healthy": not self.problems,
            "address": self.url,
            "processes": self.processes,
            "ports": self.ports,
            **_format_pipeline(self.pipeline),
            "gateway": self.gateway or None,
            "policies": self.policies,
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
    status.processes = [*_list_supervised(registry or []), *engines]
    status.ports = {**folder.read_ports(), "herwa": settings.port}
    status.problems += [
        texts.format_process_stopped(process["name"], folder.logs_dir)
        for process in status.processes
        if status.is_up and not process["running"]
    ]
    status.problems += [
        texts.format_process_restarting(process["name"], process["restarts"], folder.logs_dir)
        for process in status.processes
        if _keeps_restarting(process)
    ]
    if settings.stores.database_url or any(engine["name"] == "postgres" and engine["running"] for engine in engines):
        await _read_database(settings, folder, status)
    elif not status.is_up:
        status.problems.append(texts.COPY_STOPPED)
    return status


def _keeps_restarting(process: dict[str, Any]) -> bool:
    """Return whether a running process was restarted often, the last time within `MIN_UPTIME_SECONDS`."""
    if not process["running"] or process.get("restarts", 0) < MIN_RESTARTS:
        return False
    uptime = utc_now() - datetime.fromisoformat(process["since"])
    return uptime.total_seconds() < MIN_UPTIME_SECONDS


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


def _list_supervised(registry: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [
        {**process, "running": process["pid"] is not None and psutil.pid_exists(process["pid"])} for process in registry
    ]


def _list_engines(settings: Settings, folder: DataFolder) -> list[dict[str, Any]]:
    """List the engines of this folder, except those that a URL in the settings replaces."""
    replaced = {"postgres": settings.stores.database_url, "clickhouse": settings.stores.clickhouse_url}
    return [
        {"name": engine.name, "pid": engine.pid, "running": engine.running}
        for engine in list_engines(folder)
        if replaced[engine.name] is None
    ]


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
    except Exception as error:  # noqa: BLE001 - any error is part of the status
        status.problems.append(texts.format_database_down(format_reason(error)))
        return
    finally:
        await database.close()
    _add_live_processes(status, live_processes)
    status.problems += (
        _list_missing(status, live_processes)
        + _list_pipeline_problems(status.pipeline)
        + _list_gateway_problems(status)
    )
    status.problems += _list_policy_problems(status)


def _add_live_processes(status: InstanceStatus, live_processes: Sequence[Process]) -> None:
    """Add processes that run without `herwa up`, the newest bot's gateway, and policy caches."""
    known_pids = {process["pid"] for process in status.processes}
    status.processes += [
        {"name": process.name, "pid": process.pid, "host": process.host, "running": True}
        for process in live_processes
        if process.pid not in known_pids
    ]
    for process in live_processes:
        if process.name == "bot":
            status.gateway = dict(process.detail)
        if "policies" in process.detail:
            status.policies[process.name] = {
                "servers": process.detail["policies"],
                "sweep_age_seconds": process.detail["policy_sweep_age"],
            }


def _list_missing(status: InstanceStatus, live_processes: Sequence[Process]) -> list[str]:
    if status.is_up:
        return []
    names = {process.name for process in live_processes}
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
    if status.gateway and status.gateway.get("gateway") != "connected":
        return [texts.BOT_NOT_CONNECTED]
    return []


def _list_policy_problems(status: InstanceStatus) -> list[str]:
    """List processes that do not receive policy changes.

    They decide with the last known policies; periods, grants and rules that expire still expire on time.
    """
    stale_names = [
        name
        for name, policies in status.policies.items()
        if policies["sweep_age_seconds"] is None or policies["sweep_age_seconds"] > MAX_SWEEP_AGE_SECONDS
    ]
    return [texts.format_policies_stale(name) for name in stale_names]
