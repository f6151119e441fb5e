"""One chDB connection, and the settings and the database that it stands at."""

from collections.abc import Mapping
from typing import Any

from herwa_shared.embedded.clickhouse_server.errors import EngineError
from herwa_shared.embedded.clickhouse_server.request import Session


class Handle:
    """Used by one thread at a time. `spoiled`: its state is no longer known, and nobody may have it next."""

    def __init__(self, connection: Any) -> None:
        self._connection = connection
        self._settings: dict[str, str] = {}
        self._database = "default"
        self.spoiled = False

    def query(self, sql: str, answer_format: str = "TabSeparated", parameters: Mapping[str, str] | None = None) -> Any:
        """Run one statement to its end; chDB's result. Raises EngineError."""
        try:
            return self._connection.query(sql, answer_format, params=dict(parameters or {}))
        except RuntimeError as error:
            raise EngineError(str(error)) from None

    def is_set_to(self, session: Session) -> bool:
        return self._settings == session.settings and self._database == session.database

    def set_to(self, session: Session) -> None:
        """Bring settings and database to what the request wants, sending only the difference."""
        changes = [f"{name} = DEFAULT" for name in self._settings if name not in session.settings]
        for name, value in session.settings.items():
            if self._settings.get(name) != value:
                changes.append(name + " = " + _quoted(value, "'"))
        if changes:
            self.spoiled = True  # until all of them are known to hold
            self.query("SET " + ", ".join(changes))
            self._settings = dict(session.settings)
            self.spoiled = False
        if session.database != self._database:
            self.query("USE " + _quoted(session.database, "`"))
            self._database = session.database

    def close(self) -> None:
        self._connection.close()


def _quoted(text: str, mark: str) -> str:
    return mark + text.replace("\\", "\\\\").replace(mark, f"\\{mark}") + mark
