"""Texts of the health page of the operator's panel."""

from collections.abc import Mapping

from herwa_shared.charts.formatting import format_int
from herwa_shared.operators.health import ProblemKind, ProcessState

ALL_WELL = "All is well."
PROCESSES, SHARDS, PIPELINE, STORES, JOBS = "Processes", "Shards", "Pipeline", "Databases and disk", "Jobs"
SLOW, ERRORS = "Slowest questions of the last hour", "Errors since the start"
NO_SHARDS, NO_JOBS, NO_SLOW, NO_ERRORS = "No shard.", "No worker runs.", "Nothing was slow.", "No errors."
RUN_NOW = "Run now"
JOB_REQUESTED = "The job starts now."
STATES: Mapping[str, str] = {
    ProcessState.RUNNING: "running",
    ProcessState.SILENT: "no heartbeat",
    ProcessState.STOPPED: "stopped",
    ProcessState.MISSING: "missing",
}
TITLES: Mapping[str, str] = {"bot": "Bot", "worker": "Worker", "api": "API", "web": "Pages"}
STEPS = ("Bot memory", "Buffer", "In transfer", "ClickHouse")
STORE_TITLES: Mapping[str, str] = {"postgresql": "PostgreSQL", "clickhouse": "ClickHouse", "redis": "Redis"}
DISK = "Disk of the data folder"
UNITS = ("B", "KB", "MB", "GB", "TB")
UNIT_SIZE = 1000


def format_problem(kind: ProblemKind, subject: str) -> str:
    """Say what is wrong and where."""
    title = TITLES.get(subject, subject)
    match kind:
        case ProblemKind.PROCESS:
            return f"{title} doesn't run, or is blocked."
        case ProblemKind.LOOP:
            return f"{title} responds late: its event loop is blocked."
        case ProblemKind.SHARD:
            return f"Shard {subject} isn't connected to Discord."
        case ProblemKind.PIPELINE:
            return "Events wait in the buffer. Check the worker and ClickHouse."
        case ProblemKind.DISK:
            return "The disk is full. Free some space, or numbers will be missing."
        case ProblemKind.JOB:
            return f"The job {subject} fails."


def format_problem_count(count: int) -> str:
    """Say how many problems there are."""
    return "1 problem" if count == 1 else f"{format_int(count)} problems"


def format_bytes(size: int) -> str:
    """Format a size: `1.2 GB`."""
    value = float(size)
    for unit in UNITS:
        if value < UNIT_SIZE or unit == UNITS[-1]:
            return f"{value:.0f} {unit}" if unit in UNITS[:2] else f"{value:.1f} {unit}"
        value /= UNIT_SIZE
    return ""


def format_growth(growth: int | None) -> str:
    """Format how much a store grew in a day."""
    if growth is None:
        return ""
    return f"{'+' if growth >= 0 else '-'}{format_bytes(abs(growth))} in 24 h"


def format_free(free: int, total: int) -> str:
    """Format how much of the disk is free."""
    return f"{format_bytes(free)} of {format_bytes(total)} free"


def format_seconds(seconds: float) -> str:
    """Format an age."""
    return f"{seconds:.1f} s" if seconds < 10 else f"{seconds:,.0f} s"


def format_heartbeat(seconds: float | None) -> str:
    """Format the age of a heartbeat."""
    return "no heartbeat" if seconds is None else f"heartbeat {format_seconds(seconds)} ago"


def format_lag(milliseconds: int) -> str:
    """Format the lag of an event loop."""
    return f"loop lag {format_int(milliseconds)} ms"


def format_rate(rate: float) -> str:
    """Format events a second."""
    return f"{rate:.1f}/s"


def format_rows(count: int) -> str:
    """Format a number of events."""
    return "1 event" if count == 1 else f"{format_int(count)} events"


def format_oldest(seconds: float) -> str:
    """Format the age of the oldest row of the buffer."""
    return f"oldest {format_seconds(seconds)}" if seconds else ""


def format_failures(count: int) -> str:
    """Format failed attempts in a row."""
    return "1 failure" if count == 1 else f"{format_int(count)} failures"


def format_interval(seconds: float) -> str:
    """Format the interval of a job."""
    if seconds < 60:
        return f"every {seconds:g} s"
    return f"every {seconds / 60:g} min" if seconds < 3600 else f"every {seconds / 3600:g} h"


def format_milliseconds(milliseconds: int) -> str:
    """Format a duration."""
    return f"{format_int(milliseconds)} ms"
