"""What the doctor says to a person whose machine, settings or copy has something the matter."""

import json
import socket
from contextlib import closing
from pathlib import Path

import pytest

from tests.herwa.copies import command_by_itself
from tests.sim.process import SimProcess


def doctor(tmp_path: Path, **settings: str) -> tuple[int, dict[str, dict]]:
    """The exit code, and the findings by what was looked at."""
    own = {"HERWA_DATA_DIR": str(tmp_path / "data"), **settings}
    done = command_by_itself("doctor", "--json", **own)
    assert done.stdout, done.stderr
    return done.returncode, {one["subject"]: one for one in json.loads(done.stdout)}


@pytest.fixture
def free_port() -> str:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        return str(listening.getsockname()[1])


def test_a_machine_that_never_ran_herwa_is_told_what_there_is_and_stays_untouched(tmp_path, free_port):
    code, found = doctor(tmp_path, HERWA_PORT=free_port)
    assert code == 0
    assert found[f"Port {free_port}"]["found"] == "free"
    assert "made at the first start" in found["Data folder"]["found"]
    assert found["Fonts"]["grade"] == "good"
    assert "`herwa up` starts" in found["Discord"]["found"]
    assert list(tmp_path.iterdir()) == []


def test_a_port_that_another_program_holds_is_named_with_that_program(tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        code, found = doctor(tmp_path, HERWA_PORT=port)
    assert code == 1
    assert found[f"Port {port}"]["found"].startswith("taken by ")
    assert "HERWA_PORT" in found[f"Port {port}"]["mend"]


def test_a_file_in_the_place_of_the_data_folder_is_told(tmp_path, free_port):
    (tmp_path / "data").write_text("")
    code, found = doctor(tmp_path, HERWA_PORT=free_port)
    assert code == 1
    assert "HERWA_DATA_DIR" in found["Data folder"]["mend"]


def test_a_database_that_does_not_answer_is_told_by_the_setting_and_never_with_its_password(tmp_path, free_port):
    url = f"postgresql://herwa:canary@127.0.0.1:{free_port}/herwa"
    code, found = doctor(tmp_path, HERWA_PORT=free_port, DATABASE_URL=url)
    assert code == 1
    assert found["PostgreSQL"]["grade"] == "wrong"
    assert "DATABASE_URL" in found["PostgreSQL"]["mend"]
    assert "canary" not in json.dumps(found)


@pytest.mark.slow
def test_a_token_that_discord_does_not_know_a_missing_intent_and_a_missing_log_in_are_told(tmp_path, free_port):
    folder = tmp_path / "sim"
    folder.mkdir()
    with closing(SimProcess(folder, "--quiet")) as sim:
        where = {"HERWA_PORT": free_port, "HERWA_DISCORD_URL": sim.url}
        code, found = doctor(tmp_path, **where, DISCORD_TOKEN="nonsense")
        assert code == 1
        assert found["Discord"]["found"] == "does not know this token"

        sim.client.set_application(privileged=[])
        code, found = doctor(tmp_path, **where, DISCORD_TOKEN=sim.token)
        assert found["Discord"]["grade"] == "good"
        assert "joins and leaves are not counted" in found["Server members intent"]["found"]
        assert "DISCORD_CLIENT_ID and DISCORD_CLIENT_SECRET" in found["Log-in"]["mend"]
        assert f"http://localhost:{free_port}/auth/callback" in found["Log-in"]["mend"]

        sim.client.set_application(privileged=["members"])
        code, found = doctor(
            tmp_path, **where, DISCORD_TOKEN=sim.token, DISCORD_CLIENT_ID="7", DISCORD_CLIENT_SECRET="secret"
        )
        assert found["Server members intent"]["found"] == "granted"
        assert found["Log-in"]["found"] == "DISCORD_CLIENT_ID is another application's"
