"""The supervisor restarts a process whose event loop does not turn, and keeps what the process has printed."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from herwa.console import render_log_line
from herwa.supervisor import stall_detector
from herwa.supervisor.stall_detector import CHECK_INTERVAL_SECONDS, MAX_STEP_SECONDS, STALL_SECONDS, StallDetector
from herwa.supervisor.supervised_process import SupervisedProcess
from herwa_shared.runtime.data_dir import DataFolder
from tests.support.waiting import wait_until


class SteppedClock:
    def __init__(self) -> None:
        self.seconds = 0.0

    def __call__(self) -> float:
        return self.seconds


@pytest.fixture
def clock() -> SteppedClock:
    return SteppedClock()


@pytest.fixture
def detector(clock) -> StallDetector:
    return StallDetector(clock)


def count_checks_until_stall(detector, clock, step: float, max_checks: int = 100) -> int | None:
    for number in range(1, max_checks + 1):
        clock.seconds += step
        if detector.check():
            return number
    return None


def test_process_without_reports_for_fifteen_seconds_stalls(detector, clock):
    detector.record_report()
    assert count_checks_until_stall(detector, clock, CHECK_INTERVAL_SECONDS) == STALL_SECONDS / CHECK_INTERVAL_SECONDS
    detector.record_report()
    assert not detector.check()


def test_process_that_is_starting_does_not_stall(detector, clock):
    assert count_checks_until_stall(detector, clock, CHECK_INTERVAL_SECONDS) is None


def test_time_in_which_the_supervisor_did_not_run_does_not_count(detector, clock):
    detector.record_report()
    clock.seconds += 3_600  # the machine was suspended
    assert not detector.check()
    assert detector.silent_seconds == MAX_STEP_SECONDS


@asynccontextmanager
async def run_supervised(tmp_path, monkeypatch) -> AsyncIterator[tuple[SupervisedProcess, DataFolder]]:
    monkeypatch.setenv("HERWA_DATA_DIR", str(tmp_path))
    folder = DataFolder(tmp_path)
    process = SupervisedProcess("blocking", "tests.support.blocking_process", folder, lambda: None)
    task = asyncio.create_task(process.run())
    try:
        yield process, folder
    finally:
        process.stop()
        process.kill()
        await task


async def test_blocked_process_is_restarted_with_its_stack_in_the_log(tmp_path, monkeypatch):
    monkeypatch.setattr(stall_detector, "STALL_SECONDS", 2.0)
    async with run_supervised(tmp_path, monkeypatch) as (process, folder):
        await wait_until(lambda: process.get_status().health, description="the first report")
        blocked_pid = process.pid
        await wait_until(
            lambda: process.pid != blocked_pid,
            description="the end",
            get_details=(folder.logs_dir / "blocking.log").read_text,
        )
        status = process.get_status()
        assert status.pid is not None or status.health is None
        (tmp_path / "unblocked").touch()
        await wait_until(
            lambda: (status := process.get_status()).health and status.pid != blocked_pid, description="the restart"
        )
        status = process.get_status()
        assert (status.restarts, status.stalls) == (1, 1)
        assert status.stalled_at is not None
        assert status.health.connections is None
    log = (folder.logs_dir / "blocking.log").read_text()
    assert "Fatal Python error: Aborted" in log
    assert "block_event_loop" in log


async def test_log_has_json_lines_and_what_a_library_prints(tmp_path, monkeypatch, capsys):
    (tmp_path / "unblocked").touch()
    async with run_supervised(tmp_path, monkeypatch) as (process, folder):
        await wait_until(lambda: process.get_status().health)
        path = folder.logs_dir / "blocking.log"
        await wait_until(lambda: path.read_text().count("\n") == 2)
    line, printed = path.read_text().splitlines()
    fields = json.loads(line)
    assert fields.pop("time").endswith("Z")
    assert fields == {
        "level": "info",
        "process": "blocking",
        "logger": "__main__",
        "event": "process is ready",
        "text": "a b\x1b[31m",
        "number": 1,
    }
    assert printed == "printed by a library"
    assert path.stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize(
    ("line", "texts"),
    [
        ({"level": "info", "event": "ready", "time": "x", "port": 1, "name": "a b"}, ["ready port=1 name='a b'"]),
        ({"level": "error", "event": "failed", "trace": "one\n  two"}, ["error: failed", "one", "  two"]),
        ({"level": "info", "event": "a\x1b[2J\nb", "field": "\x1b[31m"}, [r"a\x1b[2J\nb field='\x1b[31m'"]),
        ({"level": "info"}, ['{"level": "info"}']),
    ],
)
def test_json_line_is_rendered_for_people_without_control_characters(line, texts):
    assert [text.plain for text in render_log_line(json.dumps(line))] == texts


@pytest.mark.parametrize("line", ["plain text", "{not json", '"text"', "Traceback (most recent call last):"])
def test_other_line_is_shown_as_it_is(line):
    assert [text.plain for text in render_log_line(line)] == [line]
