"""A running copy: its output, the commands beside it, restarts of killed processes, and no secret in output or logs."""

import json
import os
import shlex
import signal
import subprocess
from contextlib import closing

import httpx
import pytest

from herwa.supervisor.up import list_process_names
from herwa.texts import doctor, history, startup, status
from herwa_shared.runtime.log_file import MAX_LOG_BYTES
from tests.support.configurable_copy import ConfigurableCopy, write_history
from tests.support.running_copy import HERWA_COMMAND

HISTORY_ROWS = ("2024-01-01T00:00:00Z,general,chat,,1,5,0", "2024-01-02T00:00:00Z,general,chat,,2,5,0")


def list_secrets(copy: ConfigurableCopy) -> list[str]:
    return list(json.loads((copy.folder.path / "secrets.json").read_text()).values())


def create_sim_guild(copy: ConfigurableCopy, name: str) -> tuple[int, list[int]]:
    """Create a guild with one channel in the local Discord and wait until the bot has saved it."""
    sim = copy.open_sim_client()
    guild_id = sim.create_guild(name)
    channel = sim.create_channel(guild_id, "chat")
    copy.wait_until(lambda: name in copy.list_known_servers(), "the bot to save the server")
    sim.close()
    return guild_id, [channel]


def test_startup_message_shows_urls_personas_and_the_command_that_creates_a_key(copy):
    output = copy.read_output()
    assert "ready after" in output
    assert f"http://localhost:{copy.port}" in output
    with closing(copy.open_sim_client()) as sim:
        state = sim.get_snapshot()
    assert f"http://127.0.0.1:{copy.folder.get_or_create_port('sim')} " in output
    listed_names = {line.split("│", 1)[1].split()[0] for line in output.splitlines() if "│   " in line}
    assert set(state.personas) <= listed_names
    command, curl = (
        line.split("│", 1)[1].strip() for line in output.splitlines() if " keys create " in line or "curl" in line
    )
    arguments = shlex.split(command)
    assert arguments[:2] == [f"HERWA_DATA_DIR={copy.folder.path}", "herwa"]
    key = copy.check_output(*arguments[2:])
    assert key.startswith("sk_live_")
    assert "\n" not in key
    response = httpx.get(shlex.split(curl)[-1], headers={"Authorization": f"Bearer {key}"})
    assert response.json()["metric"] == "messages"
    assert key not in copy.read_output()


def test_first_start_shows_progress_in_plain_lines(copy):
    output = copy.read_output()
    for text in (
        "PostgreSQL: first start",
        "ClickHouse: first start",
        startup.DATABASES_UP_TO_DATE,
        "local Discord is ready",
    ):
        assert text in output
    assert "\x1b" not in output, "output to a file must not contain colors"
    assert '"level"' not in output, "levels and timestamps belong only to the log files"
    for name in list_process_names(copy.settings):
        lines = [json.loads(line) for line in (copy.folder.logs_dir / f"{name}.log").read_text().splitlines()]
        assert {line["process"] for line in lines} == {name}
        assert all(line["time"] and line["level"] for line in lines)
    starts = [json.loads(line) for line in (copy.folder.logs_dir / "herwa.log").read_text().splitlines()]
    assert {line["name"] for line in starts if line["event"] == "process started"} == {
        *list_process_names(copy.settings)
    }


def test_second_up_in_the_same_folder_is_refused(copy):
    result = copy.run_command("up")
    assert result.returncode == 1
    assert result.stderr == f"{startup.format_already_running(copy.folder.path)}\n"
    assert copy.get_status()["healthy"]


@pytest.mark.slow
def test_doctor_finds_no_problem_in_a_running_copy(copy):
    result = copy.run_command("doctor")
    assert result.returncode == 0, result.stdout
    assert doctor.PORT_OWN in result.stdout
    assert doctor.PROCESSES_OK in result.stdout
    assert doctor.EVERYTHING_WORKS in result.stdout


def test_status_json_is_complete(copy):
    report = json.loads(copy.check_output("status", "--json"))
    assert report["healthy"] is True
    assert report["problems"] == []
    assert {process["name"] for process in report["processes"]} == {
        *list_process_names(copy.settings),
        "postgres",
        "clickhouse",
        "redis",
    }
    assert all(process["running"] and process["pid"] for process in report["processes"])
    assert {"postgres", "clickhouse", "redis", "sim", "herwa"} <= set(report["ports"])
    assert report["ports"]["herwa"] == copy.port
    assert set(report["buffer"]) == {"rows", "age_seconds"}
    assert {"lag_seconds", "pending_rows", "failures", "moved", "last_error"} <= set(report["mover"])
    assert report["gateway"]["gateway"] == "connected"
    serving = {process["name"] for process in report["processes"] if process.get("connections") is not None}
    assert serving == {"sim", "api", "web"}
    assert all("loop_lag_ms" in process for process in report["processes"] if "restarts" in process)
    assert {
        process["name"]: process["restarts"] for process in report["processes"] if "restarts" in process
    } == dict.fromkeys(list_process_names(copy.settings), 0)


