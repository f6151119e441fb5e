"""What a page event costs in the databases: its authorization is read at most once, and then from memory.

The counts are exact. A change that needs fewer statements lowers them here.
"""

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass

import pytest

from herwa_shared.clock import utc_now
from herwa_shared.config import Settings
from herwa_shared.services.live_counters import LiveCounters, save_live_counters
from herwa_shared.stores import Stores
from herwa_web.pages.guild.queries import SHARED_TIME
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
OVERVIEW_DATA = (7, 7)
"""Transactions and statements, of a server without earlier samples, whose growth is estimated: first hour, when data
was recorded, first responses, growth, names of channels and of members, departed members."""
SHARED_COSTS = {
    "FROM user_account JOIN web_session": (1, 1),
    "JOIN user_guild": (1, 1),
    "FROM policy_change": (1, 1),
    "channel.position": (1, 2),
    "guild_live_counters": (1, 2),
    "JOIN export_event": (1, 1),
}
"""What is read again at times: session and guilds of the user once a minute, the policy of the server after a change,
channels, live data and notices about exports every 2 s."""
SEEN_AT_SAVED = "UPDATE web_session"
OVERVIEW_SELECTS = 4
"""Statements in ClickHouse: numbers and lists, samples, the first sample, and the first recorded hour of a server for
which the mover has stored none."""


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
    """List the costs of what was read again. Nothing of it may be read twice for one event."""
    counts = {mention: count_mentions(transactions, mention) for mention in SHARED_COSTS}
    assert set(counts.values()) <= {0, 1}, counts
    costs = [cost for mention, cost in SHARED_COSTS.items() if counts[mention]]
    return [*costs, (0, count_mentions(transactions, SEEN_AT_SAVED))]


@pytest.mark.parametrize("event", [f"{OVERVIEW_STATE}.retry", HYDRATE_AND_LOAD], ids=["refreshes", "opens"])
async def test_overview_is_authorized_once_and_its_numbers_are_read_once_for_all_viewers(tab, stores, event):
    await wait_for_a_new_minute()
    transactions, selects = await tab.call_after_change(stores, event)
    assert count_cost(transactions) == add_costs(*list_shared_costs(transactions), OVERVIEW_DATA)
    assert selects == OVERVIEW_SELECTS
    transactions, selects = await tab.call_and_count(stores, event)
    assert (count_cost(transactions), selects) == (add_costs(*list_shared_costs(transactions)), 0)


async def test_channels_of_the_filter_are_authorized_once(tab):
    transactions = await tab.call(
        f"{OVERVIEW_STATE}.load_channels", lambda received, _: '"channels_rx_state_": [{' in received
    )
    assert count_cost(transactions) == add_costs(*list_shared_costs(transactions))


async def test_poll_of_live_counters_reads_nothing_but_what_all_tabs_share(tab, stores):
    await save_counters(stores, tab, online=7)
    transactions = await tab.call(
        f"{OVERVIEW_STATE}.poll_live", lambda received, _: '"online_rx_state_": "7"' in received
    )
    assert count_mentions(transactions, "guild_live_counters") == 1
    assert count_cost(transactions) == add_costs(*list_shared_costs(transactions))


async def save_counters(stores: Stores, tab: CountedTab, *, online: int) -> None:
    """Save live counters, after what the tabs shared of them has ended."""
    guild_id = int(tab.path.removeprefix("/g/"))
    async with stores.database.transaction() as session:
        await save_live_counters(session, {guild_id: LiveCounters(online, 0, utc_now())})
    await asyncio.sleep(SHARED_TIME.total_seconds() + 0.1)
