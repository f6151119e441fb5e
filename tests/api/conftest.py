"""Fixtures for the API, which runs in the process of the tests.

The real process is tested in test_process.py.
"""

from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Iterator

import httpx
import pytest
from fastapi import FastAPI

from herwa_api.app import create_app
from herwa_api.surfaces import KINDS, SURFACES
from herwa_shared.authorization import open_policy_cache
from herwa_shared.config import Settings
from herwa_shared.policy_cache.cache import PolicyCache
from herwa_shared.runtime.data_dir import DataFolder
from herwa_shared.services.api_keys import Scope, create_key, load_pepper
from herwa_shared.stores import Stores
from tests.api.browser import Browser, create_address, open_browser
from tests.support.oauth_login import ManagedServer
from tests.support.sim_process import SimProcess

KeyFactory = Callable[..., Awaitable[str]]

UNREACHABLE_DATABASE_URL = "postgresql://nobody:secret@127.0.0.1:1/nothing"


@pytest.fixture(scope="session")
async def policies(stores: Stores) -> AsyncIterator[PolicyCache]:
    """The policy cache that all tests share, as in one process of the API."""
    async with open_policy_cache(stores, KINDS, SURFACES) as policy_cache:
        yield policy_cache


@pytest.fixture(scope="session")
def app(stores: Stores, settings: Settings, policies: PolicyCache) -> FastAPI:
    """The application that most tests share."""
    return create_app(stores, settings, policies)


@pytest.fixture
async def client(app: FastAPI) -> AsyncIterator[httpx.AsyncClient]:
    """An HTTP client of the in-process application, with an address that no other test has."""
    transport = httpx.ASGITransport(app, raise_app_exceptions=False, client=(create_address(), 1))
    async with httpx.AsyncClient(transport=transport, base_url="http://herwa") as client:
        yield client


@pytest.fixture(scope="session")
def pepper(settings: Settings) -> bytes:
    return load_pepper(settings, DataFolder(settings.data_dir))


@pytest.fixture(scope="session")
def make_key(stores: Stores, pepper: bytes) -> KeyFactory:
    """Creates API keys: `await make_key(guild_id, scopes)` returns the key."""

    async def create(guild_id: int, scopes: Collection[Scope] = tuple(Scope), **options) -> str:
        async with stores.database.transaction() as session:
            return await create_key(session, guild_id=guild_id, name="test", scopes=scopes, pepper=pepper, **options)

    return create


@pytest.fixture
async def browser(
    stores: Stores, settings: Settings, policies: PolicyCache, discord: SimProcess
) -> AsyncIterator[Browser]:
    """A browser that is not logged in."""
    async with open_browser(stores, settings, policies) as opened_browser:
        yield opened_browser


@pytest.fixture
async def other_browser(
    stores: Stores, settings: Settings, policies: PolicyCache, discord: SimProcess
) -> AsyncIterator[Browser]:
    """A second browser that is not logged in."""
    async with open_browser(stores, settings, policies) as opened_browser:
        yield opened_browser


@pytest.fixture
def server(discord: SimProcess) -> Iterator[ManagedServer]:
    """A server for one test, with the bot in it; disables all faults afterwards."""
    yield ManagedServer(discord.client)
    discord.client.disable_faults()
