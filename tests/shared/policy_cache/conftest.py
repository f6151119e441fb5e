"""Fixtures of the policy cache's tests: a guild and running caches."""

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any

import asyncpg
import pytest

from herwa_shared.catalog import SurfaceRegistry
from herwa_shared.policy_cache.cache import PolicyCache
from herwa_shared.stores import Stores
from tests.shared.policy_cache.policy_changes import create_guild
from tests.support.waiting import wait_until

CacheFactory = Callable[..., AbstractAsyncContextManager[PolicyCache]]


class DeafConnection(asyncpg.Connection):
    """A connection that receives no notifications."""

    async def add_listener(self, channel, callback):
        """Ignore the callback."""


@pytest.fixture
async def guild(stores: Stores) -> int:
    return await create_guild(stores.database)


@pytest.fixture
def open_cache(stores: Stores) -> CacheFactory:
    """Opens a running policy cache, as another process has one; it has completed its first sweep."""

    @asynccontextmanager
    async def open_listening_cache(**options: Any) -> AsyncIterator[PolicyCache]:
        # A long timeout: the tests with this fixture do not test the duration of a load.
        options = {"load_timeout_seconds": 30.0, **options}
        cache = PolicyCache(stores.database, stores.database_url, SurfaceRegistry(()), **options)
        async with cache.run():
            await wait_until(lambda: cache.get_status().sweep_age_seconds is not None)
            yield cache

    return open_listening_cache
