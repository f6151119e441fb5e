"""PostgreSQL is killed: who was in memory goes on, and what ends, ends."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import timedelta

import psutil
import pytest

from alembic import command
from herwa_shared.catalog import Surfaces
from herwa_shared.clock import utc_now
from herwa_shared.db import Database
from herwa_shared.embedded import engine_states, lease_engines
from herwa_shared.migrate import alembic_config
from herwa_shared.models import Subscription
from herwa_shared.policy_cache.cache import PolicyAway, PolicyCache, SteadyClock
from herwa_shared.policy_cache.notifications import touch
from tests.shared.embedded.conftest import data_folder, settings_for
from tests.shared.policy_cache.changes import denied, new_guild, seen, until

HOUR = 3600.0


class WallClock:
    """The clock on the wall, which can be set."""

    def __init__(self) -> None:
        self.ahead = 0.0

    def __call__(self) -> float:
        return utc_now().timestamp() + self.ahead


@dataclass
class OwnEngine:
    """A PostgreSQL that may be killed."""

    folder: object
    database: Database
    leases: list

    def kill(self) -> None:
        process = psutil.Process(engine_states(self.folder)[0].pid)
        children = process.children()
        process.kill()
        psutil.wait_procs([process, *children], 30)

    async def start(self) -> None:
        settings = settings_for(self.folder, clickhouse=False)
        self.leases.append(await asyncio.to_thread(lease_engines, settings, self.folder))


@pytest.fixture
async def engine() -> AsyncIterator[OwnEngine]:
    with data_folder() as folder:
        lease = await asyncio.to_thread(lease_engines, settings_for(folder, clickhouse=False), folder)
        await asyncio.to_thread(command.upgrade, alembic_config(lease.urls.database), "head")
        made = OwnEngine(folder, Database(lease.urls.database), [lease])
        yield made
        await made.database.close()
        for held in made.leases:
            await asyncio.to_thread(held.release)


async def premium_for_an_hour(database: Database, guild_id: int) -> None:
    now = utc_now()
    async with database.transaction() as session:
        session.add(
            Subscription(
                guild_id=guild_id,
                tier_key="premium",
                source="manual",
                starts_at=now,
                ends_at=now + timedelta(hours=1),
                granted_by="operator",
            )
        )
        await session.flush()
        await touch(session, guild_id=guild_id)


def tier(cache: PolicyCache, guild_id: int) -> str:
    compiled = cache.cached(guild_id)
    assert compiled is not None
    return compiled.entitlement.tier


async def test_without_postgres_who_is_in_memory_goes_on_expiry_acts_and_all_heals(engine):
    guild, unasked, wall = await new_guild(engine.database), await new_guild(engine.database), WallClock()
    await premium_for_an_hour(engine.database, guild)
    clock = SteadyClock(wall=wall)
    cache = PolicyCache(
        engine.database, engine.database.url, Surfaces(()), clock=clock, kept_seconds=5.0, load_seconds=30.0
    )
    async with cache.running():
        await until(lambda: cache.detail()["policy_sweep_age"] is not None)
        assert (await cache.get(guild)).entitlement.tier == "premium"

        engine.kill()

        await until(lambda: cache.cached(guild) is None)  # its age has come
        assert (await cache.get(guild)).entitlement.tier == "premium"
        with pytest.raises(PolicyAway):
            await cache.get(unasked)

        wall.ahead = 2 * HOUR
        assert (await cache.get(guild)).entitlement.tier == tier(cache, guild) == "free"
        wall.ahead = -24 * HOUR
        assert (await cache.get(guild)).entitlement.tier == "free"

        await engine.start()

        # Not before everything is doubted, else the load could come before the change.
        await until(lambda: cache.detail()["policy_sweep_age"] < 1)
        await denied(engine.database, guild, "top")
        await until(lambda: cache.cached(guild) is None)
        assert seen(await cache.get(guild)) == {"top"}
        assert (await cache.get(unasked)).entitlement.tier == "free"


async def test_it_starts_without_postgres_and_hears_once_it_is_there(engine):
    guild = await new_guild(engine.database)
    engine.kill()
    cache = PolicyCache(engine.database, engine.database.url, Surfaces(()), load_seconds=30.0)
    async with cache.running():
        with pytest.raises(PolicyAway):
            await cache.get(guild)
        await engine.start()
        await until(lambda: cache.detail()["policy_sweep_age"] is not None)
        assert seen(await cache.get(guild)) == set()
        await denied(engine.database, guild, "top")
        await until(lambda: cache.cached(guild) is None)
        assert seen(await cache.get(guild)) == {"top"}


def test_a_clock_that_is_set_back_brings_nothing_back_and_goes_on():
    wall, ticked = WallClock(), 0.0
    clock = SteadyClock(wall=wall, ticks=lambda: ticked)
    before = clock.now()
    wall.ahead = -24 * HOUR
    ticked += HOUR
    assert clock.now() - before == pytest.approx(HOUR)
    wall.ahead = 24 * HOUR
    assert clock.now() - before == pytest.approx(24 * HOUR, abs=60)
