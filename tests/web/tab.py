"""A browser's tab without the browser: speaks the pages' own protocol, and so can say what no page of ours would."""

import asyncio
import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any
from uuid import uuid4

import aiohttp
import socketio

from herwa_shared.auth.sessions import cookie_name
from tests.web.site import Site

NAMESPACE = "/_rx/_event"
ROOT = "reflex___state____state"
HYDRATE = f"{ROOT}.hydrate"
HYDRATE_AND_LOAD = f"{ROOT}.hydrate_and_load"
ECHO = f"{ROOT}.set_is_hydrated"
PATIENCE_SECONDS = 30


class Tab:
    """One socket. Everything that the server sends is kept."""

    def __init__(self, token: str, http: aiohttp.ClientSession) -> None:
        self.token = token
        self.heard: list[Any] = []
        self.closed = asyncio.Event()
        self._news = asyncio.Condition()
        self.socket = socketio.AsyncClient(reconnection=False, http_session=http)
        self.socket.on("event", self._hear, namespace=NAMESPACE)
        self.socket.on("*", self._hear_other, namespace=NAMESPACE)
        self.socket.on("disconnect", self._gone, namespace=NAMESPACE)

    async def say(self, name: str, payload: Mapping[str, Any] | None = None, path: str = "/") -> None:
        """An event, as if the tab were at this path."""
        event = {"name": name, "payload": dict(payload or {}), "router_data": at(path)}
        await self.socket.emit("event", event, namespace=NAMESPACE)

    async def until(self, true, what: str) -> None:
        async with asyncio.timeout(PATIENCE_SECONDS), self._news:
            await self._news.wait_for(lambda: true() or self.closed.is_set())
        assert true(), f"waited in vain for {what}: {self.text()[-2000:]}"

    async def until_done(self) -> None:
        """Until everything said before has been answered: one tab's events run one after the other."""
        await self._echo(False)
        await self._echo(True)

    async def _echo(self, value: bool) -> None:
        before = len(self.heard)
        await self.say(ECHO, {"value": value})
        await self.until(lambda: any(_hydrated(one) is value for one in self.heard[before:]), "an answer")

    def text(self) -> str:
        """All that was sent to this tab."""
        return json.dumps(self.heard)

    async def _hear(self, message: Any) -> None:
        async with self._news:
            self.heard.append(message)
            self._news.notify_all()

    async def _hear_other(self, _event: str, message: Any = None) -> None:
        await self._hear(message)

    async def _gone(self, *_reason: Any) -> None:
        self.closed.set()
        async with self._news:
            self._news.notify_all()


def at(path: str) -> dict[str, Any]:
    """What a browser tells about where it is."""
    parts = path.split("?", maxsplit=1)[0].split("/")
    query = {"guild_id": parts[2]} if path.startswith("/g/") else {}
    return {"pathname": path.split("?", maxsplit=1)[0], "asPath": path, "query": query}


def _hydrated(message: Any) -> bool | None:
    return (message or {}).get("delta", {}).get(ROOT, {}).get("is_hydrated_rx_state_")


@asynccontextmanager
async def tab(
    site: Site, *, secret: str | None = None, token: str | None = None, origin: str | None = None, **headers: str
) -> AsyncIterator[Tab]:
    """Open a tab; with a session's secret, as somebody."""
    http = aiohttp.ClientSession()
    opened = Tab(token or str(uuid4()), http)
    sent = {"Origin": origin or f"http://localhost:{site.port}", **headers}
    if secret:
        sent["Cookie"] = f"other=1; {cookie_name(site.settings)}={secret}"
    try:
        await opened.socket.connect(
            f"{site.address}{NAMESPACE}/?token={opened.token}",
            headers=sent,
            transports=["websocket"],
            socketio_path=f"{NAMESPACE}/",
            namespaces=[NAMESPACE],
            wait_timeout=PATIENCE_SECONDS,
        )
        yield opened
    finally:
        await opened.socket.disconnect()
        await http.close()
