"""One HTTP request as its meaning: who asks, in which database, with which settings and parameters."""

import base64
import binascii
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl

# Words of the protocol in the query string; whatever else stands there is a setting. Sessions, progress and compressed
# answers are legal to ignore.
_PROTOCOL_PARAMETERS = frozenset(
    {"query", "database", "default_format", "user", "password", "query_id", "quota_key", "role"}
    | {"session_id", "session_timeout", "session_check", "client_protocol_version"}
    | {"compress", "decompress", "enable_http_compression", "buffer_size", "wait_end_of_query"}
    | {"send_progress_in_http_headers", "http_headers_progress_interval_ms"}
    | {"cancel_http_readonly_queries_on_client_close"}
)
_DEFAULT_SETTINGS = {"async_insert": "0"}  # an insert is in the table when it has been answered


@dataclass(frozen=True, slots=True)
class ConnectionSettings:
    """What an engine handle must be set to before the query runs."""

    database: str
    settings: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class QueryRequest:
    """What the query string and the headers say; the body comes apart."""

    path: str
    query: str
    connection_settings: ConnectionSettings
    parameters: Mapping[str, str]
    protocol: Mapping[str, str]
    headers: Mapping[str, str] = field(repr=False)

    @property
    def waits_for_end(self) -> bool:
        """True when the client wants the whole answer, or an error with its status, and no stream."""
        return self.protocol.get("wait_end_of_query", "0") in ("1", "true")

    @property
    def credentials(self) -> tuple[str, str]:
        """User and password, from whichever of ClickHouse's three places."""
        kind, _, value = self.headers.get("authorization", "").partition(" ")
        if kind.lower() == "basic":
            try:
                user, _, password = base64.b64decode(value).decode().partition(":")
            except (binascii.Error, UnicodeDecodeError):
                return "", ""
            return user, password
        if "x-clickhouse-user" in self.headers:
            return self.headers["x-clickhouse-user"], self.headers.get("x-clickhouse-key", "")
        return self.protocol.get("user", ""), self.protocol.get("password", "")


def parse_request(scope: Mapping[str, Any], *, database: str) -> QueryRequest:
    """Read an ASGI scope; `database` is where a request that names none works."""
    headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}
    query_fields = dict(parse_qsl(scope["query_string"].decode("latin-1"), keep_blank_values=True))
    requested_database = headers.get("x-clickhouse-database") or query_fields.get("database") or database
    settings = {
        name: value
        for name, value in query_fields.items()
        if name not in _PROTOCOL_PARAMETERS and not name.startswith("param_")
    }
    return QueryRequest(
        path=scope["path"],
        query=query_fields.get("query", ""),
        connection_settings=ConnectionSettings(requested_database, _DEFAULT_SETTINGS | settings),
        parameters=extract_parameters(query_fields),
        protocol={name: value for name, value in query_fields.items() if name in _PROTOCOL_PARAMETERS},
        headers=headers,
    )


def extract_parameters(fields: Mapping[str, str]) -> dict[str, str]:
    """The query parameters (`param_x`) among these fields, by their names."""
    return {name.removeprefix("param_"): value for name, value in fields.items() if name.startswith("param_")}
