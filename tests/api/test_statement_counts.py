"""What a request to the API costs in PostgreSQL: one look-up of a user, and one of their guilds; none of a known key.

The counts are exact. A change that needs fewer statements lowers them here.
"""

import httpx
import pytest

from herwa_shared.stores import Stores
from tests.api.browser import Browser
from tests.api.conftest import KeyFactory
from tests.support.oauth_login import ManagedServer, save_server
from tests.support.statement_log import Transaction, count_cost, count_mentions, report_transactions

SESSION_AND_GUILDS = (2, 2)
DATA_COSTS = {"stats": (2, 5), "top/channels": (2, 2), "top/members": (2, 2), "heatmap": (2, 5)}
"""Transactions and statements of each route behind the authorization."""


async def count_transactions(client: httpx.AsyncClient, path: str, **headers: str) -> list[Transaction]:
    """Return the transactions of the second of two equal requests, for which the policy is in memory."""
    assert (await client.get(path, headers=headers)).status_code == 200
    transactions: list[Transaction] = []
    with report_transactions(transactions.append):
        assert (await client.get(path, headers=headers)).status_code == 200
    return transactions


@pytest.mark.parametrize("route", DATA_COSTS)
async def test_request_of_a_user_is_authorized_once(browser: Browser, server: ManagedServer, stores: Stores, route):
    await save_server(stores, server)
    await browser.log_in(server.manager)
    transactions = await count_transactions(browser.herwa, f"/api/guilds/{server.id}/{route}")
    assert count_mentions(transactions, "FROM user_account JOIN web_session") == 1
    assert count_mentions(transactions, "JOIN user_guild") == 1
    assert subtract_cost(count_cost(transactions), SESSION_AND_GUILDS) == DATA_COSTS[route]


@pytest.mark.parametrize("route", DATA_COSTS)
async def test_request_with_a_known_key_is_authorized_in_memory(
    client: httpx.AsyncClient, server: ManagedServer, stores: Stores, make_key: KeyFactory, route
):
    await save_server(stores, server)
    authorization = f"Bearer {await make_key(server.id)}"
    transactions = await count_transactions(client, f"/api/guilds/{server.id}/{route}", Authorization=authorization)
    assert count_mentions(transactions, "FROM api_key") == 0, "the key is remembered"
    assert count_cost(transactions) == DATA_COSTS[route]


def subtract_cost(cost: tuple[int, int], part: tuple[int, int]) -> tuple[int, int]:
    return cost[0] - part[0], cost[1] - part[1]
