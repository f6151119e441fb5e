"""Several copies on one machine: they are isolated, or one uses the databases and the Discord of another."""

import os
import shutil
import signal
import subprocess
import sys

import httpx
import pytest
from pydantic import SecretStr

from herwa.supervisor.up import list_process_names
from herwa.texts import startup
from herwa_shared.config import DiscordSettings, Settings
from herwa_shared.embedded import lease_engines
from tests.support.configurable_copy import open_copy, stop_with_signal, write_history

READ_CAPABILITY_ARGUMENTS = ("--inh-caps", "+dac_read_search", "--ambient-caps", "+dac_read_search")
UNPRIVILEGED_PREFIX = ("setpriv", "--reuid", "65534", "--regid", "65534", "--clear-groups")


def can_run_herwa(prefix: tuple[str, ...]) -> bool:
    """True when Python and a Python child process can import herwa under this command prefix."""
    script = "import subprocess, sys; subprocess.run([sys.executable, '-c', 'import herwa'], check=True)"
    return subprocess.run([*prefix, sys.executable, "-c", script], capture_output=True, check=False).returncode == 0


def find_unprivileged_prefix() -> tuple[str, ...]:
    """Find a command prefix that runs a command as another account, when the tests run as root; else return ().

    The second candidate keeps the capability to read every file, because Python may be installed under /root.
    """
    if os.geteuid() != 0 or shutil.which("setpriv") is None:
        return ()
    return next(
        (
            prefix
            for prefix in (UNPRIVILEGED_PREFIX, (*UNPRIVILEGED_PREFIX, *READ_CAPABILITY_ARGUMENTS))
            if can_run_herwa(prefix)
        ),
        (),
    )


@pytest.mark.slow
def test_copies_of_two_accounts_are_isolated(copy, tmp_path):
    with open_copy() as other:
        other.prefix = find_unprivileged_prefix()
        if other.prefix:
            for path in (other.folder.path, *other.folder.path.rglob("*")):
                os.chown(path, 65534, 65534)
        other.start_all()
        if other.prefix:
            assert {process.uids().effective for process in other.list_processes()} == {65534}
        guild_id = other.replay(write_history(tmp_path, "2024-01-01T00:00:00Z,general,chat,,1,5,0"), "Only Here")[
            "guild_id"
        ]
        api_key = other.check_output("keys", "create", "--guild", guild_id, "--name", "n")
        own_status, other_status = copy.get_status(), other.get_status()
        assert not {process["pid"] for process in own_status["processes"]} & {
            process["pid"] for process in other_status["processes"]
        }
        assert not set(own_status["ports"].values()) & set(other_status["ports"].values())
        assert "Only Here" in other.list_known_servers()
        assert "Only Here" not in copy.list_known_servers()
        request_options = {"headers": {"Authorization": f"Bearer {api_key}"}}
        assert httpx.get(f"{other.base_url}/api/guilds/{guild_id}/stats", **request_options).status_code == 200
        assert httpx.get(f"{copy.base_url}/api/guilds/{guild_id}/stats", **request_options).status_code == 401
        other.stop_all()
        other.assert_stopped()
    assert copy.get_status()["healthy"], "stopping one copy must not affect the other"


@pytest.fixture(scope="module")
def external_services(copy):
    """Settings with another copy's databases, and with the Discord and the bot token of the running copy."""
    with open_copy() as database_copy, lease_engines(database_copy.settings, database_copy.folder) as lease:
        yield {
            "DATABASE_URL": lease.urls.database,
            "DATABASE_OWNER_URL": lease.urls.database_owner,
            "CLICKHOUSE_URL": lease.urls.clickhouse,
            "CLICKHOUSE_WRITER_URL": lease.urls.clickhouse_writer,
            "REDIS_URL": lease.urls.redis,
            "HERWA_DISCORD_URL": f"http://127.0.0.1:{copy.folder.get_or_create_port('sim')}",
            "DISCORD_TOKEN": copy.folder.get_or_create_secret("local_discord_token"),
        }


@pytest.mark.slow
def test_configured_token_and_urls_replace_embedded_services(copy, external_services):
    with open_copy(**external_services) as other:
        other.start_all()
        other.wait_for_output(startup.PRESS_CTRL_C)
        status = other.get_status()
        settings = Settings(discord=DiscordSettings(DISCORD_TOKEN=SecretStr("any"), HERWA_DISCORD_URL=None))
        assert (
            [process["name"] for process in status["processes"]]
            == list(list_process_names(settings))
            == ["worker", "api", "bot", "web"]
        )
        assert status["problems"] == []
        assert not {"sim", "postgres", "clickhouse", "redis"} & set(status["ports"])
        assert not (other.folder.path / "postgres").exists()
        assert f"on {external_services['HERWA_DISCORD_URL']}" in other.read_output()

        sim = copy.open_sim_client()
        guild_id = sim.create_guild("Heard Elsewhere")
        channel, ada = sim.create_channel(guild_id, "chat"), sim.join(guild_id, "Ada")
        other.wait_until(
            lambda: "Heard Elsewhere" in other.list_known_servers(), "the other bot to save the new server"
        )
        for _ in range(3):
            sim.send_message(channel, ada)
        sim.close()
        other.drain()
        assert other.create_api_client(str(guild_id)).get("/stats", metric="messages")["total"] == 3

        other.stop_all()
        other.assert_stopped()
        output = other.read_output() + "".join(file.read_text() for file in other.folder.logs_dir.iterdir())
        for secret in (
            external_services["DATABASE_URL"],
            external_services["CLICKHOUSE_URL"],
            external_services["REDIS_URL"],
            external_services["DISCORD_TOKEN"],
        ):
            assert secret not in output
        assert "Traceback" not in output


@pytest.mark.slow
def test_unknown_token_is_reported_at_every_retry(external_services):
    with open_copy(**{**external_services, "DISCORD_TOKEN": "not-a-token"}) as other:
        up_process = other.launch()
        for seconds in (0.5, 1, 2):
            other.wait_for_output(f"bot │ {startup.format_process_ended(startup.format_exit_code(2), seconds)}")
        output = other.read_output()
        assert output.count("error: Discord does not know this token: set DISCORD_TOKEN") == 3
        assert "not-a-token" not in output
        other.wait_until(other.is_api_ready, "the API to be ready without the bot")
        status = other.get_status()
        assert not status["healthy"]
        assert any("bot" in problem for problem in status["problems"])
        assert stop_with_signal(up_process, signal.SIGINT) == 0
        other.assert_stopped()
