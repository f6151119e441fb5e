"""One site for all tests that do not end it, with the local Discord beside it and a stand-in for the API behind it."""

from collections.abc import AsyncIterator

import pytest

from herwa_shared.config import Settings
from herwa_shared.stores import Stores
from tests.sim.process import SimProcess
from tests.web.echo import Upstream, upstream
from tests.web.people import People
from tests.web.site import Site, site


@pytest.fixture(scope="session")
async def behind() -> AsyncIterator[tuple[Upstream, str]]:
    async with upstream() as opened:
        yield opened


@pytest.fixture(scope="session")
async def web(stores: Stores, settings: Settings, behind: tuple[Upstream, str]) -> AsyncIterator[Site]:
    async with site(settings, api=behind[1], HERWA_LOG_LEVEL="DEBUG") as served:
        yield served


@pytest.fixture(scope="session")
def people(settings: Settings, stores: Stores, discord: SimProcess) -> People:
    return People(settings, stores, discord.client)
