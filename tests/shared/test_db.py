"""The connection pool: no statement is spent on a connection that was just used, and lost ones are replaced."""

from collections.abc import AsyncIterator

import pytest
from sqlalchemy import text

from herwa_shared import db
from herwa_shared.db import Database
from herwa_shared.stores import Stores
from tests.support.waiting import wait_until

TERMINATE_SQL = text("SELECT pg_terminate_backend(:pid)")
PID_SQL = text("SELECT pg_backend_pid()")


@pytest.fixture
async def database(stores: Stores) -> AsyncIterator[Database]:
    """A pool of one connection."""
    database = Database(stores.database.url, pool_size=1)
    yield database
    await database.close()


async def get_pid(database: Database) -> int:
    async with database.transaction() as session:
        return (await session.execute(PID_SQL)).scalar_one()


async def list_commands(database: Database) -> list[str]:
    """Run one transaction, and list the first words of what it sends besides its prepared statements."""
    commands: list[str] = []
    async with database.acquire_connection() as connection:
        connection.add_query_logger(lambda record: commands.append(record.query.split()[0].strip(";")))
    await get_pid(database)
    return commands


async def test_connection_that_was_just_used_is_not_tried(database: Database):
    assert await list_commands(database) == ["BEGIN", "COMMIT"]


async def test_connection_that_was_not_used_for_long_is_tried(database: Database, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(db, "MAX_IDLE_SECONDS", -1.0)
    assert await list_commands(database) == ["BEGIN", "", "ROLLBACK", "BEGIN", "COMMIT"]


@pytest.mark.parametrize("max_idle_seconds", [3600.0, -1.0])
async def test_lost_connection_is_replaced(
    database: Database, stores: Stores, monkeypatch: pytest.MonkeyPatch, max_idle_seconds: float
):
    monkeypatch.setattr(db, "MAX_IDLE_SECONDS", max_idle_seconds)
    async with database.acquire_connection() as connection:
        pid = connection.get_server_pid()
    async with stores.database.transaction() as session:
        assert (await session.execute(TERMINATE_SQL, {"pid": pid})).scalar_one()
    await wait_until(connection.is_closed, description="the end of the connection")
    assert await get_pid(database) != pid
