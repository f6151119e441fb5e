"""A process of a running copy that stalls is restarted and reported; alone it is reported."""

import json
import os
import signal

import pytest

from herwa.texts import startup, status
from herwa_shared.clock import utc_now
from tests.support.configurable_copy import open_copy


def read_events(copy) -> list[dict]:
    return [json.loads(line) for line in (copy.folder.logs_dir / "herwa.log").read_text().splitlines()]


@pytest.mark.slow
@pytest.mark.parametrize("name", ["worker", "web"])
def test_stalled_process_is_restarted_and_reported(name):
    with open_copy() as copy:
        copy.start_all()
        stalled_pid = copy.get_pid(name)
        os.kill(stalled_pid, signal.SIGSTOP)
        silent = status.format_process_silent(name, 11, None).partition("11")[0]
        copy.wait_until(
            lambda: any(problem.startswith(silent) for problem in copy.get_status()["problems"]), "the first report"
        )
        copy.wait_for_output(f"{name} │ {startup.format_process_ended(startup.format_process_stalled(15), 0.5)}")
        copy.wait_until(lambda: copy.get_pid(name) not in {stalled_pid, None}, "the restart")
        copy.wait_until(lambda: len(copy.get_status()["problems"]) == 1, "the end of all other problems")

        report = copy.get_status()
        [stalled] = [process for process in report["processes"] if process["name"] == name]
        assert (stalled["restarts"], stalled["stalls"], stalled["running"]) == (1, 1, True)
        assert not report["healthy"]
        report_start = status.format_process_stalls(name, 1, utc_now(), copy.folder.logs_dir).partition("last at")[0]
        assert report["problems"][0].startswith(report_start)
        [stall] = [event for event in read_events(copy) if event["event"] == "process stalled"]
        assert (stall["name"], stall["pid"], stall["level"]) == (name, stalled_pid, "error")
        copy.drain()


@pytest.mark.slow
def test_stalled_process_without_a_supervisor_is_reported():
    with open_copy() as copy:
        worker = copy.start_command("worker")
        copy.wait_until(lambda: any(process["name"] == "worker" for process in copy.get_status()["processes"]), "it")
        os.kill(worker.pid, signal.SIGSTOP)
        try:
            prefix = status.format_process_silent("worker", 11, "host").partition(" on host")[0]
            copy.wait_until(
                lambda: any(problem.startswith(prefix) for problem in copy.get_status()["problems"]), "the report"
            )
        finally:
            os.kill(worker.pid, signal.SIGCONT)
