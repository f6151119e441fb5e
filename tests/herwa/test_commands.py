"""Commands of the CLI without a running copy: help, invalid input, error messages."""

import json
import socket

import pytest
from click import Command
from typer.main import get_command
from typer.testing import CliRunner

from herwa.cli import app
from herwa.commands.replay import replay_and_record
from herwa.texts import errors, history, startup
from herwa.texts import status as status_texts
from herwa_shared.config import DiscordSettings, Settings
from herwa_shared.errors import ServiceUnavailable
from tests.support.configurable_copy import run_bare_command, write_history

runner = CliRunner()


def list_commands(command: Command = None, path=()):
    """Paths of all commands and command groups, as tuples of names."""
    command = command or get_command(app)
    yield path
    for name, subcommand in getattr(command, "commands", {}).items():
        yield from list_commands(subcommand, (*path, name))


@pytest.mark.parametrize("path", list_commands(), ids=" ".join)
def test_every_command_has_help(path):
    result = runner.invoke(app, [*path, "--help"])
    assert result.exit_code == 0
    assert len(result.output.split()) > 10


def test_help_lists_the_commands():
    result = run_bare_command("--help")
    assert result.returncode == 0
    assert "herwa [OPTIONS] COMMAND" in result.stdout
    assert {"up", "bot", "api", "web", "worker", "sim", "migrate", "status", "pipeline", "keys"} <= set(
        result.stdout.split()
    )


@pytest.mark.parametrize(
    ("command", "code", "expected_text"),
    [
        (["keys", "create", "--guild", "abc", "--name", "n"], 2, "--guild"),
        (["keys", "create", "--guild", "99999999999999999999", "--name", "n"], 2, "--guild"),
        (["keys", "create", "--guild", "1"], 2, "--name"),
        (["pipeline", "drain", "--timeout", "-1"], 2, "--timeout"),
        (["sim", "replay", "missing.csv", "--guild", "G"], 2, "missing.csv"),
        (["sim", "replay", "pyproject.toml", "--guild", "G", "--from", "May"], 2, "--from"),
        (
            ["sim", "replay", "pyproject.toml", "--guild", "G", "--from", "2024-01-02", "--to", "2024-01-02"],
            2,
            history.END_BEFORE_START,
        ),
        (["nonsense"], 2, "nonsense"),
    ],
)
def test_invalid_arguments_are_refused_with_an_error_message(tmp_path, command, code, expected_text):
    result = runner.invoke(app, command, env={"HERWA_DATA_DIR": str(tmp_path / "data"), "COLUMNS": "200"})
    assert (result.exit_code, result.stdout) == (code, "")
    assert expected_text in result.stderr
    assert isinstance(result.exception, SystemExit), "the command must exit without a traceback"
    assert not (tmp_path / "data").exists(), "the command must fail before it creates files"


@pytest.mark.parametrize(
    ("command", "name", "value"),
    [
        ("up", "HERWA_PORT", "geheim"),
        pytest.param("status", "DATABASE_URL", "geheim", marks=pytest.mark.slow),
        pytest.param("migrate", "CLICKHOUSE_URL", "http://herwa:geheim@host:geheim/x", marks=pytest.mark.slow),
        pytest.param("migrate", "REDIS_URL", "redis://:geheim@host:geheim/0", marks=pytest.mark.slow),
        pytest.param("status", "REDIS_URL", "http://geheim", marks=pytest.mark.slow),
    ],
)
def test_invalid_setting_is_reported_without_its_value(tmp_path, command, name, value):
    result = run_bare_command(command, **{"HERWA_DATA_DIR": str(tmp_path / "data"), name: value})
    assert result.returncode == 1
    assert name in result.stderr
    assert "Traceback" not in result.stderr
    assert "geheim" not in result.stderr


@pytest.mark.parametrize("command", ["up", "worker"])
def test_data_folder_that_cannot_be_created_is_reported(command):
    result = run_bare_command(command, HERWA_DATA_DIR="/dev/null/data")
    assert result.returncode == 1
    assert result.stderr == "/dev/null/data: Not a directory.\n"


@pytest.mark.slow
def test_unreachable_database_is_reported_without_its_password(tmp_path):
    database_url = "postgresql://herwa:geheim@127.0.0.1:1/herwa"
    clickhouse_url = "http://herwa:geheim@127.0.0.1:1/herwa"
    settings = {"HERWA_DATA_DIR": str(tmp_path), "DATABASE_URL": database_url, "CLICKHOUSE_URL": clickhouse_url}
    result = run_bare_command("up", HERWA_PORT="29117", **settings)
    assert result.returncode == 1
    assert errors.format_connection_error("").split(":")[0] in result.stderr
    assert "Traceback" not in result.stderr
    assert "geheim" not in result.stderr + result.stdout
    status = run_bare_command("status", "--json", **settings)
    [problem] = json.loads(status.stdout)["problems"]
    assert problem.startswith(status_texts.format_database_down("").split(":")[0])
    assert "geheim" not in status.stdout


def test_status_of_a_stopped_copy_shows_how_to_start_and_creates_no_files(tmp_path):
    settings = {"HERWA_DATA_DIR": str(tmp_path / "data"), "HERWA_PORT": "29117"}
    result = run_bare_command("status", **settings)
    assert result.returncode == 0
    assert status_texts.COPY_STOPPED in result.stdout
    assert not (tmp_path / "data").exists()


def test_occupied_port_is_reported_with_the_setting_that_changes_it(tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = str(listener.getsockname()[1])
        result = run_bare_command("up", HERWA_DATA_DIR=str(tmp_path), HERWA_PORT=port)
    assert result.returncode == 1
    assert result.stderr == f"{startup.format_port_in_use(int(port))}\n"
    assert not (tmp_path / "postgres").exists(), "the command must fail before it starts an engine"
    assert not (tmp_path / "run" / "up.json").exists()


def test_replay_without_a_local_discord_shows_what_to_start(tmp_path):
    file = write_history(tmp_path, "2024-01-01T00:00:00Z,general,chat,,1,5,0")
    result = run_bare_command("sim", "replay", str(file), "--guild", "G", HERWA_DATA_DIR=str(tmp_path / "data"))
    assert (result.returncode, result.stdout) == (1, "")
    assert "`herwa up`" in result.stderr


async def test_replay_into_the_real_discord_is_refused(tmp_path):
    settings = Settings(
        HERWA_DATA_DIR=tmp_path, discord=DiscordSettings(DISCORD_TOKEN="geheim", HERWA_DISCORD_URL=None)
    )
    with pytest.raises(ServiceUnavailable, match=errors.REAL_DISCORD):
        await replay_and_record(settings, tmp_path / "any.csv", guild="G", start=None, end=None)
