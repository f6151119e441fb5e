"""Loads of the policy cache: shared by concurrent callers, discarded when outdated, evicted, and timed out."""

import asyncio

import pytest
from sqlalchemy import text

from herwa_shared.policy_cache.cache import PolicyUnavailable
from herwa_shared.policy_cache.notifications import publish_policy_change
from herwa_shared.services.policies import load_policy
from tests.shared.policy_cache.policy_changes import (
    commit_deny,
    create_guild,
    get_denied_commands,
    insert_deny_rule,
)
from tests.support.waiting import wait_until


class CountingLoader:
    """A policy loader that counts its loads. With `blocked` it returns a loaded policy only after `release` is set."""

    def __init__(self, *, blocked: bool = False) -> None:
        self.load_count = 0
        self.release = asyncio.Event()
        if not blocked:
            self.release.set()

    async def __call__(self, session, *, guild_id, global_policy):
        policy = await load_policy(session, guild_id=guild_id, global_policy=global_policy)
        self.load_count += 1
        await self.release.wait()
        return policy


async def test_concurrent_gets_share_one_load(open_cache, guild):
    loader = CountingLoader()
    async with open_cache(policy_loader=loader) as cache:
        policies = await asyncio.gather(*(cache.get(guild) for _ in range(200)))
        assert len({id(policy) for policy in policies}) == 1
        assert await cache.get(guild) is cache.find_cached(guild) is policies[0]
    assert loader.load_count == 1


async def test_cancelled_waiter_does_not_cancel_the_load(open_cache, guild):
    loader = CountingLoader(blocked=True)
    async with open_cache(policy_loader=loader) as cache:
        cancelled_task, waiting_task = asyncio.create_task(cache.get(guild)), asyncio.create_task(cache.get(guild))
        await wait_until(lambda: loader.load_count)
        cancelled_task.cancel()
        loader.release.set()
        assert (await waiting_task).policy.guild_id == guild
    assert loader.load_count == 1


async def test_load_that_started_before_a_change_is_discarded(open_cache, stores, guild):
    loader, other_guild = CountingLoader(blocked=True), await create_guild(stores.database)
    async with open_cache(policy_loader=loader) as cache:
        loader.release.set()
        await cache.get(other_guild)
        loader.release.clear()
        task = asyncio.create_task(cache.get(guild))
        await wait_until(lambda: loader.load_count == 2)
        await commit_deny(stores.database, guild, "top")
        await commit_deny(stores.database, other_guild, "top")
        await wait_until(lambda: cache.find_cached(other_guild) is None)  # then the cache has received both changes
        loader.release.set()
        assert get_denied_commands(await task) == get_denied_commands(cache.find_cached(guild)) == {"top"}
    assert loader.load_count == 3


async def test_unknown_guild_has_the_free_tier(open_cache, guild_id):
    async with open_cache() as cache:
        assert (await cache.get(guild_id)).entitlement.tier == "free"


async def test_operator_change_invalidates_every_guild(open_cache, stores, guild):
    async with open_cache() as cache:
        assert "plated" not in (await cache.get(guild)).policy.global_policy.tiers
        try:
            async with stores.database.transaction() as session:
                await session.execute(text("INSERT INTO tier (key, title, rank) VALUES ('plated', 'Plated', 99)"))
                await publish_policy_change(session, guild_id=None)
            await wait_until(lambda: cache.find_cached(guild) is None)
            assert "plated" in (await cache.get(guild)).policy.global_policy.tiers
        finally:
            async with stores.database.transaction() as session:
                await session.execute(text("DELETE FROM tier WHERE key = 'plated'"))
                await publish_policy_change(session, guild_id=None)


async def test_least_recently_used_guild_is_evicted(open_cache, stores, guild):
    second, third = [await create_guild(stores.database) for _ in range(2)]
    async with open_cache(max_guilds=2) as cache:
        for guild_id in (guild, second, guild, third):
            await cache.get(guild_id)
        assert [cache.find_cached(guild_id) is not None for guild_id in (guild, second, third)] == [True, False, True]
        assert cache.get_status().servers == 2


async def test_unpublished_change_takes_effect_when_the_policy_expires(open_cache, stores, guild):
    async with open_cache(ttl_seconds=0.1) as cache:
        await cache.get(guild)
        async with stores.database.transaction() as session:
            await insert_deny_rule(session, guild, "top")
        await wait_until(lambda: cache.find_cached(guild) is None)
        assert get_denied_commands(await cache.get(guild)) == {"top"}


async def test_only_cached_policies_are_returned_while_the_database_hangs(open_cache, guild, guild_id):
    is_slow = False

    async def load_slowly(session, *, guild_id, global_policy):
        if is_slow:
            await session.execute(text("SELECT pg_sleep(600)"))
        return await load_policy(session, guild_id=guild_id, global_policy=global_policy)

    async with open_cache(policy_loader=load_slowly, load_timeout_seconds=2.0, ttl_seconds=0.1) as cache:
        policy_before = await cache.get(guild)
        is_slow = True
        await wait_until(lambda: cache.find_cached(guild) is None)
        assert await cache.get(guild) is policy_before
        with pytest.raises(PolicyUnavailable):
            await cache.get(guild_id)


async def test_outdated_policy_is_not_used_when_loading_fails(open_cache, stores, guild):
    is_broken = False

    async def load_or_fail(session, *, guild_id, global_policy):
        if is_broken:
            raise OSError
        return await load_policy(session, guild_id=guild_id, global_policy=global_policy)

    async with open_cache(policy_loader=load_or_fail) as cache:
        await cache.get(guild)
        is_broken = True
        await commit_deny(stores.database, guild, "top")
        await wait_until(lambda: cache.find_cached(guild) is None)
        with pytest.raises(PolicyUnavailable):
            await cache.get(guild)
        is_broken = False
        assert get_denied_commands(await cache.get(guild)) == {"top"}
