"""Errors that any command can print."""

INVALID_DATABASE_URL = "it must be a URL like scheme://user:password@host:port/database"
INVALID_REDIS_URL = "it must be a URL like redis://:password@host:6379/0"
REAL_DISCORD = "This copy uses the real Discord. Unset DISCORD_TOKEN to use a local Discord."


def format_postgresql_error(reason: str) -> str:
    """Format an error that PostgreSQL reported."""
    return f"PostgreSQL error: {reason}"


def format_clickhouse_error(reason: str) -> str:
    """Format an error that ClickHouse or its client reported."""
    return f"ClickHouse error: {reason}"


def format_connection_error(reason: str) -> str:
    """Format an error of a network connection to a database."""
    return f"A database doesn't respond: {reason}. Run `herwa doctor`."


def format_file_error(name: str, reason: str) -> str:
    """Format a system error about a file."""
    return f"{name}: {reason}."


def format_system_error(reason: str) -> str:
    """Format a system error."""
    return f"System error: {reason}"


def format_invalid_setting(name: str, reason: str) -> str:
    """Format an invalid setting, without its value."""
    return f"Invalid {name}: {reason}."


def format_needs_setting(name: str) -> str:
    """Format that a setting has no effect without another one."""
    return f"set {name} too"


def format_no_worker(error: str) -> str:
    """Format that events were not moved because no worker runs."""
    return f"{error} The worker isn't running. Start it with `herwa up` or `herwa worker`."
