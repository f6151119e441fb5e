"""Retries: delays, their bounds, and what is logged."""

import asyncio
from functools import partial

import pytest
import structlog
from hypothesis import given
from hypothesis import strategies as st

from herwa_shared.log import RateLimitedLogger, get_logger
from herwa_shared.retry import Backoff, RetryPolicy, log_retry, retry

POLICY = RetryPolicy(first_delay_seconds=0.5, max_delay_seconds=30.0)
IMMEDIATE = RetryPolicy(first_delay_seconds=0.0, max_delay_seconds=0.0)
REPORT = partial(log_retry, RateLimitedLogger(get_logger(__name__), max_lines=100), "sync failed")


class FailingOperation:
    """Fails with the given errors, one per call, then returns the number of calls."""

    def __init__(self, *errors: Exception) -> None:
        self.calls = 0
        self._errors = list(errors)

    async def __call__(self) -> int:
        self.calls += 1
        if self._errors:
            raise self._errors.pop(0)
        return self.calls


@given(failures=st.integers(1, 100_000), drawn=st.floats(0, 1, exclude_max=True))
def test_delay_never_exceeds_its_maximum_however_often_it_failed(failures, drawn):
    backoff = Backoff(POLICY, draw=lambda: drawn)
    backoff.failures = failures - 1
    full_delay = POLICY.get_delay(failures)
    assert full_delay <= POLICY.max_delay_seconds
    assert (1 - POLICY.jitter) * full_delay <= backoff.record_failure() <= full_delay


def test_delay_doubles_up_to_the_maximum_and_starts_again_after_a_success():
    backoff = Backoff(POLICY, draw=lambda: 0.0)
    assert [backoff.record_failure() for _ in range(8)] == [0.5, 1, 2, 4, 8, 16, 30, 30]
    assert backoff.reset() == 8
    assert (backoff.failures, backoff.delay) == (0, 0.0)
    assert backoff.record_failure() == 0.5


async def test_operation_is_repeated_until_it_succeeds_and_every_failure_has_a_reason():
    operation = FailingOperation(OSError("no route"), TimeoutError())
    with structlog.testing.capture_logs() as lines:
        assert await retry(operation, IMMEDIATE, report=REPORT) == 3
    failures = [(line["kind"], line["error"]) for line in lines if line["event"] == "sync failed"]
    assert failures == [("OSError", "no route"), ("TimeoutError", "TimeoutError")]


async def test_last_allowed_attempt_raises_its_error():
    operation = FailingOperation(*(OSError(str(number)) for number in range(1, 6)))
    with pytest.raises(OSError, match="3"):
        await retry(operation, RetryPolicy(0.0, 0.0, max_attempts=3), report=REPORT)
    assert operation.calls == 3


async def test_other_errors_are_not_retried():
    operation = FailingOperation(ValueError())
    with pytest.raises(ValueError):
        await retry(operation, IMMEDIATE, errors=(OSError,), report=REPORT)
    assert operation.calls == 1


async def test_cancelling_ends_the_wait():
    is_waiting = asyncio.Event()
    operation, policy = FailingOperation(OSError("down")), RetryPolicy(3600.0, 3600.0)
    task = asyncio.create_task(retry(operation, policy, report=lambda _error, _delay: is_waiting.set()))
    await is_waiting.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
