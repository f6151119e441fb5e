"""Accept events of tabs in turn, so that those of one visitor do not delay those of others.

Reflex starts every event as soon as it arrives. Here an event starts when its visitor has a free slot: a logged-in user
has slots of their own, visitors without a session share those of their address.
"""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Container, Mapping
from contextlib import suppress
from dataclasses import replace
from typing import Any

import orjson

from herwa_shared.log import get_logger
from herwa_shared.runtime import http_limits as limits
from herwa_shared.runtime.client_address import get_address_group
from herwa_shared.runtime.fair_sharing import FairPool

USER_PREFIX = "user:"
LOCATION_FIELDS = ("pathname", "asPath", "query")
CONNECTION_FIELDS = ("ip", "sid", "token", "headers")
NO_LOCATION = {"pathname": "/404", "asPath": "/404", "query": {}}
CLOSED_TAB_SECONDS = 0.2
"""How often a running event is checked for whether its tab was closed."""
log = get_logger(__name__)

Enqueue = Callable[..., Awaitable[Any]]


class EventQueue:
    """Passes events on to `enqueue`, Reflex's function.

    `open_tabs` are the tokens of connected tabs, `groups` the visitor to whom a tab belongs. `is_known(event)` returns
    whether there is a handler: Reflex keeps an event without one for ever. `is_chained()` returns whether a handler
    sends the event; such an event starts at once, since its handler holds a slot. `is_unnecessary(token, event)`
    returns whether the event is a poll that would change nothing; it is dropped.
    """

    def __init__(
        self,
        enqueue: Enqueue,
        open_tabs: Container[str],
        groups: Mapping[str, str],
        is_known: Callable[[Any], bool],
        is_chained: Callable[[], bool],
        is_unnecessary: Callable[[str, Any], Awaitable[bool]],
    ) -> None:
        self._enqueue = enqueue
        self._open_tabs = open_tabs
        self._groups = groups
        self._is_known = is_known
        self._is_chained = is_chained
        self._is_unnecessary = is_unnecessary
        self._visitor_pool = FairPool(limits.VISITOR_EVENTS)
        self._user_pool = FairPool(limits.USER_EVENTS)
        self._waiting: dict[str, _WaitingEvents] = {}
        self._tasks: set[asyncio.Task[None]] = set()

    async def enqueue(self, token: str, event: Any, ev_ctx: Any = None) -> Any:
        """Pass the event on when its visitor has a free slot; block while too many events of the tab wait."""
        if ev_ctx is not None or self._is_chained():
            return await self._enqueue(token, event, ev_ctx)
        if not self._is_known(event):
            log.debug("unknown event", name=str(event.name)[:80])
            return None
        if token not in self._waiting and await self._is_unnecessary(token, event):
            return None
        event = replace(event, router_data=limit_router_data(event.router_data))
        group = self._groups.get(token) or get_address_group(str(event.router_data.get("ip", "")))
        pool = self._user_pool if group.startswith(USER_PREFIX) else self._visitor_pool
        waiting = self._waiting.get(token)
        if waiting is None and pool.acquire_now(group):
            await self._start(token, event, pool, group)
            return None
        if waiting is None:
            waiting = self._waiting[token] = _WaitingEvents()
            self._run_task(self._start_waiting(token, waiting, pool, group))
        await waiting.append(event)
        return None

    async def _start_waiting(self, token: str, waiting: "_WaitingEvents", pool: FairPool, group: str) -> None:
        """Start the events that wait in a tab, one after the other, until none is left."""
        try:
            while waiting.events and token in self._open_tabs:
                await pool.acquire(group)
                await self._start(token, waiting.pop(), pool, group)
        finally:
            del self._waiting[token]
            waiting.close()

    async def _start(self, token: str, event: Any, pool: FairPool, group: str) -> None:
        try:
            future = await self._enqueue(token, event)
        except BaseException:
            pool.release(group)
            raise
        self._run_task(self._release_when_done(token, future, pool, group))

    async def _release_when_done(self, token: str, future: Any, pool: FairPool, group: str) -> None:
        """Release the slot when the event and those that it has started are done, or after `MAX_EVENT_SECONDS`."""
        try:
            with suppress(TimeoutError):
                async with asyncio.timeout(limits.MAX_EVENT_SECONDS):
                    await self._wait_for_all(token, future)
        finally:
            pool.release(group)

    async def _wait_for_all(self, token: str, future: Any) -> None:
        """Wait for an event and its descendants, while the tab is open: some of a closed tab never end.

        Reflex reports their errors.
        """
        pending = {future}
        while pending and token in self._open_tabs:
            done, waiting = await asyncio.wait(pending, timeout=CLOSED_TAB_SECONDS, return_when=asyncio.FIRST_COMPLETED)
            pending = waiting.union(*(parent.children for parent in done))

    def _run_task(self, work: Any) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)


class _WaitingEvents:
    """The events of one tab that wait for a slot."""

    def __init__(self) -> None:
        self.events: deque[Any] = deque()
        self._has_capacity = asyncio.Event()
        self._has_capacity.set()
        self._is_closed = False

    async def append(self, event: Any) -> None:
        """Add an event; wait first while there are too many. An event of a closed tab is dropped."""
        await self._has_capacity.wait()
        if self._is_closed:
            return
        self.events.append(event)
        if len(self.events) >= limits.MAX_WAITING_EVENTS:
            self._has_capacity.clear()

    def pop(self) -> Any:
        """Remove the oldest event."""
        self._has_capacity.set()
        return self.events.popleft()

    def close(self) -> None:
        """Accept no more events."""
        self._is_closed = True
        self._has_capacity.set()


def limit_router_data(router_data: dict[str, Any]) -> dict[str, Any]:
    """Return the parts of an event's router data that the state of a tab may keep."""
    location = {name: router_data[name] for name in LOCATION_FIELDS if name in router_data}
    if len(orjson.dumps(location, default=str)) > limits.MAX_LOCATION_BYTES:
        location = NO_LOCATION
    return location | {name: router_data[name] for name in CONNECTION_FIELDS if name in router_data}
