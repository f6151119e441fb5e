"""What a request to the API costs: one look-up of a user, and one of their guilds; none of a known key.

The numbers of an unchanged server cost nothing. The counts are exact. A change that needs fewer statements lowers them
here.
"""

from collections.abc import Awaitable, Callable

import httpx
import pytest

from herwa_shared.stores import Stores
from tests.api.browser import Browser
from tests.api.conftest import KeyFactory
from tests.support.oauth_login import ManagedServer, save_server
from tests.support.row_factories import EventRow, insert_events, make_utc, raise_data_version
from tests.support.statement_log import (
    Transaction,
    count_cost,
    count_mentions,
    count_selects,
    report_transactions,
)
from tests.support.waiting import wait_for_a_new_minute, wait_until

SESSION_AND_GUILDS = (2, 2)
PAST = "?from=2025-03-01&to=2025-04-01"
"""A window whose numbers time does not end; names of the top routes hold until the next full minute."""
DATA_COSTS = {"stats": (2, 2), "top/channels": (2, 2), "top/members": (3, 3), "heatmap": (2, 2)}
"""Transactions and statements of each route behind the authorization; of members also who may see them."""


SELECTS = {"stats": 1, "top/channels": 1, "top/members": 1, "heatmap": 1}
"""Statements of each route in ClickHouse."""


async def count_requests(
    stores: Stores, client: httpx.AsyncClient, path: str, **headers: str
) -> tuple[list[Transaction], int]:
    """Return the transactions and the SELECTs of ClickHouse of a request whose caller and policy are known."""
    transactions: list[Transaction] = []
    selects_before = await count_selects(stores.clickhouse)
    with report_transactions(transactions.append):
        assert (await client.get(path, headers=headers)).status_code == 200
    return transactions, await count_selects(stores.clickhouse) - selects_before - 1


async def count_after_change(
    stores: Stores, guild_id: int, request: Callable[[], Awaitable[tuple[list[Transaction], int]]]
) -> tuple[list[Transaction], int]:
    """Count the first request after a change of the server's data that the process knows."""
    await wait_for_a_new_minute()
    await raise_data_version(stores, guild_id)

    async def is_cached() -> bool:
        return (await request())[1] == 0

    await wait_until(is_cached)
    await raise_data_version(stores, guild_id)
    counted: list[tuple[list[Transaction], int]] = []

    async def has_selects() -> bool:
        counted.append(await request())
        return counted[-1][1] > 0

    await wait_until(has_selects)
    return counted[-1]


@pytest.mark.parametrize("route", DATA_COSTS)
async def test_request_of_a_user_is_authorized_once_and_a_second_viewer_costs_no_more(
    browser: Browser, server: ManagedServer, stores: Stores, route
):
    await save_server(stores, server)
    await insert_events(stores, server.id, [EventRow(make_utc(2025, 3, 5))])
    await browser.log_in(server.manager)

    async def request() -> tuple[list[Transaction], int]:
        return await count_requests(stores, browser.herwa, f"/api/guilds/{server.id}/{route}{PAST}")

    transactions, selects = await count_after_change(stores, server.id, request)
    assert count_mentions(transactions, "FROM user_account JOIN web_session") == 1
    assert count_mentions(transactions, "JOIN user_guild") == 1
    assert subtract_cost(count_cost(transactions), SESSION_AND_GUILDS) == DATA_COSTS[route]
    assert selects == SELECTS[route]
    transactions, selects = await request()
    assert (count_cost(transactions), selects) == (SESSION_AND_GUILDS, 0)


@pytest.mark.parametrize("route", DATA_COSTS)
async def test_request_with_a_known_key_is_authorized_in_memory_and_costs_nothing_while_nothing_changes(
    client: httpx.AsyncClient, server: ManagedServer, stores: Stores, make_key: KeyFactory, route
):
    await save_server(stores, server)
    await insert_events(stores, server.id, [EventRow(make_utc(2025, 3, 5))])
    authorization = f"Bearer {await make_key(server.id)}"

    async def request() -> tuple[list[Transaction], int]:
        return await count_requests(
            stores, client, f"/api/guilds/{server.id}/{route}{PAST}", Authorization=authorization
        )

    transactions, selects = await count_after_change(stores, server.id, request)
    assert count_mentions(transactions, "FROM api_key") == 0, "the key is remembered"
    assert (count_cost(transactions), selects) == (DATA_COSTS[route], SELECTS[route])
    assert await request() == ([], 0)


def subtract_cost(cost: tuple[int, int], part: tuple[int, int]) -> tuple[int, int]:
    return cost[0] - part[0], cost[1] - part[1]
