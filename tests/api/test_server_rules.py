"""The API's own port: hosts, bodies and heads are bounded there as on the public port, and errors of any method are 400."""

import asyncio
from collections.abc import AsyncIterator
from typing import Annotated

import httpx
import pytest
from fastapi import APIRouter, FastAPI
from pydantic import BaseModel

from herwa_api.error_pages import LEAK_FORM_PATH
from herwa_api.errors import add_error_handlers
from herwa_api.server_rules import list_body_routes
from herwa_shared.config import Settings
from herwa_shared.runtime import http_limits as limits
from herwa_shared.runtime.data_dir import DataFolder
from herwa_shared.stores import Stores
from tests.api.api_process import open_api_client, run_api_process
from tests.support.raw_connection import RawResponse, build_request, open_connection

OTHER_ADDRESS = "127.0.0.91"


class Note(BaseModel, extra="forbid"):
    text: str


def create_notes_app() -> FastAPI:
    """An application with a route that takes a body, as the API's errors describe it."""
    app, router = FastAPI(), APIRouter(prefix="/api/guilds/{guild_id}")

    @router.post("/notes")
    def add_note(guild_id: int, note: Note, kind: Annotated[int, "a query parameter"] = 0) -> None: ...

    @router.get("/notes")
    def list_notes(guild_id: int) -> None: ...

    @router.post("/hidden", include_in_schema=False)
    def add_hidden(note: Note) -> None: ...

    app.include_router(router)
    add_error_handlers(app)
    return app


@pytest.fixture(scope="module")
async def api_port(stores: Stores, settings: Settings, folder: DataFolder) -> AsyncIterator[int]:
    port = folder.get_or_create_port("api")
    async with run_api_process(settings), open_api_client(port):
        yield port


async def send(port: int, *requests: bytes) -> RawResponse:
    """Send bytes on a new connection; return the first response."""
    async with open_connection(port, source=OTHER_ADDRESS) as connection:
        for request in requests:
            await connection.send(request)
        return await connection.read_response()


@pytest.mark.parametrize("path", ["/api/guilds/1/notes", "/api/guilds/1/hidden"])
@pytest.mark.parametrize("body", [b"", b"{}", b'{"text": 1}', b'{"text": "a", "more": 1}', b"no json", b"[" * 5_000])
async def test_a_body_with_a_validation_error_is_a_bad_request(path, body):
    transport = httpx.ASGITransport(create_notes_app(), raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://herwa") as client:
        response = await client.post(path, params={"kind": "x"}, content=body)
    assert (response.status_code, response.json()["code"]) == (400, "bad_request")


def test_body_routes_are_those_that_declare_one():
    form, route = list_body_routes(create_notes_app())
    assert (form[0], route[0]) == ("POST", "POST")
    assert form[1].fullmatch(LEAK_FORM_PATH)
    assert route[1].fullmatch("/api/guilds/1/notes")
    assert not route[1].fullmatch("/api/guilds/1/notes/2")


@pytest.mark.parametrize("host", ["evil.example", "evil.example:80", "127.0.0.1", ""])
async def test_foreign_host_is_refused(api_port, host):
    response = await send(api_port, build_request("/api/me", host=host))
    assert response.status == 400
    assert b"unknown_host" in response.body


async def test_own_hosts_are_served(api_port, settings):
    for host in (f"127.0.0.1:{api_port}", f"LOCALHOST:{api_port}", f"localhost:{settings.port}"):
        assert (await send(api_port, build_request("/healthz", host=host))).status == 200


async def test_body_is_refused_where_no_route_takes_one(api_port):
    host = f"127.0.0.1:{api_port}"
    for method, path in (("GET", "/api/me"), ("POST", "/auth/logout"), ("POST", "/api/no/such"), ("DELETE", "/api/me")):
        headers = [("Content-Length", "5000")]
        response = await send(api_port, build_request(path, host=host, method=method, headers=headers, body=b"some"))
        assert response.status == 413, (method, path)


async def test_heads_are_bounded(api_port):
    host = f"127.0.0.1:{api_port}"
    headers = [("a", "b")] * limits.MAX_HEADERS
    assert (await send(api_port, build_request("/healthz", host=host, headers=headers[1:]))).status == 200
    assert (await send(api_port, build_request("/healthz", host=host, headers=headers))).status == 431
    assert (await send(api_port, b"GET /", b"a" * limits.MAX_HEAD_BYTES * 2)).status == 431


async def test_websockets_are_not_served(api_port):
    headers = [("Connection", "Upgrade"), ("Upgrade", "websocket"), ("Sec-WebSocket-Key", "x")]
    request = build_request("/healthz", host=f"127.0.0.1:{api_port}", headers=headers)
    assert (await send(api_port, request)).status == 200


async def test_others_are_served_while_one_address_holds_many_half_sent_requests(api_port):
    async with asyncio.timeout(60):
        connections = [open_connection(api_port, source=OTHER_ADDRESS) for _ in range(200)]
        for connection in connections:
            await (await connection.__aenter__()).send(b"GET /api/me HTTP/1.1\r\n")
        async with open_connection(api_port, source="127.0.0.92") as other:
            await other.send(build_request("/healthz", host=f"127.0.0.1:{api_port}"))
            assert (await other.read_response()).status == 200
        for connection in connections:
            await connection.__aexit__(None, None, None)
