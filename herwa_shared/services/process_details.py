"""What each kind of process reports in its heartbeat, for `herwa status` and the pages. Stored as JSON."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from pydantic import TypeAdapter, ValidationError

from herwa_shared.runtime.process_health import ProcessHealth
from herwa_shared.runtime.process_report import ProcessReport


@dataclass(frozen=True, slots=True)
class PolicyCacheStatus:
    """`servers` is the number of cached guilds, `sweep_age_seconds` the time since the last check for changes."""

    servers: int
    sweep_age_seconds: float | None


@dataclass(frozen=True, slots=True)
class CatchUpStatus:
    """Progress of fetching the messages that were sent while the bot was not connected.

    `pending_listings`: periods of servers whose archived threads are not listed yet.
    """

    pending_channels: int = 0
    fetched_messages: int = 0
    pending_listings: int = 0


@dataclass(frozen=True, slots=True)
class JobStatus:
    """A job of the worker. Times are Unix seconds; `failures` is the number of failed runs since the last success."""

    name: str
    interval_seconds: float
    last_at: float | None = None
    milliseconds: int = 0
    failures: int = 0
    last_error: str = ""


@dataclass(frozen=True, slots=True)
class ShardDetail:
    """A shard: its events a second lately, and the seconds since Discord acknowledged a heartbeat; None before."""

    events_per_second: float
    heartbeat_age_seconds: float | None


@dataclass(frozen=True, slots=True)
class WorkerDetail:
    """`moved` is the number of events moved to ClickHouse, `failures` that of attempts since the last success."""

    health: ProcessHealth
    moved: int
    failures: int
    jobs: list[JobStatus] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class ServerDetail:
    """The detail of a process with an HTTP server: API and pages."""

    health: ProcessHealth
    port: int
    policies: PolicyCacheStatus


@dataclass(frozen=True, slots=True)
class BotDetail:
    """`gateway` is `connected` if all shards are, else `connecting`. `held` is the number of events in memory."""

    health: ProcessHealth
    policies: PolicyCacheStatus
    gateway: str
    shard_count: int
    guilds: int
    held: int
    stored: int
    duplicates: int
    skipped: int
    user: str | None
    shards: dict[str, str] = field(default_factory=dict)
    shard_details: dict[str, ShardDetail] = field(default_factory=dict)
    missing_intents: list[str] = field(default_factory=list)
    catch_up: CatchUpStatus = field(default_factory=CatchUpStatus)

    @property
    def is_connected(self) -> bool:
        """Whether all shards are connected."""
        return self.gateway == "connected"

    @property
    def connected_shards(self) -> int:
        """The number of connected shards."""
        return sum(state == "connected" for state in self.shards.values())


ProcessDetail = WorkerDetail | ServerDetail | BotDetail
REPORT_KEY = "report"
"""Key of the process report in `process.detail`, besides the fields of the detail."""
_REPORT_ADAPTER = TypeAdapter(ProcessReport)

_ADAPTERS: Mapping[str, TypeAdapter[Any]] = {
    "worker": TypeAdapter(WorkerDetail),
    "api": TypeAdapter(ServerDetail),
    "web": TypeAdapter(ServerDetail),
    "bot": TypeAdapter(BotDetail),
}


def serialize_detail(detail: ProcessDetail) -> dict[str, Any]:
    """Serialize a detail for the column `process.detail`."""
    return asdict(detail)


def parse_detail(name: str, detail: Mapping[str, Any]) -> ProcessDetail | None:
    """Parse the detail of the process of this name.

    None if it has sent no heartbeat yet, or is of a version of Herwa that reports something else.
    """
    adapter = _ADAPTERS.get(name)
    if adapter is None:
        return None
    try:
        parsed: ProcessDetail = adapter.validate_python(detail)
    except ValidationError:
        return None
    return parsed


def parse_report(detail: Mapping[str, Any]) -> ProcessReport:
    """Parse the report of a process; empty if it has sent none, or is of a version that reports something else."""
    try:
        return _REPORT_ADAPTER.validate_python(detail.get(REPORT_KEY, {}))
    except ValidationError:
        return ProcessReport()


def find_policy_status(detail: ProcessDetail | None) -> PolicyCacheStatus | None:
    """Return the status of the process's policy cache; None if it has none."""
    return detail.policies if isinstance(detail, ServerDetail | BotDetail) else None
