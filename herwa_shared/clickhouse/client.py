"""The ClickHouse client, used for the embedded engine and for an external server alike."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import replace
from weakref import WeakKeyDictionary

import clickhouse_connect
from clickhouse_connect.driver.asyncclient import AsyncClient
from clickhouse_connect.driver.exceptions import DatabaseError
from sqlalchemy import make_url

from herwa_shared.clickhouse.row_reader import ReaderTarget, RowReader

READ_TIMEOUT_SECONDS = 120
QUOTE_SETTING = "output_format_json_quote_64bit_integers"
CANCEL_SETTING = "cancel_http_readonly_queries_on_client_close"
_readers: WeakKeyDictionary[AsyncClient, RowReader] = WeakKeyDictionary()


@asynccontextmanager
async def open_clickhouse(url: str) -> AsyncIterator[AsyncClient]:
    """Open a client for a URL and close it after the block.

    The URL has the form `http(s)://user:password@host:port/database`. The scheme `clickhouses` also means TLS. Missing
    parts of the URL default to the user `default`, the database `default` and ClickHouse's standard HTTP ports.
    """
    parsed_url = make_url(url)
    secure = parsed_url.drivername in ("https", "clickhouses")
    host, port = parsed_url.host or "127.0.0.1", parsed_url.port or (8443 if secure else 8123)
    user, password, database = (
        parsed_url.username or "default",
        parsed_url.password or "",
        parsed_url.database or "default",
    )
    client = await clickhouse_connect.get_async_client(
        host=host,
        port=port,
        username=user,
        password=password,
        database=database,
        secure=secure,
        autogenerate_session_id=False,
        send_receive_timeout=READ_TIMEOUT_SECONDS,
        client_name="herwa",
    )
    settings = _find_reader_settings(client)
    if settings is not None:
        target = ReaderTarget(host, port, secure, user, password, database, settings)
        _readers[client] = RowReader(replace(target, is_fair=await _can_set_priority(target)))
    try:
        yield client
    finally:
        if (reader := _readers.pop(client, None)) is not None:
            await reader.close()
        await client.close()


def find_row_reader(client: AsyncClient) -> RowReader | None:
    """Return the fast reader that belongs to an open client; None if its server does not allow what it needs."""
    return _readers.get(client)


async def _can_set_priority(target: ReaderTarget) -> bool:
    """Return whether the server lets the account give its statements a priority."""
    reader = RowReader(replace(target, is_fair=True))
    try:
        await reader.fetch("SELECT 1", {})
    except DatabaseError:
        return False
    finally:
        await reader.close()
    return True


def _find_reader_settings(client: AsyncClient) -> Mapping[str, str] | None:
    """Return the settings of each statement; None if the account may not set how integers are written.

    64-bit integers must be numbers. A statement whose caller is gone ends, if that may be set.
    """
    cancel, quote = (client.server_settings.get(name) for name in (CANCEL_SETTING, QUOTE_SETTING))
    settings = {CANCEL_SETTING: "1"} if cancel is not None and not cancel.readonly else {}
    if quote is None or quote.value in ("0", "false"):
        return settings
    return None if quote.readonly else {**settings, QUOTE_SETTING: "0"}
