"""A cache as a process holds it, beside a guild of the test's own."""

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any

import asyncpg
import pytest

from herwa_shared.catalog import SurfaceRegistry
from herwa_shared.policy_cache.cache import PolicyCache
from herwa_shared.stores import Stores
from tests.shared.policy_cache.policy_changes import create_guild, wait_until

CacheFactory = Callable[..., AbstractAsyncContextManager[PolicyCache]]


class DeafConnection(asyncpg.Connection):
    """To which no message ever comes."""

    async def add_listener(self, channel, callback):
        """It is lost."""


@pytest.fixture
async def guild(stores: Stores) -> int:
    return await create_guild(stores.database)


@pytest.fixture
def open_cache(stores: Stores) -> CacheFactory:
    """One more process's cache, which listens by now."""

    @asynccontextmanager
    async def open_listening_cache(**options: Any) -> AsyncIterator[PolicyCache]:
        # Patience: how long a load may take is no promise that is tested with it.
        options = {"load_timeout_seconds": 30.0, **options}
        cache = PolicyCache(stores.database, stores.database_url, SurfaceRegistry(()), **options)
        async with cache.run():
            await wait_until(lambda: cache.get_status()["policy_sweep_age"] is not None)
            yield cache

    return open_listening_cache
