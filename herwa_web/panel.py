"""The address of the operator's panel, and how it is hidden from everyone else.

For everyone but operators an address of the panel is an unknown page, and a handler of it an unknown handler, before
anything else looks at the event. `serving/static_files.py` does the same with documents.
"""

from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Any

from reflex_base.constants import RouteVar

PANEL_URL = "/admin"
PANEL_FOLDER = PANEL_URL.strip("/")
PANEL_STATES = "herwa_web___pages___admin___"
"""Part of the event name of every handler whose state is in `pages/admin`."""
UNKNOWN_ROUTE = "/404"
"""The route of an event at an unknown path."""
UNKNOWN_PAGE = "unknown-page"

Enqueue = Callable[..., Awaitable[Any]]


class PanelScreen:
    """Passes events on to `enqueue`; drops those for handlers of the panel, unless `is_operator(handle)`.

    Other events at an address of the panel become events at an unknown one.

    `handle` is the session handle of the tab, which only events from its socket have: they alone are screened, not
    those that a handler sends.
    """

    def __init__(self, enqueue: Enqueue, is_operator: Callable[[str], Awaitable[bool]]) -> None:
        self._enqueue = enqueue
        self._is_operator = is_operator

    async def enqueue(self, token: str, event: Any, ev_ctx: Any = None) -> Any:
        """Pass the event on."""
        headers = event.router_data.get(RouteVar.HEADERS)
        is_from_socket = headers is not None
        if is_from_socket and _concerns_panel(event) and not await self._is_operator(headers.get(RouteVar.COOKIE, "")):
            if PANEL_STATES in event.name:
                return None  # nothing happens at an unknown handler either
            event = replace(event, router_data={**event.router_data, RouteVar.PATH: UNKNOWN_ROUTE})
        return await self._enqueue(token, event, ev_ctx)


def is_panel_path(path: str) -> bool:
    """Return whether a path of a page, with or without a leading slash, belongs to the panel."""
    return path.lstrip("/").partition("/")[0].partition(".")[0] == PANEL_FOLDER


def _concerns_panel(event: Any) -> bool:
    return PANEL_STATES in event.name or is_panel_path(str(event.router_data.get(RouteVar.PATH, "")))
