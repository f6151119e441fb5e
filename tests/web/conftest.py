"""Fixtures of the web tests: a shared web server, the local Discord, a stub of the API."""

from collections.abc import AsyncIterator

import pytest

from herwa_shared.config import Settings
from herwa_shared.stores import Stores
from tests.support.sim_process import SimProcess
from tests.web.dashboard_factory import DashboardFactory
from tests.web.upstream_stub import UpstreamStub, run_upstream_stub
from tests.web.web_server import WebServer, run_web_server


@pytest.fixture(scope="session")
async def upstream_stub() -> AsyncIterator[tuple[UpstreamStub, str]]:
    """The stub of the API and its URL."""
    async with run_upstream_stub() as stub_and_url:
        yield stub_and_url


@pytest.fixture(scope="package")
async def web(stores: Stores, settings: Settings, upstream_stub: tuple[UpstreamStub, str]) -> AsyncIterator[WebServer]:
    """The web server that all tests share, except those that stop it or need other settings."""
    async with run_web_server(settings, api=upstream_stub[1], HERWA_LOG_LEVEL="DEBUG") as server:
        yield server


@pytest.fixture(scope="session")
def factory(settings: Settings, stores: Stores, discord: SimProcess) -> DashboardFactory:
    return DashboardFactory(settings, stores, discord.client)
