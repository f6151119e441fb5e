"""Notifications of policy changes: sent with the commit, not before, and stored as an increasing version."""

import asyncio
from collections.abc import AsyncIterator

import asyncpg
import pytest

from herwa_shared.changes.listener import EVERY_GUILD
from herwa_shared.policy_cache.notifications import POLICY_CHANGES, publish_policy_change
from tests.support.waiting import wait_until


@pytest.fixture
async def notified_guild_ids(stores) -> AsyncIterator[list[int]]:
    """The guild ids of the notifications that a separate connection receives."""
    guild_ids: list[int] = []
    connection = await asyncpg.connect(stores.database_url)
    await connection.add_listener(
        POLICY_CHANGES.channel, lambda *arguments: guild_ids.append(int(arguments[3].split()[0]))
    )
    yield guild_ids
    await connection.close()


async def collect_notifications(stores, notified_guild_ids: list[int], guild_id: int) -> list[int]:
    """Publish a change of this guild and return the notifications before it, which arrive in order of commits."""
    async with stores.database.transaction() as session:
        await publish_policy_change(session, guild_id=guild_id)
    await wait_until(lambda: guild_id in notified_guild_ids)
    return notified_guild_ids[: notified_guild_ids.index(guild_id)]


async def load_policy_version(stores, guild_id: int) -> int:
    async with stores.database.acquire_connection() as connection:
        return await connection.fetchval("SELECT version FROM policy_change WHERE guild_id = $1", guild_id)


async def test_change_is_published_only_after_its_commit(stores, notified_guild_ids, guild_id):
    async with stores.database.transaction() as session:
        await publish_policy_change(session, guild_id=guild_id)
        assert await collect_notifications(stores, notified_guild_ids, guild_id + 1) == []
    assert await collect_notifications(stores, notified_guild_ids, guild_id + 2) == [guild_id + 1, guild_id]


async def test_rolled_back_change_is_not_published(stores, notified_guild_ids, guild_id):
    async with stores.database.transaction() as session:
        await publish_policy_change(session, guild_id=guild_id)
        await session.rollback()
    assert await collect_notifications(stores, notified_guild_ids, guild_id + 1) == []
    assert await load_policy_version(stores, guild_id) is None


async def test_operator_change_notifies_every_guild(stores, notified_guild_ids, guild_id):
    async with stores.database.transaction() as session:
        await publish_policy_change(session, guild_id=None)
    assert await collect_notifications(stores, notified_guild_ids, guild_id) == [EVERY_GUILD]


async def test_version_increases_with_every_commit_of_concurrent_changes(stores, guild_id):
    versions: list[int] = []

    async def change_policy() -> None:
        async with stores.database.transaction() as session:
            await asyncio.sleep(0)
            await publish_policy_change(session, guild_id=guild_id)
            # The transaction holds a lock on the row until its commit, so the list is in the order of commits.
            connection = await session.connection()
            result = await connection.exec_driver_sql(f"SELECT version FROM policy_change WHERE guild_id = {guild_id}")
            versions.append(result.scalar_one())

    await asyncio.gather(*(change_policy() for _ in range(20)))
    assert versions == sorted(set(versions))
    assert await load_policy_version(stores, guild_id) == versions[-1]
