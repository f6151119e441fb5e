"""A poll that would change nothing on its page is dropped; one that would is not, whatever has changed."""

import asyncio
from collections.abc import AsyncIterator

import pytest
from reflex_base.event import Event

from herwa_shared.catalog import FeatureKey
from herwa_shared.clock import utc_now
from herwa_shared.services.live_counters import LiveCounters, save_live_counters
from herwa_shared.stores import Stores
from herwa_web.idle_polls import IdlePolls
from herwa_web.pages.guild.queries import POLL_SHARED_TIME, SHARED_TIME
from tests.support.governance_client import GovernanceClient
from tests.support.row_factories import EventRow, insert_events, raise_data_version
from tests.support.waiting import wait_for_a_new_minute, wait_until
from tests.web.dashboard_factory import CanaryServer, DashboardFactory, LoggedInUser
from tests.web.reflex_client import HYDRATE_AND_LOAD, ReflexClient, connect_client
from tests.web.web_server import WebServer

OVERVIEW_STATE = "reflex___state____state.herwa_web___pages___guild___state____overview_state"
POLL_LIVE, REFRESH = f"{OVERVIEW_STATE}.poll_live", f"{OVERVIEW_STATE}.refresh"


POLL_SECONDS = 0.5
"""Time in which a poll that is not dropped sends its updates."""


class IdleTab:
    """A tab that shows the overview of a server, whose live counters are known."""

    def __init__(self, visitor: ReflexClient, server: CanaryServer, user: LoggedInUser) -> None:
        self.visitor, self.server, self.user = visitor, server, user
        self.path = f"/g/{server.id}"

    async def poll(self, event: str) -> int:
        """Poll; return how many updates the tab receives for it."""
        received_before = len(self.visitor.received)
        await self.visitor.send(event, path=self.path)
        await asyncio.sleep(POLL_SECONDS)
        return len(self.visitor.received) - received_before

    async def poll_until(self, event: str, text: str) -> None:
        """Poll as often as needed until the tab receives a text."""

        async def is_received() -> bool:
            await self.poll(event)
            return text in self.visitor.dump_received()

        await wait_until(
            is_received,
            timeout_seconds=20,
            interval_seconds=0.1,
            get_details=lambda: self.visitor.dump_received()[-3_000:],
        )


@pytest.fixture
async def tab(web: WebServer, factory: DashboardFactory, stores: Stores) -> AsyncIterator[IdleTab]:
    server = await factory.create_server()
    user = await factory.create_user(server)
    await save_counters(stores, server, online=3)
    async with connect_client(web, session_token=user.session_token) as visitor:
        tab = IdleTab(visitor, server, user)
        await visitor.send(HYDRATE_AND_LOAD, path=tab.path)
        await visitor.wait_until(lambda: '"phase_rx_state_": "ready"' in visitor.dump_received(), "the overview")
        await tab.poll(POLL_LIVE)
        yield tab


async def save_counters(stores: Stores, server: CanaryServer, *, online: int) -> None:
    async with stores.database.transaction() as session:
        await save_live_counters(session, {server.id: LiveCounters(online, 1, utc_now())})


@pytest.mark.parametrize("event", [POLL_LIVE, REFRESH])
async def test_poll_of_an_unchanged_page_sends_nothing(tab, event):
    await wait_for_a_new_minute()
    await tab.poll(event)
    await tab.poll(event)
    await asyncio.sleep(SHARED_TIME.total_seconds())
    assert [await tab.poll(event) for _ in range(3)] == [0, 0, 0]


@pytest.mark.slow
async def test_changed_live_counters_are_shown(tab, stores):
    await save_counters(stores, tab.server, online=4)
    await tab.poll_until(POLL_LIVE, '"online_rx_state_": "4"')


async def test_new_numbers_are_shown(tab, stores):
    await insert_events(stores, tab.server.id, [EventRow(utc_now()) for _ in range(7_000)])
    await raise_data_version(stores, tab.server.id)
    await asyncio.sleep(POLL_SHARED_TIME.total_seconds())
    await tab.poll_until(REFRESH, '"value": "7,')


async def test_poll_after_the_end_of_the_session_is_not_dropped(tab, factory):
    await factory.log_out(tab.user)
    await tab.visitor.send(POLL_LIVE, path=tab.path)
    await asyncio.wait_for(tab.visitor.closed.wait(), 30)


@pytest.mark.parametrize("event", [POLL_LIVE, REFRESH])
async def test_poll_of_a_user_who_lost_the_role_empties_the_page(tab, factory, event):
    await factory.remove_roles(tab.user, tab.server)
    await tab.poll_until(event, '"phase_rx_state_": "missing"')


@pytest.mark.parametrize("event", [POLL_LIVE, REFRESH])
async def test_poll_after_a_refusal_of_the_guardrail_says_so(tab, stores, event):
    governance = GovernanceClient(stores)
    await governance.set_feature(tab.server.id, FeatureKey.OVERVIEW, enabled=False)
    await tab.poll_until(event, '"phase_rx_state_": "refused"')


def create_event(name: str, path: str) -> Event:
    return Event(name=name, router_data={"asPath": path})


async def test_poll_of_another_path_is_not_dropped():
    polls = IdlePolls()

    async def check() -> bool:
        return True

    polls.register("tab", "state.refresh", "/g/1?range=7d", check)
    assert await polls.is_unnecessary("tab", create_event("state.refresh", "/g/1?range=7d"))
    assert not await polls.is_unnecessary("tab", create_event("state.refresh", "/g/2"))
    assert not await polls.is_unnecessary("tab", create_event("state.load", "/g/1?range=7d"))
    assert not await polls.is_unnecessary("other", create_event("state.refresh", "/g/1?range=7d"))
    polls.forget("tab")
    assert not await polls.is_unnecessary("tab", create_event("state.refresh", "/g/1?range=7d"))


async def test_poll_whose_check_fails_is_not_dropped():
    polls = IdlePolls()

    async def check() -> bool:
        raise OSError

    polls.register("tab", "state.refresh", "/g/1", check)
    assert not await polls.is_unnecessary("tab", create_event("state.refresh", "/g/1"))


async def test_check_that_waits_for_discord_does_not_delay_the_events_behind_it():
    polls = IdlePolls()

    async def check() -> bool:
        await asyncio.sleep(30)
        return True

    polls.register("tab", "state.refresh", "/g/1", check)
    async with asyncio.timeout(2):
        assert not await polls.is_unnecessary("tab", create_event("state.refresh", "/g/1"))
