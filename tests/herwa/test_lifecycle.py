"""Start and stop of a copy: Ctrl-C at any moment, SIGKILL of the supervisor, processes without a supervisor."""

import json
import os
import signal

import pytest

from herwa.texts import errors, operator, startup, status
from tests.support.configurable_copy import open_copy, stop_with_signal, write_history


@pytest.mark.slow
def test_ctrl_c_during_start_up_stops_everything():
    with open_copy() as copy:
        for text, signal_number in (("first start", signal.SIGINT), (startup.DATABASES_UP_TO_DATE, signal.SIGTERM)):
            up_process = copy.launch()
            copy.wait_for_output(text)
            assert stop_with_signal(up_process, signal_number) == 0, copy.read_output_tail()
            copy.assert_stopped()
        assert "Traceback" not in copy.read_output()


@pytest.mark.slow
def test_ctrl_c_stops_everything_while_an_engine_hangs_during_start():
    with open_copy() as copy:
        for _ in range(2):
            assert operator.SCHEMA_UP_TO_DATE in copy.run_command("migrate").stderr
            copy.assert_stopped()
        record_path = copy.folder.run_dir / "postgres.json"
        up_process = copy.launch()
        copy.wait_until(record_path.exists, "the start of PostgreSQL")
        os.kill(json.loads(record_path.read_text())["pid"], signal.SIGSTOP)
        assert stop_with_signal(up_process, signal.SIGINT) == 0, copy.read_output_tail()
        copy.wait_until(lambda: not copy.list_processes(), "the child processes of PostgreSQL to end")
        copy.assert_stopped()
        copy.check_output("pipeline", "drain", "--timeout", "5")
        copy.assert_stopped()


@pytest.mark.slow
def test_sigkill_of_the_supervisor_loses_no_data_and_ctrl_c_ends_a_replay(tmp_path):
    with open_copy() as copy:
        copy.start_all()
        short_history = write_history(
            tmp_path, *(f"2024-01-01T00:00:00.{n:03}Z,general,chat,,{n},5,0" for n in range(300))
        )
        guild_id = copy.replay(short_history, "Kept")["guild_id"]
        copy.drain()
        copy.restart_after_kill()
        api = copy.create_api_client(guild_id)
        assert api.get("/stats", **{"from": "2024-01-01", "to": "2024-01-02"})["total"] == 300

        long_history = write_history(
            tmp_path, *(f"2024-02-01T{n // 3600:02}:{n // 60 % 60:02}:{n % 60:02}Z,,chat,,1,5,0" for n in range(86_400))
        )
        # A replay waits for acknowledgements, so it cannot end too early, however fast the machine is.
        bot_pid = copy.suspend("bot")
        replay = copy.start_command("sim", "replay", str(long_history), "--guild", "Cut Short")
        copy.wait_until(lambda: copy.count_unacknowledged() > 5000, "5,000 unacknowledged events of the replay")
        copy.stop_all(suspended_pid=bot_pid)
        assert replay.wait(30) == 1
        copy.assert_stopped()
        output = copy.read_output()
        assert "local Discord at" in output, "the replay must report that the local Discord is gone"
        assert "Traceback" not in output


@pytest.mark.slow
def test_processes_without_a_supervisor_form_a_copy_and_the_last_one_stops_the_engines(tmp_path):
    with open_copy() as copy:
        terminals = [copy.start_command(command) for command in ("sim", "bot")]
        copy.wait_until(
            lambda: (copy.get_status()["gateway"] or {}).get("gateway") == "connected", "the bot's gateway connection"
        )
        guild_id = copy.replay(write_history(tmp_path, "2024-01-01T00:00:00Z,general,chat,,1,5,0"), "Alone")["guild_id"]
        drain_result = copy.run_command("pipeline", "drain", "--timeout", "1")
        assert drain_result.returncode == 1
        assert drain_result.stderr.strip().endswith(errors.format_no_worker("").strip())
        assert copy.get_status()["problems"] == [
            status.format_process_missing(name) for name in ("worker", "api", "web")
        ]

        terminals += [copy.start_command("worker"), copy.start_command("api"), copy.start_command("web")]
        copy.wait_until(lambda: copy.get_status()["healthy"] and copy.is_api_ready(), "a healthy copy")
        assert copy.get_status()["up"] is False
        copy.drain()
        assert (
            copy.create_api_client(guild_id).get("/stats", **{"from": "2024-01-01", "to": "2024-01-02"})["total"] == 1
        )
        for terminal in reversed(terminals):
            assert stop_with_signal(terminal, signal.SIGINT) == 0, copy.read_output_tail()
        copy.assert_stopped()
        assert "Traceback" not in copy.read_output()

        assert "test" in copy.check_output("keys", "list", "--guild", guild_id)
        copy.assert_stopped()
