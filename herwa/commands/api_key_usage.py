"""`herwa keys usage`: requests with an API key per day and endpoint, its errors and its last requests."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict
from typing import Any

from rich.console import RenderableType
from rich.table import Table

from herwa.commands.operator_session import open_operator_session
from herwa.texts import api_keys as texts
from herwa_shared.config import Settings
from herwa_shared.services.api_key_usage import (
    EndpointUsage,
    ErrorGroup,
    KeyRequest,
    KeyUsage,
    list_last_requests,
    load_usage,
)

MAX_PRINTED_REQUESTS = 20


async def load_api_key_usage(
    settings: Settings, *, guild_id: int, key_id: int, days: int
) -> tuple[KeyUsage, tuple[KeyRequest, ...]]:
    """Load the use of a key and its last requests, newest first. Raises NotFound if the server has no such key."""
    async with open_operator_session(settings) as session:
        usage = await load_usage(session, guild_id=guild_id, key_id=key_id, days=days)
        return usage, await list_last_requests(session, guild_id=guild_id, key_id=key_id)


def build_usage_json(usage: KeyUsage, requests: Sequence[KeyRequest]) -> dict[str, Any]:
    """Build the JSON of the use of a key."""
    return {
        "first_date": f"{usage.first_day}",
        "last_date": f"{usage.last_day}",
        "requests": usage.requests,
        "endpoints": [{**asdict(row), "day": f"{row.day}"} for row in usage.endpoints],
        "errors": [{**asdict(group), "last_day": f"{group.last_day}"} for group in usage.errors],
        "last_requests": [
            {**asdict(request), "key_id": f"{request.key_id}", "at": request.at.isoformat()} for request in requests
        ],
    }


def render_usage(usage: KeyUsage, requests: Sequence[KeyRequest]) -> Iterator[RenderableType]:
    """Render a heading, and a table of days and endpoints, of errors and of the last requests."""
    yield texts.format_usage(usage.requests, f"{usage.first_day}", f"{usage.last_day}")
    if usage.endpoints:
        yield _build_table(texts.USAGE_COLUMNS, map(_format_endpoint_row, usage.endpoints))
    if usage.errors:
        yield texts.ERRORS_HEADING
        yield _build_table(texts.ERROR_COLUMNS, map(_format_error_row, usage.errors))
    if requests:
        yield texts.LAST_REQUESTS_HEADING
        yield _build_table(texts.REQUEST_COLUMNS, map(_format_request_row, requests[:MAX_PRINTED_REQUESTS]))


def _format_endpoint_row(row: EndpointUsage) -> tuple[str, ...]:
    errors = row.client_errors + row.server_errors
    endpoint = row.endpoint or texts.NO_ENDPOINT
    return f"{row.day}", endpoint, f"{row.requests:,}", f"{errors:,}", f"{row.average_milliseconds:,.0f}"


def _format_error_row(group: ErrorGroup) -> tuple[str, ...]:
    endpoint = group.endpoint or texts.NO_ENDPOINT
    return f"{group.status}", group.code, endpoint, f"{group.requests:,}", f"{group.last_day}"


def _format_request_row(request: KeyRequest) -> tuple[str, ...]:
    time, endpoint = f"{request.at:%Y-%m-%d %H:%M:%S}", request.endpoint or texts.NO_ENDPOINT
    return time, endpoint, f"{request.status}", request.code, f"{request.milliseconds:,}", request.request_id


def _build_table(columns: Sequence[str], rows: Iterable[tuple[str, ...]]) -> Table:
    table = Table(*columns, box=None, pad_edge=False, header_style="bold")
    for row in rows:
        table.add_row(*row)
    return table
