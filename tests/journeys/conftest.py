"""Fixtures of the journeys: a bot process at the local Discord, and the members of a guild that it has loaded."""

from collections.abc import AsyncIterator

import pytest

from herwa_shared.config import Settings
from herwa_shared.stores import Stores
from tests.support.bot_process import BotProcess, run_bot_process
from tests.support.db_assertions import wait_until_stored
from tests.support.member_client import MemberClient
from tests.support.sample_server import SampleServer
from tests.support.schema_assertions import assert_documented
from tests.support.sim_process import SimProcess


@pytest.fixture(scope="module")
async def bot(stores: Stores, settings: Settings, discord: SimProcess) -> AsyncIterator[BotProcess]:
    """A connected bot process. It fails the module when the bot has ended before the last test."""
    with run_bot_process(settings, discord) as process:
        await process.wait_until_ready()
        yield process
        assert process.process.poll() is None, process.read_log()


@pytest.fixture
async def members(discord: SimProcess, stores: Stores, bot: BotProcess) -> AsyncIterator[MemberClient]:
    """The members of a new guild. Afterwards all REST calls and gateway events are validated against Discord's schemas."""
    server = SampleServer(discord.client)
    await wait_until_stored(stores, bot)
    client = MemberClient(discord, stores, server)
    await client.wait_for_verdict("Yes", "server-stats")
    yield client
    assert_documented(discord.client)
