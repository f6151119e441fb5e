"""The command rate limiter: a sliding window of one minute per member and per guild."""

from hypothesis import given
from hypothesis import strategies as st

from herwa_bot.access.rate_limit import WINDOW_SECONDS, CommandRateLimiter
from herwa_shared.catalog import Limit

GUILD, ADA, BOB = 1, 2, 3


def build_limits(member, guild):
    return {Limit.MEMBER_COMMANDS_PER_MINUTE: member, Limit.GUILD_COMMANDS_PER_MINUTE: guild}


class ManualClock:
    """A monotonic clock that a test sets, in seconds."""

    now = 1000.0

    def __call__(self):
        return self.now


def test_command_counts_for_the_member_and_the_guild():
    limiter, limits = CommandRateLimiter(ManualClock()), build_limits(2, 3)
    for _ in range(2):
        limiter.hit(GUILD, ADA, limits)
    assert limiter.count_remaining(GUILD, ADA, limits) == 0
    assert limiter.count_remaining(GUILD, BOB, limits) == 1
    limiter.hit(GUILD, BOB, limits)
    assert limiter.count_remaining(GUILD, BOB, limits) == 0
    assert limiter.count_remaining(GUILD + 1, BOB, limits) == 2


def test_null_limit_is_unlimited_and_missing_limit_is_zero():
    limiter = CommandRateLimiter(ManualClock())
    for _ in range(100):
        limiter.hit(GUILD, ADA, build_limits(None, None))
    assert limiter.count_remaining(GUILD, ADA, build_limits(None, None)) > 1_000_000
    assert limiter.count_remaining(GUILD, ADA, {}) <= 0


def test_entries_expire_after_the_window():
    clock = ManualClock()
    limiter, limits = CommandRateLimiter(clock), build_limits(1, 10)
    for member in range(100):
        limiter.hit(GUILD, member, limits)
    clock.now += 2 * WINDOW_SECONDS
    assert limiter.count_remaining(GUILD, 5, limits) == 1
    limiter.hit(GUILD, ADA, limits)
    assert len(limiter._timestamps) == 2


# Eighths of a second are exact floats, so that sums and differences of times are exact as well.
@given(st.lists(st.integers(0, 240).map(lambda eighths: eighths / 8), max_size=40), st.integers(1, 5))
def test_no_window_exceeds_the_limit_and_retry_after_is_exact(pauses, max_commands):
    clock = ManualClock()
    limiter, run_times = CommandRateLimiter(clock), []
    for pause in pauses:
        clock.now += pause
        wait = limiter.get_retry_after(GUILD, ADA, build_limits(max_commands, None))
        if limiter.count_remaining(GUILD, ADA, build_limits(max_commands, None)) > 0:
            assert wait == 0
            limiter.hit(GUILD, ADA, build_limits(max_commands, None))
            run_times.append(clock.now)
        else:
            assert 0 < wait <= WINDOW_SECONDS
            assert sum(clock.now + wait - run_time < WINDOW_SECONDS for run_time in run_times) <= max_commands
    assert all(
        later - sooner >= WINDOW_SECONDS for sooner, later in zip(run_times, run_times[max_commands:], strict=False)
    )
