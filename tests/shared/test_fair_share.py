"""Statements of a server that used more than its share of ClickHouse yield to those of others."""

import asyncio
from collections.abc import Mapping

import pytest

from herwa_shared.analytics.table_selection import fetch_rows
from herwa_shared.clickhouse import fair_share
from herwa_shared.clickhouse.client import find_row_reader
from herwa_shared.clickhouse.fair_share import FIRST_SETTINGS, MAX_SERVERS, YIELDING_SETTINGS, FairShare
from herwa_shared.stores import Stores

SETTINGS_SQL = """
SELECT toUInt8(getSetting('priority')), toUInt8(getSetting('max_threads')) WHERE {guild:UInt64} > 0
"""
SLOW_SQL = "SELECT {guild:UInt64}, sleep(1.5)"


class UseClock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


async def use(share: FairShare, clock: UseClock, guild_id: int, seconds: float) -> Mapping[str, str]:
    """Run a statement for so long; return its settings."""
    async with share.run(guild_id) as settings:
        clock.now += seconds
        return settings


async def test_server_above_its_share_yields_until_its_use_is_old():
    clock = UseClock()
    share = FairShare(clock=clock)
    assert await use(share, clock, 1, 1.9) == FIRST_SETTINGS
    assert await use(share, clock, 1, 1) == FIRST_SETTINGS
    assert await use(share, clock, 1, 0) == YIELDING_SETTINGS
    assert await use(share, clock, 2, 0) == FIRST_SETTINGS
    clock.now += 10
    assert await use(share, clock, 1, 0) == FIRST_SETTINGS


async def test_statements_at_the_same_time_are_added():
    clock = UseClock()
    share = FairShare(clock=clock)
    async with share.run(1), share.run(1), share.run(1):
        clock.now += 3
    assert await use(share, clock, 1, 0) == YIELDING_SETTINGS


async def test_failed_statement_counts():
    clock = UseClock()
    share = FairShare(clock=clock)

    async def fail() -> None:
        async with share.run(1):
            clock.now += 9
            raise TimeoutError

    with pytest.raises(TimeoutError):
        await fail()
    assert await use(share, clock, 1, 0) == YIELDING_SETTINGS


async def test_statements_that_yield_leave_one_core_and_do_not_delay_others(monkeypatch):
    monkeypatch.setattr(fair_share, "MAX_YIELDING_STATEMENTS", 1)
    clock = UseClock()
    share = FairShare(clock=clock)
    await use(share, clock, 1, 9)
    async with share.run(1):
        second = asyncio.create_task(use(share, clock, 1, 0))
        await asyncio.sleep(0.05)
        assert not second.done()
        assert await use(share, clock, 2, 0) == FIRST_SETTINGS
    assert await asyncio.wait_for(second, 5) == YIELDING_SETTINGS


async def test_statement_that_yields_is_followed_by_a_rest_while_others_have_questions(monkeypatch):
    monkeypatch.setattr(fair_share, "MAX_YIELDING_STATEMENTS", 1)
    rests: list[float] = []
    loop = asyncio.get_running_loop()
    monkeypatch.setattr(loop, "call_later", lambda delay, release: (rests.append(delay), release()))
    clock = UseClock()
    share = FairShare(clock=clock)
    await use(share, clock, 1, 9)
    clock.now += 1
    await use(share, clock, 1, 0.25)
    await use(share, clock, 2, 0)
    clock.now += 0.5
    await use(share, clock, 1, 0.25)
    await use(share, clock, 2, 0)
    await use(share, clock, 1, 8)
    async with share.run(1):
        clock.now += 8
        await use(share, clock, 2, 0)
    assert rests == [0, 0.25, 0, fair_share.MAX_REST_SECONDS]


async def test_number_of_servers_is_bounded_and_heavy_ones_are_remembered():
    clock = UseClock()
    share = FairShare(clock=clock)
    await use(share, clock, 1, 9.9)
    for guild_id in range(2, MAX_SERVERS + 3):
        await use(share, clock, guild_id, 0.00001)
    assert len(share) < MAX_SERVERS
    assert await use(share, clock, 1, 0) == YIELDING_SETTINGS


async def test_embedded_engine_runs_statements_with_the_priority_of_their_server(stores: Stores, guild_id, monkeypatch):
    assert find_row_reader(stores.clickhouse) is not None
    assert await fetch_rows(stores.clickhouse, SETTINGS_SQL, {"guild": guild_id}) == [[1, 16]]
    monkeypatch.setattr(fair_share, "SHARE", 0.1)
    await fetch_rows(stores.clickhouse, SLOW_SQL, {"guild": guild_id})
    assert await fetch_rows(stores.clickhouse, SETTINGS_SQL, {"guild": guild_id}) == [[9, 1]]
    assert await fetch_rows(stores.clickhouse, SETTINGS_SQL, {"guild": guild_id + 1}) == [[1, 16]]