def test_status_text_is_complete_on_a_narrow_terminal(copy):
    output = subprocess.run(
        [*HERWA_COMMAND, "status"],
        env={**copy.environment, "COLUMNS": "30"},
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    for text in (
        *list_process_names(copy.settings),
        "postgres",
        str(copy.port),
        str(copy.folder.path),
        status.RUNNING,
        status.NO_PROBLEMS,
    ):
        assert text in output
    assert "\x1b" not in output
    assert "…" not in output


def test_key_for_an_unknown_server_lists_the_known_servers(copy):
    result = copy.run_command("keys", "create", "--guild", "1", "--name", "n")
    assert (result.returncode, result.stdout) == (1, "")
    assert "Garden Club" in result.stderr
    assert "Traceback" not in result.stderr


def test_replay_with_an_invalid_row_reports_its_line_and_sends_nothing(copy, tmp_path):
    file = write_history(tmp_path, *HISTORY_ROWS, "2024-01-03T00:00:00Z,general,chat,,3,many,0")
    result = copy.run_command("sim", "replay", str(file), "--guild", "Never Made")
    assert (result.returncode, result.stdout) == (1, "")
    problem = history.format_invalid_number("content_length", "many", 4000)
    assert result.stderr == history.format_invalid_lines(file.name, 1, [(4, problem)]) + "\n"
    sim = copy.open_sim_client()
    assert "Never Made" not in {guild.name for guild in sim.get_snapshot().guilds}
    sim.close()


@pytest.mark.slow
def test_replay_sends_only_the_requested_days(copy, tmp_path):
    file = write_history(tmp_path, *HISTORY_ROWS)
    first_result = copy.replay(file, "Two Days", "2024-01-01", "2024-01-02")
    full_result = copy.replay(file, "Two Days")
    assert (first_result["sent"], full_result["sent"]) == (1, 2)
    assert first_result["guild_id"] == full_result["guild_id"]
    copy.drain()
    api = copy.create_api_client(full_result["guild_id"])
    assert api.get("/stats", **{"from": "2024-01-01", "to": "2024-01-03"})["total"] == 2


@pytest.mark.slow
def test_drain_ends_while_new_events_arrive(copy):
    guild_id, channels = create_sim_guild(copy, "Flooded")
    sim = copy.open_sim_client()
    sim.generate_load(channels, 20_000, per_second=400, background=True)
    copy.wait_until(lambda: copy.get_status()["mover"]["moved"] > 0, "the first moved events")
    copy.check_output("pipeline", "drain", "--timeout", "20")
    stored_count = copy.get_status()["gateway"]["stored"]
    copy.wait_until(lambda: copy.get_status()["gateway"]["stored"] > stored_count, "more events after the drain")
    sim.remove_guild(guild_id)
    sim.close()


def test_no_secret_is_printed_or_logged(copy):
    output = copy.read_output() + copy.check_output("status") + json.dumps(copy.get_status())
    logs = "".join(file.read_text(errors="replace") for file in copy.folder.logs_dir.iterdir())
    assert logs
    for secret in list_secrets(copy):
        assert secret not in output
        assert secret not in logs
    assert "sk_live_" not in output + logs


def test_full_log_of_an_engine_is_rotated_while_it_runs(copy):
    path = copy.folder.logs_dir / "postgres.log"
    with path.open("ab") as log:
        log.write(b"x" * MAX_LOG_BYTES + b"\n")
    copy.wait_until(lambda: path.stat().st_size < MAX_LOG_BYTES, "the rotation")
    assert path.with_name("postgres.log.1").stat().st_size > MAX_LOG_BYTES
    assert {file.stat().st_mode & 0o777 for file in copy.folder.logs_dir.iterdir()} == {0o600}


def test_killed_process_is_restarted_and_reported(copy):
    names = list_process_names(copy.settings)
    processes_by_name = {process["name"]: process for process in copy.get_status()["processes"]}
    for name in names:
        os.kill(processes_by_name[name]["pid"], signal.SIGKILL)
    for name in names:
        copy.wait_for_output(f"{name} │ {startup.format_process_ended(startup.format_exit_signal('SIGKILL'), 0.5)}")
    copy.wait_until(lambda: copy.get_status()["healthy"] and copy.is_api_ready(), "all processes to be restarted")
    processes = [process for process in copy.get_status()["processes"] if process["name"] in names]
    assert [process["name"] for process in processes] == list(names), (
        "the status must list each process once, without the killed ones"
    )
    assert [process["restarts"] for process in processes] == [1] * len(names)
    assert not {process["pid"] for process in processes} & {process["pid"] for process in processes_by_name.values()}
    assert status.format_restarts(1) in copy.check_output("status")
