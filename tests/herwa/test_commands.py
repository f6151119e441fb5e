"""Commands by themselves: help, bad input, and what is told where nothing runs."""

import json
import socket

import pytest
from click import Command
from typer.main import get_command
from typer.testing import CliRunner

from herwa.cli import app
from herwa.commands.replay import replay_into
from herwa_shared.config import DiscordSettings, Settings
from herwa_shared.errors import Unreachable
from tests.herwa.copies import command_by_itself, history

typed = CliRunner()


def commands(command: Command = None, path=()):
    """Every command and group of them, by what is typed."""
    command = command or get_command(app)
    yield path
    for name, part in getattr(command, "commands", {}).items():
        yield from commands(part, (*path, name))


@pytest.mark.parametrize("path", commands(), ids=" ".join)
def test_every_command_has_help(path):
    done = typed.invoke(app, [*path, "--help"])
    assert done.exit_code == 0
    assert len(done.output.split()) > 10


def test_help_says_which_commands_there_are():
    said = command_by_itself("--help")
    assert said.returncode == 0
    assert "herwa [OPTIONS] COMMAND" in said.stdout
    assert {"up", "bot", "api", "web", "worker", "sim", "migrate", "status", "pipeline", "keys"} <= set(
        said.stdout.split()
    )


@pytest.mark.parametrize(
    ("command", "code", "words"),
    [
        (["keys", "create", "--guild", "abc", "--name", "n"], 2, "--guild"),
        (["keys", "create", "--guild", "99999999999999999999", "--name", "n"], 2, "--guild"),
        (["keys", "create", "--guild", "1"], 2, "--name"),
        (["pipeline", "drain", "--timeout", "-1"], 2, "--timeout"),
        (["sim", "replay", "missing.csv", "--guild", "G"], 2, "missing.csv"),
        (["sim", "replay", "pyproject.toml", "--guild", "G", "--from", "May"], 2, "--from"),
        (["sim", "replay", "pyproject.toml", "--guild", "G", "--from", "2024-01-02", "--to", "2024-01-02"], 2, "after"),
        (["nonsense"], 2, "nonsense"),
    ],
)
def test_bad_words_are_refused_with_a_sentence(tmp_path, command, code, words):
    done = typed.invoke(app, command, env={"HERWA_DATA_DIR": str(tmp_path / "data"), "COLUMNS": "200"})
    assert (done.exit_code, done.stdout) == (code, "")
    assert words in done.stderr
    assert isinstance(done.exception, SystemExit), "no traceback"
    assert not (tmp_path / "data").exists(), "refused before anything was made"


@pytest.mark.parametrize(
    ("command", "name", "value"),
    [
        ("up", "HERWA_PORT", "geheim"),
        ("status", "DATABASE_URL", "geheim"),
        ("migrate", "CLICKHOUSE_URL", "http://herwa:geheim@host:geheim/x"),
    ],
)
def test_a_bad_setting_is_named_and_its_value_is_not_shown(tmp_path, command, name, value):
    done = command_by_itself(command, **{"HERWA_DATA_DIR": str(tmp_path / "data"), name: value})
    assert done.returncode == 1
    assert name in done.stderr
    assert "Traceback" not in done.stderr
    assert "geheim" not in done.stderr


@pytest.mark.parametrize("command", ["up", "worker"])
def test_a_data_folder_that_cannot_be_made_is_named(command):
    done = command_by_itself(command, HERWA_DATA_DIR="/dev/null/data")
    assert done.returncode == 1
    assert done.stderr == "/dev/null/data: Not a directory.\n"


def test_a_database_that_does_not_answer_is_told_without_its_password(tmp_path):
    nowhere = "postgresql://herwa:geheim@127.0.0.1:1/herwa"
    clickhouse = "http://herwa:geheim@127.0.0.1:1/herwa"
    settings = {"HERWA_DATA_DIR": str(tmp_path), "DATABASE_URL": nowhere, "CLICKHOUSE_URL": clickhouse}
    done = command_by_itself("up", HERWA_PORT="29117", **settings)
    assert done.returncode == 1
    assert "does not answer" in done.stderr
    assert "Traceback" not in done.stderr
    assert "geheim" not in done.stderr + done.stdout
    status = command_by_itself("status", "--json", **settings)
    assert any("PostgreSQL does not answer" in problem for problem in json.loads(status.stdout)["problems"])
    assert "geheim" not in status.stdout


def test_status_where_nothing_runs_says_how_to_start_and_makes_nothing(tmp_path):
    settings = {"HERWA_DATA_DIR": str(tmp_path / "data"), "HERWA_PORT": "29117"}
    done = command_by_itself("status", **settings)
    assert done.returncode == 0
    assert "start it with `herwa up`" in done.stdout
    assert not (tmp_path / "data").exists()


def test_a_taken_port_is_told_with_the_setting_that_mends_it(tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        done = command_by_itself("up", HERWA_DATA_DIR=str(tmp_path), HERWA_PORT=port)
    assert done.returncode == 1
    assert port in done.stderr
    assert "HERWA_PORT" in done.stderr
    assert not (tmp_path / "postgres").exists(), "nothing was started"
    assert not (tmp_path / "run" / "up.json").exists()


def test_replay_without_a_local_discord_says_what_to_start(tmp_path):
    file = history(tmp_path, "2024-01-01T00:00:00Z,general,chat,,1,5,0")
    done = command_by_itself("sim", "replay", str(file), "--guild", "G", HERWA_DATA_DIR=str(tmp_path / "data"))
    assert (done.returncode, done.stdout) == (1, "")
    assert "is `herwa up` running?" in done.stderr


async def test_replay_into_the_real_discord_is_refused(tmp_path):
    real = Settings(HERWA_DATA_DIR=tmp_path, discord=DiscordSettings(DISCORD_TOKEN="geheim", HERWA_DISCORD_URL=None))
    with pytest.raises(Unreachable, match="without DISCORD_TOKEN"):
        await replay_into(real, tmp_path / "any.csv", guild="G", start=None, end=None)
