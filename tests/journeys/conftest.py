"""A bot process at the local Discord of this copy, and a server whose members it knows."""

from collections.abc import AsyncIterator

import pytest

from herwa_shared.config import Settings
from herwa_shared.stores import Stores
from tests.bot.members import Members
from tests.bot.place import Place
from tests.bot.process import BotProcess, bot_process
from tests.bot.stored import settled
from tests.sim.documented import assert_documented
from tests.sim.process import SimProcess


@pytest.fixture(scope="module")
async def bot(stores: Stores, settings: Settings, discord: SimProcess) -> AsyncIterator[BotProcess]:
    """A bot that listens, as people start it."""
    with bot_process(settings, discord) as process:
        await process.listens()
        yield process
        assert process.process.poll() is None, process.said()


@pytest.fixture
async def members(discord: SimProcess, stores: Stores, bot: BotProcess) -> AsyncIterator[Members]:
    """Those of a server of the test's own; all that went over the wire is as Discord documents it."""
    place = Place(discord.client)
    await settled(stores, bot)
    made = Members(discord, stores, place)
    await made.become("Yes", "server-stats")
    yield made
    assert_documented(discord.client)
