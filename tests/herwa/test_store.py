"""`herwa sim store`: a server buys Premium in the local Discord, which refunds it and fails, all from a shell."""

import json
from contextlib import closing

import pytest
from typer.testing import CliRunner

from herwa.cli import app
from herwa.error_messages import describe_error
from herwa.texts import errors
from herwa.texts import store as texts
from tests.support.configurable_copy import ConfigurableCopy

NAME = "Shop of the shell"


class StoreClient:
    """Runs the commands in this process, because a separate process takes seconds to start."""

    def __init__(self, environment: dict[str, str]) -> None:
        self.environment = environment

    def run_json(self, *arguments: str) -> dict:
        result = CliRunner().invoke(app, [*arguments, "--json"], env=self.environment)
        assert result.exit_code == 0, result
        return json.loads(result.stdout)

    def run_refused(self, *arguments: str) -> str | None:
        result = CliRunner().invoke(app, arguments, env=self.environment)
        assert (result.exit_code, result.stdout) == (1, ""), result
        return describe_error(result.exception)

    def set_sku(self, sku_id: str) -> None:
        self.run_json("admin", "tier", "premium", "--sku", sku_id, "--reason", "test")

    def get_tier(self) -> str:
        return self.run_json("admin", "server", NAME)["tier"]


@pytest.mark.parametrize(
    "arguments",
    [("list",), ("buy", "Garden Club"), ("refund", "7"), ("end", "7"), ("fail", "on")],
    ids=lambda part: part[0],
)
@pytest.mark.parametrize("url", ["", "https://discord.com"])
def test_real_discord_is_refused(tmp_path, arguments, url):
    settings = {"HERWA_DATA_DIR": str(tmp_path), "DISCORD_TOKEN": "x", "HERWA_DISCORD_URL": url}
    assert StoreClient(settings).run_refused("sim", "store", *arguments) == errors.REAL_DISCORD


@pytest.mark.slow
def test_server_buys_premium_at_a_shell_and_keeps_it_while_discord_fails(copy: ConfigurableCopy):
    with closing(copy.open_sim_client()) as sim:
        guild_id = sim.create_guild(NAME)
        copy.wait_until(lambda: NAME in copy.list_known_servers(), "the bot to save the server")
        store = StoreClient(copy.environment)
        [sku] = store.run_json("sim", "store", "list")["skus"]
        store.set_sku(sku["id"])
        bought = store.run_json("sim", "store", "buy", NAME, "--days", "30")
        assert (bought["state"], bought["sku_id"], bought["guild_id"]) == ("active", sku["id"], str(guild_id))
        copy.wait_until(lambda: store.get_tier() == "premium", "the purchase to be in force")

        assert store.run_json("sim", "store", "fail", "on", "--status", "503") == {"fails_with": 503}
        refunded = store.run_json("sim", "store", "refund", bought["id"])
        assert refunded == bought | {"state": "refunded"}
        copy.wait_until(lambda: sim.enable_faults()["fail"]["struck"] > 0, "a check of purchases to fail")
        assert store.get_tier() == "premium"
        assert store.run_json("sim", "store", "fail", "off") == {"fails_with": None}
        copy.wait_until(lambda: store.get_tier() == "free", "the refund to be in force")

        again = store.run_json("sim", "store", "buy", str(guild_id), "--no-event")
        assert again["ends_at"] is None
        assert store.run_json("sim", "store", "end", again["id"])["state"] == "ended"
        listed = store.run_json("sim", "store", "list", "--guild", NAME)["purchases"]
        assert [(entry["id"], entry["state"]) for entry in listed] == [
            (again["id"], "ended"),
            (bought["id"], "refunded"),
        ]
        assert store.run_refused("sim", "store", "refund", again["id"]) == texts.format_not_active("ended")
        assert store.run_refused("sim", "store", "end", "7") == texts.UNKNOWN_PURCHASE
        assert NAME in (store.run_refused("sim", "store", "buy", NAME[:-1]) or "")
        store.set_sku("none")
