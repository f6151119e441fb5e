"""A running copy as people and programs see it: what it says, what commands beside it answer, and no secret anywhere."""

import json
import os
import shlex
import signal
import subprocess
from contextlib import closing

import httpx
import pytest

from herwa.supervisor.up import rooms
from tests.herwa.copies import Copy, history
from tests.running_copy import HERWA

ROWS = ("2024-01-01T00:00:00Z,general,chat,,1,5,0", "2024-01-02T00:00:00Z,general,chat,,2,5,0")


def secrets(copy: Copy) -> list[str]:
    return list(json.loads((copy.folder.path / "secrets.json").read_text()).values())


def sim_guild(copy: Copy, name: str) -> tuple[int, list[int]]:
    """A quiet server with a channel and somebody in it."""
    sim = copy.sim()
    guild_id = sim.create_guild(name)
    channel = sim.create_channel(guild_id, "chat")
    copy.until(lambda: name in copy.known_servers(), "the bot to know the server")
    sim.close()
    return guild_id, [channel]


def test_welcome_names_addresses_people_to_be_and_the_command_that_makes_a_key(copy):
    said = copy.all_said()
    assert "ready after" in said
    assert f"http://localhost:{copy.port}" in said
    with closing(copy.sim()) as sim:
        state = sim.state()
    assert f"http://127.0.0.1:{copy.folder.port('sim')} " in said
    told = {line.split("│", 1)[1].split()[0] for line in said.splitlines() if "│   " in line}
    assert set(state.personas) <= told
    command, curl = (
        line.split("│", 1)[1].strip() for line in said.splitlines() if " keys create " in line or "curl" in line
    )
    typed = shlex.split(command)
    assert typed[:2] == [f"HERWA_DATA_DIR={copy.folder.path}", "herwa"]
    key = copy.ask(*typed[2:])
    assert key.startswith("sk_live_")
    assert "\n" not in key
    answer = httpx.get(shlex.split(curl)[-1], headers={"Authorization": f"Bearer {key}"})
    assert answer.json()["metric"] == "messages"
    assert key not in copy.all_said()


def test_first_start_shows_its_progress_in_plain_lines(copy):
    said = copy.all_said()
    for words in ("PostgreSQL: first start", "ClickHouse: first start", "newest schema", "local Discord is ready"):
        assert words in said
    assert "\x1b" not in said, "no colours in a file"
    assert "[info" not in said, "levels, loggers and times stay in the log files"
    assert "[info" in (copy.folder.logs / "sim.log").read_text()


def test_second_up_in_the_same_folder_is_refused(copy):
    second = copy.herwa("up")
    assert second.returncode == 1
    assert "already runs" in second.stderr
    assert "HERWA_DATA_DIR" in second.stderr
    assert copy.status()["healthy"]


def test_the_doctor_finds_a_running_copy_well(copy):
    done = copy.herwa("doctor")
    assert done.returncode == 0, done.stdout
    assert "answered by this copy" in done.stdout
    assert "all well" in done.stdout


def test_status_for_programs_has_every_part(copy):
    status = json.loads(copy.ask("status", "--json"))
    assert status["healthy"] is True
    assert status["problems"] == []
    assert {one["name"] for one in status["processes"]} == {*rooms(copy.settings), "postgres", "clickhouse"}
    assert all(one["running"] and one["pid"] for one in status["processes"])
    assert {"postgres", "clickhouse", "sim", "herwa"} <= set(status["ports"])
    assert status["ports"]["herwa"] == copy.port
    assert set(status["buffer"]) == {"rows", "age_seconds"}
    assert {"lag_seconds", "pending_rows", "failures", "moved", "last_error"} <= set(status["mover"])
    assert status["gateway"]["gateway"] == "connected"
    assert {one["name"]: one["restarts"] for one in status["processes"] if "restarts" in one} == dict.fromkeys(
        rooms(copy.settings), 0
    )


def test_status_for_people_is_whole_on_a_narrow_terminal(copy):
    narrow = subprocess.run(
        [*HERWA, "status"], env={**copy.environment, "COLUMNS": "30"}, capture_output=True, text=True, check=True
    ).stdout
    for words in (*rooms(copy.settings), "postgres", str(copy.port), str(copy.folder.path), "● running", "all is well"):
        assert words in narrow
    assert "\x1b" not in narrow
    assert "…" not in narrow


def test_key_for_an_unknown_server_names_the_known_ones(copy):
    refused = copy.herwa("keys", "create", "--guild", "1", "--name", "n")
    assert (refused.returncode, refused.stdout) == (1, "")
    assert "Garden Club" in refused.stderr
    assert "Traceback" not in refused.stderr


def test_bad_row_is_named_by_its_line_and_nothing_is_sent(copy, tmp_path):
    file = history(tmp_path, *ROWS, "2024-01-03T00:00:00Z,general,chat,,3,many,0")
    refused = copy.herwa("sim", "replay", str(file), "--guild", "Never Made")
    assert (refused.returncode, refused.stdout) == (2, "")
    assert refused.stderr.startswith("Line 4: content_length")
    sim = copy.sim()
    assert "Never Made" not in {guild.name for guild in sim.state().guilds}
    sim.close()


@pytest.mark.slow
def test_replay_takes_the_days_that_were_asked_for(copy, tmp_path):
    file = history(tmp_path, *ROWS)
    first = copy.replay(file, "Two Days", "2024-01-01", "2024-01-02")
    both = copy.replay(file, "Two Days")
    assert (first["sent"], both["sent"]) == (1, 2)
    assert first["guild_id"] == both["guild_id"]
    copy.drain()
    api = copy.reader(both["guild_id"])
    assert api.get("/stats", **{"from": "2024-01-01", "to": "2024-01-03"})["total"] == 2


def test_drain_ends_while_events_go_on_arriving(copy):
    guild_id, channels = sim_guild(copy, "Flooded")
    sim = copy.sim()
    sim.blast(channels, 20_000, per_second=400, background=True)
    copy.until(lambda: copy.status()["mover"]["moved"] > 0, "the flood to begin")
    copy.ask("pipeline", "drain", "--timeout", "20")
    moved = copy.status()["gateway"]["stored"]
    copy.until(lambda: copy.status()["gateway"]["stored"] > moved, "the flood to go on")
    sim.remove_guild(guild_id)
    sim.close()


def test_no_secret_is_printed_or_logged(copy):
    told = copy.all_said() + copy.ask("status") + json.dumps(copy.status())
    files = "".join(file.read_text(errors="replace") for file in copy.folder.logs.iterdir())
    assert files
    for secret in secrets(copy):
        assert secret not in told
        assert secret not in files
    assert "sk_live_" not in told + files


def test_a_killed_process_is_started_again_and_said_so(copy):
    names = rooms(copy.settings)
    before = {one["name"]: one for one in copy.status()["processes"]}
    for name in names:
        os.kill(before[name]["pid"], signal.SIGKILL)
    for name in names:
        copy.until_said(f"{name} │ ended (killed by SIGKILL), starting again in 0.5 s")
    copy.until(lambda: copy.status()["healthy"] and copy.api_is_ready(), "all of them to be back")
    after = [one for one in copy.status()["processes"] if one["name"] in names]
    assert [one["name"] for one in after] == list(names), "each once, the dead ones not among them"
    assert [one["restarts"] for one in after] == [1] * len(names)
    assert not {one["pid"] for one in after} & {one["pid"] for one in before.values()}
    assert "restarts: 1" in copy.ask("status")
