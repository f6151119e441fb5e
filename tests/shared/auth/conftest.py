"""Fixtures of the auth tests: users of the local Discord who log in, and their guild access."""

from collections.abc import AsyncIterator, Awaitable, Callable

import pytest

from herwa_shared.auth.discord_oauth import OAuthTokens
from herwa_shared.auth.guild_access import GuildAccess, create_guild_access
from herwa_shared.config import Settings
from herwa_shared.runtime.data_dir import DataFolder
from herwa_shared.stores import Stores
from tests.support import oauth_login
from tests.support.oauth_login import ManagedServer, save_server
from tests.support.sim_process import SimProcess

LogInFunction = Callable[[int], Awaitable[OAuthTokens]]


@pytest.fixture
async def server(discord: SimProcess, stores: Stores) -> AsyncIterator[ManagedServer]:
    """A new guild that the bot has joined; fault injection is switched off after the test."""
    new_server = ManagedServer(discord.client)
    await save_server(stores, new_server)
    yield new_server
    discord.client.disable_faults()


@pytest.fixture
def log_in(stores: Stores, settings: Settings, folder: DataFolder, discord: SimProcess) -> LogInFunction:
    return lambda user_id: oauth_login.log_in(stores, settings, folder, user_id)


@pytest.fixture
def guild_access_factory(stores: Stores, settings: Settings, folder: DataFolder) -> Callable[[], GuildAccess]:
    """Creates a new GuildAccess, as each process does."""
    return lambda: create_guild_access(settings, folder, stores.database)


@pytest.fixture
def guild_access(guild_access_factory: Callable[[], GuildAccess], discord: SimProcess) -> GuildAccess:
    """A new GuildAccess; requests of earlier tests are no longer in the journal."""
    oauth_login.count_guild_requests(discord.client)
    return guild_access_factory()
