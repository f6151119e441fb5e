"""Attacks with pages that are opened and closed: what the server keeps for them is bounded and soon forgotten."""

import asyncio
import json
from contextlib import AsyncExitStack
from types import SimpleNamespace

import pytest
from reflex.istate.manager.memory import StateManagerMemory
from reflex.istate.manager.token import BaseStateToken
from reflex.state import State
from reflex_base.event import Event
from reflex_base.event.context import EventContext

from herwa_shared.runtime import http_limits as limits
from herwa_web.serving.event_queue import NO_LOCATION, EventQueue, limit_router_data
from herwa_web.serving.tab_bounds import forget_closed_tabs, forget_state, is_in_handler, is_in_use
from tests.support.raw_connection import TEXT, build_frame, build_handshake, open_connection
from tests.support.waiting import wait_until
from tests.web.reflex_client import HYDRATE, NAMESPACE, connect_client


def build_event(name: str, location: str = "/") -> bytes:
    event = {"name": name, "payload": {}, "router_data": {"pathname": location, "asPath": location, "query": {}}}
    return build_frame(TEXT, f"42{NAMESPACE},{json.dumps(['event', event])}".encode())


async def test_states_of_closed_tabs_are_forgotten(monkeypatch):
    """Reflex alone keeps the state of a page for an hour."""
    monkeypatch.setattr("herwa_web.serving.tab_bounds.SWEEP_SECONDS", 0.01)
    manager = StateManagerMemory(token_expiration=3600)
    for ident in ("open", *(f"closed {number}" for number in range(100))):
        async with manager.modify_state(BaseStateToken(ident=ident, cls=State)):
            pass
    assert len(manager.states) == 101
    sweeper = asyncio.create_task(forget_closed_tabs(manager, SimpleNamespace(_token_queues={}), {"open"}))
    await wait_until(lambda: len(manager.states) == 1, description="the states of closed tabs to be forgotten")
    assert set(manager.states) == set(manager._token_expires_at) == {"open"}
    sweeper.cancel()
    await manager.close()


async def test_number_of_tabs_of_one_address_is_limited_and_closed_ones_free_capacity(web):
    handshake = build_handshake(f"{NAMESPACE}/?token=t&EIO=4&transport=websocket", host=web.host)
    async with AsyncExitStack() as stack:
        connections = [
            await stack.enter_async_context(open_connection(web.port, source="127.0.1.50"))
            for _ in range(limits.TABS.per_address + 20)
        ]
        for connection in connections:
            await connection.send(handshake)
        statuses = [(await connection.read_response()).status for connection in connections]
        assert set(statuses) == {101, 429}
        assert statuses.count(101) <= limits.TABS.per_address
        async with connect_client(web) as visitor:
            await visitor.send(HYDRATE)
            await visitor.wait_until_idle()

    async def is_open_again() -> bool:
        async with open_connection(web.port, source="127.0.1.50") as connection:
            await connection.send(handshake)
            return (await connection.read_response()).status == 101

    await wait_until(is_open_again, description="a slot to be free again")


async def test_reconnected_tab_keeps_its_state(web):
    async with connect_client(web) as visitor:
        await visitor.send(HYDRATE)
        await visitor.wait_until_idle()
        token = visitor.token
    async with connect_client(web, token=token) as visitor:
        await visitor.send(HYDRATE)
        await asyncio.sleep(2.5)
        await visitor.wait_until_idle()


async def test_state_in_use_is_not_forgotten():
    manager = StateManagerMemory(token_expiration=3600)
    processor = SimpleNamespace(_token_queues={"queued": object()})
    token = BaseStateToken(ident="tab", cls=State)
    async with manager.modify_state(token):
        assert is_in_use("tab", manager, processor)
    assert not is_in_use("tab", manager, processor)
    assert is_in_use("queued", manager, processor)
    forget_state("tab", manager)
    assert manager.states == manager._token_expires_at == manager._states_locks == {}
    await manager.close()


async def test_unknown_event_is_dropped_and_the_tab_goes_on(web):
    async with connect_client(web) as visitor:
        for _ in range(30):
            await visitor.send("reflex___state____state.no_such_handler")
        await visitor.send(HYDRATE)
        await visitor.wait_until_idle()
    lines = [line for line in web.output.read_text().splitlines() if "no_such_handler" in line]
    assert len(lines) >= 30
    assert all('"event": "unknown event"' in line for line in lines), "no unknown event may reach Reflex"


