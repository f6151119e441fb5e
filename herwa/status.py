"""`herwa status`: who runs, on which ports, what waits, and what is wrong. It starts nothing."""

from dataclasses import dataclass, field
from typing import Any

import psutil
from rich.console import Group
from rich.table import Table
from rich.text import Text

from herwa.child import read_roster
from herwa_shared.config import Settings
from herwa_shared.db import Database
from herwa_shared.embedded import engine_states, lease_engines
from herwa_shared.folder import DataFolder
from herwa_shared.pipeline.state import PipelineState, pipeline_state
from herwa_shared.services.processes import living

LATE_SECONDS = 30.0


@dataclass(slots=True)
class Status:
    """Everything that `herwa status` tells; `problems` are sentences for people, empty when all is well."""

    data_dir: str
    up: bool
    address: str
    processes: list[dict[str, Any]]
    ports: dict[str, int]
    pipeline: PipelineState | None = None
    gateway: dict[str, Any] = field(default_factory=dict)
    problems: list[str] = field(default_factory=list)

    def as_json(self) -> dict[str, Any]:
        """What `--json` prints."""
        pipeline = self.pipeline
        return {
            "data_dir": self.data_dir,
            "up": self.up,
            "healthy": not self.problems,
            "address": self.address,
            "processes": self.processes,
            "ports": self.ports,
            "buffer": {"rows": pipeline.buffer_rows, "age_seconds": pipeline.buffer_age_seconds} if pipeline else None,
            "mover": {
                "lag_seconds": pipeline.buffer_age_seconds,
                "pending_rows": pipeline.pending_rows,
                "pending_seconds": pipeline.pending_seconds,
                "failures": pipeline.failures,
                "last_error": pipeline.last_error,
                "moved": pipeline.moved,
                "moved_at": pipeline.as_json()["moved_at"],
            }
            if pipeline
            else None,
            "gateway": self.gateway or None,
            "problems": self.problems,
        }


async def read_status(settings: Settings) -> Status:
    """Look around in this copy."""
    folder = DataFolder(settings.data_dir)
    roster = read_roster(folder)
    engines = engine_states(folder)
    status = Status(
        data_dir=str(folder.path),
        up=roster is not None,
        address=settings.origin,
        processes=[*_supervised(roster), *({"name": e.name, "pid": e.pid, "running": e.running} for e in engines)],
        ports={**folder.ports(), "herwa": settings.port},
    )
    if roster is None:
        status.problems.append("Herwa is not running here: start it with `herwa up`.")
    for process in status.processes:
        external = {"postgres": settings.stores.database_url, "clickhouse": settings.stores.clickhouse_url}
        if roster is not None and not process["running"] and external.get(process["name"]) is None:
            status.problems.append(f"{process['name']} is not running; its log is in {folder.logs}.")
    postgres_runs = any(engine.name == "postgres" and engine.running for engine in engines)
    if postgres_runs or settings.stores.database_url is not None:
        await _ask_the_database(settings, folder, status)
    return status


def _supervised(roster: dict[str, Any] | None) -> list[dict[str, Any]]:
    return [
        {**process, "running": bool(process["pid"]) and psutil.pid_exists(process["pid"])}
        for process in (roster or {}).get("processes", ())
    ]


async def _ask_the_database(settings: Settings, folder: DataFolder, status: Status) -> None:
    with lease_engines(settings, folder) as lease:
        database = Database(lease.urls.database, pool_size=1)
        try:
            async with database.raw() as connection:
                status.pipeline = await pipeline_state(connection)
            async with database.transaction() as session:
                alive = await living(session)
        except Exception as error:  # noqa: BLE001 - whatever it is, the answer to "how is it" is to say so
            status.problems.append(f"PostgreSQL does not answer: {error}")
            return
        finally:
            await database.close()
    status.gateway = next((dict(process.detail) for process in alive if process.name == "bot"), {})
    shown = {process["pid"] for process in status.processes}
    status.processes += [
        {"name": process.name, "pid": process.pid, "host": process.host, "running": True}
        for process in alive
        if process.pid not in shown
    ]
    status.problems += _troubles(status)


def _troubles(status: Status) -> list[str]:
    pipeline = status.pipeline
    assert pipeline is not None
    troubles = []
    if pipeline.failures:
        troubles.append(
            f"The mover cannot insert: a batch of {pipeline.pending_rows:,} events is pending for "
            f"{pipeline.pending_seconds:.0f} s, {pipeline.failures} tries failed. Nothing is lost. "
            f"ClickHouse says: {pipeline.last_error}"
        )
    elif pipeline.buffer_age_seconds > LATE_SECONDS:
        troubles.append(f"Events wait for {pipeline.buffer_age_seconds:.0f} s in the buffer: is the worker running?")
    if status.up and not status.gateway:
        troubles.append("No bot has given a sign of life.")
    elif status.up and status.gateway.get("gateway") != "connected":
        troubles.append("The bot is not connected to Discord.")
    return troubles


def as_text(status: Status) -> Group:
    """The same for people."""
    table = Table(box=None, padding=(0, 2, 0, 0), header_style="dim")
    for column in ("process", "state", "pid", "port"):
        table.add_column(column)
    ports = {**status.ports, "api": status.ports["herwa"]}
    for process in status.processes:
        state = Text("● running", "green") if process["running"] else Text("○ not running", "red")
        if process.get("restarts"):
            state.append(f", restarts: {process['restarts']}", "yellow")
        table.add_row(process["name"], state, str(process["pid"] or ""), str(ports.get(process["name"], "")))
    lines: list[Text | Table] = [Text(f"Herwa in {status.data_dir}, at {status.address}\n"), table, Text()]
    if status.pipeline is not None:
        lines += _pipeline_lines(status.pipeline)
    if status.gateway:
        lines.append(_gateway_line(status.gateway))
    lines += [Text()] + [Text(f"✗ {problem}", "bold red") for problem in status.problems]
    if not status.problems:
        lines.append(Text("✓ all is well", "bold green"))
    return Group(*lines)


def _pipeline_lines(pipeline: PipelineState) -> list[Text | Table]:
    return [
        Text(f"buffer    {pipeline.buffer_rows:,} events wait, the oldest for {pipeline.buffer_age_seconds:.1f} s"),
        Text(f"mover     {pipeline.moved:,} events moved, {pipeline.pending_rows:,} on their way"),
    ]


def _gateway_line(gateway: dict[str, Any]) -> Text:
    return Text(
        f"gateway   {gateway.get('gateway')}, {len(gateway.get('shards', {}))} of {gateway.get('shard_count')} shards, "
        f"{gateway.get('guilds')} servers, {gateway.get('held')} events in memory"
    )
