"""A cache as a process holds it, beside a guild of the test's own."""

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any

import asyncpg
import pytest

from herwa_shared.catalog import Surfaces
from herwa_shared.policy_cache.cache import PolicyCache
from herwa_shared.stores import Stores
from tests.shared.policy_cache.changes import new_guild, until

OpenCache = Callable[..., AbstractAsyncContextManager[PolicyCache]]


class Deaf(asyncpg.Connection):
    """To which no message ever comes."""

    async def add_listener(self, channel, callback):
        """It is lost."""


@pytest.fixture
async def guild(stores: Stores) -> int:
    return await new_guild(stores.database)


@pytest.fixture
def open_cache(stores: Stores) -> OpenCache:
    """One more process's cache, which listens by now."""

    @asynccontextmanager
    async def opened(**options: Any) -> AsyncIterator[PolicyCache]:
        # Patience: how long a load may take is no promise that is tested with it.
        options = {"load_seconds": 30.0, **options}
        cache = PolicyCache(stores.database, stores.database_url, Surfaces(()), **options)
        async with cache.running():
            await until(lambda: cache.detail()["policy_sweep_age"] is not None)
            yield cache

    return opened
