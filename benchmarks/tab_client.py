"""Tabs of the overview without a browser: what a page sends through its WebSocket, and when."""

import asyncio
import json
import re
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from uuid import uuid4

import aiohttp

from herwa_shared.auth.sessions import get_cookie_name
from herwa_shared.config import Settings
from tests.support.raw_connection import READ_TIMEOUT_SECONDS

NAMESPACE = "/_rx/_event"
ROOT_STATE = "reflex___state____state"
OVERVIEW_STATE = f"{ROOT_STATE}.herwa_web___pages___guild___state____overview_state"
LOAD_EVENT = f"{ROOT_STATE}.hydrate_and_load"
NAVIGATION_EVENT = f"{ROOT_STATE}.reflex___state____on_load_internal_state.on_load_internal"
POLLS = {f"{OVERVIEW_STATE}.poll_live": 3.0, f"{OVERVIEW_STATE}.refresh": 15.0}
"""Events that a visible page sends, and their intervals in seconds (herwa_web/pages/guild/toolbar.py)."""
PROBE, PING, PONG = "6", "2", "3"
PROBE_AFTER_SECONDS = 1.0  # assets/connection.js
IS_BUSY = re.compile(r'"busy_rx_state_":\s*(true|false)')
COMPRESSION_BITS = 15  # as browsers offer it


class TabClient:
    """An open tab: answers pings, probes a silent server, and polls like assets/herwa.js while `poll` runs."""

    def __init__(self, socket: aiohttp.ClientWebSocketResponse, path: str) -> None:
        self._socket = socket
        self._path = path
        self._heard_at = time.monotonic()
        self._loads = 0
        self._is_loading = False
        self._changed = asyncio.Condition()
        self.received_bytes = 0
        self.received_updates = 0

    async def load(self, path: str, *, event: str = NAVIGATION_EVENT) -> float:
        """Go to a path; return the seconds until its data has arrived."""
        self._path = path
        loads_before, started_at = self._loads, time.perf_counter()
        await self._send_event(event)
        async with asyncio.timeout(READ_TIMEOUT_SECONDS), self._changed:
            await self._changed.wait_for(lambda: self._loads > loads_before)
        return time.perf_counter() - started_at

    async def poll(self) -> None:
        """Poll until cancelled, as a visible page does."""
        due_times = {event: time.monotonic() + interval for event, interval in POLLS.items()}
        while True:
            event = min(due_times, key=lambda name: due_times[name])
            await asyncio.sleep(max(0.0, due_times[event] - time.monotonic()))
            due_times[event] = time.monotonic() + POLLS[event]
            await self._send_event(event)

    async def receive(self) -> None:
        """Read frames until the socket is closed."""
        async for message in self._socket:
            self._heard_at = time.monotonic()
            if message.type is not aiohttp.WSMsgType.TEXT:
                continue
            text: str = message.data
            self.received_bytes += len(text)
            if text == PING:
                await self._socket.send_str(PONG)
            elif text.startswith(f"42{NAMESPACE},"):
                await self._read_update(text)

    async def probe(self) -> None:
        """Ask a silent server for an answer, until cancelled."""
        while True:
            silence = time.monotonic() - self._heard_at
            if silence >= PROBE_AFTER_SECONDS:
                await self._socket.send_str(PROBE)
                silence = 0.0
            await asyncio.sleep(PROBE_AFTER_SECONDS - silence)

    async def _read_update(self, text: str) -> None:
        self.received_updates += 1
        for value in IS_BUSY.findall(text):
            if value == "true":
                self._is_loading = True
            elif self._is_loading:
                self._is_loading = False
                async with self._changed:
                    self._loads += 1
                    self._changed.notify_all()

    async def _send_event(self, name: str) -> None:
        pathname, _, query = self._path.partition("?")
        parameters = dict(pair.split("=") for pair in query.split("&")) if query else {}
        location = {
            "pathname": "/g/[guild_id]",
            "asPath": self._path,
            "query": {"guild_id": pathname.rpartition("/")[2], **parameters},
        }
        event = {"name": name, "payload": {}, "router_data": location}
        await self._socket.send_str(f"42{NAMESPACE},{json.dumps(['event', event])}")


@asynccontextmanager
async def open_tab(
    http: aiohttp.ClientSession, settings: Settings, *, session_token: str, guild_id: int
) -> AsyncIterator[TabClient]:
    """Open the overview of a guild in a tab of this session, and wait until its data has arrived."""
    origin = f"http://localhost:{settings.port}"
    socket = await http.ws_connect(
        f"http://127.0.0.1:{settings.port}{NAMESPACE}/?EIO=4&transport=websocket&token={uuid4()}",
        headers={"Origin": origin, "Cookie": f"{get_cookie_name(settings)}={session_token}"},
        compress=COMPRESSION_BITS,
        max_msg_size=0,
    )
    path = f"/g/{guild_id}"
    tab = TabClient(socket, path)
    await socket.send_str(f"40{NAMESPACE},")
    tasks = [asyncio.create_task(tab.receive()), asyncio.create_task(tab.probe())]
    try:
        await tab.load(path, event=LOAD_EVENT)
        yield tab
    finally:
        for task in tasks:
            task.cancel()
        with suppress(asyncio.CancelledError):
            await asyncio.gather(*tasks)
        await socket.close()
