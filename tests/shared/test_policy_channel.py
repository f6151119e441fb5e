"""What is said of a change: with the commit, not before, and with a row that stays."""

import asyncio
from collections.abc import AsyncIterator

import asyncpg
import pytest

from herwa_shared.policy_cache.notifications import CHANNEL, EVERY_GUILD, touch
from tests.shared.policy_cache.changes import until


@pytest.fixture
async def announced(stores) -> AsyncIterator[list[int]]:
    """The guilds that another process is told of."""
    guilds: list[int] = []
    connection = await asyncpg.connect(stores.database_url)
    await connection.add_listener(CHANNEL, lambda *message: guilds.append(int(message[3].split()[0])))
    yield guilds
    await connection.close()


async def told(stores, announced: list[int], guild_id: int) -> list[int]:
    """All that was told before this guild's turn: messages come in the order of commits."""
    async with stores.database.transaction() as session:
        await touch(session, guild_id=guild_id)
    await until(lambda: guild_id in announced)
    return announced[: announced.index(guild_id)]


async def version(stores, guild_id: int) -> int:
    async with stores.database.raw() as connection:
        return await connection.fetchval("SELECT version FROM policy_change WHERE guild_id = $1", guild_id)


async def test_a_change_is_told_after_its_commit_only(stores, announced, guild_id):
    async with stores.database.transaction() as session:
        await touch(session, guild_id=guild_id)
        assert await told(stores, announced, guild_id + 1) == []
    assert await told(stores, announced, guild_id + 2) == [guild_id + 1, guild_id]


async def test_a_change_that_is_rolled_back_is_not_told(stores, announced, guild_id):
    async with stores.database.transaction() as session:
        await touch(session, guild_id=guild_id)
        await session.rollback()
    assert await told(stores, announced, guild_id + 1) == []
    assert await version(stores, guild_id) is None


async def test_what_the_operator_changes_concerns_every_guild(stores, announced, guild_id):
    async with stores.database.transaction() as session:
        await touch(session, guild_id=None)
    assert await told(stores, announced, guild_id) == [EVERY_GUILD]


async def test_a_guilds_version_grows_with_every_commit_also_of_parallel_changes(stores, guild_id):
    versions: list[int] = []

    async def change() -> None:
        async with stores.database.transaction() as session:
            await asyncio.sleep(0)
            await touch(session, guild_id=guild_id)
            # Nobody else holds the row before the commit, so the list is in the order of the commits.
            connection = await session.connection()
            row = await connection.exec_driver_sql(f"SELECT version FROM policy_change WHERE guild_id = {guild_id}")
            versions.append(row.scalar_one())

    await asyncio.gather(*(change() for _ in range(20)))
    assert versions == sorted(set(versions))
    assert await version(stores, guild_id) == versions[-1]
