"""How a copy begins and ends: Ctrl-C at any moment, kill -9 of the supervisor, processes and commands on their own."""

import json
import os
import signal

import pytest

from tests.herwa.copies import copy_of_its_own, history, stopped_by


@pytest.mark.slow
def test_ctrl_c_during_start_up_stops_everything():
    with copy_of_its_own() as copy:
        for words, number in (("first start", signal.SIGINT), ("newest schema", signal.SIGTERM)):
            up = copy.begin()
            copy.until_said(words)
            assert stopped_by(up, number) == 0, copy.said()
            copy.assert_gone()
        assert "Traceback" not in copy.all_said()


@pytest.mark.slow
def test_ctrl_c_stops_everything_even_when_an_engine_hangs_in_its_start():
    with copy_of_its_own() as copy:
        for _ in range(2):
            assert "newest schema" in copy.herwa("migrate").stderr
            copy.assert_gone()
        record = copy.folder.run / "postgres.json"
        up = copy.begin()
        copy.until(record.exists, "PostgreSQL to begin")
        os.kill(json.loads(record.read_text())["pid"], signal.SIGSTOP)
        assert stopped_by(up, signal.SIGINT) == 0, copy.said()
        copy.until(lambda: not copy.processes(), "what PostgreSQL had started to end")
        copy.assert_gone()
        copy.ask("pipeline", "drain", "--timeout", "5")
        copy.assert_gone()


@pytest.mark.slow
def test_kill_9_of_the_supervisor_ends_all_and_loses_nothing_and_ctrl_c_ends_a_replay(tmp_path):
    with copy_of_its_own() as copy:
        copy.up()
        few = history(tmp_path, *(f"2024-01-01T00:00:00.{n:03}Z,general,chat,,{n},5,0" for n in range(300)))
        guild_id = copy.replay(few, "Kept")["guild_id"]
        copy.drain()
        copy.begin_again_after_kill_9()
        api = copy.reader(guild_id)
        assert api.get("/stats", **{"from": "2024-01-01", "to": "2024-01-02"})["total"] == 300

        many = history(
            tmp_path, *(f"2024-02-01T{n // 3600:02}:{n // 60 % 60:02}:{n % 60:02}Z,,chat,,1,5,0" for n in range(86_400))
        )
        bot = copy.pid("bot")
        os.kill(bot, signal.SIGSTOP)  # however fast the machine: a replay cannot end while nobody acknowledges it
        replay = copy.start("sim", "replay", str(many), "--guild", "Cut Short")
        copy.until(lambda: copy.unacknowledged() > 5000, "the replay to run")
        copy.down(waking=bot)
        assert replay.wait(30) == 1
        copy.assert_gone()
        said = copy.all_said()
        assert "does not answer" in said, "what the replay says"
        assert "Traceback" not in said


@pytest.mark.slow
def test_processes_in_five_terminals_are_a_working_copy_and_the_last_one_out_stops_the_engines(tmp_path):
    with copy_of_its_own() as copy:
        terminals = [copy.start(room) for room in ("sim", "bot")]
        copy.until(lambda: (copy.status()["gateway"] or {}).get("gateway") == "connected", "the bot to listen")
        guild_id = copy.replay(history(tmp_path, "2024-01-01T00:00:00Z,general,chat,,1,5,0"), "Alone")["guild_id"]
        late = copy.herwa("pipeline", "drain", "--timeout", "1")
        assert late.returncode == 1
        assert "Not drained in time: events still wait" in late.stderr
        assert "No worker is running" in late.stderr
        assert copy.status()["problems"] == [
            "No worker is running: start it with `herwa worker`.",
            "No api is running: start it with `herwa api`.",
            "No web is running: start it with `herwa web`.",
        ]

        terminals += [copy.start("worker"), copy.start("api"), copy.start("web")]
        copy.until(lambda: copy.status()["healthy"] and copy.api_is_ready(), "a working copy")
        assert copy.status()["up"] is False
        copy.drain()
        assert copy.reader(guild_id).get("/stats", **{"from": "2024-01-01", "to": "2024-01-02"})["total"] == 1
        for terminal in reversed(terminals):
            assert stopped_by(terminal, signal.SIGINT) == 0, copy.said()
        copy.assert_gone()
        assert "Traceback" not in copy.all_said()

        key = copy.ask("keys", "create", "--guild", guild_id, "--name", "made while nothing runs")
        assert key.startswith("sk_live_")
        copy.assert_gone()