class FakeReflex:
    """Keeps events running until they are released."""

    def __init__(self) -> None:
        self.started: list[tuple[str, str]] = []
        self.futures: list[asyncio.Future] = []

    async def enqueue(self, token, event):
        future = asyncio.get_running_loop().create_future()
        future.children = []
        self.started.append((token, event.name))
        self.futures.append(future)
        return future

    async def finish_next(self) -> None:
        self.futures.pop(0).set_result(None)
        for _ in range(10):
            await asyncio.sleep(0)


def create_queue(reflex: FakeReflex, open_tabs, groups) -> EventQueue:
    async def is_unnecessary(_token, event) -> bool:
        return event.name == "unnecessary"

    return EventQueue(
        reflex.enqueue,
        open_tabs,
        groups,
        is_known=lambda event: event.name != "unknown",
        is_chained=lambda: False,
        is_unnecessary=is_unnecessary,
    )


def create_event(name: str, ip: str):
    return Event(name=name, router_data={"pathname": "/", "ip": ip})


async def test_events_of_a_busy_address_wait_and_those_of_others_start_at_once():
    reflex, open_tabs = FakeReflex(), {"busy", "other", "user"}
    queue = create_queue(reflex, open_tabs, {"user": "user:1"})
    for number in range(10):
        await queue.enqueue("busy", create_event(str(number), "203.0.113.1"))
    assert len(reflex.started) == limits.VISITOR_EVENTS.per_address
    await queue.enqueue("other", create_event("a", "203.0.113.2"))
    await queue.enqueue("user", create_event("b", "203.0.113.1"))
    assert reflex.started[-2:] == [("other", "a"), ("user", "b")]
    while reflex.futures:
        await reflex.finish_next()
    assert [name for token, name in reflex.started if token == "busy"] == [str(number) for number in range(10)]


async def test_events_of_a_closed_tab_hold_no_slots():
    reflex, open_tabs = FakeReflex(), {"closed", "open"}
    queue = create_queue(reflex, open_tabs, {})
    for number in range(limits.VISITOR_EVENTS.per_address):
        await queue.enqueue("closed", create_event(str(number), "203.0.113.1"))
    await queue.enqueue("open", create_event("a", "203.0.113.1"))
    await asyncio.sleep(0.5)
    assert ("open", "a") not in reflex.started
    open_tabs.remove("closed")
    await wait_until(lambda: ("open", "a") in reflex.started, description="the slots of the closed tab")


async def test_tab_with_too_many_waiting_events_is_not_read_further():
    reflex, open_tabs = FakeReflex(), {"busy"}
    queue = create_queue(reflex, open_tabs, {})

    async def send_all() -> None:
        for number in range(100):
            await queue.enqueue("busy", create_event(str(number), "203.0.113.1"))

    sending = asyncio.create_task(send_all())
    for _ in range(500):
        await asyncio.sleep(0)
    assert not sending.done()
    while reflex.futures:
        await reflex.finish_next()
    await sending
    while reflex.futures:
        await reflex.finish_next()
    assert [name for _, name in reflex.started] == [str(number) for number in range(100)]


async def test_waiting_events_of_a_closed_tab_are_dropped():
    reflex, open_tabs = FakeReflex(), {"busy"}
    queue = create_queue(reflex, open_tabs, {})
    for number in range(10):
        await queue.enqueue("busy", create_event(str(number), "203.0.113.1"))
    started = len(reflex.started)
    open_tabs.clear()
    while reflex.futures:
        await reflex.finish_next()
    assert len(reflex.started) <= started + 1
    assert queue._waiting == {}


async def test_unknown_events_never_reach_reflex():
    reflex = FakeReflex()
    await create_queue(reflex, {"tab"}, {}).enqueue("tab", create_event("unknown", "203.0.113.1"))
    assert reflex.started == []


@pytest.mark.parametrize("field", ["pathname", "asPath", "query"])
def test_a_state_keeps_no_long_location_and_no_unknown_fields(field):
    connection = {"ip": "203.0.113.1", "sid": "s", "token": "t", "headers": {}}
    location = {"pathname": "/", "asPath": "/", "query": {}}
    assert limit_router_data(location | connection | {"more": "x" * 10}) == location | connection
    long = (
        {"query": {"a": "x" * limits.MAX_LOCATION_BYTES}}
        if field == "query"
        else {field: "/" + "x" * limits.MAX_LOCATION_BYTES}
    )
    assert limit_router_data(location | connection | long) == NO_LOCATION | connection


def test_event_of_a_socket_is_in_no_handler():
    assert not is_in_handler()
    root = EventContext(token="", state_manager=None, enqueue_impl=None, txid="")
    token = EventContext.set(root)
    try:
        assert not is_in_handler()
        handler_token = EventContext.set(root.fork(token="tab"))
        assert is_in_handler()
        EventContext.reset(handler_token)
    finally:
        EventContext.reset(token)
