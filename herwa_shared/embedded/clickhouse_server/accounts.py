"""The accounts of the embedded server, and the limits of the account that reads.

chDB runs all statements as one user. That user has no privilege on sources such as files and URLs (see `config_file`).
The difference between reader and writer is the engine's read-only mode, which a connection cannot leave.
"""

import hmac
import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from herwa_shared.embedded.clickhouse_server import errors
from herwa_shared.embedded.clickhouse_server.errors import EngineError

READER_LIMITS: Mapping[str, int] = {
    "max_execution_time": 15,  # seconds
    "max_memory_usage": 1 << 29,
    "max_result_rows": 1_000_000,
    "max_rows_to_read": 2_000_000_000,
    "max_threads": 16,
    "priority": 9,  # the lowest; queries with a lower number run first
}
"""Limits of each query of the reader. A request may set lower ones."""

# Settings that a reader may send besides the limits. Settings can contain expressions, so all others are refused.
READER_SETTINGS = frozenset({"async_insert", "max_block_size", "session_timezone"})
# The rows of INSERT … VALUES are data. As expressions they could call `file`, and they are not checked as SQL.
WRITER_SETTINGS: Mapping[str, str] = {"input_format_values_interpret_expressions": "0"}
"""Settings of the writer that a request cannot change."""
_SETTING_NAME = re.compile(r"[a-z]\w*", re.ASCII)


@dataclass(frozen=True, slots=True)
class Account:
    """A user of the server."""

    name: str
    password: str = field(repr=False)
    is_reader: bool


def find_account(accounts: tuple[Account, ...], name: str, password: str) -> Account:
    """Find the account with this name and password. Takes the same time for each. Raises EngineError."""
    credentials = f"{name}\n{password}".encode()
    matches = [
        account
        for account in accounts
        if hmac.compare_digest(credentials, f"{account.name}\n{account.password}".encode())
    ]
    if not matches:
        text = f"{name}: Authentication failed: password is incorrect, or there is no user with such name."
        raise EngineError.from_code(errors.AUTHENTICATION_FAILED, "AUTHENTICATION_FAILED", text)
    return matches[0]


def check_setting_names(settings: Mapping[str, str]) -> None:
    """Refuse names that would continue as SQL: they are inserted into a SET statement. Raises EngineError."""
    for name in settings:
        if not _SETTING_NAME.fullmatch(name):
            raise EngineError.from_code(errors.UNKNOWN_SETTING, "UNKNOWN_SETTING", f"Unknown setting '{name}'")


def apply_reader_limits(settings: Mapping[str, str]) -> dict[str, str]:
    """Add the reader's limits to the settings of a request.

    Raises EngineError for a setting that a reader may not send and for a value above its limit.
    """
    for name, value in settings.items():
        if name in READER_LIMITS:
            _check_limit(name, value)
        elif name not in READER_SETTINGS:
            raise EngineError.from_code(
                errors.READONLY, "READONLY", f"Cannot modify '{name}' setting in readonly mode."
            )
    return {name: str(limit) for name, limit in READER_LIMITS.items()} | dict(settings)


def _check_limit(name: str, value: str) -> None:
    """Refuse a value that is not a number in (0, limit]: 0 means unlimited."""
    try:
        is_allowed = 0 < float(value) <= READER_LIMITS[name]
    except ValueError:
        is_allowed = False
    if not is_allowed:
        text = f"Setting {name} shouldn't be greater than {READER_LIMITS[name]}"
        raise EngineError.from_code(errors.SETTING_CONSTRAINT_VIOLATION, "SETTING_CONSTRAINT_VIOLATION", text)
