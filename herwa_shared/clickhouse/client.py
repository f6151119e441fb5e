"""The ClickHouse client, used for the embedded engine and for an external server alike."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import clickhouse_connect
from clickhouse_connect.driver.asyncclient import AsyncClient
from sqlalchemy import make_url

READ_TIMEOUT_SECONDS = 120


@asynccontextmanager
async def open_clickhouse(url: str) -> AsyncIterator[AsyncClient]:
    """Open a client for a URL and close it after the block.

    The URL has the form `http(s)://user:password@host:port/database`. The scheme `clickhouses` also means TLS. Missing
    parts of the URL default to the user `default`, the database `default` and ClickHouse's standard HTTP ports.
    """
    parsed_url = make_url(url)
    secure = parsed_url.drivername in ("https", "clickhouses")
    client = await clickhouse_connect.get_async_client(
        host=parsed_url.host or "127.0.0.1",
        port=parsed_url.port or (8443 if secure else 8123),
        username=parsed_url.username or "default",
        password=parsed_url.password or "",
        database=parsed_url.database or "default",
        secure=secure,
        autogenerate_session_id=False,
        send_receive_timeout=READ_TIMEOUT_SECONDS,
        client_name="herwa",
    )
    try:
        yield client
    finally:
        await client.close()
