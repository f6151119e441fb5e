"""A tab on a page that changes settings: calls its handlers and reads the vars that the server sent last."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

from tests.support.waiting import wait_until
from tests.web.dashboard_factory import CanaryServer, LoggedInUser
from tests.web.reflex_client import HYDRATE_AND_LOAD, ReflexClient, connect_client
from tests.web.web_server import WebServer


@dataclass(slots=True)
class SettingsTab:
    """An open page of a server. `state` is the name of its state in events."""

    visitor: ReflexClient
    path: str
    state: str

    async def call(self, handler: str, **payload: Any) -> None:
        """Call a handler of the page. It runs in the background: wait for what it sends with `wait_for`."""
        await self.visitor.send(f"{self.state}.{handler}", payload, path=self.path)

    def get(self, name: str) -> Any:
        """Return the last value of a var that was sent; None before."""
        value = None
        for message in self.visitor.received:
            changes = (message or {}).get("delta", {}).get(self.state, {})
            value = changes.get(f"{name}_rx_state_", value)
        return value

    async def wait_for(self, name: str, expected: Any) -> None:
        """Wait until a var has a value; `expected` may be a predicate."""
        matches = expected if callable(expected) else lambda value: value == expected

        async def has_value() -> bool:
            return bool(matches(self.get(name)))

        await wait_until(has_value, timeout_seconds=30, get_details=lambda: f"{name} is {self.get(name)!r}")


@asynccontextmanager
async def open_settings_page(
    web: WebServer, user: LoggedInUser, server: CanaryServer, *, path: str, state: str
) -> AsyncIterator[SettingsTab]:
    """Open a page of a server and wait until it has loaded; `path` follows the URL of the server."""
    async with connect_client(web, session_token=user.session_token) as visitor:
        tab = SettingsTab(visitor, f"/g/{server.id}{path}", state)
        await visitor.send(HYDRATE_AND_LOAD, path=tab.path)
        await tab.wait_for("phase", lambda phase: phase not in (None, "loading"))
        yield tab
