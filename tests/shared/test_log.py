"""Lines of one kind are limited per minute, and the number of dropped lines is logged."""

import pytest
import structlog

from herwa_shared import log as log_module
from herwa_shared.log import MAX_LOG_KINDS, RateLimitedLogger, find_error_location
from tests.support.waiting import wait_until


class LogClock:
    """A clock that tests move forward."""

    def __init__(self) -> None:
        self.seconds = 0.0

    def __call__(self) -> float:
        return self.seconds


@pytest.fixture
def clock() -> LogClock:
    return LogClock()


@pytest.fixture
def limited_log(clock) -> RateLimitedLogger:
    return RateLimitedLogger(structlog.get_logger("test"), max_lines=2, clock=clock)


def log_lines(limited_log, kind, count):
    for _ in range(count):
        limited_log.warning("event skipped", kind=kind)


def test_lines_beyond_the_limit_are_counted_and_reported_after_a_minute(limited_log, clock):
    with structlog.testing.capture_logs() as lines:
        log_lines(limited_log, "A", 10)
        log_lines(limited_log, "B", 1)
        clock.seconds += 60
        log_lines(limited_log, "B", 1)
    assert [(line["kind"], line.get("dropped")) for line in lines] == [
        ("A", None),
        ("A", None),
        ("B", None),
        ("A", 8),
        ("B", None),
    ]


def test_every_minute_has_its_own_limit(limited_log, clock):
    with structlog.testing.capture_logs() as lines:
        for _ in range(3):
            log_lines(limited_log, "A", 2)
            clock.seconds += 60
    assert len(lines) == 6


async def test_dropped_lines_are_reported_without_another_line(limited_log, clock, monkeypatch):
    monkeypatch.setattr(log_module, "LOG_WINDOW_SECONDS", 0.0)
    with structlog.testing.capture_logs() as lines:
        log_lines(limited_log, "A", 1)
        clock.seconds = -0.05  # so that the window has not ended
        log_lines(limited_log, "A", 4)
        clock.seconds = 0.0
        await wait_until(lambda: len(lines) == 3)
    assert lines[-1]["dropped"] == 3


def test_number_of_kinds_is_bounded(limited_log):
    with structlog.testing.capture_logs() as lines:
        for number in range(MAX_LOG_KINDS + 100):
            log_lines(limited_log, str(number), 1)
    assert len(lines) == MAX_LOG_KINDS + 2


def test_location_of_an_error_is_its_file_and_line():
    with pytest.raises(ValueError, match="invalid literal") as error_info:
        int("x")
    assert find_error_location(error_info.value).startswith("test_log.py:")
