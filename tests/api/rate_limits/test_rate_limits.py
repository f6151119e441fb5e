"""Limits of API requests: per key, server and address, before authentication, with headers and a problem as the answer."""

import asyncio
from collections import Counter

import httpx
import pytest
from fastapi import FastAPI

from herwa_api import texts
from herwa_api.app import create_app
from herwa_api.rate_limits.rules import RATE_LIMITS, LimitName
from herwa_shared.catalog import Scope, TierKey
from herwa_shared.config import Settings
from herwa_shared.policy_cache.cache import PolicyCache
from herwa_shared.services.api_keys import create_key
from herwa_shared.services.audit import SYSTEM
from herwa_shared.services.subscriptions import grant
from herwa_shared.stores import Stores
from tests.api.browser import Browser, create_address
from tests.api.conftest import KeyFactory
from tests.support.oauth_login import ManagedServer
from tests.support.row_factories import add_guild
from tests.support.statement_log import Transaction, count_mentions, report_transactions

FREE_REQUESTS = 100
BAD_KEYS = ["nonsense", "sk_live_" + "A" * 49, ""]


def build_headers(key: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {key}"}


async def send_requests(
    client: httpx.AsyncClient, count: int, path: str = "/api/me", **options
) -> list[httpx.Response]:
    return await asyncio.gather(*(client.get(path, **options) for _ in range(count)))


def count_statuses(responses: list[httpx.Response]) -> Counter[int]:
    return Counter(response.status_code for response in responses)


async def test_key_of_a_free_server_has_100_requests_a_minute(client, stores: Stores, make_key: KeyFactory):
    headers = build_headers(await make_key(await add_guild(stores)))
    first = await client.get("/api/me", headers=headers)
    assert first.headers["RateLimit-Policy"] == '"key";q=100;w=60, "guild";q=300;w=60'
    assert first.headers["RateLimit"] == '"key";r=99;t=60, "guild";r=299;t=60'
    assert "Retry-After" not in first.headers

    responses = await send_requests(client, 120, headers=headers)

    assert count_statuses(responses) == {200: FREE_REQUESTS - 1, 429: 21}
    refused = next(response for response in responses if response.status_code == 429)
    assert refused.headers["Content-Type"] == "application/problem+json"
    assert 50 < int(refused.headers["Retry-After"]) <= 60
    assert '"key";r=0;t=' in refused.headers["RateLimit"]
    assert refused.headers["Cache-Control"] == "private, no-store"
    assert refused.json() == {
        "type": "about:blank",
        "title": "Too Many Requests",
        "status": 429,
        "code": "too_many_requests",
        "detail": texts.format_limit_reached(LimitName.KEY, FREE_REQUESTS, 60),
        "hint": texts.LIMIT_HINTS[LimitName.KEY],
        "limit": LimitName.KEY,
    }


async def test_limit_of_a_key_is_that_of_the_tier(client, stores: Stores, make_key: KeyFactory):
    guild_id = await add_guild(stores)
    async with stores.database.transaction() as session:
        await grant(session, guild_id=guild_id, tier=TierKey.PREMIUM, actor=SYSTEM, reason="test")
    response = await client.get("/api/me", headers=build_headers(await make_key(guild_id)))
    assert response.headers["RateLimit-Policy"] == '"key";q=1000;w=60, "guild";q=3000;w=60'


async def test_keys_of_one_server_share_its_limit(client, stores: Stores, make_key: KeyFactory):
    guild_id = await add_guild(stores)
    statuses: Counter[int] = Counter()
    for _ in range(RATE_LIMITS.guild_factor + 1):
        statuses += count_statuses(await send_requests(client, 100, headers=build_headers(await make_key(guild_id))))
    assert statuses == {200: FREE_REQUESTS * RATE_LIMITS.guild_factor, 429: FREE_REQUESTS}


async def test_limit_of_one_server_is_not_that_of_another(client, stores: Stores, make_key: KeyFactory):
    busy, quiet = [build_headers(await make_key(await add_guild(stores))) for _ in range(2)]
    await send_requests(client, 150, headers=busy)
    assert (await client.get("/api/me", headers=busy)).status_code == 429
    assert (await client.get("/api/me", headers=quiet)).status_code == 200


@pytest.mark.parametrize(
    "path", ["/api/me", "/API/me", "/api//me", "/api/%6de", "/api/me/", "/api/me?x=1", "/api/nowhere"]
)
@pytest.mark.parametrize("method", ["GET", "HEAD", "OPTIONS", "POST"])
async def test_no_spelling_of_a_request_escapes_the_limit(client, stores: Stores, make_key: KeyFactory, path, method):
    headers = build_headers(await make_key(await add_guild(stores)))
    await send_requests(client, FREE_REQUESTS, headers=headers)
    response = await client.request(method, path, headers=headers)
    assert response.status_code == (429 if path.startswith("/api/") else 404)


@pytest.mark.parametrize("header", ["X-Forwarded-For", "X_Forwarded_For", "Forwarded", "X-Real-IP"])
async def test_invented_addresses_gain_nothing(client, header):
    responses = [
        await client.get("/api/me", headers={**build_headers("nonsense"), header: f"192.0.2.{number}"})
        for number in range(RATE_LIMITS.failures.amount + 5)
    ]
    assert count_statuses(responses) == {401: RATE_LIMITS.failures.amount, 429: 5}


@pytest.mark.parametrize("key", BAD_KEYS)
async def test_guessed_keys_are_refused_after_20_failures(client, key: str):
    responses = await send_requests(client, 100, headers=build_headers(key))
    statuses = count_statuses(responses)
    assert statuses[401] <= RATE_LIMITS.failures.amount + RATE_LIMITS.concurrent_checks
    assert statuses[401] + statuses[429] == 100
    refused = next(response for response in responses if response.status_code == 429)
    assert (refused.json()["limit"], refused.json()["hint"]) == (
        LimitName.FAILURES,
        texts.LIMIT_HINTS[LimitName.FAILURES],
    )


async def test_guessed_keys_are_not_looked_up_without_end(client, stores: Stores, make_key: KeyFactory):
    guild_id = await add_guild(stores)
    async with stores.database.transaction() as session:
        new_key = await create_key(
            session, guild_id=guild_id, name="test", scopes=tuple(Scope), pepper=b"another", actor=SYSTEM
        )
    transactions: list[Transaction] = []
    with report_transactions(transactions.append):
        await send_requests(client, 300, headers=build_headers(new_key.secret))
    look_ups = count_mentions(transactions, "FROM api_key")
    assert look_ups <= RATE_LIMITS.failures.amount + RATE_LIMITS.concurrent_checks


async def test_valid_key_works_while_others_guess_from_the_same_address(client, stores: Stores, make_key: KeyFactory):
    headers = build_headers(await make_key(await add_guild(stores)))
    assert (await client.get("/api/me", headers=headers)).status_code == 200
    await send_requests(client, 100, headers=build_headers("nonsense"))
    assert (await client.get("/api/me", headers=headers)).status_code == 200


async def test_requests_without_a_key_count_against_their_address(app: FastAPI):
    address = create_address()
    network = address.rsplit(":", 1)[0]
    clients = [
        httpx.AsyncClient(transport=httpx.ASGITransport(app, client=(f"{network}:{host}", 1)), base_url="http://herwa")
        for host in (1, 2)
    ]
    for client in clients:
        await send_requests(client, 200, "/api/openapi.json")
    statuses = count_statuses(await send_requests(clients[0], 10, "/api/openapi.json"))
    assert statuses == {429: 10}, "addresses of one network share a limit"


async def test_health_checks_are_not_limited(client):
    assert count_statuses(await send_requests(client, RATE_LIMITS.address.amount + 50, "/healthz")) == {
        200: RATE_LIMITS.address.amount + 50
    }


async def test_log_ins_are_limited_per_address(browser: Browser, server: ManagedServer):
    responses = await send_requests(browser.herwa, RATE_LIMITS.login.amount + 5, "/auth/login")
    assert count_statuses(responses) == {303: RATE_LIMITS.login.amount, 429: 5}
    refused = next(response for response in responses if response.status_code == 429)
    assert refused.json()["limit"] == LimitName.LOGIN
    assert int(refused.headers["Retry-After"]) > 0
    page = await browser.herwa.get("/auth/login", headers={"Accept": "text/html"})
    assert (page.status_code, page.headers["Content-Type"]) == (429, "text/html; charset=utf-8")
    assert texts.WAIT_A_MINUTE in page.text


async def test_log_ins_are_limited_in_all_processes_together(
    app: FastAPI, stores: Stores, settings: Settings, policies: PolicyCache
):
    address = create_address()
    clients = [
        httpx.AsyncClient(transport=httpx.ASGITransport(process, client=(address, 1)), base_url="http://herwa")
        for process in (app, create_app(stores, settings, policies))
    ]
    assert 429 not in count_statuses(await send_requests(clients[0], RATE_LIMITS.login.amount, "/auth/login"))
    responses = await send_requests(clients[1], 5, "/auth/login")
    assert [(response.status_code, response.json()["limit"]) for response in responses] == [(429, LimitName.LOGIN)] * 5


async def test_bogus_codes_are_not_passed_on_to_discord_without_end(browser: Browser, server: ManagedServer, discord):
    callbacks = []
    for _ in range(RATE_LIMITS.failures.amount + 20):
        url = httpx.URL(await browser.authorize(await browser.start_login(), server.owner))
        callbacks.append(url.copy_set_param("code", "guessed"))
    responses = await asyncio.gather(*(browser.follow_callback(url) for url in callbacks))
    statuses = count_statuses(responses)
    assert statuses[429] > 0
    assert statuses[400] + statuses[401] <= RATE_LIMITS.failures.amount + RATE_LIMITS.concurrent_checks
