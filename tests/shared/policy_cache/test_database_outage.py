"""The policy cache while PostgreSQL is down: cached policies are used, periods end on time, and the cache recovers."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import timedelta

import psutil
import pytest

from alembic import command
from herwa_shared.catalog import SurfaceRegistry
from herwa_shared.clock import utc_now
from herwa_shared.db import Database
from herwa_shared.embedded import lease_engines, list_engines
from herwa_shared.migrate import build_alembic_config
from herwa_shared.models import Subscription
from herwa_shared.policy_cache.cache import NonDecreasingClock, PolicyCache, PolicyUnavailable
from herwa_shared.policy_cache.notifications import publish_policy_change
from tests.shared.policy_cache.policy_changes import commit_deny, create_guild, get_denied_commands
from tests.support.embedded_engines import build_settings, create_data_folder
from tests.support.waiting import wait_until

HOUR_SECONDS = 3600.0


class AdjustableClock:
    """A wall clock that can be set back and forward."""

    def __init__(self) -> None:
        self.offset_seconds = 0.0

    def __call__(self) -> float:
        return utc_now().timestamp() + self.offset_seconds


@dataclass
class KillableEngine:
    """An embedded PostgreSQL that can be killed and started again."""

    folder: object
    database: Database
    leases: list

    def kill(self) -> None:
        process = psutil.Process(list_engines(self.folder)[0].pid)
        children = process.children()
        process.kill()
        psutil.wait_procs([process, *children], 30)

    async def start(self) -> None:
        settings = build_settings(self.folder, clickhouse=False)
        self.leases.append(await asyncio.to_thread(lease_engines, settings, self.folder))


@pytest.fixture
async def engine() -> AsyncIterator[KillableEngine]:
    with create_data_folder() as folder:
        lease = await asyncio.to_thread(lease_engines, build_settings(folder, clickhouse=False), folder)
        await asyncio.to_thread(command.upgrade, build_alembic_config(lease.urls.database_owner), "head")
        killable_engine = KillableEngine(folder, Database(lease.urls.database_owner), [lease])
        yield killable_engine
        await killable_engine.database.close()
        for acquired_lease in killable_engine.leases:
            await asyncio.to_thread(acquired_lease.release)


async def grant_premium_for_an_hour(database: Database, guild_id: int) -> None:
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
        await publish_policy_change(session, guild_id=guild_id)


def get_tier(cache: PolicyCache, guild_id: int) -> str:
    compiled = cache.find_cached(guild_id)
    assert compiled is not None
    return compiled.entitlement.tier


def has_recent_sweep(cache: PolicyCache) -> bool:
    age_seconds = cache.get_status().sweep_age_seconds
    return age_seconds is not None and age_seconds < 1


async def test_cached_policies_are_used_during_an_outage_and_refreshed_afterwards(engine):
    guild, uncached_guild, wall_clock = (
        await create_guild(engine.database),
        await create_guild(engine.database),
        AdjustableClock(),
    )
    await grant_premium_for_an_hour(engine.database, guild)
    clock = NonDecreasingClock(read_wall=wall_clock)
    cache = PolicyCache(
        engine.database,
        engine.database.url,
        SurfaceRegistry(()),
        clock=clock,
        ttl_seconds=5.0,
        load_timeout_seconds=30.0,
    )
    async with cache.run():
        await wait_until(lambda: cache.get_status().sweep_age_seconds is not None)
        assert (await cache.get(guild)).entitlement.tier == "premium"

        engine.kill()

        await wait_until(lambda: cache.find_cached(guild) is None)  # the cached policy has expired
        assert (await cache.get(guild)).entitlement.tier == "premium"
        with pytest.raises(PolicyUnavailable):
            await cache.get(uncached_guild)

        wall_clock.offset_seconds = 2 * HOUR_SECONDS
        assert (await cache.get(guild)).entitlement.tier == get_tier(cache, guild) == "free"
        wall_clock.offset_seconds = -24 * HOUR_SECONDS
        assert (await cache.get(guild)).entitlement.tier == "free"

        await engine.start()

        # Wait until the reconnected cache has invalidated everything; otherwise the load could precede the change.
        await wait_until(lambda: has_recent_sweep(cache))
        await commit_deny(engine.database, guild, "top")
        await wait_until(lambda: cache.find_cached(guild) is None)
        assert get_denied_commands(await cache.get(guild)) == {"top"}
        assert (await cache.get(uncached_guild)).entitlement.tier == "free"


@pytest.mark.slow
async def test_cache_starts_during_an_outage_and_receives_changes_afterwards(engine):
    guild = await create_guild(engine.database)
    engine.kill()
    cache = PolicyCache(engine.database, engine.database.url, SurfaceRegistry(()), load_timeout_seconds=30.0)
    async with cache.run():
        with pytest.raises(PolicyUnavailable):
            await cache.get(guild)
        await engine.start()
        await wait_until(lambda: cache.get_status().sweep_age_seconds is not None)
        assert get_denied_commands(await cache.get(guild)) == set()
        await commit_deny(engine.database, guild, "top")
        await wait_until(lambda: cache.find_cached(guild) is None)
        assert get_denied_commands(await cache.get(guild)) == {"top"}


def test_clock_continues_when_the_wall_clock_is_set_back():
    wall_clock, elapsed_ticks = AdjustableClock(), 0.0
    clock = NonDecreasingClock(read_wall=wall_clock, read_ticks=lambda: elapsed_ticks)
    time_before = clock.now()
    wall_clock.offset_seconds = -24 * HOUR_SECONDS
    elapsed_ticks += HOUR_SECONDS
    assert clock.now() - time_before == pytest.approx(HOUR_SECONDS)
    wall_clock.offset_seconds = 24 * HOUR_SECONDS
    assert clock.now() - time_before == pytest.approx(24 * HOUR_SECONDS, abs=60)
