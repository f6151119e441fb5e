"""Fixtures for the API, which runs in the process of the tests.

The real process is tested in test_process.py.
"""

from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Iterator
from datetime import datetime

import httpx
import pytest
from fastapi import FastAPI

from herwa_api.app import create_app
from herwa_api.surfaces import KINDS, SURFACES
from herwa_shared.authorization import open_policy_cache
from herwa_shared.catalog import Limit, Scope
from herwa_shared.config import Settings
from herwa_shared.discord.guild_reader import open_guild_reader
from herwa_shared.models import ApiKey
from herwa_shared.policy_cache.cache import PolicyCache
from herwa_shared.query_cache.cache import QueryCache, open_query_cache
from herwa_shared.runtime.data_dir import DataFolder
from herwa_shared.services.api_key_format import load_peppers
from herwa_shared.services.api_keys import create_key
from herwa_shared.services.audit import SYSTEM
from herwa_shared.services.grants import grant_limit, list_grants
from herwa_shared.stores import Stores
from tests.api.browser import Browser, create_address, open_browser
from tests.api.settings_client import register_commands
from tests.support.oauth_login import ManagedServer, save_server
from tests.support.sim_process import SimProcess

KeyFactory = Callable[..., Awaitable[str]]

UNREACHABLE_DATABASE_URL = "postgresql://nobody:secret@127.0.0.1:1/nothing"


@pytest.fixture(scope="session")
async def policies(stores: Stores) -> AsyncIterator[PolicyCache]:
    """The policy cache that all tests share, as in one process of the API."""
    async with open_policy_cache(stores, KINDS, SURFACES) as policy_cache:
        yield policy_cache


@pytest.fixture(scope="session")
async def query_cache(stores: Stores) -> AsyncIterator[QueryCache]:
    """The cache of results that all tests share."""
    async with open_query_cache(stores.database_url, stores.redis) as cache:
        yield cache


@pytest.fixture(scope="session")
async def app(
    stores: Stores, settings: Settings, policies: PolicyCache, query_cache: QueryCache, discord: SimProcess
) -> AsyncIterator[FastAPI]:
    """The application that most tests share."""
    async with open_guild_reader(settings) as guild_reader:
        yield create_app(stores, settings, policies, query_cache, guild_reader)


@pytest.fixture
async def client(app: FastAPI) -> AsyncIterator[httpx.AsyncClient]:
    """An HTTP client of the in-process application, with an address that no other test has."""
    transport = httpx.ASGITransport(app, raise_app_exceptions=False, client=(create_address(), 1))
    async with httpx.AsyncClient(transport=transport, base_url="http://herwa") as client:
        yield client


@pytest.fixture(scope="session")
def pepper(settings: Settings) -> bytes:
    return load_peppers(settings, DataFolder(settings.data_dir))[0]


@pytest.fixture(scope="session")
def make_key(stores: Stores, pepper: bytes) -> KeyFactory:
    """Creates API keys: `await make_key(guild_id, scopes)` returns the key. The tier's number of keys is raised."""

    async def create(
        guild_id: int, scopes: Collection[Scope] = tuple(Scope), *, expires_at: datetime | None = None, **options
    ) -> str:
        async with stores.database.transaction() as session:
            if not any(grant.limit == Limit.API_KEYS for grant in await list_grants(session, guild_id=guild_id)):
                await grant_limit(
                    session, guild_id=guild_id, limit=Limit.API_KEYS, value=100, reason="test", actor=SYSTEM
                )
            new_key = await create_key(
                session,
                guild_id=guild_id,
                name="test",
                scopes=scopes,
                pepper=pepper,
                actor=SYSTEM,
                **options,
            )
            if expires_at is not None:  # which can be in the past, as for a key that has expired since
                (await session.get_one(ApiKey, new_key.status.id)).expires_at = expires_at
            return new_key.secret

    return create


@pytest.fixture
async def browser(app: FastAPI) -> AsyncIterator[Browser]:
    """A browser that is not logged in."""
    async with open_browser(app) as opened_browser:
        yield opened_browser


@pytest.fixture
async def other_browser(app: FastAPI) -> AsyncIterator[Browser]:
    """A second browser that is not logged in."""
    async with open_browser(app) as opened_browser:
        yield opened_browser


@pytest.fixture
def server(discord: SimProcess) -> Iterator[ManagedServer]:
    """A server for one test, with the bot in it; disables all faults afterwards."""
    yield ManagedServer(discord.client)
    discord.client.disable_faults()


@pytest.fixture
async def saved_server(stores: Stores, server: ManagedServer) -> ManagedServer:
    """The guild of `server`, with commands, as the bot saves it."""
    await register_commands(stores)
    await save_server(stores, server)
    return server
