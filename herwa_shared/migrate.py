"""Migrate both databases to the schema of this code. Idempotent.

Concurrent processes may call it at the same time. Every process calls it at its start. Therefore the revisions are
first compared with plain queries, and the migration tools are imported only if a migration is missing.
"""

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING

import asyncpg
from clickhouse_connect.driver.exceptions import DatabaseError
from sqlalchemy import make_url

from herwa_shared.clickhouse.client import open_clickhouse
from herwa_shared.database_privileges import grant_privileges, is_restricted
from herwa_shared.db import to_asyncpg_url
from herwa_shared.embedded import StoreUrls

if TYPE_CHECKING:
    from alembic.config import Config

ALEMBIC_DIR = Path(__file__).resolve().parent.parent / "alembic"
CLICKHOUSE_MIGRATIONS_DIR = Path(__file__).parent / "clickhouse" / "migrations"
MIGRATION_LOCK_ID = 0x4845525741  # "HERWA" in ASCII: advisory lock, one migration at a time
MISSING_SCHEMA_ERRORS = ("UNKNOWN_TABLE", "UNKNOWN_DATABASE")


async def migrate(urls: StoreUrls, *, audit_key: bytes | None = None) -> None:
    """Run missing migrations: alembic for PostgreSQL, then numbered files for ClickHouse; grant privileges.

    A PostgreSQL advisory lock serializes concurrent calls. `audit_key` is needed if the database has audit entries.
    """
    plain_url = make_url(urls.database_owner).set(drivername="postgresql").render_as_string(hide_password=False)
    lock_connection = await asyncpg.connect(plain_url, timeout=30)
    try:
        await lock_connection.execute("SELECT pg_advisory_lock($1)", MIGRATION_LOCK_ID)
        newest_revision = _get_newest_revision(ALEMBIC_DIR / "versions", "*.py")
        is_outdated = await _load_postgresql_revision(lock_connection) != newest_revision
        if is_outdated:
            await asyncio.to_thread(_migrate_postgresql, urls.database_owner, audit_key)
        if await _load_clickhouse_revision(urls.clickhouse_writer) != int(
            _get_newest_revision(CLICKHOUSE_MIGRATIONS_DIR, "*.sql")
        ):
            await asyncio.to_thread(_migrate_clickhouse, urls.clickhouse_writer)
        await _grant_privileges(lock_connection, urls, has_new_tables=is_outdated)
    finally:
        await lock_connection.close()


async def _grant_privileges(owner_connection: asyncpg.Connection, urls: StoreUrls, *, has_new_tables: bool) -> None:
    """Grant the account for daily work its privileges, unless it has them or is the owner itself."""
    role = make_url(urls.database).username
    if role is None or role == await owner_connection.fetchval("SELECT current_user"):
        return
    if has_new_tables or not await is_restricted(owner_connection, role=role):
        await grant_privileges(owner_connection, role=role)


def build_alembic_config(database_url: str, audit_key: bytes | None = None) -> "Config":
    """Build alembic's configuration for this database, independent of the working directory.

    The URL is that of the owner.
    """
    from alembic.config import Config  # noqa: PLC0415 - imported only when needed, see module docstring

    config = Config()
    config.set_main_option("script_location", str(ALEMBIC_DIR))
    config.attributes["url"] = to_asyncpg_url(database_url)
    config.attributes["audit_key"] = audit_key
    return config


def _get_newest_revision(folder: Path, pattern: str) -> str:
    """Get the number of the last migration file: `0002` for `0002_event_buffer.py`."""
    return max(path.name for path in folder.glob(pattern)).split("_")[0]


async def _load_postgresql_revision(connection: asyncpg.Connection) -> str | None:
    if not await connection.fetchval("SELECT to_regclass('alembic_version')"):
        return None
    revision: str | None = await connection.fetchval("SELECT version_num FROM alembic_version")
    return revision


async def _load_clickhouse_revision(url: str) -> int | None:
    try:
        async with open_clickhouse(url) as clickhouse:
            return int((await clickhouse.query("SELECT max(version) FROM schema_versions")).result_rows[0][0])
    except DatabaseError as error:
        if not any(code in str(error) for code in MISSING_SCHEMA_ERRORS):
            raise
        return None


def _migrate_postgresql(url: str, audit_key: bytes | None) -> None:
    from alembic import command  # noqa: PLC0415 - imported only when needed, see module docstring

    command.upgrade(build_alembic_config(url, audit_key), "head")


def _migrate_clickhouse(url: str) -> None:
    from clickhouse_migrations.clickhouse_cluster import ClickhouseCluster  # noqa: PLC0415 - same

    parsed_url = make_url(url)
    cluster = ClickhouseCluster(
        db_host=parsed_url.host or "127.0.0.1",
        db_port=str(parsed_url.port or 8123),
        db_user=parsed_url.username or "default",
        db_password=parsed_url.password or "",
        db_name=parsed_url.database,
        secure=parsed_url.drivername in ("https", "clickhouses"),
        driver="clickhouse-connect",
    )
    cluster.migrate(parsed_url.database, CLICKHOUSE_MIGRATIONS_DIR, multi_statement=True)
