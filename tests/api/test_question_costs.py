"""A question that must be computed counts against the limit of its server by its days, metrics and rows."""

import re
from datetime import UTC, datetime, timedelta

import httpx
import pytest

from herwa_api.question_costs import MAX_COST, RANKING_WEIGHT, compute_cost
from herwa_shared.analytics.query import ActivityQuery
from herwa_shared.stores import Stores
from tests.api.conftest import KeyFactory
from tests.support.row_factories import add_guild

START = datetime(2024, 1, 1, tzinfo=UTC)


def build_window(days: float) -> ActivityQuery:
    return ActivityQuery(1, START, START + timedelta(days=days))


@pytest.mark.parametrize(
    ("days", "metrics", "weight", "cost"),
    [
        (1, 1, 1, 1),
        (400, 1, 1, 1),
        (401, 1, 1, 2),
        (365, 3, 1, 3),
        (365, 1, RANKING_WEIGHT, 4),
        (20_000, 9, 4, MAX_COST),
    ],
)
def test_cost_grows_with_days_metrics_and_rows(days, metrics, weight, cost):
    assert compute_cost(build_window(days), metrics=metrics, weight=weight) == cost


def test_comparison_costs_its_days_too():
    assert compute_cost(build_window(300), build_window(300)) == 2
    assert compute_cost(build_window(300), None) == 1


def read_remaining(response: httpx.Response) -> dict[str, int]:
    """The remaining requests of each limit, from the header `RateLimit`."""
    return {name: int(rest) for name, rest in re.findall(r'"(\w+)";r=(\d+)', response.headers["RateLimit"])}


@pytest.fixture
async def stats_path(stores: Stores, make_key: KeyFactory) -> tuple[str, dict[str, str]]:
    """Path of a server's stats, and the headers of a request with its key."""
    guild_id = await add_guild(stores)
    return f"/api/guilds/{guild_id}/stats", {"Authorization": f"Bearer {await make_key(guild_id)}"}


async def test_cost_is_counted_against_the_limit_of_the_server_only_if_it_is_not_cached(client, stats_path):
    path, headers = stats_path
    small = read_remaining(await client.get(path, headers=headers))
    question = {"from": "2022-01-01", "to": "2024-01-01", "metric": "messages,joins"}  # 730 days
    response = await client.get(path, params=question, headers=headers)
    computed = read_remaining(response)
    assert response.status_code == 200
    assert small["guild"] - computed["guild"] == 4
    assert small["key"] - computed["key"] == 1


async def test_question_beyond_the_limit_of_the_server_is_refused_with_a_hint(client, stats_path):
    path, headers = stats_path
    responses = [
        await client.get(path, params={"from": f"20{year}-01-01", "to": "2030-01-01", **question}, headers=headers)
        for year in range(11, 17)
        for question in (
            {"metric": "messages,joins,leaves", "interval": interval} for interval in ("day", "week", "month")
        )
    ]
    refused = [response for response in responses if response.status_code == 429]
    assert refused
    assert refused[0].json()["limit"] == "guild"
    assert refused[0].json()["hint"]
    assert int(refused[0].headers["Retry-After"]) >= 1
    assert {response.status_code for response in responses} == {200, 429}
