"""What a page event costs in the databases: it is authorized once, by one look-up of the session and one of the guilds.

The counts are exact. A change that needs fewer statements lowers them here.
"""

import json
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass

import pytest

from herwa_shared.config import Settings
from herwa_shared.stores import Stores
from tests.support.row_factories import raise_data_version
from tests.support.statement_log import (
    StatementLog,
    Transaction,
    build_arguments,
    count_cost,
    count_mentions,
    count_selects,
)
from tests.support.waiting import wait_for_a_new_minute, wait_until
from tests.web.dashboard_factory import DashboardFactory
from tests.web.reflex_client import HYDRATE_AND_LOAD, ReflexClient, connect_client, open_visible_guild_page
from tests.web.web_server import WebServer, run_web_server

OVERVIEW_STATE = "reflex___state____state.herwa_web___pages___guild___state____overview_state"
AUTHORIZATION = (2, 2)
"""Transactions and statements: the session, by the guard of the websocket, and the user's guilds, by the handler."""
OVERVIEW_DATA = (4, 9)
"""Of a server without earlier samples, whose growth is estimated."""
LIVE_DATA = (1, 2)
"""The live counters and the intents of the bots, read for each tab."""
OVERVIEW_SELECTS = 4
"""Statements in ClickHouse: numbers, samples, lists, which kinds imports contain, and the first recorded hour."""
LIVE_COUNTERS = (1, 1)
DIRECTORY = (1, 2)


@pytest.fixture(scope="module")
async def logged_web(
    settings: Settings, stores: Stores, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[tuple[WebServer, StatementLog]]:
    """A web server, and the log of its transactions."""
    path = tmp_path_factory.mktemp("statements") / "log"
    path.touch()
    async with run_web_server(settings, arguments=build_arguments("herwa_web", path)) as server:
        yield server, StatementLog(path)


@dataclass(slots=True)
class CountedTab:
    """An open tab, and the transactions of the web server since an event was sent."""

    visitor: ReflexClient
    log: StatementLog
    path: str

    async def call(self, event: str, is_done: Callable[[str, list[Transaction]], bool]) -> list[Transaction]:
        """Send an event. Returns its transactions when it is done, by what was received and by its transactions."""
        self.log.take()
        transactions: list[Transaction] = []
        received_before = len(self.visitor.received)
        await self.visitor.send(event, path=self.path)

        async def has_ended() -> bool:
            received = json.dumps(self.visitor.received[received_before:])
            transactions.extend(self.log.take())
            return is_done(received, transactions)

        await wait_until(has_ended)
        return transactions

    async def call_and_count(self, stores: Stores, event: str) -> tuple[list[Transaction], int]:
        """Load the overview by an event. Returns its transactions and its SELECTs in ClickHouse."""
        selects_before = await count_selects(stores.clickhouse)
        transactions = await self.call(event, lambda received, _: is_loaded(received))
        return transactions, await count_selects(stores.clickhouse) - selects_before - 1

    async def call_after_change(self, stores: Stores, event: str) -> tuple[list[Transaction], int]:
        """Load the overview for the first time after a change of its data that the web server knows."""

        async def is_cached() -> bool:
            return (await self.call_and_count(stores, event))[1] == 0

        await wait_until(is_cached)
        await raise_data_version(stores, int(self.path.removeprefix("/g/")))
        counted: list[tuple[list[Transaction], int]] = []

        async def has_selects() -> bool:
            counted.append(await self.call_and_count(stores, event))
            return counted[-1][1] > 0

        await wait_until(has_selects)
        return counted[-1]


@pytest.fixture
async def tab(logged_web: tuple[WebServer, StatementLog], factory: DashboardFactory) -> AsyncIterator[CountedTab]:
    """A tab that shows the overview of a server."""
    web, log = logged_web
    server = await factory.create_server()
    manager = await factory.create_user(server)
    async with connect_client(web, session_token=manager.session_token) as visitor:
        await open_visible_guild_page(visitor, server)
        await visitor.wait_until(lambda: is_loaded(visitor.dump_received()), "the numbers")
        await visitor.wait_until_idle()
        yield CountedTab(visitor, log, f"/g/{server.id}")


def is_loaded(received: str) -> bool:
    """Whether a load of the overview has begun and ended."""
    return received.rfind('"busy_rx_state_": false') > received.find('"busy_rx_state_": true') > -1


def add_costs(*costs: tuple[int, int]) -> tuple[int, int]:
    return sum(cost[0] for cost in costs), sum(cost[1] for cost in costs)


def list_shared_costs(transactions: list[Transaction]) -> list[tuple[int, int]]:
    """List the costs of what all tabs of a server share for two seconds, if it was read again."""
    shared_costs = {"FROM channel": DIRECTORY, "guild_live_counters": LIVE_DATA}
    return [cost for table, cost in shared_costs.items() if count_mentions(transactions, table)]


def assert_authorized_once(transactions: list[Transaction]) -> None:
    """Assert that the session and the user's guilds were looked up once each."""
    assert count_mentions(transactions, "FROM user_account JOIN web_session") == 1
    assert count_mentions(transactions, "JOIN user_guild") == 1


@pytest.mark.parametrize("event", [f"{OVERVIEW_STATE}.retry", HYDRATE_AND_LOAD], ids=["refreshes", "opens"])
async def test_overview_is_authorized_once_and_its_numbers_are_read_once_for_all_viewers(tab, stores, event):
    await wait_for_a_new_minute()
    transactions, selects = await tab.call_after_change(stores, event)
    assert_authorized_once(transactions)
    assert count_cost(transactions) == add_costs(AUTHORIZATION, *list_shared_costs(transactions), OVERVIEW_DATA)
    assert selects == OVERVIEW_SELECTS
    transactions, selects = await tab.call_and_count(stores, event)
    assert_authorized_once(transactions)
    assert (count_cost(transactions), selects) == (add_costs(AUTHORIZATION, *list_shared_costs(transactions)), 0)


async def test_live_counters_cost_one_more_transaction_than_their_authorization(tab):
    transactions = await tab.call(
        f"{OVERVIEW_STATE}.poll_live", lambda _, transactions: count_mentions(transactions, "guild_live_counters") > 0
    )
    assert_authorized_once(transactions)
    assert count_cost(transactions) == add_costs(AUTHORIZATION, LIVE_COUNTERS)


async def test_channels_of_the_filter_are_authorized_once(tab):
    transactions = await tab.call(
        f"{OVERVIEW_STATE}.load_channels", lambda received, _: '"channels_rx_state_": [{' in received
    )
    assert_authorized_once(transactions)
    assert count_cost(transactions) == add_costs(AUTHORIZATION, *list_shared_costs(transactions))


async def test_every_event_looks_the_session_up_again(tab):
    transactions = [
        transaction
        for _ in range(3)
        for transaction in await tab.call(
            f"{OVERVIEW_STATE}.poll_live",
            lambda _, transactions: count_mentions(transactions, "guild_live_counters") > 0,
        )
    ]
    assert count_mentions(transactions, "FROM user_account JOIN web_session") == 3
    assert count_mentions(transactions, "JOIN user_guild") == 3
