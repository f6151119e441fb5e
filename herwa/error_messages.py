"""Error messages for people. Exceptions without one are bugs and keep their traceback."""

from socket import gaierror

import asyncpg
from clickhouse_connect.driver.exceptions import ClickHouseError
from sqlalchemy.exc import InterfaceError, OperationalError

from herwa.texts import errors as texts
from herwa_shared.errors import HerwaError

MAX_MESSAGE_CHARS = 300


def describe_error(error: Exception) -> str | None:
    """Describe an exception in one sentence. None if it is a bug."""
    match error:
        case HerwaError():
            message: str | None = str(error)
        case asyncpg.PostgresError() | asyncpg.InterfaceError() | OperationalError() | InterfaceError():
            message = texts.format_postgresql_error(_get_first_line(error))
        case ClickHouseError():
            message = texts.format_clickhouse_error(_get_first_line(error))
        case ConnectionError() | TimeoutError() | gaierror():
            message = texts.format_connection_error(_get_first_line(error))
        case OSError(filename=str() as name, strerror=str() as reason):
            message = texts.format_file_error(name, reason)
        case OSError():
            message = texts.format_system_error(_get_first_line(error))
        case _:
            message = None
    return message


def _get_first_line(error: Exception) -> str:
    lines = str(error).strip().splitlines()
    return lines[0][:MAX_MESSAGE_CHARS] if lines else type(error).__name__
