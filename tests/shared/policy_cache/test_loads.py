"""What is loaded, how often, and what of it is kept."""

import asyncio

import pytest
from sqlalchemy import text

from herwa_shared.policy_cache.cache import PolicyAway
from herwa_shared.policy_cache.notifications import touch
from herwa_shared.services.policies import load_policy
from tests.shared.policy_cache.changes import denied, deny_silently, new_guild, seen, until


class Loader:
    """Loads as always; counts, and with `held` hands over only when `go` is set what it read before."""

    def __init__(self, *, held: bool = False) -> None:
        self.loads = 0
        self.go = asyncio.Event()
        if not held:
            self.go.set()

    async def __call__(self, session, *, guild_id, offer):
        policy = await load_policy(session, guild_id=guild_id, offer=offer)
        self.loads += 1
        await self.go.wait()
        return policy


async def test_many_who_ask_at_once_cost_one_load(open_cache, guild):
    loader = Loader()
    async with open_cache(policy_loader=loader) as cache:
        answers = await asyncio.gather(*(cache.get(guild) for _ in range(200)))
        assert len({id(answer) for answer in answers}) == 1
        assert await cache.get(guild) is cache.cached(guild) is answers[0]
    assert loader.loads == 1


async def test_who_gives_up_waiting_takes_the_load_from_nobody(open_cache, guild):
    loader = Loader(held=True)
    async with open_cache(policy_loader=loader) as cache:
        impatient, patient = asyncio.create_task(cache.get(guild)), asyncio.create_task(cache.get(guild))
        await until(lambda: loader.loads)
        impatient.cancel()
        loader.go.set()
        assert (await patient).policy.guild_id == guild
    assert loader.loads == 1


async def test_a_load_that_began_before_a_change_is_not_kept_and_nobody_gets_it(open_cache, stores, guild):
    loader, other = Loader(held=True), await new_guild(stores.database)
    async with open_cache(policy_loader=loader) as cache:
        loader.go.set()
        await cache.get(other)
        loader.go.clear()
        waiting = asyncio.create_task(cache.get(guild))
        await until(lambda: loader.loads == 2)
        await denied(stores.database, guild, "top")
        await denied(stores.database, other, "top")
        await until(lambda: cache.cached(other) is None)  # so this process has heard of both
        loader.go.set()
        assert seen(await waiting) == seen(cache.cached(guild)) == {"top"}
    assert loader.loads == 3


async def test_a_server_that_nobody_has_seen_has_the_free_tier(open_cache, guild_id):
    async with open_cache() as cache:
        assert (await cache.get(guild_id)).entitlement.tier == "free"


async def test_an_operators_change_reaches_every_guild(open_cache, stores, guild):
    async with open_cache() as cache:
        assert "plated" not in (await cache.get(guild)).policy.offer.tiers
        try:
            async with stores.database.transaction() as session:
                await session.execute(text("INSERT INTO tier (key, title, rank) VALUES ('plated', 'Plated', 99)"))
                await touch(session, guild_id=None)
            await until(lambda: cache.cached(guild) is None)
            assert "plated" in (await cache.get(guild)).policy.offer.tiers
        finally:
            async with stores.database.transaction() as session:
                await session.execute(text("DELETE FROM tier WHERE key = 'plated'"))
                await touch(session, guild_id=None)


async def test_the_guild_that_was_longest_not_asked_for_makes_room(open_cache, stores, guild):
    second, third = [await new_guild(stores.database) for _ in range(2)]
    async with open_cache(most_guilds=2) as cache:
        for one in (guild, second, guild, third):
            await cache.get(one)
        assert [cache.cached(one) is not None for one in (guild, second, third)] == [True, False, True]
        assert cache.detail()["policies"] == 2


async def test_what_nobody_told_is_seen_when_a_policy_has_its_age(open_cache, stores, guild):
    async with open_cache(kept_seconds=0.1) as cache:
        await cache.get(guild)
        async with stores.database.transaction() as session:
            await deny_silently(session, guild, "top")
        await until(lambda: cache.cached(guild) is None)
        assert seen(await cache.get(guild)) == {"top"}


async def test_a_database_that_does_not_answer_means_no_policy_but_not_for_whom_there_was_one(
    open_cache, guild, guild_id
):
    slow = False

    async def loader(session, *, guild_id, offer):
        if slow:
            await session.execute(text("SELECT pg_sleep(600)"))
        return await load_policy(session, guild_id=guild_id, offer=offer)

    async with open_cache(policy_loader=loader, load_seconds=2.0, kept_seconds=0.1) as cache:
        before = await cache.get(guild)
        slow = True
        await until(lambda: cache.cached(guild) is None)
        assert await cache.get(guild) is before
        with pytest.raises(PolicyAway):
            await cache.get(guild_id)


async def test_a_policy_known_to_be_old_is_not_used_though_no_newer_one_can_be_had(open_cache, stores, guild):
    broken = False

    async def loader(session, *, guild_id, offer):
        if broken:
            raise OSError
        return await load_policy(session, guild_id=guild_id, offer=offer)

    async with open_cache(policy_loader=loader) as cache:
        await cache.get(guild)
        broken = True
        await denied(stores.database, guild, "top")
        await until(lambda: cache.cached(guild) is None)
        with pytest.raises(PolicyAway):
            await cache.get(guild)
        broken = False
        assert seen(await cache.get(guild)) == {"top"}
