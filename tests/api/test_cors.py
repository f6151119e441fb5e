"""Scripts of listed origins may use the API with a key; all others, and cookies, may not."""

from collections.abc import AsyncIterator

import httpx
import pytest
from pydantic import ValidationError

from herwa_api.app import create_app
from herwa_shared.config import Settings
from herwa_shared.policy_cache.cache import PolicyCache
from herwa_shared.stores import Stores
from tests.api.conftest import KeyFactory
from tests.support.row_factories import add_guild

LISTED, OTHER = "https://stats.example", "https://evil.example"


@pytest.fixture
async def listing_client(stores: Stores, settings: Settings, policies: PolicyCache) -> AsyncIterator[httpx.AsyncClient]:
    """A client of an application that lists one origin."""
    app = create_app(stores, settings.model_copy(update={"cors_origins": (LISTED,)}), policies)
    transport = httpx.ASGITransport(app, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://herwa") as client:
        yield client


def build_preflight(origin: str, method: str = "PATCH", headers: str = "authorization,idempotency-key") -> dict:
    return {"Origin": origin, "Access-Control-Request-Method": method, "Access-Control-Request-Headers": headers}


def list_cors_headers(response: httpx.Response) -> set[str]:
    return {name for name in response.headers if name.startswith("access-control-")}


async def test_listed_origin_may_use_a_key(listing_client, stores: Stores, make_key: KeyFactory):
    guild_id = await add_guild(stores)
    path = f"/api/guilds/{guild_id}/features"
    preflight = await listing_client.options(path, headers=build_preflight(LISTED))
    assert (preflight.status_code, preflight.headers["access-control-allow-origin"]) == (200, LISTED)
    assert "access-control-allow-credentials" not in preflight.headers
    headers = {"Origin": LISTED, "Authorization": f"Bearer {await make_key(guild_id)}"}
    response = await listing_client.get(path, headers=headers)
    assert (response.status_code, response.headers["access-control-allow-origin"]) == (200, LISTED)
    assert "ETag" in response.headers["access-control-expose-headers"]
    assert "Origin" in response.headers["vary"]
    refused = await listing_client.get(path, headers={"Origin": LISTED})
    assert (refused.status_code, refused.headers["access-control-allow-origin"]) == (401, LISTED)


async def test_other_origins_headers_and_paths_get_no_permission(listing_client):
    for path, headers in (
        ("/api/me", build_preflight(OTHER)),
        ("/api/me", build_preflight("null")),
        ("/api/me", build_preflight(f"{LISTED}.evil.example")),
        ("/api/me", build_preflight(LISTED, headers="x-other")),
        ("/auth/login", build_preflight(LISTED)),
    ):
        response = await listing_client.options(path, headers=headers)
        assert response.status_code >= 400
        assert response.headers["content-type"] == "application/problem+json" or path == "/auth/login"
    response = await listing_client.get("/api/me", headers={"Origin": OTHER})
    assert "access-control-allow-origin" not in response.headers


async def test_refused_preflight_says_what_to_do(listing_client):
    response = await listing_client.options("/api/me", headers=build_preflight(LISTED, headers="x-other"))
    body = response.json()
    assert (response.status_code, body["status"], body["code"]) == (400, 400, "cross_origin_refused")
    assert body["hint"]
    assert list_cors_headers(response) == {"access-control-allow-origin"}
    response = await listing_client.options("/api/me", headers=build_preflight(OTHER))
    assert (response.json()["code"], list_cors_headers(response)) == ("cross_origin_refused", set())


async def test_without_a_list_no_origin_gets_a_permission(client):
    for response in (
        await client.options("/api/me", headers=build_preflight(LISTED)),
        await client.get("/api/me", headers={"Origin": LISTED}),
    ):
        assert response.status_code >= 400
        assert list_cors_headers(response) == set()


@pytest.mark.parametrize(
    "value", ["*", "https://a.example/", "ftp://a.example", "a.example", "https://a.example, null"]
)
def test_list_accepts_only_origins(value, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("HERWA_CORS_ORIGINS", value)
    with pytest.raises(ValidationError):
        Settings(_env_file=None)


def test_list_is_separated_by_commas(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("HERWA_CORS_ORIGINS", "https://a.example, http://localhost:3000")
    assert Settings(_env_file=None).cors_origins == ("https://a.example", "http://localhost:3000")
