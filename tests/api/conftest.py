"""The application in this process, asked through HTTP's own shapes; the real process has a test of its own."""

from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Iterator

import httpx
import pytest

from herwa_api.app import create_app
from herwa_api.surfaces import KINDS, SURFACES
from herwa_shared.authorization import open_policy_cache
from herwa_shared.config import Settings
from herwa_shared.policy_cache.cache import PolicyCache
from herwa_shared.runtime.data_dir import DataFolder
from herwa_shared.services.api_keys import Scope, create_key, load_pepper
from herwa_shared.stores import Stores
from tests.api import browser as browsers
from tests.api.browser import Browser
from tests.support.oauth_login import ManagedServer
from tests.support.sim_process import SimProcess

KeyFactory = Callable[..., Awaitable[str]]


@pytest.fixture(scope="session")
async def policies(stores: Stores) -> AsyncIterator[PolicyCache]:
    """Of every guild of the tests, in memory as in one process of the API."""
    async with open_policy_cache(stores, KINDS, SURFACES) as policy_cache:
        yield policy_cache


@pytest.fixture(scope="session")
async def client(stores: Stores, settings: Settings, policies: PolicyCache) -> AsyncIterator[httpx.AsyncClient]:
    transport = httpx.ASGITransport(create_app(stores, settings, policies), raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://herwa") as client:
        yield client


@pytest.fixture(scope="session")
def pepper(settings: Settings) -> bytes:
    return load_pepper(settings, DataFolder(settings.data_dir))


@pytest.fixture(scope="session")
def make_key(stores: Stores, pepper: bytes) -> KeyFactory:
    async def create(guild_id: int, scopes: Collection[Scope] = tuple(Scope), **options) -> str:
        async with stores.database.transaction() as session:
            return await create_key(session, guild_id=guild_id, name="test", scopes=scopes, pepper=pepper, **options)

    return create


@pytest.fixture
async def browser(
    stores: Stores, settings: Settings, policies: PolicyCache, discord: SimProcess
) -> AsyncIterator[Browser]:
    """Of a visitor whom nobody knows yet."""
    async with browsers.open_browser(stores, settings, policies) as opened_browser:
        yield opened_browser


@pytest.fixture
async def other_browser(
    stores: Stores, settings: Settings, policies: PolicyCache, discord: SimProcess
) -> AsyncIterator[Browser]:
    """Of somebody else."""
    async with browsers.open_browser(stores, settings, policies) as opened_browser:
        yield opened_browser


@pytest.fixture
def server(discord: SimProcess) -> Iterator[ManagedServer]:
    """A server of this test's own, which the bot is in."""
    yield ManagedServer(discord.client)
    discord.client.disable_faults()
