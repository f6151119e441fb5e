"""Migrations of PostgreSQL and ClickHouse: numbered without gaps, reversible or repeatable, equal to the models."""

import asyncio
import re
from dataclasses import replace

import asyncpg
from alembic.script import ScriptDirectory
from sqlalchemy import make_url

from alembic import command
from herwa_shared.clickhouse.client import open_clickhouse
from herwa_shared.embedded import lease_engines
from herwa_shared.migrate import ALEMBIC_DIR, CLICKHOUSE_MIGRATIONS_DIR, build_alembic_config, migrate

SCHEMA_QUERY = "SELECT name, create_table_query FROM system.tables WHERE database = currentDatabase() ORDER BY name"


def test_alembic_has_one_head_which_is_the_last_file():
    scripts = ScriptDirectory.from_config(build_alembic_config("postgresql://x"))
    files = sorted((ALEMBIC_DIR / "versions").glob("*.py"))
    assert scripts.get_heads() == [files[-1].name.split("_")[0]]
    assert [script.revision for script in scripts.walk_revisions()][::-1] == [file.name.split("_")[0] for file in files]


async def test_models_match_the_migrated_database(stores, settings, folder):
    with lease_engines(settings, folder) as lease:
        await asyncio.to_thread(command.check, build_alembic_config(lease.urls.database_owner))


async def test_second_migration_changes_nothing(stores, settings, folder):
    before = (await stores.clickhouse.query(SCHEMA_QUERY)).result_rows
    with lease_engines(settings, folder) as lease:
        await migrate(lease.urls)
    assert (await stores.clickhouse.query(SCHEMA_QUERY)).result_rows == before


async def test_every_postgresql_migration_can_be_downgraded_and_repeated(owner, settings, folder):
    with lease_engines(settings, folder) as lease:
        url = make_url(lease.urls.database_owner)
        await owner.execute("CREATE DATABASE downgrade_test")
        other_url = url.set(database="downgrade_test").render_as_string(hide_password=False)
        config = build_alembic_config(other_url)
        for step in ("head", "base", "head"):
            run_step = command.downgrade if step == "base" else command.upgrade
            await asyncio.to_thread(run_step, config, step)
        connection = await asyncpg.connect(other_url)
        assert await connection.fetchval("SELECT count(*) FROM ingest_state") == 1
        await connection.close()


async def test_migration_creates_a_missing_clickhouse_database(stores, settings, folder):
    with lease_engines(settings, folder) as lease:
        url = make_url(lease.urls.clickhouse_writer).set(database="made_by_migration")
        await migrate(replace(lease.urls, clickhouse_writer=url.render_as_string(hide_password=False)))
    tables = await stores.clickhouse.query("SELECT count() FROM system.tables WHERE database = 'made_by_migration'")
    assert tables.result_rows[0][0] >= 3


def test_clickhouse_migrations_are_numbered_without_gaps():
    numbers = [int(path.name.split("_")[0]) for path in sorted(CLICKHOUSE_MIGRATIONS_DIR.glob("*.sql"))]
    assert numbers == list(range(1, len(numbers) + 1))


async def test_every_clickhouse_statement_can_be_repeated_after_a_crash(stores, settings, folder):
    await stores.clickhouse_writer.command("CREATE DATABASE repeated_migrations")
    with lease_engines(settings, folder) as lease:
        url = make_url(lease.urls.clickhouse_writer).set(database="repeated_migrations")
        async with open_clickhouse(url.render_as_string(hide_password=False)) as clickhouse:
            for path in sorted(CLICKHOUSE_MIGRATIONS_DIR.glob("*.sql")):
                for statement in filter(str.strip, re.split(r";\s*\n", path.read_text())):
                    for _ in range(2):
                        await clickhouse.command(statement)
