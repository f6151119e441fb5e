"""Sliding windows, in memory and in Redis: never more than the limit in any window, and the right times to wait."""

import asyncio
import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from herwa_api.rate_limits.headers import build_limit_headers
from herwa_api.rate_limits.shared_windows import SharedWindows
from herwa_api.rate_limits.windows import Charge, LocalWindows
from herwa_shared.stores import Stores

_numbers = itertools.count()


class WindowClock:
    """A clock that only the test moves."""

    def __init__(self) -> None:
        self.now = 1_000.0

    def __call__(self) -> float:
        return self.now


def build_charge(name: str = "key", *, limit: int = 3, window_seconds: int = 60, cost: int = 1) -> Charge:
    """Build a charge of a window that no other test uses."""
    return Charge(name, f"{name}:test {next(_numbers)}", limit, window_seconds, cost)


@pytest.fixture
def shared(stores: Stores) -> SharedWindows:
    return SharedWindows(stores.redis)


@given(st.lists(st.integers(0, 40), max_size=60), st.integers(1, 5))
def test_no_window_ever_contains_more_than_the_limit(pauses: list[int], limit: int):
    clock = WindowClock()
    windows, charge = LocalWindows(clock), Charge("key", "key:1", limit, 60)
    allowed_at: list[float] = []
    for pause in pauses:
        clock.now += pause
        decision = windows.acquire([charge])
        is_free = sum(time > clock.now - 60 for time in allowed_at) < limit
        assert decision.is_allowed is is_free
        if decision.is_allowed:
            allowed_at.append(clock.now)
        else:
            assert decision.retry_after_seconds == allowed_at[-limit] + 60 - clock.now


def test_refused_request_counts_against_no_limit():
    windows, key, guild = LocalWindows(WindowClock()), Charge("key", "key:1", 5, 60), Charge("guild", "guild:1", 1, 60)
    assert windows.acquire([key, guild]).is_allowed
    decision = windows.acquire([key, guild])
    assert decision.refused_by == guild
    assert [status.remaining for status in windows.acquire([key]).statuses] == [3]


def test_headers_contain_what_is_left_and_when_more_is_available():
    clock = WindowClock()
    windows, charge = LocalWindows(clock), Charge("key", "key:1", 100, 60)
    assert build_limit_headers(windows.acquire([charge])) == {
        "RateLimit-Policy": '"key";q=100;w=60',
        "RateLimit": '"key";r=99;t=60',
    }
    clock.now += 12.5
    checked = Charge("failures", "failures:1", 20, 60, cost=0)
    assert build_limit_headers(windows.acquire([checked, charge]))["RateLimit"] == '"key";r=98;t=48'


async def test_redis_counts_parallel_requests_exactly(shared: SharedWindows):
    charge = build_charge(limit=100)
    decisions = await asyncio.gather(*(shared.acquire([charge]) for _ in range(500)))
    assert sum(decision.is_allowed for decision in decisions) == 100
    assert sorted(decision.statuses[0].remaining for decision in decisions if decision.is_allowed) == list(range(100))
    assert all(58 < decision.retry_after_seconds <= 60 for decision in decisions if not decision.is_allowed)


async def test_redis_counts_a_request_against_all_its_limits_or_none(shared: SharedWindows):
    key, guild = build_charge("key", limit=5), build_charge("guild", limit=1)
    assert (await shared.acquire([key, guild])).is_allowed
    assert (await shared.acquire([key, guild])).refused_by == guild
    decision = await shared.acquire([key])
    assert [status.remaining for status in decision.statuses] == [3]


async def test_redis_frees_a_slot_when_the_window_has_passed(shared: SharedWindows):
    charge = build_charge(limit=2, window_seconds=1)
    assert (await shared.acquire([charge])).is_allowed
    await asyncio.sleep(0.5)
    assert (await shared.acquire([charge])).is_allowed
    decision = await shared.acquire([charge])
    assert not decision.is_allowed
    await asyncio.sleep(decision.retry_after_seconds + 0.01)
    assert (await shared.acquire([charge])).is_allowed
    assert not (await shared.acquire([charge])).is_allowed


async def test_redis_checks_without_counting_and_counts_without_checking(shared: SharedWindows):
    check = build_charge("failures", limit=2, cost=0)
    failure = Charge(check.name, check.key, check.limit, check.window_seconds)
    for _ in range(5):
        assert (await shared.acquire([check])).is_allowed
    for _ in range(4):
        await shared.acquire([failure], is_forced=True)
    decision = await shared.acquire([check])
    assert decision.refused_by == check


async def test_windows_in_redis_end_by_themselves(stores: Stores, shared: SharedWindows):
    charge = build_charge(window_seconds=1)
    await shared.acquire([charge])
    assert 0 < await stores.redis.pttl(f"herwa:limit:{charge.key}") <= 1_000
