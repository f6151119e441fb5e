"""One chDB connection, and the settings and the database that it stands at."""

from collections.abc import Mapping
from typing import Any

from herwa_shared.embedded.clickhouse_server.errors import EngineError
from herwa_shared.embedded.clickhouse_server.request import ConnectionSettings


class EngineConnection:
    """Used by one thread at a time. `spoiled`: its state is no longer known, and nobody may have it next."""

    def __init__(self, connection: Any) -> None:
        self._connection = connection
        self._settings: dict[str, str] = {}
        self._database = "default"
        self.is_dirty = False

    def query(self, sql: str, output_format: str = "TabSeparated", parameters: Mapping[str, str] | None = None) -> Any:
        """Run one statement to its end; chDB's result. Raises EngineError."""
        try:
            return self._connection.query(sql, output_format, params=dict(parameters or {}))
        except RuntimeError as error:
            raise EngineError(str(error)) from None

    def is_configured_for(self, target: ConnectionSettings) -> bool:
        return self._settings == target.settings and self._database == target.database

    def configure(self, target: ConnectionSettings) -> None:
        """Bring settings and database to what the request wants, sending only the difference."""
        changes = [f"{name} = DEFAULT" for name in self._settings if name not in target.settings]
        for name, value in target.settings.items():
            if self._settings.get(name) != value:
                changes.append(name + " = " + _quote(value, "'"))
        if changes:
            self.is_dirty = True  # until all of them are known to hold
            self.query("SET " + ", ".join(changes))
            self._settings = dict(target.settings)
            self.is_dirty = False
        if target.database != self._database:
            self.query("USE " + _quote(target.database, "`"))
            self._database = target.database

    def close(self) -> None:
        self._connection.close()


def _quote(text: str, quote_char: str) -> str:
    return quote_char + text.replace("\\", "\\\\").replace(quote_char, f"\\{quote_char}") + quote_char
