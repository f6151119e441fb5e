"""The operator at a shell: what each command says, and that it holds in the database of that copy."""

import asyncio
import json
from datetime import UTC, datetime, timedelta

import pytest
from typer.testing import CliRunner

from herwa.cli import app
from herwa.error_messages import sentence
from herwa_shared.clock import utc_now
from herwa_shared.db import Database
from herwa_shared.embedded import lease_engines
from herwa_shared.models import Subscription
from herwa_shared.services import discovery
from herwa_shared.services.audit import SYSTEM, entries
from herwa_shared.services.guilds import GuildSeen, save_guilds
from herwa_shared.services.policies import load_offer
from herwa_shared.services.subscriptions import in_force
from tests.herwa.copies import copy_of_its_own

GARDEN, TEA, OTHER_TEA, TRAP = range(1_100_000_000_000_000_001, 1_100_000_000_000_000_005)


class Operated:
    """A copy whose databases run, with three servers and every feature."""

    def __init__(self, copy, url):
        self.copy = copy
        self._url = url

    def says(self, *words):
        return self.copy.ask(*words)

    def refuses(self, *words):
        """What it tells instead of doing it; typed here, as a process of its own takes a second to start."""
        done = CliRunner().invoke(app, words, env=self.copy.environment)
        assert (done.exit_code, done.stdout) == (1, ""), done
        return sentence(done.exception)

    def asks(self, question):
        async def ask():
            database = Database(self._url, pool_size=1)
            try:
                async with database.transaction() as session:
                    return await question(session)
            finally:
                await database.close()

        return asyncio.run(ask())

    def tier_of(self, guild_id):
        return self.asks(lambda session: in_force(session, guild_id=guild_id, now=utc_now()))

    def log_of(self, guild_id):
        return self.asks(lambda session: entries(session, guild_id=guild_id))


@pytest.fixture(scope="module")
def operated():
    with copy_of_its_own() as copy:
        assert copy.herwa("migrate").returncode == 0
        with lease_engines(copy.settings, copy.folder) as lease:
            made = Operated(copy, lease.urls.database)
            joined = datetime(2024, 1, 1, tzinfo=UTC)
            names = {GARDEN: "The Garden", TEA: "Tea", OTHER_TEA: "Tea"}

            async def begin(session):
                await save_guilds(session, [GuildSeen(id_, name, 1, None, 5, joined) for id_, name in names.items()])
                await discovery.register(session, (), ())

            made.asks(begin)
            yield made


def test_a_server_is_granted_a_tier_by_its_name_and_loses_it_again(operated):
    said = operated.says("grant", "The Garden", "premium", "--days", "30", "--reason", "a gift")
    held = operated.tier_of(GARDEN)
    assert held.tier == "premium"
    assert timedelta(days=29.9) < held.ends - utc_now() <= timedelta(days=30)
    assert said == f"The Garden ({GARDEN}) has Premium until {held.ends:%Y-%m-%d %H:%M} UTC."
    assert operated.says("revoke", "The Garden", "--reason", "over") == f"The Garden ({GARDEN}) has Free."
    assert operated.tier_of(GARDEN).tier == "free"
    assert operated.says("revoke", "The Garden").startswith("Nothing was granted to The Garden.")

    lines = operated.says("audit", "--guild", "The Garden").splitlines()
    assert len(lines) == 2
    assert "subscription.revoke" in lines[0]
    assert "over" in lines[0]
    assert "(cli)" in lines[1]
    assert operated.says("audit", "--guild", "The Garden", "--verify").startswith("All 2 entries are as they were")


def test_a_server_is_named_by_its_id_where_its_name_is_not_its_own(operated):
    said = operated.refuses("grant", "Tea", "premium")
    assert "2 servers “Tea”" in said
    assert str(TEA) in said
    assert str(OTHER_TEA) in said
    assert operated.says("grant", str(TEA), "premium") == f"Tea ({TEA}) has Premium."
    assert operated.tier_of(OTHER_TEA).tier == "free"


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["grant", "The Gardn", "premium"], f"Did you mean {GARDEN} (The Garden)?"),
        (["grant", str(GARDEN + 9), "premium"], f"{GARDEN} (The Garden)"),
        (["revoke", "garden"], "The Garden"),
        (["grant", "The Garden", "platinum"], "There are free, premium."),
        (["grant", "The Garden", "premium", "--days", "0"], "1 to 3650"),
        (["kill-switch", "voice.stat", "on", "--reason", "x"], "voice.stats"),
        (["kill-switch", "voice.stats", "on"], "Say why"),
        (["kill-switch", "essentials.help", "on", "--reason", "x"], "essential"),
        (["audit", "--guild", "Gardem"], "The Garden"),
    ],
)
def test_what_cannot_be_done_is_told_in_a_sentence_that_names_what_can(operated, words, told):
    assert told in operated.refuses(*words)


def test_a_feature_goes_off_everywhere_and_comes_back(operated):
    reason = "The numbers are wrong; mended by noon."
    assert operated.says("kill-switch", "voice.stats", "on", "--reason", reason) == (
        f"Voice stats is off in every server: {reason}"
    )
    assert operated.asks(load_offer).kill_switches == {"voice.stats": reason}
    assert "off everywhere" in operated.says("tiers")
    assert operated.says("kill-switch", "voice.stats", "off").startswith("No kill switch holds voice.stats")
    assert operated.says("kill-switch", "voice.stats", "off").endswith("It was so already.")
    assert operated.asks(load_offer).kill_switches == {}
    assert operated.says("audit", "--verify").startswith("All 2 entries")


def test_tiers_are_shown_as_a_table_and_as_json(operated):
    table = operated.says("tiers")
    for words in ("Free", "Premium", "Server stats", "server.stats", "unlimited", "1,000", "History days"):
        assert words in table
    told = json.loads(operated.says("tiers", "--json"))
    free, premium = told["tiers"]
    assert (free["key"], premium["key"], premium["inherits"]) == ("free", "premium", "free")
    assert (free["limits"]["history_days"], premium["limits"]["history_days"]) == (90, None)
    assert "server.stats" in free["features"]


def test_the_worker_writes_down_what_ended_by_itself(operated):
    ends = utc_now() - timedelta(minutes=1)

    async def begin(session):
        term = {"starts_at": ends - timedelta(days=1), "ends_at": ends, "source": "trial", "granted_by": "operator"}
        session.add(Subscription(guild_id=OTHER_TEA, tier_key="premium", **term))

    operated.asks(begin)
    operated.copy.start("worker")
    operated.copy.until(lambda: operated.log_of(OTHER_TEA), "the worker to note the end")
    (entry,) = operated.log_of(OTHER_TEA)
    assert (entry.action, entry.actor, entry.before["tier"], entry.after["tier"]) == (
        "subscription.expire",
        SYSTEM,
        "premium",
        "free",
    )


def test_a_server_whose_name_is_a_trap_for_terminals_is_told_harmlessly(operated):
    async def begin(session):
        await save_guilds(session, [GuildSeen(TRAP, "\x1b[2J\r\nfree", 1, None, 5, utc_now())])

    operated.asks(begin)
    assert operated.says("grant", str(TRAP), "premium") == f"�[2J��free ({TRAP}) has Premium."


def test_a_copy_whose_database_is_not_set_up_says_what_to_do():
    with copy_of_its_own() as copy, lease_engines(copy.settings, copy.folder):
        done = copy.herwa("tiers")
    assert (done.returncode, done.stdout) == (1, "")
    assert "herwa migrate" in done.stderr
