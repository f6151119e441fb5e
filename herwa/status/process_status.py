"""The status of one process, from the supervisor, its heartbeat or the record of an engine."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import psutil

from herwa.supervisor.process_registry import SupervisedStatus
from herwa.texts import status as texts
from herwa_shared.clock import utc_now
from herwa_shared.embedded import EngineStatus
from herwa_shared.models import Process
from herwa_shared.runtime.process_health import ProcessHealth
from herwa_shared.services.process_details import parse_detail

MIN_RESTARTS, MIN_UPTIME_SECONDS = 3, 60.0
MAX_SILENT_SECONDS = 10.0
MAX_LOOP_LAG_MS = 5_000
MAX_START_SECONDS = 300.0  # the first build of the pages takes a minute or two
STALL_REPORT_TIME = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class ProcessStatus:
    """One row of `herwa status`.

    `silent_seconds` is how long ago it gave its last sign of life: a report to the supervisor, or a heartbeat. `host`
    is set if there is no supervisor. `since` is None for a process that this status cannot see starting.
    """

    name: str
    pid: int | None
    running: bool
    host: str | None = None
    restarts: int | None = None
    since: datetime | None = None
    health: ProcessHealth | None = None
    silent_seconds: float = 0.0
    stalls: int = 0
    stalled_at: datetime | None = None

    @classmethod
    def from_engine(cls, engine: EngineStatus) -> "ProcessStatus":
        """Build the status of an embedded engine."""
        return cls(engine.name, engine.pid, engine.running)

    @classmethod
    def from_supervisor(cls, supervised: SupervisedStatus) -> "ProcessStatus":
        """Build the status of a supervised process."""
        return cls(
            name=supervised.name,
            pid=supervised.pid,
            running=supervised.pid is not None and psutil.pid_exists(supervised.pid),
            restarts=supervised.restarts,
            since=supervised.since,
            health=supervised.health,
            silent_seconds=supervised.silent_seconds,
            stalls=supervised.stalls,
            stalled_at=supervised.stalled_at,
        )

    @classmethod
    def from_heartbeat(cls, process: Process) -> "ProcessStatus":
        """Build the status of a process that runs without a supervisor."""
        detail = parse_detail(process.name, process.detail)
        return cls(
            name=process.name,
            pid=process.pid,
            running=True,
            host=process.host,
            health=detail.health if detail else None,
            silent_seconds=max(0.0, round(get_heartbeat_age(process), 1)),
        )

    def to_json(self) -> dict[str, Any]:
        """Serialize for `--json`: only what is known of the process."""
        fields: dict[str, Any] = {"name": self.name, "pid": self.pid, "running": self.running}
        if self.host is not None:
            fields["host"] = self.host
        if self.restarts is not None:
            fields |= {"restarts": self.restarts, "since": _format_time(self.since)}
            fields |= {"stalls": self.stalls, "stalled_at": _format_time(self.stalled_at)}
        if self.health is not None:
            fields |= {"loop_lag_ms": self.health.loop_lag_ms, "rss_bytes": self.health.rss_bytes}
            fields |= {"connections": self.health.connections, "silent_seconds": self.silent_seconds}
        return fields

    def list_problems(self, logs_dir: Path, *, is_up: bool) -> list[str]:
        """List the problems of this process. `is_up`: a supervisor is running."""
        if not self.running:
            return [texts.format_process_stopped(self.name, logs_dir)] if is_up else []
        problems = []
        if self._has_restarted_often():
            problems.append(texts.format_process_restarting(self.name, self.restarts or 0, logs_dir))
        if self.silent_seconds > MAX_SILENT_SECONDS:
            problems.append(texts.format_process_silent(self.name, self.silent_seconds, self.host))
        elif self.health is not None and self.health.loop_lag_ms > MAX_LOOP_LAG_MS:
            problems.append(texts.format_process_slow(self.name, self.health.loop_lag_ms))
        elif self._is_starting_for_too_long():
            problems.append(texts.format_process_starting(self.name, logs_dir))
        if self.stalled_at is not None and utc_now() - self.stalled_at < STALL_REPORT_TIME:
            problems.append(texts.format_process_stalls(self.name, self.stalls, self.stalled_at, logs_dir))
        return problems

    def _has_restarted_often(self) -> bool:
        """Return whether it was restarted often, the last time within `MIN_UPTIME_SECONDS`."""
        return (self.restarts or 0) >= MIN_RESTARTS and self._get_uptime_seconds() < MIN_UPTIME_SECONDS

    def _is_starting_for_too_long(self) -> bool:
        is_starting = self.since is not None and self.health is None
        return is_starting and self._get_uptime_seconds() > MAX_START_SECONDS

    def _get_uptime_seconds(self) -> float:
        return (utc_now() - self.since).total_seconds() if self.since else 0.0


def get_heartbeat_age(process: Process) -> float:
    """Return the seconds since the last heartbeat of a process."""
    return (utc_now() - process.seen_at).total_seconds()


def _format_time(time: datetime | None) -> str | None:
    return time.isoformat() if time else None
