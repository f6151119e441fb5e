"""Bring both stores to the schema that this code expects. Safe to repeat and safe for several processes at once."""

import asyncio
from pathlib import Path

import asyncpg
from alembic.config import Config
from clickhouse_migrations.clickhouse_cluster import ClickhouseCluster
from sqlalchemy import make_url

from alembic import command
from herwa_shared.db import async_url

ROOT = Path(__file__).resolve().parent.parent
CLICKHOUSE_FILES = Path(__file__).parent / "clickhouse" / "migrations"
MIGRATION_LOCK = 0x4845525741  # "HERWA": one migration at a time, whoever runs it


async def migrate(*, database_url: str, clickhouse_url: str) -> None:
    """Run what is missing: alembic on PostgreSQL, then the numbered files on ClickHouse, under one lock."""
    lock = await asyncpg.connect(_plain(database_url), timeout=30)
    try:
        await lock.execute("SELECT pg_advisory_lock($1)", MIGRATION_LOCK)
        await asyncio.to_thread(command.upgrade, alembic_config(database_url), "head")
        await asyncio.to_thread(_migrate_clickhouse, clickhouse_url)
    finally:
        await lock.close()


def alembic_config(database_url: str) -> Config:
    """Alembic's configuration for this database, independent of the working directory."""
    config = Config()
    config.set_main_option("script_location", str(ROOT / "alembic"))
    config.attributes["url"] = async_url(database_url)
    return config


def _migrate_clickhouse(url: str) -> None:
    parsed = make_url(url)
    cluster = ClickhouseCluster(
        db_host=parsed.host or "127.0.0.1",
        db_port=str(parsed.port or 8123),
        db_user=parsed.username or "default",
        db_password=parsed.password or "",
        db_name=parsed.database,
        secure=parsed.drivername in ("https", "clickhouses"),
        driver="clickhouse-connect",
    )
    cluster.migrate(parsed.database, CLICKHOUSE_FILES, multi_statement=True)


def _plain(url: str) -> str:
    return make_url(url).set(drivername="postgresql").render_as_string(hide_password=False)
