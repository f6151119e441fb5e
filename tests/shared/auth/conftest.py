"""People of the local Discord who are logged in, and what Herwa asks Discord about them."""

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
    """A server of this test's own, which the bot is in."""
    new_server = ManagedServer(discord.client)
    await save_server(stores, new_server)
    yield new_server
    discord.client.disable_faults()


@pytest.fixture
def log_in(stores: Stores, settings: Settings, folder: DataFolder, discord: SimProcess) -> LogInFunction:
    return lambda user_id: oauth_login.log_in(stores, settings, folder, user_id)


@pytest.fixture
def guild_access_factory(stores: Stores, settings: Settings, folder: DataFolder) -> Callable[[], GuildAccess]:
    """Rights as one more process would open them."""
    return lambda: create_guild_access(settings, folder, stores.database)


@pytest.fixture
def guild_access(guild_access_factory: Callable[[], GuildAccess], discord: SimProcess) -> GuildAccess:
    oauth_login.count_guild_requests(discord.client)
    return guild_access_factory()
