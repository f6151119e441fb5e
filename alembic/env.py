"""How alembic reaches PostgreSQL. `herwa migrate` hands the address over; a developer's own call asks the settings."""

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

PLAIN_SQL = ("event_buffer", "channel_coverage", "ingest_state", "drain_request", "policy_change")


def is_modelled(name: str | None, kind: str, _parents: Any) -> bool:
    """Some tables are plain SQL; everything else is compared with the models."""
    return not (kind == "table" and name is not None and name.startswith(PLAIN_SQL))


def render_type(kind: str, value: Any, _context: Any) -> str | Literal[False]:
    """Migrations spell SQLModel's strings as plain SQLAlchemy's, so that they need no import of it."""
    return f"sa.String({value.length})" if kind == "type" and isinstance(value, AutoString) else False


def run(connection: Connection) -> None:
    context.configure(
        connection=connection,
        target_metadata=metadata,
        include_name=is_modelled,
        compare_type=True,
        render_item=render_type,
    )
    with context.begin_transaction():
        context.run_migrations()


async def connect_and_run(url: URL) -> None:
    engine = create_async_engine(url, poolclass=NullPool)
    async with engine.connect() as connection:
        await connection.run_sync(run)
    await engine.dispose()


def main() -> None:
    if url := context.config.attributes.get("url"):
        asyncio.run(connect_and_run(url))
        return
    settings = Settings()
    with lease_engines(settings, DataFolder(settings.data_dir)) as lease:
        asyncio.run(connect_and_run(to_asyncpg_url(lease.urls.database)))


main()
