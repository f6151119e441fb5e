"""An API key reads only its own guild, within its scopes, until it expires or is revoked."""

from datetime import timedelta

import httpx
import pytest

from herwa_api import texts
from herwa_shared.catalog import Scope
from herwa_shared.clock import utc_now
from herwa_shared.guardrail.verdict import Reason
from herwa_shared.services.api_keys import list_keys, revoke_key
from herwa_shared.services.audit import SYSTEM
from herwa_shared.stores import Stores
from tests.api.conftest import KeyFactory
from tests.api.documented_routes import list_routes
from tests.support.row_factories import EventRow, add_guild, insert_events, make_utc
from tests.support.waiting import wait_until

ROUTES = ["stats", "top/channels", "top/members", "heatmap"]


def build_headers(key: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {key}"}


def drop_changing_headers(response: httpx.Response) -> dict[str, str]:
    """Return the headers without those that differ from request to request."""
    return {name: value for name, value in response.headers.items() if name not in ("x-request-id", "ratelimit")}


async def test_foreign_guild_looks_exactly_like_a_missing_guild(client, stores: Stores, make_key: KeyFactory):
    own_guild_id, other_guild_id = await add_guild(stores), await add_guild(stores)
    await insert_events(stores, other_guild_id, [EventRow(make_utc(2025, 3, 1))])
    routes = [route for route in await list_routes(client) if route.is_of_a_guild and route.is_reading]
    assert len(routes) >= len(ROUTES) + 14, "numbers, settings, keys, exports, widgets, and the server itself"

    for route in routes:
        headers = build_headers(await make_key(own_guild_id))
        for parameters in ({}, {"from": "nonsense", "unknown": "1"}):
            foreign = await client.get(route.fill(other_guild_id), headers=headers, params=parameters)
            for guild_id in ("1", "81384788765712384", "abc", f"0{own_guild_id}", f"{own_guild_id}%20", str(1 << 70)):
                missing = await client.get(route.fill(guild_id), headers=headers, params=parameters)
                assert foreign.status_code == missing.status_code == 404
                assert foreign.content == missing.content
                assert drop_changing_headers(foreign) == drop_changing_headers(missing)


@pytest.mark.parametrize("route", ROUTES)
async def test_request_without_a_valid_key_is_refused(client, stores: Stores, make_key: KeyFactory, route):
    guild_id = await add_guild(stores)
    key = await make_key(guild_id)
    tampered_key = key[:-1] + ("0" if key[-1] != "0" else "1")

    for headers in (
        {},
        {"Authorization": key},
        {"Authorization": f"Basic {key}"},
        build_headers(tampered_key),
        build_headers("ключ".encode().hex()),
    ):
        response = await client.get(f"/api/guilds/{guild_id}/{route}", headers=headers)
        assert response.status_code == 401
        assert response.headers["www-authenticate"].startswith("Bearer")
        assert response.headers["content-type"] == "application/problem+json"


async def test_key_in_the_query_string_is_refused_and_not_echoed(client, stores: Stores, make_key: KeyFactory):
    guild_id = await add_guild(stores)
    key = await make_key(guild_id)

    for parameters in ({"key": key}, {"access_token": key}, {key: ""}):
        response_without_header = await client.get(f"/api/guilds/{guild_id}/stats", params=parameters)
        assert response_without_header.status_code == 401
        response_with_header = await client.get(
            f"/api/guilds/{guild_id}/stats", params=parameters, headers=build_headers(key)
        )
        assert response_with_header.status_code == 400
        assert key not in response_without_header.text + response_with_header.text


async def test_expired_key_is_refused(client, stores: Stores, make_key: KeyFactory):
    guild_id = await add_guild(stores)
    expired_key = await make_key(guild_id, expires_at=utc_now() - timedelta(seconds=1))
    valid_key = await make_key(guild_id, expires_at=utc_now() + timedelta(hours=1))

    assert (await client.get(f"/api/guilds/{guild_id}/heatmap", headers=build_headers(expired_key))).status_code == 401
    assert (await client.get(f"/api/guilds/{guild_id}/heatmap", headers=build_headers(valid_key))).status_code == 200


async def test_revoked_key_is_refused_within_a_second(client, stores: Stores, make_key: KeyFactory):
    guild_id = await add_guild(stores)
    key = await make_key(guild_id)
    assert (await client.get(f"/api/guilds/{guild_id}/heatmap", headers=build_headers(key))).status_code == 200

    async with stores.database.transaction() as session:
        (status,) = await list_keys(session, guild_id=guild_id)
        await revoke_key(session, guild_id=guild_id, key_id=status.id, actor=SYSTEM)

    async def is_refused() -> bool:
        return (await client.get(f"/api/guilds/{guild_id}/heatmap", headers=build_headers(key))).status_code == 401

    await wait_until(is_refused, timeout_seconds=1)


async def test_member_ranking_requires_the_members_scope(client, stores: Stores, make_key: KeyFactory):
    guild_id = await add_guild(stores)
    stats_only = build_headers(await make_key(guild_id, [Scope.STATS]))
    settings_only = build_headers(await make_key(guild_id, [Scope.SETTINGS_READ, Scope.SETTINGS_WRITE]))

    refusal = await client.get(f"/api/guilds/{guild_id}/top/members", headers=stats_only)

    assert (refusal.status_code, refusal.json()["reason"]) == (403, Reason.SCOPE)
    assert texts.format_missing_scopes([Scope.MEMBERS]) in refusal.json()["detail"]
    for route in ("stats", "top/channels", "heatmap"):
        assert (await client.get(f"/api/guilds/{guild_id}/{route}", headers=stats_only)).status_code == 200
    for route in ROUTES:
        assert (await client.get(f"/api/guilds/{guild_id}/{route}", headers=settings_only)).status_code == 403


async def test_only_statistics_may_be_kept_and_all_responses_have_unique_request_ids(
    client, stores: Stores, make_key: KeyFactory
):
    guild_id = await add_guild(stores)
    headers = build_headers(await make_key(guild_id))
    responses = [
        await client.get(f"/api/guilds/{guild_id}/stats", headers=headers),
        await client.get(f"/api/guilds/{guild_id}/stats"),
        await client.get("/nowhere"),
        await client.get("/healthz"),
    ]

    cache_controls = [response.headers["cache-control"] for response in responses]
    assert cache_controls == ["private, no-cache", *["private, no-store"] * 3]
    assert len({response.headers["x-request-id"] for response in responses}) == len(responses)
