"""Migrate both databases to the schema of this code. Idempotent.

Concurrent processes may call it at the same time. Every process calls it at its start. Therefore the revisions are
first compared with plain queries, and the migration tools are imported only if a migration is missing.
"""

import asyncio
import shutil
import tempfile
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import asyncpg
from clickhouse_connect.driver.exceptions import DatabaseError
from sqlalchemy import make_url
from sqlalchemy.exc import ProgrammingError

from herwa_shared.clickhouse.client import open_clickhouse
from herwa_shared.database_privileges import grant_privileges, is_restricted
from herwa_shared.db import to_asyncpg_url
from herwa_shared.embedded import StoreUrls
from herwa_shared.errors import HerwaError

if TYPE_CHECKING:
    from alembic.config import Config

ALEMBIC_DIR = Path(__file__).resolve().parent.parent / "alembic"
CLICKHOUSE_MIGRATIONS_DIR = Path(__file__).parent / "clickhouse" / "migrations"
MIGRATION_LOCK_ID = 0x4845525741  # "HERWA" in ASCII: advisory lock, one migration at a time
MISSING_SCHEMA_ERRORS = ("UNKNOWN_TABLE", "UNKNOWN_DATABASE")
DENIED_ERRORS = ("ACCESS_DENIED", "NOT_ENOUGH_PRIVILEGES", "READONLY")
_ROWS_SQL = """
SELECT max(version), (SELECT sum(total_rows) FROM system.tables
    WHERE database = currentDatabase() AND name IN ('activity_events', 'activity_hourly'))
FROM schema_versions
"""


class MigrationDenied(HerwaError):
    """The schema is outdated, and this process's accounts must not change it."""

    code = "migration_denied"
    status = 503
    message = (
        "The database schema is outdated, and the account can't change it."
        " Run `herwa migrate` with DATABASE_OWNER_URL and CLICKHOUSE_WRITER_URL."
    )


@dataclass(frozen=True, slots=True)
class StoreRevisions:
    """The revisions of both schemas, None for an empty database, and how much the databases contain."""

    postgresql: str | None
    clickhouse: int | None
    moved_events: int
    clickhouse_rows: int

    @property
    def is_postgresql_outdated(self) -> bool:
        """Whether a PostgreSQL migration is missing."""
        return self.postgresql != _get_newest_revision(ALEMBIC_DIR / "versions", "*.py")

    @property
    def is_clickhouse_outdated(self) -> bool:
        """Whether a ClickHouse migration is missing."""
        return self.clickhouse != int(_get_newest_revision(CLICKHOUSE_MIGRATIONS_DIR, "*.sql"))

    @property
    def is_outdated(self) -> bool:
        """Whether any migration is missing."""
        return self.is_postgresql_outdated or self.is_clickhouse_outdated

    @property
    def is_empty(self) -> bool:
        """Whether neither database has a schema."""
        return self.postgresql is None and self.clickhouse is None


Inspection = Callable[[StoreRevisions], Awaitable[None]]


async def migrate(urls: StoreUrls, *, audit_key: bytes | None = None, inspect: Inspection | None = None) -> None:
    """Run missing migrations: alembic for PostgreSQL, then numbered files for ClickHouse; grant privileges.

    A PostgreSQL advisory lock serializes concurrent calls. `audit_key` is needed if the database has audit entries.
    `inspect` is called before anything is changed and can refuse the start with an exception. Raises MigrationDenied.
    """
    lock_connection = await asyncpg.connect(to_plain_url(urls.database_owner), timeout=30)
    try:
        await lock_connection.execute("SELECT pg_advisory_lock($1)", MIGRATION_LOCK_ID)
        revisions = await load_revisions(lock_connection, urls)
        if inspect is not None:
            await inspect(revisions)
        if revisions.is_postgresql_outdated:
            await _run_migration(_migrate_postgresql, urls.database_owner, audit_key)
        if revisions.is_clickhouse_outdated:
            await _run_migration(migrate_clickhouse, urls.clickhouse_writer)
        await _grant_privileges(lock_connection, urls, has_new_tables=revisions.is_postgresql_outdated)
    finally:
        await lock_connection.close()


async def load_revisions(connection: asyncpg.Connection, urls: StoreUrls) -> StoreRevisions:
    """Load the revisions of both databases. `connection` is one to PostgreSQL."""
    postgresql, moved_events = None, 0
    if await connection.fetchval("SELECT to_regclass('alembic_version')"):
        postgresql = await connection.fetchval("SELECT version_num FROM alembic_version")
    if await connection.fetchval("SELECT to_regclass('ingest_state')"):
        moved_events = await connection.fetchval("SELECT moved FROM ingest_state WHERE id = 0") or 0
    clickhouse, clickhouse_rows = await _load_clickhouse_revision(urls.clickhouse_writer)
    return StoreRevisions(postgresql, clickhouse, moved_events, clickhouse_rows)


def to_plain_url(url: str) -> str:
    """Convert a URL of PostgreSQL for asyncpg itself."""
    return make_url(url).set(drivername="postgresql").render_as_string(hide_password=False)


def migrate_clickhouse(url: str, newest: int | None = None) -> None:
    """Run the missing migrations of ClickHouse, all or up to a number."""
    from clickhouse_migrations.clickhouse_cluster import ClickhouseCluster  # noqa: PLC0415 - see module docstring

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
    with tempfile.TemporaryDirectory(prefix="herwa-migrations-") as temp_dir:
        for path in CLICKHOUSE_MIGRATIONS_DIR.glob("*.sql"):
            if newest is None or int(path.name.split("_")[0]) <= newest:
                shutil.copy(path, temp_dir)
        cluster.migrate(parsed_url.database, Path(temp_dir), multi_statement=True)


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


async def _load_clickhouse_revision(url: str) -> tuple[int | None, int]:
    """Load the revision and the number of rows; (None, 0) if there is no schema."""
    try:
        async with open_clickhouse(url) as clickhouse:
            revision, rows = (await clickhouse.query(_ROWS_SQL)).result_rows[0]
    except DatabaseError as error:
        if not any(code in str(error) for code in MISSING_SCHEMA_ERRORS):
            raise
        return None, 0
    return int(revision), int(rows or 0)


async def _run_migration(function: Callable[..., None], *arguments: object) -> None:
    try:
        await asyncio.to_thread(function, *arguments)
    except ProgrammingError as error:
        if getattr(error.orig, "sqlstate", None) == asyncpg.InsufficientPrivilegeError.sqlstate:
            raise MigrationDenied from error
        raise
    except DatabaseError as error:
        if any(code in str(error) for code in DENIED_ERRORS):
            raise MigrationDenied from error
        raise


def _migrate_postgresql(url: str, audit_key: bytes | None) -> None:
    from alembic import command  # noqa: PLC0415 - imported only when needed, see module docstring

    command.upgrade(build_alembic_config(url, audit_key), "head")
