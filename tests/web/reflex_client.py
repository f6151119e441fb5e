"""A client of Reflex's websocket protocol.

It can also send events that no page of Herwa sends.
"""

import asyncio
import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any
from uuid import uuid4

import aiohttp
import socketio

from herwa_shared.auth.sessions import get_cookie_name
from tests.web.dashboard_factory import CanaryServer
from tests.web.web_server import WebServer

NAMESPACE = "/_rx/_event"
ROOT_STATE = "reflex___state____state"
HYDRATE = f"{ROOT_STATE}.hydrate"
HYDRATE_AND_LOAD = f"{ROOT_STATE}.hydrate_and_load"
SET_HYDRATED = f"{ROOT_STATE}.set_is_hydrated"
WAIT_TIMEOUT_SECONDS = 30


class ReflexClient:
    """One websocket connection that records everything that the server sends."""

    def __init__(self, token: str, http: aiohttp.ClientSession) -> None:
        self.path = "/"
        self.token = token
        self.received: list[Any] = []
        self.closed = asyncio.Event()
        self._received_condition = asyncio.Condition()
        self.socket = socketio.AsyncClient(reconnection=False, http_session=http)
        self.socket.on("event", self._on_event, namespace=NAMESPACE)
        self.socket.on("*", self._on_other_event, namespace=NAMESPACE)
        self.socket.on("disconnect", self._on_disconnect, namespace=NAMESPACE)

    async def send(self, name: str, payload: Mapping[str, Any] | None = None, path: str = "/") -> None:
        """Send an event as if the tab were at this path."""
        self.path = path
        event = {"name": name, "payload": dict(payload or {}), "router_data": build_router_data(path)}
        await self.socket.emit("event", event, namespace=NAMESPACE)

    async def wait_until(self, condition, description: str) -> None:
        """Wait until the condition holds after a received message.

        Raises TimeoutError after WAIT_TIMEOUT_SECONDS, AssertionError if the server closes the connection before.
        """
        async with asyncio.timeout(WAIT_TIMEOUT_SECONDS), self._received_condition:
            await self._received_condition.wait_for(lambda: condition() or self.closed.is_set())
        assert condition(), f"disconnected while waiting for {description}: {self.dump_received()[-2000:]}"

    async def wait_until_idle(self) -> None:
        """Wait until all earlier events are processed.

        Reflex runs the events of one tab one after the other.
        """
        await self._round_trip(False)
        await self._round_trip(True)

    async def _round_trip(self, value: bool) -> None:
        received_before = len(self.received)
        await self.send(SET_HYDRATED, {"value": value}, path=self.path)
        await self.wait_until(
            lambda: any(_get_hydrated(message) is value for message in self.received[received_before:]), "a response"
        )

    def dump_received(self) -> str:
        """Return all received messages as JSON text."""
        return json.dumps(self.received)

    async def _on_event(self, message: Any) -> None:
        async with self._received_condition:
            self.received.append(message)
            self._received_condition.notify_all()

    async def _on_other_event(self, _event: str, message: Any = None) -> None:
        await self._on_event(message)

    async def _on_disconnect(self, *_reason: Any) -> None:
        self.closed.set()
        async with self._received_condition:
            self._received_condition.notify_all()


def build_router_data(path: str) -> dict[str, Any]:
    """Build the router data that a browser sends for this path."""
    parts = path.split("?", maxsplit=1)[0].split("/")
    query = {"guild_id": parts[2]} if path.startswith("/g/") else {}
    return {"pathname": path.split("?", maxsplit=1)[0], "asPath": path, "query": query}


def _get_hydrated(message: Any) -> bool | None:
    return (message or {}).get("delta", {}).get(ROOT_STATE, {}).get("is_hydrated_rx_state_")


@asynccontextmanager
async def connect_client(
    server: WebServer,
    *,
    session_token: str | None = None,
    token: str | None = None,
    origin: str | None = None,
    **headers: str,
) -> AsyncIterator[ReflexClient]:
    """Open a tab. `session_token` logs it in; `token` is Reflex's client token."""
    http = aiohttp.ClientSession()
    client = ReflexClient(token or str(uuid4()), http)
    request_headers = {"Origin": origin or f"http://localhost:{server.port}", **headers}
    if session_token:
        request_headers["Cookie"] = f"other=1; {get_cookie_name(server.settings)}={session_token}"
    try:
        await client.socket.connect(
            f"{server.url}{NAMESPACE}/?token={client.token}",
            headers=request_headers,
            transports=["websocket"],
            socketio_path=f"{NAMESPACE}/",
            namespaces=[NAMESPACE],
            wait_timeout=WAIT_TIMEOUT_SECONDS,
        )
        yield client
    finally:
        await client.socket.disconnect()
        await http.close()


async def open_guild_page(visitor: ReflexClient, server: CanaryServer) -> None:
    """Open the server's page and wait until all events are processed."""
    await visitor.send(HYDRATE_AND_LOAD, path=f"/g/{server.id}")
    await visitor.wait_until_idle()


async def open_visible_guild_page(visitor: ReflexClient, server: CanaryServer) -> None:
    """Open the server's page as a user who may see it; wait for the server's name."""
    await open_guild_page(visitor, server)
    await visitor.wait_until(lambda: server.canary in visitor.dump_received(), "the server's name")
