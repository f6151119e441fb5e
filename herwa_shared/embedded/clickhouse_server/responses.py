"""Responses as ASGI messages, with the headers that ClickHouse clients read."""

import json
import secrets
from collections.abc import Awaitable, Callable
from typing import Any

from herwa_shared.embedded.clickhouse_server.errors import EngineError
from herwa_shared.embedded.clickhouse_server.request import QueryRequest

Send = Callable[[Any], Awaitable[None]]
_TEXT_HEADERS = {"content-type": "text/plain; charset=UTF-8"}


async def send_text(send: Send, body: str, *, status: int = 200) -> None:
    """Send a complete plain-text response."""
    await send_response(send, body.encode(), _TEXT_HEADERS, status=status)


async def send_error(send: Send, error: EngineError) -> None:
    """Send an error with its HTTP status and its exception code."""
    headers = _TEXT_HEADERS | {"x-clickhouse-exception-code": str(error.code)}
    await send_response(send, f"{error}\n".encode(), headers, status=error.status)


async def send_response(send: Send, body: bytes, headers: dict[str, str], *, status: int = 200) -> None:
    """Send a complete response."""
    await start_response(send, headers | {"content-length": str(len(body))}, status=status)
    await send({"type": "http.response.body", "body": body})


async def start_response(send: Send, headers: dict[str, str], *, status: int = 200) -> None:
    """Send status and headers. The body follows in messages of its own."""
    header_pairs = [(name.encode("latin-1"), value.encode("latin-1")) for name, value in headers.items()]
    await send({"type": "http.response.start", "status": status, "headers": header_pairs})


def build_headers(request: QueryRequest, output_format: str) -> dict[str, str]:
    """Build the headers of a query's response."""
    return {
        "content-type": "application/octet-stream",
        "x-clickhouse-format": output_format,
        "x-clickhouse-query-id": request.protocol.get("query_id") or secrets.token_hex(16),
        "x-clickhouse-timezone": request.connection_settings.settings.get("session_timezone") or "UTC",
        "x-clickhouse-server-display-name": "herwa",
    }


def build_summary(result: Any) -> dict[str, str]:
    """Build the summary header: rows and bytes read and written, as strings of digits."""
    counts = {
        "read_rows": result.storage_rows_read(),
        "read_bytes": result.storage_bytes_read(),
        "written_rows": result.rows_written(),
        "written_bytes": result.bytes_written(),
        "result_rows": result.rows_read(),
        "elapsed_ns": int(result.elapsed() * 1e9),
    }
    return {"x-clickhouse-summary": json.dumps({name: str(count) for name, count in counts.items()})}
