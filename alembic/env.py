"""Alembic environment.

`herwa_shared.migrate` passes the database URL in the configuration. When a developer calls `alembic`, the URL comes
from the settings.
"""

import asyncio
from typing import Any, Literal

from sqlalchemy import URL, Connection, NullPool
from sqlalchemy.ext.asyncio import create_async_engine
from sqlmodel.sql.sqltypes import AutoString

from alembic import context
from herwa_shared.config import Settings
from herwa_shared.db import to_asyncpg_url
from herwa_shared.embedded import lease_engines
from herwa_shared.models import metadata
from herwa_shared.runtime.data_dir import DataFolder
from herwa_shared.services.audit_key import load_audit_key

# Name prefixes of tables that migrations create with plain SQL and that have no model.
PLAIN_SQL_TABLES = (
    "event_buffer",
    "channel_coverage",
    "event_key",
    "ingest_state",
    "drain_request",
    "policy_change",
    "data_version",
    "first_recorded_hour",
    "account_change",
    "privacy_version",
)


def has_model(name: str | None, kind: str, _parents: Any) -> bool:
    """Exclude plain-SQL tables from autogenerate. Everything else is compared with the models."""
    return not (kind == "table" and name is not None and name.startswith(PLAIN_SQL_TABLES))


def render_type(kind: str, value: Any, _context: Any) -> str | Literal[False]:
    """Render SQLModel's string type as SQLAlchemy's, so that migrations do not import SQLModel."""
    return f"sa.String({value.length})" if kind == "type" and isinstance(value, AutoString) else False


def run(connection: Connection) -> None:
    """Run the migrations on this connection, in one transaction."""
    context.configure(
        connection=connection,
        target_metadata=metadata,
        include_name=has_model,
        compare_type=True,
        render_item=render_type,
    )
    with context.begin_transaction():
        context.run_migrations()


async def connect_and_run(url: URL) -> None:
    """Connect to the database and run the migrations."""
    engine = create_async_engine(url, poolclass=NullPool)
    async with engine.connect() as connection:
        await connection.run_sync(run)
    await engine.dispose()


def main() -> None:
    """Run the migrations on the database of the configuration or of the settings."""
    if url := context.config.attributes.get("url"):
        asyncio.run(connect_and_run(url))
        return
    settings = Settings()
    folder = DataFolder(settings.data_dir)
    context.config.attributes["audit_key"] = load_audit_key(settings, folder)
    with lease_engines(settings, folder) as lease:
        asyncio.run(connect_and_run(to_asyncpg_url(lease.urls.database_owner)))


main()
