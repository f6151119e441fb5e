"""Slots and rates are shared: a busy address never takes everything, and a new one always finds room."""

import asyncio

import pytest
from hypothesis import given
from hypothesis import strategies as st

from herwa_shared.runtime.client_address import UNKNOWN_GROUP, get_address_group
from herwa_shared.runtime.fair_sharing import FairPool, FairRateLimiter, PoolExhausted, PoolLimit, RateLimit

LIMIT = PoolLimit(total=40, per_address=20, free_share=4)
RATE = RateLimit(per_second=10, burst=20, min_per_second=1, min_burst=2, total_per_second=20)


class FakeClock:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def fill(pool: FairPool, address: str) -> int:
    """Take slots until none is given; return their number."""
    count = 0
    while pool.acquire_now(address):
        count += 1
    return count


def test_one_address_takes_only_a_part_of_a_pool():
    pool = FairPool(LIMIT)
    assert fill(pool, "a") == 8
    assert fill(pool, "b") == 6


def test_a_pool_never_holds_more_than_its_total_and_each_address_gets_a_slot_while_one_is_free():
    pool = FairPool(LIMIT)
    counts = [fill(pool, str(address)) for address in range(60)]
    assert sum(counts) == LIMIT.total
    assert counts[:20] == sorted(counts[:20], reverse=True)
    assert counts[0] == 8
    assert 1 in counts
    assert counts[-1] == 0


def test_a_proxy_is_limited_by_the_total_alone():
    pool = FairPool(LIMIT)
    assert sum(pool.acquire_now("proxy", is_limited=False) for _ in range(60)) == LIMIT.total


@given(st.lists(st.tuples(st.integers(0, 5), st.booleans()), max_size=200))
def test_a_pool_counts_correctly(steps):
    pool, held = FairPool(LIMIT), dict.fromkeys(range(6), 0)
    for address, is_acquired in steps:
        if is_acquired:
            held[address] += pool.acquire_now(str(address))
        elif held[address]:
            pool.release(str(address))
            held[address] -= 1
    assert pool.total == sum(held.values())
    for address, count in held.items():
        for _ in range(count):
            pool.release(str(address))
    assert fill(pool, "new") == 8


async def test_a_free_slot_goes_to_the_address_that_used_the_fewest():
    clock = FakeClock()
    pool = FairPool(PoolLimit(total=1, per_address=1), clock)
    order = []

    async def wait(address: str) -> None:
        await pool.acquire(address, timeout_seconds=30)
        order.append(address)

    assert fill(pool, "busy") == 1
    tasks = [asyncio.create_task(wait(address)) for address in ("busy", "busy", "quiet")]
    await asyncio.sleep(0)
    for holder in ("busy", "quiet", "busy"):
        pool.release(holder)
        await asyncio.sleep(0)
        await asyncio.sleep(0)
    await asyncio.gather(*tasks)
    assert order == ["quiet", "busy", "busy"]


async def test_a_free_slot_goes_first_to_the_address_with_the_fewest_waiting():
    pool = FairPool(PoolLimit(total=1, per_address=1), FakeClock())
    order = []

    async def wait(address: str) -> None:
        await pool.acquire(address, timeout_seconds=30)
        order.append(address)
        pool.release(address)

    assert pool.acquire_now("used")
    pool.release("used")
    assert pool.acquire_now("greedy")
    tasks = [asyncio.create_task(wait(address)) for address in ("new", "new", "new", "used")]
    await asyncio.sleep(0)
    pool.release("greedy")
    await asyncio.gather(*tasks)
    assert order == ["used", "new", "new", "new"]


async def test_waiting_for_a_slot_ends():
    pool = FairPool(PoolLimit(total=1, per_address=1))
    assert pool.acquire_now("a")
    with pytest.raises(PoolExhausted):
        await pool.acquire("b", timeout_seconds=0.01)
    waiting = asyncio.create_task(pool.acquire("b", timeout_seconds=30))
    await asyncio.sleep(0)
    waiting.cancel()
    pool.release("a")
    with pytest.raises(asyncio.CancelledError):
        await waiting
    assert pool.total == 0
    assert pool.acquire_now("c")


async def test_a_slot_that_is_granted_to_a_cancelled_waiter_is_free_again():
    pool = FairPool(PoolLimit(total=1, per_address=1))
    assert pool.acquire_now("a")
    waiting = asyncio.create_task(pool.acquire("b", timeout_seconds=30))
    await asyncio.sleep(0)
    pool.release("a")
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    assert pool.total == 0


def test_an_address_waits_after_its_burst():
    clock = FakeClock()
    limiter = FairRateLimiter(RateLimit(10, 20, 1, 2, total_per_second=1e9), clock)
    assert [limiter.take("a") for _ in range(20)] == pytest.approx([0] * 20, abs=1e-6)
    assert limiter.take("a") == pytest.approx(0.1, abs=1e-6)
    assert limiter.take("b") == 0
    clock.now = 2.2
    assert [limiter.take("a") for _ in range(20)] == pytest.approx([0] * 20, abs=1e-6)


def test_a_refused_token_is_not_taken_so_that_impatience_costs_nothing():
    clock = FakeClock()
    limiter = FairRateLimiter(RateLimit(10, 1, 1, 1, total_per_second=1e9), clock)
    assert limiter.take_within("a", 0.05) == pytest.approx(0, abs=1e-6)
    assert [limiter.take_within("a", 0.05) for _ in range(100)] == [None] * 100
    clock.now = 0.2
    assert limiter.take_within("a", 0.05) == pytest.approx(0, abs=1e-6)


def test_busy_addresses_slow_each_other_down_but_never_a_new_one():
    clock = FakeClock()
    limiter = FairRateLimiter(RATE, clock)
    for _ in range(30):
        for address in range(10):
            limiter.take(str(address))
    assert limiter.take("0") > 20, "the common bucket is full, so the address has its minimum rate"
    assert [limiter.take("new") for _ in range(2)] == [0, 0]


def test_idle_addresses_are_forgotten():
    clock = FakeClock()
    limiter = FairRateLimiter(RATE, clock)
    for address in range(100):
        limiter.take(str(address))
    clock.now = 60
    limiter.forget_idle()
    assert len(limiter) == 0


@pytest.mark.parametrize(
    ("address", "group"),
    [
        ("203.0.113.7", "203.0.113.7"),
        ("::ffff:203.0.113.7", "203.0.113.7"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("[2001:db8:1:2::1]", "2001:db8:1:2::/64"),
        ("fe80::1%eth0", "fe80::/64"),
        ("", UNKNOWN_GROUP),
        ("1.2.3.4.5", UNKNOWN_GROUP),
        ("unix:", UNKNOWN_GROUP),
    ],
)
def test_an_ipv6_network_counts_as_one_address(address, group):
    assert get_address_group(address) == group
