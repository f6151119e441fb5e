"""People of the local Discord who are logged in, and what Herwa asks Discord about them."""

from collections.abc import AsyncIterator, Awaitable, Callable

import pytest

from herwa_shared.auth.discord_oauth import Tokens
from herwa_shared.auth.guild_access import Rights, open_rights
from herwa_shared.config import Settings
from herwa_shared.runtime.data_dir import DataFolder
from herwa_shared.stores import Stores
from tests import people
from tests.people import Server, bot_knows
from tests.sim.process import SimProcess

LogIn = Callable[[int], Awaitable[Tokens]]


@pytest.fixture
async def server(discord: SimProcess, stores: Stores) -> AsyncIterator[Server]:
    """A server of this test's own, which the bot is in."""
    made = Server(discord.client)
    await bot_knows(stores, made)
    yield made
    discord.client.end_chaos()


@pytest.fixture
def log_in(stores: Stores, settings: Settings, folder: DataFolder, discord: SimProcess) -> LogIn:
    return lambda user_id: people.log_in(stores, settings, folder, user_id)


@pytest.fixture
def open_process(stores: Stores, settings: Settings, folder: DataFolder) -> Callable[[], Rights]:
    """Rights as one more process would open them."""
    return lambda: open_rights(settings, folder, stores.database)


@pytest.fixture
def rights(open_process: Callable[[], Rights], discord: SimProcess) -> Rights:
    people.questions(discord.client)
    return open_process()
