"""What a failure means for people: its sentence, or none when it is a bug, which deserves its traceback."""

from socket import gaierror

import asyncpg
from clickhouse_connect.driver.exceptions import ClickHouseError
from sqlalchemy.exc import InterfaceError, OperationalError

from herwa_shared.errors import HerwaError

MAX_MESSAGE_CHARS = 300


def describe_error(error: Exception) -> str | None:
    """What to tell instead of a traceback."""
    match error:
        case HerwaError():
            text: str | None = str(error)
        case asyncpg.PostgresError() | asyncpg.InterfaceError() | OperationalError() | InterfaceError():
            text = f"PostgreSQL refuses: {_get_first_line(error)}"
        case ClickHouseError():
            text = f"ClickHouse refuses or does not answer: {_get_first_line(error)}"
        case ConnectionError() | TimeoutError() | gaierror():
            text = f"A database does not answer: {_get_first_line(error)}"
        case OSError(filename=str() as name, strerror=str() as reason):
            text = f"{name}: {reason}."
        case OSError():
            text = f"This machine does not allow it: {_get_first_line(error)}"
        case _:
            text = None
    return text


def _get_first_line(error: Exception) -> str:
    lines = str(error).strip().splitlines()
    return lines[0][:MAX_MESSAGE_CHARS] if lines else type(error).__name__
