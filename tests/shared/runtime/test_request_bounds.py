"""Requests: rate and number for each address, and work that ends when its client disconnects."""

import asyncio
from contextlib import AsyncExitStack

import pytest
from sqlalchemy import text

from herwa_shared.runtime import http_limits
from herwa_shared.runtime.fair_sharing import PoolLimit, RateLimit
from herwa_shared.stores import Stores
from tests.support.bounded_server import HOST, run_bounded_server
from tests.support.raw_connection import build_request, open_connection
from tests.support.waiting import wait_until

SLEEP = "SELECT pg_sleep(60)"
COUNT_SLEEPING = f"SELECT count(*) FROM pg_stat_activity WHERE query = '{SLEEP}' AND state = 'active'"


async def respond(send) -> None:
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"2")]})
    await send({"type": "http.response.body", "body": b"ok"})


async def count_sleeping(stores: Stores) -> int:
    async with stores.database.transaction() as session:
        return (await session.execute(text(COUNT_SLEEPING))).scalar_one()


async def test_queries_of_a_request_end_when_its_client_disconnects(stores: Stores):
    async def run_query(scope, receive, send):
        async with stores.database.transaction() as session:
            await session.execute(text(SLEEP))

    async with run_bounded_server(run_query) as server:
        async with open_connection(server.port) as connection:
            await connection.send(build_request("/", host=HOST))
            await wait_until(lambda: is_sleeping(stores), description="the query to run")
        await wait_until(lambda: is_idle(stores), timeout_seconds=20, description="the query to be cancelled")
    for _ in range(20):  # the pool of the database has lost no connection
        await count_sleeping(stores)


async def is_sleeping(stores: Stores) -> bool:
    return await count_sleeping(stores) == 1


async def is_idle(stores: Stores) -> bool:
    return await count_sleeping(stores) == 0


@pytest.mark.parametrize(
    ("method", "path", "is_cancelled"), [("GET", "/", True), ("GET", "/change", False), ("POST", "/", False)]
)
async def test_only_reading_work_is_cancelled(method, path, is_cancelled):
    started, ended, cancelled = asyncio.Event(), asyncio.Event(), asyncio.Event()

    async def work(scope, receive, send):
        started.set()
        try:
            await asyncio.sleep(0.3)
        except asyncio.CancelledError:
            cancelled.set()
            raise
        finally:
            ended.set()

    async with run_bounded_server(work) as server:
        async with open_connection(server.port) as connection:
            await connection.send(build_request(path, host=HOST, method=method))
            await asyncio.wait_for(started.wait(), 30)
        await asyncio.wait_for(ended.wait(), 30)
    assert cancelled.is_set() == is_cancelled


async def test_work_after_the_response_runs_to_its_end():
    ended = asyncio.Event()

    async def work(scope, receive, send):
        await respond(send)
        await asyncio.sleep(0.2)
        ended.set()

    async with run_bounded_server(work) as server:
        async with open_connection(server.port) as connection:
            await connection.send(build_request("/", host=HOST))
            await connection.read_response()
        await asyncio.wait_for(ended.wait(), 30)


async def test_an_address_with_too_many_running_requests_waits_and_then_gets_429(monkeypatch):
    monkeypatch.setattr(http_limits, "RUNNING_REQUESTS", PoolLimit(total=8, per_address=2, free_share=1))
    monkeypatch.setattr(http_limits, "SLOT_SECONDS", 0.2)
    released = asyncio.Event()

    async def work(scope, receive, send):
        if scope["path"] == "/slow":
            await released.wait()
        await respond(send)

    async def request(path: str, source: str) -> int:
        async with open_connection(server.port, source=source) as connection:
            await connection.send(build_request(path, host=HOST))
            return (await connection.read_response()).status

    async with run_bounded_server(work) as server:
        slow = [asyncio.create_task(request("/slow", "127.0.0.2")) for _ in range(4)]
        await wait_until(lambda: sum(task.done() for task in slow) == 2, description="two to be refused")
        assert await request("/", "127.0.0.3") == 200
        released.set()
        assert sorted(await asyncio.gather(*slow)) == [200, 200, 429, 429]
        assert await request("/", "127.0.0.2") == 200


async def test_bodies_that_never_come_hold_no_slot(monkeypatch):
    monkeypatch.setattr(http_limits, "RUNNING_REQUESTS", PoolLimit(total=4, per_address=1))

    async def work(scope, receive, send):
        await receive()
        await respond(send)

    async with run_bounded_server(work) as server, AsyncExitStack() as stack:
        half = build_request("/upload", host=HOST, method="POST", headers=[("Content-Length", "9")], body=b"a")
        for _ in range(20):
            connection = await stack.enter_async_context(open_connection(server.port))
            await connection.send(half)
        async with open_connection(server.port) as connection:
            await connection.send(build_request("/", host=HOST))
            assert (await connection.read_response()).status == 200


async def test_an_address_that_requests_too_fast_gets_429_and_others_are_served(monkeypatch):
    rate = RateLimit(per_second=1, burst=5, min_per_second=1, min_burst=5, total_per_second=1_000)
    monkeypatch.setattr(http_limits, "REQUEST_RATE", rate)
    monkeypatch.setattr(http_limits, "MAX_DELAY_SECONDS", 0.0)

    async def work(scope, receive, send):
        await respond(send)

    async with run_bounded_server(work) as server:
        statuses = {}
        for source in ("127.0.0.2", "127.0.0.3"):
            async with open_connection(server.port, source=source) as connection:
                statuses[source] = []
                for _ in range(7):
                    await connection.send(build_request("/", host=HOST))
                    response = await connection.read_response()
                    statuses[source].append(response.status)
        assert statuses["127.0.0.2"] == statuses["127.0.0.3"] == [200] * 5 + [429] * 2
        assert response.get_values("retry-after") == ["2"]
