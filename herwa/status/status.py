"""What `herwa status` finds: who runs, on which ports, what waits, and what is wrong. It starts nothing."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import psutil

from herwa.supervisor.process_registry import read_roster, truly_living
from herwa_shared.config import Settings
from herwa_shared.db import Database
from herwa_shared.embedded import EngineLease, engine_states
from herwa_shared.models import Process
from herwa_shared.pipeline.status import PipelineState, pipeline_state
from herwa_shared.runtime.data_dir import DataFolder

NEEDED = ("worker", "api", "bot", "web")
LATE_SECONDS = 30.0
DEAF_SECONDS = 10.0
ANSWER_SECONDS = 10.0


@dataclass(slots=True)
class Status:
    """Everything that `herwa status` tells; `problems` are sentences for people, empty when all is well."""

    data_dir: str
    address: str
    up: bool = False
    processes: list[dict[str, Any]] = field(default_factory=list)
    ports: dict[str, int] = field(default_factory=dict)
    pipeline: PipelineState | None = None
    gateway: dict[str, Any] = field(default_factory=dict)
    policies: dict[str, dict[str, Any]] = field(default_factory=dict)
    problems: list[str] = field(default_factory=list)

    def as_json(self) -> dict[str, Any]:
        """What `--json` prints."""
        return {
            "data_dir": self.data_dir,
            "up": self.up,
            "healthy": not self.problems,
            "address": self.address,
            "processes": self.processes,
            "ports": self.ports,
            **_pipeline_json(self.pipeline),
            "gateway": self.gateway or None,
            "policies": self.policies,
            "problems": self.problems,
        }


def _pipeline_json(pipeline: PipelineState | None) -> dict[str, Any]:
    if pipeline is None:
        return {"buffer": None, "mover": None}
    buffer = {"rows": pipeline.buffer_rows, "age_seconds": pipeline.buffer_age_seconds}
    told = ("pending_rows", "pending_seconds", "failures", "last_error", "moved", "moved_at")
    known = pipeline.as_json()
    return {"buffer": buffer, "mover": {"lag_seconds": buffer["age_seconds"], **{name: known[name] for name in told}}}


async def read_status(settings: Settings) -> Status:
    """Look around in this copy."""
    status = Status(data_dir=str(settings.data_dir), address=settings.origin)
    if not settings.data_dir.is_dir():
        status.problems.append(_not_running())
        return status
    folder = DataFolder(settings.data_dir)
    roster = read_roster(folder)
    engines = _engines(settings, folder)
    status.up = roster is not None
    status.processes = [*_watched(roster or []), *engines]
    status.ports = {**folder.ports(), "herwa": settings.port}
    status.problems += [
        f"{process['name']} is not running; its log is in {folder.logs}."
        for process in status.processes
        if status.up and not process["running"]
    ]
    if settings.stores.database_url or any(one["name"] == "postgres" and one["running"] for one in engines):
        await _ask_the_database(settings, folder, status)
    elif not status.up:
        status.problems.append(_not_running())
    return status


def _not_running() -> str:
    return "Herwa is not running here: start it with `herwa up`."


def _watched(roster: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [{**one, "running": one["pid"] is not None and psutil.pid_exists(one["pid"])} for one in roster]


def _engines(settings: Settings, folder: DataFolder) -> list[dict[str, Any]]:
    """The engines of this folder, without those that a URL of the settings replaces."""
    replaced = {"postgres": settings.stores.database_url, "clickhouse": settings.stores.clickhouse_url}
    return [
        {"name": engine.name, "pid": engine.pid, "running": engine.running}
        for engine in engine_states(folder)
        if replaced[engine.name] is None
    ]


async def _ask_the_database(settings: Settings, folder: DataFolder, status: Status) -> None:
    # Only the addresses of a lease that is never taken: looking must neither start an engine nor stop one.
    urls = EngineLease(settings, folder, lambda _: None).urls
    database = Database(urls.database, pool_size=1)
    try:
        async with asyncio.timeout(ANSWER_SECONDS):
            async with database.raw() as connection:
                status.pipeline = await pipeline_state(connection)
            async with database.transaction() as session:
                alive = await truly_living(session)
    except Exception as error:  # noqa: BLE001 - whatever it is, the answer to "how is it" is to say so
        status.problems.append(f"PostgreSQL does not answer: {str(error) or type(error).__name__}")
        return
    finally:
        await database.close()
    _add_the_living(status, alive)
    status.problems += _missing(status, alive) + _troubles(status.pipeline) + _gateway_troubles(status)
    status.problems += _policy_troubles(status)


def _add_the_living(status: Status, alive: Sequence[Process]) -> None:
    """Those that run alone, without `herwa up`; what the newest bot tells of itself, and who decides by policies."""
    shown = {process["pid"] for process in status.processes}
    status.processes += [
        {"name": process.name, "pid": process.pid, "host": process.host, "running": True}
        for process in alive
        if process.pid not in shown
    ]
    for process in alive:
        if process.name == "bot":
            status.gateway = dict(process.detail)
        if "policies" in process.detail:
            status.policies[process.name] = {
                "servers": process.detail["policies"],
                "sweep_age_seconds": process.detail["policy_sweep_age"],
            }


def _missing(status: Status, alive: Sequence[Process]) -> list[str]:
    if status.up:
        return []
    names = {process.name for process in alive}
    if not names:
        return [_not_running()]
    return [f"No {name} is running: start it with `herwa {name}`." for name in NEEDED if name not in names]


def _troubles(pipeline: PipelineState) -> list[str]:
    if pipeline.failures:
        failing = (
            f"The mover cannot insert: a batch of {pipeline.pending_rows:,} events is pending for "
            f"{pipeline.pending_seconds:.0f} s, {pipeline.failures} tries failed. Nothing is lost. "
            f"ClickHouse says: {pipeline.last_error}"
        )
        return [failing]
    if pipeline.buffer_age_seconds > LATE_SECONDS:
        return [f"Events wait for {pipeline.buffer_age_seconds:.0f} s in the buffer: is the worker running?"]
    return []


def _gateway_troubles(status: Status) -> list[str]:
    if status.up and not status.gateway:
        return ["No bot has given a sign of life."]
    if status.gateway and status.gateway.get("gateway") != "connected":
        return ["The bot is not connected to Discord."]
    return []


def _policy_troubles(status: Status) -> list[str]:
    """A process that cannot hear decides by what it knew: all that ends by itself still ends."""
    deaf = [
        name
        for name, policies in status.policies.items()
        if policies["sweep_age_seconds"] is None or policies["sweep_age_seconds"] > DEAF_SECONDS
    ]
    return [
        f"The {name} does not hear of changed rules and tiers: it needs a connection of its own to PostgreSQL, which"
        " PgBouncer gives in session mode only."
        for name in deaf
    ]
