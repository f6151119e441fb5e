"""Texts of `herwa status`."""

from collections.abc import Mapping
from datetime import datetime
from pathlib import Path

from herwa.texts.counts import format_count

PROCESS_TITLES: Mapping[str, str] = {
    "worker": "The worker",
    "api": "The API",
    "bot": "The bot",
    "web": "The web process",
    "sim": "The local Discord",
    "postgres": "PostgreSQL",
    "clickhouse": "ClickHouse",
    "redis": "Redis",
}
STATUS_COLUMNS = ("process", "pid", "port", "lag", "memory", "connections", "state")
RUNNING = "● running"
NOT_RUNNING = "○ not running"
NO_PROBLEMS = "✓ no problems"
COPY_STOPPED = "Herwa isn't running. Start it with `herwa up`."
NO_BOT_HEARTBEAT = "The bot hasn't started yet. See bot.log in the logs folder."
BOT_NOT_CONNECTED = "The bot isn't connected to Discord. Run `herwa doctor`."


def format_status_title(data_dir: str, url: str) -> str:
    """Format the first line of the status."""
    return f"Herwa in {data_dir}, at {url}"


def format_restarts(count: int) -> str:
    """Format how often a process was restarted."""
    return f", {format_count(count, 'restart')}"


def format_buffer(rows: int, age_seconds: float) -> str:
    """Format the events that wait in the buffer."""
    oldest = f", the oldest for {age_seconds:.1f} s" if rows else ""
    return f"buffer    {format_count(rows, 'event')} waiting{oldest}"


def format_mover(moved: int, pending: int) -> str:
    """Format the events that were moved and that are being moved."""
    return f"mover     {format_count(moved, 'event')} moved, {pending:,} in progress"


def format_gateway(state: object, connected: int, shards: int, guilds: int, held: int) -> str:
    """Format the bot's gateway connection."""
    return (
        f"gateway   {state}, {connected} of {format_count(shards, 'shard')},"
        f" {format_count(guilds, 'server')}, {format_count(held, 'event')} in memory"
    )


def format_catch_up(pending_channels: int, fetched_messages: int, pending_listings: int) -> str:
    """Format the progress of fetching missed messages."""
    threads = f", archived threads of {format_count(pending_listings, 'server')} to list" if pending_listings else ""
    return (
        f"catch-up  {format_count(pending_channels, 'channel')} left,"
        f" {format_count(fetched_messages, 'missed message')} fetched{threads}"
    )


def format_policies(name: str, servers: int, age_seconds: float | None) -> str:
    """Format the policy cache of one process."""
    age = "not checked for changes yet" if age_seconds is None else f"checked for changes {age_seconds:.1f} s ago"
    return f"policies  {name}: {format_count(servers, 'server')}, {age}"


def format_process_stopped(name: str, logs_dir: Path) -> str:
    """Format the problem that a supervised process or a database is not running."""
    return f"{get_process_title(name)} isn't running. See {logs_dir / f'{name}.log'}."


def format_process_restarting(name: str, restarts: int, logs_dir: Path) -> str:
    """Format the problem that a supervised process ends again and again."""
    log_path = logs_dir / f"{name}.log"
    return f"{get_process_title(name)} keeps stopping ({format_count(restarts, 'restart')}). See {log_path}."


def format_process_silent(name: str, seconds: float, host: str | None) -> str:
    """Format the problem that a running process does not respond. `host` is known if no supervisor restarts it."""
    where = f" on {host}" if host else ""
    action = "Restart it." if host else "It is restarted if that lasts."
    return f"{get_process_title(name)}{where} hasn't responded for {seconds:.0f} s. {action}"


def format_heartbeat_missing(name: str, seconds: float) -> str:
    """Format the problem that a process runs but its heartbeats do not arrive in PostgreSQL."""
    return f"{get_process_title(name)} hasn't reached PostgreSQL for {seconds:.0f} s."


def format_process_slow(name: str, lag_ms: int) -> str:
    """Format the problem that the event loop of a process is blocked for long."""
    return f"{get_process_title(name)} responded {lag_ms / 1000:.1f} s late. The machine or the process is overloaded."


def format_process_starting(name: str, logs_dir: Path) -> str:
    """Format the problem that a process does not finish its start."""
    return f"{get_process_title(name)} hasn't finished starting. See {logs_dir / f'{name}.log'}."


def format_process_stalls(name: str, stalls: int, stalled_at: datetime, logs_dir: Path) -> str:
    """Format the problem that a process stopped responding lately and was restarted."""
    return (
        f"{get_process_title(name)} stopped responding and was restarted ({format_count(stalls, 'time')}, the last at"
        f" {stalled_at:%Y-%m-%d %H:%M} UTC). See {logs_dir / f'{name}.log'}."
    )


def format_supervisor_silent(seconds: float) -> str:
    """Format the problem that `herwa up` is running but does not watch its processes."""
    return f"`herwa up` hasn't responded for {seconds:.0f} s. Restart it."


def format_lag(milliseconds: int) -> str:
    """Format how late the event loop of a process is."""
    return f"{milliseconds:,} ms"


def format_memory(size: int) -> str:
    """Format the memory of a process."""
    return f"{size / 1e6:,.0f} MB"


def format_process_missing(name: str) -> str:
    """Format the problem that a required process was not started."""
    return f"{get_process_title(name)} isn't running. Start it with `herwa {name}`."


def format_database_down(reason: str) -> str:
    """Format the problem that PostgreSQL does not respond."""
    return f"PostgreSQL doesn't respond: {reason}. Run `herwa doctor`."


def format_mover_failing(rows: int, seconds: float, failures: int, error: str | None) -> str:
    """Format the problem that events cannot be inserted into ClickHouse."""
    return (
        f"{format_count(rows, 'event')} couldn't be moved to ClickHouse for {seconds:.0f} s"
        f" ({format_count(failures, 'failed attempt')}). Nothing is lost. ClickHouse: {error}"
    )


def format_buffer_waiting(seconds: float) -> str:
    """Format the problem that events are not moved."""
    return f"Events have been waiting for {seconds:.0f} s. Check that the worker is running."


def format_policies_stale(name: str) -> str:
    """Format the problem that a process does not receive changes of rules and tiers."""
    return (
        f"{get_process_title(name)} doesn't receive changes of rules and tiers."
        " With PgBouncer, use session mode for DATABASE_URL."
    )


def get_process_title(name: str) -> str:
    """Get the name of a process for a sentence."""
    return PROCESS_TITLES.get(name, name)
