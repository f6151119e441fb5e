"""Errors are RFC 9457 problems: they contain a hint for the caller and no internal details."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import replace

import httpx

from herwa_api import texts
from herwa_api.app import create_app
from herwa_shared.auth.sessions import get_cookie_name
from herwa_shared.clickhouse.client import open_clickhouse
from herwa_shared.config import Settings
from herwa_shared.db import Database
from herwa_shared.policy_cache.cache import PolicyCache
from herwa_shared.runtime.data_dir import DataFolder
from herwa_shared.stores import Stores
from tests.api.conftest import UNREACHABLE_DATABASE_URL, KeyFactory
from tests.support.row_factories import add_guild


def assert_problem(response: httpx.Response, status: int) -> dict:
    """Assert that the response is a problem with this status; return its body."""
    body = response.json()
    assert response.headers["content-type"] == "application/problem+json"
    assert response.status_code == body["status"] == status
    assert {"type", "title", "status", "code", "detail"} <= body.keys()
    return body


def create_client(stores: Stores, settings: Settings, policies: PolicyCache) -> httpx.AsyncClient:
    """Create a client of an application with its own stores."""
    transport = httpx.ASGITransport(create_app(stores, settings, policies), raise_app_exceptions=False)
    return httpx.AsyncClient(transport=transport, base_url="http://herwa")


async def test_unknown_path_error_names_the_openapi_document(client):
    body = assert_problem(await client.get("/api/guild"), 404)

    assert (body["code"], body["detail"]) == ("not_found", texts.UNKNOWN_ENDPOINT)
    assert "/api/openapi.json" in texts.UNKNOWN_ENDPOINT


async def test_wrong_method_error_lists_the_allowed_method(client):
    response = await client.post("/api/guilds/1/stats")

    assert_problem(response, 405)
    assert response.headers["allow"] == "GET"


async def test_validation_error_lists_each_wrong_parameter(client, stores: Stores, make_key: KeyFactory):
    guild_id = await add_guild(stores)
    headers = {"Authorization": f"Bearer {await make_key(guild_id)}"}
    response = await client.get(f"/api/guilds/{guild_id}/stats?interval=year&metric=x", headers=headers)

    assert {error["field"] for error in assert_problem(response, 400)["errors"]} == {"interval", "metric"}


async def test_unexpected_failure_returns_only_a_request_id(
    stores: Stores, settings: Settings, policies: PolicyCache, make_key: KeyFactory, caplog
):
    guild_id = await add_guild(stores)
    key = await make_key(guild_id)
    folder = DataFolder(settings.data_dir)
    password, port = folder.get_or_create_secret("clickhouse"), folder.read_ports()["clickhouse"]
    async with (
        open_clickhouse(f"http://herwa:{password}@127.0.0.1:{port}/system") as without_tables,
        create_client(replace(stores, clickhouse=without_tables), settings, policies) as client,
    ):
        response = await client.get(
            f"/api/guilds/{guild_id}/heatmap?timezone=Asia/Tokyo", headers={"Authorization": f"Bearer {key}"}
        )

    body = assert_problem(response, 500)
    assert body["code"] == "error"
    assert body["request_id"] == response.headers["x-request-id"]
    assert not any(fragment in response.text for fragment in ("activity", "SELECT", "Traceback", "clickhouse"))
    assert key not in caplog.text
    assert "Tokyo" not in caplog.text


async def test_failure_of_postgresql_returns_only_a_request_id(
    stores: Stores, settings: Settings, policies: PolicyCache, make_key: KeyFactory
):
    guild_id = await add_guild(stores)
    headers = {"Authorization": f"Bearer {await make_key(guild_id)}"}
    without_tables = Database(stores.database_url.rsplit("/", 1)[0] + "/template1")
    async with create_client(replace(stores, database=without_tables), settings, policies) as client:
        responses = [
            await client.get("/api/me", headers=headers),
            await client.get(f"/api/guilds/{guild_id}/stats", headers=headers),
            await client.get("/api/me", headers={"Cookie": f"{get_cookie_name(settings)}={'A' * 43}"}),
            await client.get("/api/sessions", headers={"Cookie": f"{get_cookie_name(settings)}={'A' * 43}"}),
        ]
    await without_tables.close()

    for response in responses:
        body = assert_problem(response, 500)
        assert body["request_id"] == response.headers["x-request-id"]
        assert not any(fragment in response.text for fragment in ("api_key", "web_session", "SELECT", "asyncpg"))
        assert "server" not in response.headers


async def test_unreachable_database_returns_503(
    stores: Stores, settings: Settings, policies: PolicyCache, make_key: KeyFactory
):
    guild_id = await add_guild(stores)
    headers = {"Authorization": f"Bearer {await make_key(guild_id)}"}
    unreachable_database = Database(UNREACHABLE_DATABASE_URL)
    async with create_client(replace(stores, database=unreachable_database), settings, policies) as client:
        response = await client.get(f"/api/guilds/{guild_id}/stats", headers=headers)
        readiness = await client.get("/readyz")
    await unreachable_database.close()

    assert_problem(response, 503)
    assert response.headers["retry-after"]
    assert readiness.status_code == 503
    assert readiness.json()["stores"] == {"postgresql": "down", "clickhouse": "ok"}


@asynccontextmanager
async def forward_port(port: int) -> AsyncIterator[tuple[int, Callable[[], None]]]:
    """Forward a free TCP port to `port`; yield it and a function that closes all connections."""
    open_writers: list[asyncio.StreamWriter] = []

    async def pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while data := await reader.read(65_536):
            writer.write(data)
        writer.close()

    async def connect(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        upstream_reader, upstream_writer = await asyncio.open_connection("127.0.0.1", port)
        open_writers.extend((writer, upstream_writer))
        await asyncio.gather(pump(reader, upstream_writer), pump(upstream_reader, writer), return_exceptions=True)

    server = await asyncio.start_server(connect, "127.0.0.1", 0)

    def cut_connections() -> None:
        server.close()
        for writer in open_writers:
            writer.close()

    yield server.sockets[0].getsockname()[1], cut_connections
    cut_connections()
    await server.wait_closed()


async def test_unreachable_clickhouse_returns_503(
    stores: Stores, settings: Settings, policies: PolicyCache, make_key: KeyFactory
):
    guild_id = await add_guild(stores)
    headers = {"Authorization": f"Bearer {await make_key(guild_id)}"}
    folder = DataFolder(settings.data_dir)
    async with forward_port(folder.read_ports()["clickhouse"]) as (port, cut):
        url = f"http://herwa:{folder.get_or_create_secret('clickhouse')}@127.0.0.1:{port}/herwa"
        async with (
            open_clickhouse(url) as clickhouse,
            create_client(replace(stores, clickhouse=clickhouse), settings, policies) as client,
        ):
            first_response = await client.get(f"/api/guilds/{guild_id}/stats", headers=headers)
            cut()
            response = await client.get(f"/api/guilds/{guild_id}/stats", headers=headers)
            readiness = await client.get("/readyz")

    assert first_response.status_code == 200
    assert_problem(response, 503)
    assert response.headers["retry-after"]
    assert readiness.json()["stores"] == {"postgresql": "ok", "clickhouse": "down"}


async def test_readyz_is_ok_when_both_stores_are_reachable(client):
    readiness = await client.get("/readyz")

    assert (readiness.status_code, readiness.json()["status"]) == (200, "ok")
