"""Copies beside each other: they do not meet, and one may use the databases and the Discord of another."""

import os
import shutil
import signal
import subprocess
import sys

import httpx
import pytest
from pydantic import SecretStr

from herwa.supervisor.up import rooms
from herwa_shared.config import DiscordSettings, Settings
from herwa_shared.embedded import lease_engines
from tests.herwa.copies import copy_of_its_own, history, stopped_by

READ_ALL = ("--inh-caps", "+dac_read_search", "--ambient-caps", "+dac_read_search")
AS_NOBODY = ("setpriv", "--reuid", "65534", "--regid", "65534", "--clear-groups")


def runs_herwa(prefix: tuple[str, ...]) -> bool:
    """True when Python, and another one that it starts, may be run that way."""
    again = "import subprocess, sys; subprocess.run([sys.executable, '-c', 'import herwa'], check=True)"
    return subprocess.run([*prefix, sys.executable, "-c", again], capture_output=True, check=False).returncode == 0


def not_root() -> tuple[str, ...]:
    """What makes a command another account's when the tests are root's. It may read everything, for a Python in /root."""
    if os.geteuid() != 0 or shutil.which("setpriv") is None:
        return ()
    return next((prefix for prefix in (AS_NOBODY, (*AS_NOBODY, *READ_ALL)) if runs_herwa(prefix)), ())


@pytest.mark.slow
def test_two_copies_of_two_accounts_do_not_meet(copy, tmp_path):
    with copy_of_its_own() as other:
        other.prefix = not_root()
        if other.prefix:
            for place in (other.folder.path, *other.folder.path.rglob("*")):
                os.chown(place, 65534, 65534)
        other.up()
        if other.prefix:
            assert {process.uids().effective for process in other.processes()} == {65534}
        guild_id = other.replay(history(tmp_path, "2024-01-01T00:00:00Z,general,chat,,1,5,0"), "Only Here")["guild_id"]
        here = other.ask("keys", "create", "--guild", guild_id, "--name", "n")
        ours, theirs = copy.status(), other.status()
        assert not {one["pid"] for one in ours["processes"]} & {one["pid"] for one in theirs["processes"]}
        assert not set(ours["ports"].values()) & set(theirs["ports"].values())
        assert "Only Here" in other.known_servers()
        assert "Only Here" not in copy.known_servers()
        asked = {"headers": {"Authorization": f"Bearer {here}"}}
        assert httpx.get(f"{other.address}/api/guilds/{guild_id}/stats", **asked).status_code == 200
        assert httpx.get(f"{copy.address}/api/guilds/{guild_id}/stats", **asked).status_code == 401
        other.down()
        other.assert_gone()
    assert copy.status()["healthy"], "the end of one is nothing to the other"


@pytest.fixture(scope="module")
def elsewhere(copy):
    """Settings that name databases that somebody else runs, and the running copy's Discord with its bot's token."""
    with copy_of_its_own() as third, lease_engines(third.settings, third.folder) as lease:
        yield {
            "DATABASE_URL": lease.urls.database,
            "CLICKHOUSE_URL": lease.urls.clickhouse,
            "HERWA_DISCORD_URL": f"http://127.0.0.1:{copy.folder.port('sim')}",
            "DISCORD_TOKEN": copy.folder.secret("local_discord_token"),
        }


@pytest.mark.slow
def test_token_and_addresses_replace_what_a_copy_would_start(copy, elsewhere):
    with copy_of_its_own(**elsewhere) as other:
        other.up()
        other.until_said("Ctrl-C stops everything")
        status = other.status()
        settings = Settings(discord=DiscordSettings(DISCORD_TOKEN=SecretStr("any"), HERWA_DISCORD_URL=None))
        assert [one["name"] for one in status["processes"]] == list(rooms(settings)) == ["worker", "api", "bot", "web"]
        assert status["healthy"]
        assert not {"sim", "postgres", "clickhouse"} & set(status["ports"])
        assert not (other.folder.path / "postgres").exists()
        assert f"servers of {elsewhere['HERWA_DISCORD_URL']}" in other.all_said()

        sim = copy.sim()
        guild_id = sim.create_guild("Heard Elsewhere")
        channel, ada = sim.create_channel(guild_id, "chat"), sim.join(guild_id, "Ada")
        other.until(lambda: "Heard Elsewhere" in other.known_servers(), "the news")
        for _ in range(3):
            sim.say(channel, ada)
        sim.close()
        other.drain()
        assert other.reader(str(guild_id)).get("/stats", metric="messages")["total"] == 3

        other.down()
        other.assert_gone()
        told = other.all_said() + "".join(file.read_text() for file in other.folder.logs.iterdir())
        for secret in (elsewhere["DATABASE_URL"], elsewhere["CLICKHOUSE_URL"], elsewhere["DISCORD_TOKEN"]):
            assert secret not in told
        assert "Traceback" not in told


@pytest.mark.slow
def test_a_token_that_discord_does_not_know_is_told_at_every_ever_rarer_try(elsewhere):
    with copy_of_its_own(**{**elsewhere, "DISCORD_TOKEN": "not-a-token"}) as other:
        up = other.begin()
        for seconds in ("0.5", "1", "2"):
            other.until_said(f"bot │ ended (exit 2), starting again in {seconds} s")
        said = other.all_said()
        assert said.count("error: Discord does not know this token: set DISCORD_TOKEN") == 3
        assert "not-a-token" not in said
        other.until(other.api_is_ready, "the rest to go on")
        status = other.status()
        assert not status["healthy"]
        assert any("bot" in problem for problem in status["problems"])
        assert stopped_by(up, signal.SIGINT) == 0
        other.assert_gone()
