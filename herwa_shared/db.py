"""PostgreSQL connection pool.

`transaction()` yields a SQLAlchemy session, `acquire_connection()` an asyncpg connection for COPY, and
`acquire_reader()` one for SELECTs.
"""

import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import asyncpg
from sqlalchemy import URL, event, make_url
from sqlalchemy.dialects.postgresql.asyncpg import AsyncAdapt_asyncpg_dbapi
from sqlalchemy.exc import DisconnectionError
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession, async_sessionmaker, create_async_engine

from herwa_shared.errors import ServiceUnavailable

MAX_IDLE_SECONDS = 5.0
"""A connection that was not used for longer is tried before it is used."""
DBAPI_ERRORS = (AsyncAdapt_asyncpg_dbapi.Error, OSError)
_USED_AT = "used_at"
AUDIT_KEY_INFO = "audit_key"
"""Key of `AsyncSession.info` under which a session carries the audit key."""


def get_audit_key(session: AsyncSession) -> bytes:
    """Get the audit key of a session. The session's `Database` was opened with it."""
    key: bytes | None = session.info.get(AUDIT_KEY_INFO)
    assert key is not None, "the database was opened without the audit key"
    return key


def to_asyncpg_url(url: str) -> URL:
    """Convert a URL for SQLAlchemy's asyncpg dialect. libpq's `sslmode` becomes `ssl`."""
    asyncpg_url = make_url(url).set(drivername="postgresql+asyncpg")
    if ssl_mode := asyncpg_url.query.get("sslmode"):
        asyncpg_url = asyncpg_url.difference_update_query(["sslmode"]).update_query_dict({"ssl": str(ssl_mode)})
    return asyncpg_url


async def get_driver_connection(session: AsyncSession) -> asyncpg.Connection:
    """Return the asyncpg connection of a session, for a statement in its transaction."""
    pooled_connection = await (await session.connection()).get_raw_connection()
    driver_connection: asyncpg.Connection | None = pooled_connection.driver_connection
    assert driver_connection is not None
    return driver_connection


class Database:
    """A connection pool for the PostgreSQL at `url`. Call `close()` at the end.

    `audit_key` authenticates the audit entries that its sessions record; without it they cannot record any.
    """

    def __init__(self, url: str, *, pool_size: int = 8, audit_key: bytes | None = None) -> None:
        self.url = url
        self.audit_key = audit_key
        self._engine = create_async_engine(
            to_asyncpg_url(url),
            pool_size=pool_size,
            connect_args={"server_settings": {"application_name": "herwa"}, "timeout": 10},
        )
        _replace_lost_connections(self._engine)
        self._sessions = async_sessionmaker(self._engine, expire_on_commit=False, info={AUDIT_KEY_INFO: audit_key})

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[AsyncSession]:
        """Run a block in one transaction: commit at its end, roll back if it raises."""
        async with self._sessions.begin() as session:
            yield session

    @asynccontextmanager
    async def acquire_connection(self) -> AsyncIterator[asyncpg.Connection]:
        """Acquire a plain asyncpg connection, for COPY. The block opens its own transactions."""
        async with self._engine.connect() as connection:
            pooled_connection = await connection.get_raw_connection()
            driver_connection = pooled_connection.driver_connection
            assert driver_connection is not None
            try:
                yield driver_connection
            except (OSError, asyncpg.InterfaceError, asyncpg.PostgresConnectionError):
                await connection.invalidate()
                raise

    @asynccontextmanager
    async def acquire_reader(self) -> AsyncIterator[asyncpg.Connection]:
        """Acquire a plain asyncpg connection for SELECTs. Raises ServiceUnavailable if the connection is lost.

        Performance: building a statement in a session costs several times as much CPU as running it here.
        """
        try:
            async with self.acquire_connection() as connection:
                yield connection
        except (asyncpg.PostgresConnectionError, asyncpg.InterfaceError) as error:
            raise ServiceUnavailable from error

    async def close(self) -> None:
        """Close all connections."""
        await self._engine.dispose()


def _replace_lost_connections(engine: AsyncEngine) -> None:
    """Let the pool replace a connection that was lost while it was not in use.

    Performance: `pool_pre_ping` does it too, but with three round trips before each transaction.
    """

    def save_time(_connection: Any, record: Any) -> None:
        record.info[_USED_AT] = time.monotonic()

    def check(connection: Any, record: Any, _proxy: Any) -> None:
        if connection.driver_connection.is_closed():
            raise DisconnectionError
        if time.monotonic() - record.info.get(_USED_AT, time.monotonic()) > MAX_IDLE_SECONDS:
            try:
                engine.dialect.do_ping(connection)
            except DBAPI_ERRORS as error:
                raise DisconnectionError from error

    event.listen(engine.sync_engine, "checkin", save_time)
    event.listen(engine.sync_engine, "checkout", check)
