"""What a failure means for people: its sentence, or none when it is a bug, which deserves its traceback."""

from socket import gaierror

import asyncpg
from clickhouse_connect.driver.exceptions import ClickHouseError
from sqlalchemy.exc import InterfaceError, OperationalError

from herwa_shared.errors import HerwaError

LONGEST = 300


def sentence(error: Exception) -> str | None:
    """What to tell instead of a traceback."""
    match error:
        case HerwaError():
            said: str | None = str(error)
        case asyncpg.PostgresError() | asyncpg.InterfaceError() | OperationalError() | InterfaceError():
            said = f"PostgreSQL refuses: {_first_line(error)}"
        case ClickHouseError():
            said = f"ClickHouse refuses or does not answer: {_first_line(error)}"
        case ConnectionError() | TimeoutError() | gaierror():
            said = f"A database does not answer: {_first_line(error)}"
        case OSError(filename=str() as name, strerror=str() as reason):
            said = f"{name}: {reason}."
        case OSError():
            said = f"This machine does not allow it: {_first_line(error)}"
        case _:
            said = None
    return said


def _first_line(error: Exception) -> str:
    lines = str(error).strip().splitlines()
    return lines[0][:LONGEST] if lines else type(error).__name__
