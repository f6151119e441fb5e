"""A sliding minute: what member and guild have run in it, and nothing of before."""

from hypothesis import given
from hypothesis import strategies as st

from herwa_bot.access.rate_limit import MINUTE, Rates
from herwa_shared.catalog import Limit

GUILD, ADA, BOB = 1, 2, 3


def limits(member, guild):
    return {Limit.MEMBER_COMMANDS_A_MINUTE: member, Limit.GUILD_COMMANDS_A_MINUTE: guild}


class Clock:
    now = 1000.0

    def __call__(self):
        return self.now


def test_what_a_member_ran_counts_against_them_and_the_guild():
    rates, most = Rates(Clock()), limits(2, 3)
    for _ in range(2):
        rates.count(GUILD, ADA, most)
    assert rates.left(GUILD, ADA, most) == 0
    assert rates.left(GUILD, BOB, most) == 1
    rates.count(GUILD, BOB, most)
    assert rates.left(GUILD, BOB, most) == 0
    assert rates.left(GUILD + 1, BOB, most) == 2


def test_unlimited_is_unlimited_and_a_limit_that_no_tier_names_is_none():
    rates = Rates(Clock())
    for _ in range(100):
        rates.count(GUILD, ADA, limits(None, None))
    assert rates.left(GUILD, ADA, limits(None, None)) > 1_000_000
    assert rates.left(GUILD, ADA, {}) <= 0


def test_a_minute_later_all_is_forgotten_also_by_the_memory():
    clock = Clock()
    rates, most = Rates(clock), limits(1, 10)
    for member in range(100):
        rates.count(GUILD, member, most)
    clock.now += 2 * MINUTE
    assert rates.left(GUILD, 5, most) == 1
    rates.count(GUILD, ADA, most)
    assert len(rates._ran) == 2


# Eighths of a second are exact floats, so that sums and differences of times are exact as well.
@given(st.lists(st.integers(0, 240).map(lambda eighths: eighths / 8), max_size=40), st.integers(1, 5))
def test_in_no_minute_more_runs_than_the_limit_and_the_wait_is_exact(pauses, most):
    clock = Clock()
    rates, ran = Rates(clock), []
    for pause in pauses:
        clock.now += pause
        wait = rates.wait(GUILD, ADA, limits(most, None))
        if rates.left(GUILD, ADA, limits(most, None)) > 0:
            assert wait == 0
            rates.count(GUILD, ADA, limits(most, None))
            ran.append(clock.now)
        else:
            assert 0 < wait <= MINUTE
            assert sum(clock.now + wait - one < MINUTE for one in ran) <= most
    assert all(later - sooner >= MINUTE for sooner, later in zip(ran, ran[most:], strict=False))
