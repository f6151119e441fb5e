"""`herwa doctor`: it finds problems of the machine, the settings and the copy."""

import json
import os
import socket
from contextlib import closing
from pathlib import Path

import pytest

from herwa.doctor import machine
from herwa.doctor.check_result import Severity
from herwa.texts import doctor as texts
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
    assert checks[f"Port {free_port}"]["detail"] == texts.PORT_FREE
    assert checks["Data folder"]["detail"] == texts.format_new_folder(tmp_path / "data")
    assert checks["Fonts"]["severity"] == "ok"
    assert checks["Discord"]["detail"] == texts.LOCAL_DISCORD_STOPPED
    assert list(tmp_path.iterdir()) == []


@pytest.mark.slow
def test_doctor_names_the_program_that_occupies_the_port(tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = str(listener.getsockname()[1])
        code, checks = run_doctor(tmp_path, HERWA_PORT=port)
    assert code == 1
    assert str(os.getpid()) in checks[f"Port {port}"]["detail"]
    assert "HERWA_PORT" in checks[f"Port {port}"]["fix"]


@pytest.mark.slow
def test_doctor_reports_a_file_instead_of_the_data_folder(tmp_path, free_port):
    (tmp_path / "data").write_text("")
    code, checks = run_doctor(tmp_path, HERWA_PORT=free_port)
    assert code == 1
    assert "HERWA_DATA_DIR" in checks["Data folder"]["fix"]


@pytest.mark.slow
def test_doctor_reports_an_unreachable_database_without_its_password(tmp_path, free_port):
    url = f"postgresql://herwa:canary@127.0.0.1:{free_port}/herwa"
    code, checks = run_doctor(tmp_path, HERWA_PORT=free_port, DATABASE_URL=url)
    assert code == 1
    assert checks["PostgreSQL"]["severity"] == "error"
    assert "DATABASE_URL" in checks["PostgreSQL"]["fix"]
    assert "canary" not in json.dumps(checks)


@pytest.mark.parametrize(
    ("version", "severity"),
    [((3, 10, 2), Severity.ERROR), ((3, 11, 0), Severity.OK), ((3, 14, 1), Severity.OK), ((3, 15, 0), Severity.ERROR)],
)
def test_doctor_accepts_the_pythons_that_packages_are_locked_for(monkeypatch, version, severity):
    monkeypatch.setattr(machine.sys, "version_info", version)
    [check] = machine._check_python()
    assert check.severity == severity


def test_slow_check_of_the_pages_is_a_warning(monkeypatch):
    monkeypatch.setattr(machine, "BUILD_CHECK_TIMEOUT_SECONDS", 0.01)
    [check] = [check for check in machine.check_machine() if check.subject == texts.SUBJECT_PAGES]

    assert (check.severity, check.detail) == (Severity.WARNING, texts.PAGES_NOT_CHECKED)


@pytest.mark.slow
def test_doctor_reports_an_unknown_token_a_missing_intent_and_a_missing_login(tmp_path, free_port):
    folder = tmp_path / "sim"
    folder.mkdir()
    with closing(SimProcess(folder, "--quiet")) as sim:
        common_settings = {"HERWA_PORT": free_port, "HERWA_DISCORD_URL": sim.url}
        code, checks = run_doctor(tmp_path, **common_settings, DISCORD_TOKEN="nonsense")
        assert code == 1
        assert checks["Discord"]["detail"] == texts.REJECTED_BY_DISCORD

        sim.client.set_application(privileged=[])
        code, checks = run_doctor(tmp_path, **common_settings, DISCORD_TOKEN=sim.token)
        assert checks["Discord"]["severity"] == "ok"
        assert checks[texts.SUBJECT_MEMBERS_INTENT]["detail"] == texts.MEMBERS_INTENT_MISSING
        assert "DISCORD_CLIENT_ID and DISCORD_CLIENT_SECRET" in checks["Log-in"]["fix"]
        assert f"http://localhost:{free_port}/auth/callback" in checks["Log-in"]["fix"]

        sim.client.set_application(privileged=["members"])
        code, checks = run_doctor(
            tmp_path, **common_settings, DISCORD_TOKEN=sim.token, DISCORD_CLIENT_ID="7", DISCORD_CLIENT_SECRET="secret"
        )
        assert checks[texts.SUBJECT_MEMBERS_INTENT]["detail"] == texts.INTENT_GRANTED
        assert checks["Log-in"]["detail"] == texts.CLIENT_ID_MISMATCH
