"""`herwa doctor`: it finds problems of the machine, the settings and the copy."""

import json
import socket
from contextlib import closing
from pathlib import Path

import pytest

from tests.support.configurable_copy import run_bare_command
from tests.support.sim_process import SimProcess


def run_doctor(tmp_path: Path, **settings: str) -> tuple[int, dict[str, dict]]:
    """Run `herwa doctor --json`; return its exit code and its checks by subject."""
    all_settings = {"HERWA_DATA_DIR": str(tmp_path / "data"), **settings}
    result = run_bare_command("doctor", "--json", **all_settings)
    assert result.stdout, result.stderr
    return result.returncode, {check["subject"]: check for check in json.loads(result.stdout)}


@pytest.fixture
def free_port() -> str:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return str(listener.getsockname()[1])


def test_doctor_reports_a_new_machine_and_creates_no_files(tmp_path, free_port):
    code, checks = run_doctor(tmp_path, HERWA_PORT=free_port)
    assert code == 0
    assert checks[f"Port {free_port}"]["found"] == "free"
    assert "made at the first start" in checks["Data folder"]["found"]
    assert checks["Fonts"]["grade"] == "good"
    assert "`herwa up` starts" in checks["Discord"]["found"]
    assert list(tmp_path.iterdir()) == []


def test_doctor_names_the_program_that_occupies_the_port(tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = str(listener.getsockname()[1])
        code, checks = run_doctor(tmp_path, HERWA_PORT=port)
    assert code == 1
    assert checks[f"Port {port}"]["found"].startswith("taken by ")
    assert "HERWA_PORT" in checks[f"Port {port}"]["mend"]


def test_doctor_reports_a_file_instead_of_the_data_folder(tmp_path, free_port):
    (tmp_path / "data").write_text("")
    code, checks = run_doctor(tmp_path, HERWA_PORT=free_port)
    assert code == 1
    assert "HERWA_DATA_DIR" in checks["Data folder"]["mend"]


def test_doctor_reports_an_unreachable_database_without_its_password(tmp_path, free_port):
    url = f"postgresql://herwa:canary@127.0.0.1:{free_port}/herwa"
    code, checks = run_doctor(tmp_path, HERWA_PORT=free_port, DATABASE_URL=url)
    assert code == 1
    assert checks["PostgreSQL"]["grade"] == "wrong"
    assert "DATABASE_URL" in checks["PostgreSQL"]["mend"]
    assert "canary" not in json.dumps(checks)


@pytest.mark.slow
def test_doctor_reports_an_unknown_token_a_missing_intent_and_a_missing_login(tmp_path, free_port):
    folder = tmp_path / "sim"
    folder.mkdir()
    with closing(SimProcess(folder, "--quiet")) as sim:
        common_settings = {"HERWA_PORT": free_port, "HERWA_DISCORD_URL": sim.url}
        code, checks = run_doctor(tmp_path, **common_settings, DISCORD_TOKEN="nonsense")
        assert code == 1
        assert checks["Discord"]["found"] == "does not know this token"

        sim.client.set_application(privileged=[])
        code, checks = run_doctor(tmp_path, **common_settings, DISCORD_TOKEN=sim.token)
        assert checks["Discord"]["grade"] == "good"
        assert "joins and leaves are not counted" in checks["Server members intent"]["found"]
        assert "DISCORD_CLIENT_ID and DISCORD_CLIENT_SECRET" in checks["Log-in"]["mend"]
        assert f"http://localhost:{free_port}/auth/callback" in checks["Log-in"]["mend"]

        sim.client.set_application(privileged=["members"])
        code, checks = run_doctor(
            tmp_path, **common_settings, DISCORD_TOKEN=sim.token, DISCORD_CLIENT_ID="7", DISCORD_CLIENT_SECRET="secret"
        )
        assert checks["Server members intent"]["found"] == "granted"
        assert checks["Log-in"]["found"] == "DISCORD_CLIENT_ID is another application's"
