"""Lines are bounded JSON; those of one kind are limited per minute, and the number of dropped lines is logged."""

import io
import json
import logging
from pathlib import Path

import pytest
import structlog

from herwa_shared import log_limits
from herwa_shared.log import (
    MAX_LINE_LENGTH,
    MAX_VALUE_LENGTH,
    RateLimitedLogger,
    configure_logging,
    find_error_location,
    pseudonymize_user,
)
from herwa_shared.log_limits import COMPLETE_LOGGER, MAX_LINES_PER_MINUTE, MAX_LOG_KINDS, LimitedHandler, LineLimits
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
    monkeypatch.setattr(log_limits, "LOG_WINDOW_SECONDS", 0.0)
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


@pytest.fixture
def json_stream(monkeypatch):
    """The stream of a process whose lines a supervisor reads. The logging of the tests is restored afterwards."""
    root, previous = logging.getLogger(), structlog.get_config()
    handlers, level = root.handlers, root.level
    monkeypatch.setenv("HERWA_SUPERVISED", "1")
    stream = io.StringIO()
    configure_logging("INFO", process_name="web", stream=stream, user_key="key")
    yield stream
    root.handlers = handlers
    root.setLevel(level)
    structlog.configure(**previous)


def read_lines(stream: io.StringIO) -> list[dict[str, object]]:
    return [json.loads(line) for line in stream.getvalue().splitlines()]


def test_events_and_lines_of_libraries_are_json(json_stream):
    structlog.get_logger("herwa_web").info("page opened", size=3, path=Path("/x"))
    logging.getLogger("library").warning("slow: %s", "a\nb")
    event, line = read_lines(json_stream)
    assert list(event) == ["time", "level", "process", "logger", "event", "size", "path"]
    assert (event["event"], event["size"], event["path"]) == ("page opened", 3, "PosixPath('/x')")
    assert (line["level"], line["logger"], line["event"]) == ("warning", "library", "slow: a\nb")


def test_stack_trace_is_a_field_of_its_line(json_stream):
    try:
        int("x")
    except ValueError:
        structlog.get_logger("herwa_web").exception("failed")
        logging.getLogger("library").exception("failed")
    for line in read_lines(json_stream):
        assert line["exception"].endswith("ValueError: invalid literal for int() with base 10: 'x'")


def test_line_is_bounded_whatever_it_contains(json_stream):
    log = structlog.get_logger("herwa_web")
    log.info("one value", value="\x1b" * 100_000)
    log.info("many values", **{f"name{number}": "x" * 5_000 for number in range(100)})
    one, many = read_lines(json_stream)
    assert len(one["value"]) == MAX_VALUE_LENGTH + 1
    assert many.keys() == {"time", "level", "process", "logger", "event", "truncated"}
    assert json_stream.getvalue().isascii()
    assert max(map(len, json_stream.getvalue().splitlines())) <= MAX_LINE_LENGTH


def test_lines_of_one_kind_are_limited_for_every_logger(json_stream, clock):
    [handler] = [handler for handler in logging.getLogger().handlers if isinstance(handler, LimitedHandler)]
    handler._limits = LineLimits(MAX_LINES_PER_MINUTE, lambda _: None, clock)
    for number in range(MAX_LINES_PER_MINUTE + 5):
        structlog.get_logger("herwa_web").info("refused", number=number)
        logging.getLogger("library").warning("invalid frame %s", number)
    assert len(read_lines(json_stream)) == 2 * MAX_LINES_PER_MINUTE
    clock.seconds += 60
    logging.getLogger("library").warning("something else")
    *_, first, second, last = read_lines(json_stream)
    assert [(line["event"], line["source"], line["dropped"]) for line in (first, second)] == [
        ("log lines dropped", "refused", 5),
        ("log lines dropped", "library", 5),
    ]
    assert last["event"] == "something else"


async def test_dropped_lines_of_a_logger_are_reported_when_the_minute_ends(json_stream, monkeypatch):
    monkeypatch.setattr(log_limits, "LOG_WINDOW_SECONDS", 0.5)
    for _ in range(MAX_LINES_PER_MINUTE + 5):
        structlog.get_logger("herwa_web").info("refused")
    await wait_until(lambda: "log lines dropped" in json_stream.getvalue())


def test_lines_of_the_audit_log_are_never_dropped(json_stream):
    for _ in range(5 * MAX_LINES_PER_MINUTE):
        structlog.get_logger(COMPLETE_LOGGER).info("audit log digests")
    assert len(read_lines(json_stream)) == 5 * MAX_LINES_PER_MINUTE


def test_users_are_logged_under_pseudonyms(json_stream):
    structlog.get_logger("test").info("logged in", user=81384788765712384)
    structlog.get_logger("test").info("access refused", user=None)
    assert [line["user"] for line in read_lines(json_stream)] == [pseudonymize_user(81384788765712384, "key"), None]
    assert pseudonymize_user(81384788765712384, "key") != pseudonymize_user(81384788765712384, "another key")
    assert "81384788765712384" not in json_stream.getvalue()
