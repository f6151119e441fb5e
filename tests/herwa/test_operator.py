"""The operator's commands: what they print and what they change in the database."""

import asyncio
import json
import signal
from datetime import UTC, datetime, timedelta

import pytest
import typer
from sqlalchemy import delete, text
from typer.testing import CliRunner

from herwa.admin_cli import admin_app
from herwa.cli import app
from herwa.error_messages import describe_error
from herwa.texts import api_keys as api_key_texts
from herwa.texts import audit as audit_texts
from herwa.texts import operator as texts
from herwa.texts import privacy as privacy_texts
from herwa.texts import sessions as session_texts
from herwa_shared.auth.sessions import create_session, find_session_user
from herwa_shared.clock import utc_now
from herwa_shared.db import Database
from herwa_shared.embedded import lease_engines
from herwa_shared.exports import texts as export_texts
from herwa_shared.models import Guild, OperatorDay, Subscription, User
from herwa_shared.privacy.texts import GUILD_NOT_LEFT
from herwa_shared.services import discovery
from herwa_shared.services.api_key_authentication import KeyRefusal, authenticate_key
from herwa_shared.services.api_key_format import load_peppers
from herwa_shared.services.api_key_usage import KeyRequest, UsageBatch, save_usage
from herwa_shared.services.api_keys import list_keys
from herwa_shared.services.audit import SYSTEM, list_entries
from herwa_shared.services.audit_key import load_audit_key
from herwa_shared.services.audit_verification import list_chain_heads
from herwa_shared.services.guilds import GuildData, mark_guilds_left, save_guilds
from herwa_shared.services.policies import load_global_policy
from herwa_shared.services.subscriptions import get_current_tier
from tests.support.configurable_copy import open_copy, stop_with_signal

GARDEN, TEA, OTHER_TEA, UNPRINTABLE_NAME = range(1_100_000_000_000_000_001, 1_100_000_000_000_000_005)


class OperatorClient:
    """Runs operator commands on a copy whose databases run, and reads the result from the database.

    The commands run in this process, because a separate process takes seconds to start.
    """

    def __init__(self, copy, url):
        self.copy = copy
        self._url = url

    def run_command(self, *arguments):
        result = CliRunner().invoke(app, arguments, env=self.copy.environment)
        assert result.exit_code == 0, result
        return result.stdout.strip()

    def run_json_command(self, *arguments):
        return json.loads(self.run_command(*arguments, "--json"))

    def run_refused_command(self, *arguments):
        """Run a command that must fail and return its error message."""
        result = CliRunner().invoke(app, arguments, env=self.copy.environment)
        assert (result.exit_code, result.stdout) == (1, ""), result
        return describe_error(result.exception)

    def run_in_transaction(self, operation):
        async def run_operation():
            database = Database(self._url, pool_size=1, audit_key=load_audit_key(self.copy.settings, self.copy.folder))
            try:
                async with database.transaction() as session:
                    return await operation(session)
            finally:
                await database.close()

        return asyncio.run(run_operation())

    def get_current_tier(self, guild_id):
        return self.run_in_transaction(lambda session: get_current_tier(session, guild_id=guild_id, now=utc_now()))

    def list_audit_entries(self, guild_id):
        return self.run_in_transaction(lambda session: list_entries(session, guild_id=guild_id))


@pytest.fixture(scope="module")
def operator():
    with open_copy() as copy:
        assert copy.run_command("migrate").returncode == 0
        with lease_engines(copy.settings, copy.folder) as lease:
            client = OperatorClient(copy, lease.urls.database)
            joined_at = datetime(2024, 1, 1, tzinfo=UTC)
            names = {GARDEN: "The Garden", TEA: "Tea", OTHER_TEA: "Tea"}

            async def save_servers(session):
                await save_guilds(session, [GuildData(id_, name, 1, None, 5, joined_at) for id_, name in names.items()])
                await discovery.register(session, (), ())

            client.run_in_transaction(save_servers)
            yield client


def test_export_of_one_channel_is_created_paused_resumed_and_canceled(operator):
    create = ("export", "create", "--guild", "The Garden", "--data", "messages", "--channel", "77")
    assert operator.run_json_command(*create, "--dry-run") == {"estimated_rows": 0, "estimated_bytes": 0, "parts": 0}
    export = operator.run_json_command(*create, "--from", "2025-01-01", "--to", "2025-02-01", "--format", "parquet")
    expected = {"channel_id": "77", "data": ["messages"], "from": "2025-01-01T00:00:00+00:00", "format": "parquet"}
    assert {name: export[name] for name in expected} == expected
    assert "channel 77" in operator.run_command("export", "list", "--guild", "The Garden")
    target = (export["id"], "--guild", "The Garden")
    states = [
        operator.run_json_command("export", action, *target)["state"]
        for action in ("pause", "show", "resume", "cancel", "show")
    ]
    assert states == ["paused", "paused", "queued", "canceled", "canceled"]
    assert operator.run_refused_command("export", "resume", *target) == export_texts.NOT_RUNNING
    assert operator.run_refused_command("export", "show", export["id"], "--guild", str(TEA)) == export_texts.NO_EXPORT
    actions = [entry.action for entry in operator.list_audit_entries(GARDEN)][:4]
    assert actions == ["export.cancel", "export.resume", "export.pause", "export.create"]


def test_events_of_exports_are_listed_after_one_of_them(operator):
    async def add_events(session):
        sql = """INSERT INTO export_job (guild_id, data_sets, format, from_at, to_at, border_at, created_at, state)
            VALUES (:guild, ARRAY['summaries'], 'csv', now(), now(), now(), now(), 'ready') RETURNING id"""
        event_sql = (
            "INSERT INTO export_event (guild_id, export_id, type, occurred_at) VALUES (:guild, :id, :type, now())"
        )
        export_id = await session.scalar(text(sql), {"guild": TEA})
        for type_ in ("export.ready", "export.failed"):
            await session.execute(text(event_sql), {"guild": TEA, "id": export_id, "type": type_})
        return str(export_id)

    assert operator.run_command("export", "events", "--guild", str(OTHER_TEA)) == "No events."
    export_id = operator.run_in_transaction(add_events)
    target = ("export", "events", "--guild", str(TEA))
    events = operator.run_json_command(*target)
    assert [(event["export_id"], event["type"]) for event in events] == [
        (export_id, "export.ready"),
        (export_id, "export.failed"),
    ]
    assert operator.run_json_command(*target, "--after", events[0]["id"]) == events[1:]
    assert f"{events[1]['id']}: " in operator.run_command(*target)


def test_grant_and_revoke_change_the_tier_of_a_server(operator):
    output = operator.run_command("grant", "The Garden", "premium", "--days", "30", "--reason", "a gift")
    current_tier = operator.get_current_tier(GARDEN)
    assert current_tier.tier == "premium"
    assert timedelta(days=29.9) < current_tier.ends - utc_now() <= timedelta(days=30)
    assert output == texts.format_tier("The Garden", GARDEN, "Premium", current_tier.ends)
    free_tier = texts.format_tier("The Garden", GARDEN, "Free", None)
    assert operator.run_command("revoke", "The Garden", "--reason", "over") == free_tier
    assert operator.get_current_tier(GARDEN).tier == "free"
    assert operator.run_command("revoke", "The Garden") == texts.format_nothing_granted("The Garden", free_tier)

    entries = operator.run_command("audit", "--guild", "The Garden").splitlines()
    lines = [line for line in entries if "subscription." in line]  # other tests export the server's history
    assert len(lines) == 2
    assert "subscription.revoke" in lines[0]
    assert "over" in lines[0]
    assert "(cli)" in lines[1]
    verified = operator.list_audit_entries(GARDEN)
    assert operator.run_command("audit", "--guild", "The Garden", "--verify") == audit_texts.format_verified_log(
        len(verified), verified[0].digest.hex()
    )


def test_ambiguous_server_name_requires_the_id(operator):
    error = operator.run_refused_command("grant", "Tea", "premium")
    assert str(TEA) in error
    assert str(OTHER_TEA) in error
    assert operator.run_command("grant", str(TEA), "premium") == texts.format_tier("Tea", TEA, "Premium", None)
    assert operator.get_current_tier(OTHER_TEA).tier == "free"


@pytest.mark.parametrize(
    ("arguments", "expected_text"),
    [
        (["grant", "The Gardn", "premium"], texts.format_similar_guilds("The Gardn", f"{GARDEN} (The Garden)")),
        (["grant", str(GARDEN + 9), "premium"], f"{GARDEN} (The Garden)"),
        (["revoke", "garden"], "The Garden"),
        (["grant", "The Garden", "platinum"], "free, premium"),
        (["grant", "The Garden", "premium", "--days", "0"], "1 to 3650"),
        (["kill-switch", "voice.stat", "on", "--reason", "x"], "voice.stats"),
        (["kill-switch", "voice.stats", "on"], "1 to 200"),
        (["kill-switch", "essentials.help", "on", "--reason", "x"], "Help"),
        (["audit", "--guild", "Gardem"], "The Garden"),
    ],
)
def test_error_message_names_the_accepted_values(operator, arguments, expected_text):
    assert expected_text in operator.run_refused_command(*arguments)


def test_kill_switch_switches_a_feature_off_and_on(operator):
    reason = "The numbers are wrong."
    assert operator.run_command("kill-switch", "voice.stats", "on", "--reason", reason) == (
        texts.format_kill_switch_on("Voice stats", reason)
    )
    assert operator.run_in_transaction(load_global_policy).kill_switches == {"voice.stats": reason}
    assert texts.OFF_EVERYWHERE in operator.run_command("tiers")
    off_text = texts.format_kill_switch_off("voice.stats")
    assert operator.run_command("kill-switch", "voice.stats", "off") == off_text
    assert operator.run_command("kill-switch", "voice.stats", "off") == off_text + texts.NO_CHANGE
    assert operator.run_in_transaction(load_global_policy).kill_switches == {}
    heads = operator.run_in_transaction(list_chain_heads)
    assert None in {head.guild_id for head in heads}
    assert operator.run_command("audit", "--verify").splitlines() == [
        audit_texts.format_verified_logs(len(heads), sum(head.number for head in heads)),
        audit_texts.NO_ANCHORS,
    ]


def test_tiers_are_shown_as_a_table_and_as_json(operator):
    table = operator.run_command("tiers")
    titles = ("Free", "Premium", "Server stats", *texts.LIMIT_TITLES.values())
    for part in (*titles, "server.stats", texts.UNLIMITED, "1,000"):
        assert part in table
    payload = json.loads(operator.run_command("tiers", "--json"))
    free, premium = payload["tiers"]
    assert (free["key"], premium["key"], premium["inherits"]) == ("free", "premium", "free")
    assert (free["limits"]["history_days"], premium["limits"]["history_days"]) == (90, None)
    assert "server.stats" in free["features"]


def test_worker_records_expired_subscriptions(operator):
    ends_at = utc_now() - timedelta(minutes=1)

    async def add_subscription(session):
        period = {
            "starts_at": ends_at - timedelta(days=1),
            "ends_at": ends_at,
            "source": "trial",
            "granted_by": "operator",
        }
        session.add(Subscription(guild_id=OTHER_TEA, tier_key="premium", **period))

    operator.run_in_transaction(add_subscription)
    worker = operator.copy.start_command("worker")
    operator.copy.wait_until(lambda: operator.list_audit_entries(OTHER_TEA), "the worker to record the expiry")
    assert stop_with_signal(worker, signal.SIGTERM) == 0
    (entry,) = operator.list_audit_entries(OTHER_TEA)
    assert (entry.action, entry.actor, entry.before["tier"], entry.after["tier"]) == (
        "subscription.expire",
        SYSTEM,
        "premium",
        "free",
    )


def test_control_characters_in_a_server_name_are_not_printed(operator):
    async def save_server(session):
        await save_guilds(session, [GuildData(UNPRINTABLE_NAME, "\x1b[2J\r\nfree", 1, None, 5, utc_now())])

    operator.run_in_transaction(save_server)
    assert operator.run_command("grant", str(UNPRINTABLE_NAME), "premium") == texts.format_tier(
        "�[2J��free", UNPRINTABLE_NAME, "Premium", None
    )


def test_command_on_an_unmigrated_database_suggests_migrate():
    with open_copy() as copy, lease_engines(copy.settings, copy.folder):
        result = copy.run_command("tiers")
    assert (result.returncode, result.stdout) == (1, "")
    assert result.stderr == f"{texts.SCHEMA_OUTDATED}\n"


def test_revoked_key_is_listed_as_revoked_and_refused(operator):
    key = operator.run_command("keys", "create", "--guild", str(GARDEN), "--name", "website")
    (status,) = operator.run_in_transaction(lambda session: list_keys(session, guild_id=GARDEN))
    assert api_key_texts.STATES["valid"] in operator.run_command("keys", "list", "--guild", str(GARDEN))

    printed = operator.run_command("keys", "revoke", str(status.id), "--guild", str(GARDEN))
    assert printed == api_key_texts.format_revoked(status.id, "website", key[-4:])
    listed = operator.run_command("keys", "list", "--guild", str(GARDEN))
    assert api_key_texts.STATES["revoked"] in listed
    assert key not in listed
    peppers = load_peppers(operator.copy.settings, operator.copy.folder)
    refusal = operator.run_in_transaction(
        lambda session: authenticate_key(session, key=key, peppers=peppers, now=utc_now())
    )
    assert refusal is KeyRefusal.REVOKED


def test_rotated_key_is_replaced_after_the_overlap(operator):
    operator.run_command("grant", str(TEA), "premium")
    old = operator.run_command(
        "keys", "create", "--guild", str(TEA), "--name", "shop", "--scope", "stats:read", "--days", "30"
    )
    old_id = operator.run_in_transaction(lambda session: list_keys(session, guild_id=TEA))[0].id
    new = operator.run_command("keys", "rotate", str(old_id), "--guild", str(TEA), "--overlap-hours", "0")
    new_status = operator.run_in_transaction(lambda session: list_keys(session, guild_id=TEA))[0]
    listed = operator.run_command("keys", "list", "--guild", str(TEA))

    assert new.startswith("sk_live_hw_")
    assert (new_status.name, new_status.scopes, new_status.hint) == ("shop", {"stats:read"}, new[-4:])
    assert api_key_texts.format_replaced(new_status.id) in listed
    peppers = load_peppers(operator.copy.settings, operator.copy.folder)
    refusal = operator.run_in_transaction(
        lambda session: authenticate_key(session, key=old, peppers=peppers, now=utc_now())
    )
    assert refusal is KeyRefusal.EXPIRED
    actions = [entry.action for entry in operator.list_audit_entries(TEA)]
    assert actions[:2] == ["api_key.rotate", "api_key.create"]
    operator.run_command("keys", "revoke", str(new_status.id), "--guild", str(TEA))
    operator.run_command("revoke", str(TEA))


def test_use_of_a_key_is_shown(operator):
    created = operator.run_json_command("keys", "create", "--guild", str(OTHER_TEA), "--name", "website")
    key_id, endpoint = created["details"]["id"], "GET /api/guilds/{guild_id}/stats"
    batch = UsageBatch()
    for status, code in ((200, ""), (200, ""), (403, "forbidden")):
        batch.add(KeyRequest(int(key_id), utc_now(), endpoint, status, code, 12, "4f1d"))
    operator.run_in_transaction(lambda session: save_usage(session, batch))

    printed = operator.run_command("keys", "usage", key_id, "--guild", str(OTHER_TEA), "--days", "2")
    assert printed.splitlines()[0].startswith("3 requests")
    assert endpoint in printed
    assert "forbidden" in printed
    usage = operator.run_json_command("keys", "usage", key_id, "--guild", str(OTHER_TEA))
    assert [(row["endpoint"], row["requests"], row["client_errors"]) for row in usage["endpoints"]] == [
        (endpoint, 3, 1)
    ]
    assert [(group["status"], group["code"]) for group in usage["errors"]] == [(403, "forbidden")]
    assert len(usage["last_requests"]) == 3
    operator.run_refused_command("keys", "usage", key_id, "--guild", str(GARDEN))

    [listed] = operator.run_json_command("keys", "list", "--guild", str(OTHER_TEA))
    assert (listed["id"], listed["status"], listed["scopes"]) == (key_id, "valid", ["stats:read", "members:read"])
    assert listed["last_used_at"] == usage["last_requests"][0]["at"]
    new = operator.run_json_command("keys", "rotate", key_id, "--guild", str(OTHER_TEA))
    assert (new["key"][-4:], new["details"]["name"]) == (new["details"]["hint"], "website")
    for ended_id in (key_id, new["details"]["id"]):
        ended = operator.run_json_command("keys", "revoke", ended_id, "--guild", str(OTHER_TEA))
        assert ended["status"] == "revoked"


def test_number_of_keys_is_that_of_the_tier(operator):
    operator.run_command("keys", "create", "--guild", str(TEA), "--name", "first")
    operator.run_refused_command("keys", "create", "--guild", str(TEA), "--name", "second")
    key = operator.run_in_transaction(lambda session: list_keys(session, guild_id=TEA))[0]
    operator.run_command("keys", "revoke", str(key.id), "--guild", str(TEA))


def test_key_of_another_server_cannot_be_revoked(operator):
    operator.run_command("keys", "create", "--guild", str(OTHER_TEA), "--name", "website")
    status, *_ = operator.run_in_transaction(lambda session: list_keys(session, guild_id=OTHER_TEA))
    operator.run_refused_command("keys", "revoke", str(status.id), "--guild", str(GARDEN))
    unchanged, *_ = operator.run_in_transaction(lambda session: list_keys(session, guild_id=OTHER_TEA))
    assert unchanged.revoked_at is None


def test_user_is_erased_from_one_server_and_the_operators_log_does_not_name_them(operator):
    user_id = 1_200_000_000_000_000_001
    output = operator.run_command("privacy", "erase-user", str(user_id), "--guild", "The Garden", "--yes")
    assert output == privacy_texts.format_erased(user_id, "The Garden")
    entry = operator.list_audit_entries(None)[0]
    assert (entry.action, entry.target) == ("member.erase", str(GARDEN))
    assert str(user_id) not in repr(entry)


def test_only_a_server_that_the_bot_left_is_deleted(operator):
    left_id, left_at = 1_100_000_000_000_000_009, datetime(2026, 11, 1, tzinfo=UTC)

    async def save_left_server(session):
        await save_guilds(session, [GuildData(left_id, "Left", 1, None, 5, datetime(2024, 1, 1, tzinfo=UTC))])
        await mark_guilds_left(session, [left_id])
        (await session.get(Guild, left_id)).left_at = left_at

    operator.run_in_transaction(save_left_server)
    contents = privacy_texts.format_guild_contents("Left", left_id, left_at, members=0, channels=0, audit_entries=0)
    assert operator.run_command("privacy", "delete-guild", "Left", "--dry-run") == contents
    assert operator.run_command("privacy", "delete-guild", "Left", "--yes") == privacy_texts.format_guild_deleted(
        "Left"
    )
    entry = operator.list_audit_entries(None)[0]
    assert (entry.action, entry.target) == ("guild.delete", str(left_id))
    assert str(left_id) in operator.run_refused_command("privacy", "delete-guild", str(left_id), "--yes")
    assert GUILD_NOT_LEFT in operator.run_refused_command("privacy", "delete-guild", "The Garden", "--yes")


def test_log_ins_of_one_user_or_of_all_users_are_ended(operator):
    user_ids = [1_200_000_000_000_000_010, 1_200_000_000_000_000_011]

    async def log_in(session):
        session.add_all([User(id=user_id, name="Ada") for user_id in user_ids])
        await session.flush()
        return [await create_session(session, user_id=user_id, now=utc_now()) for user_id in user_ids]

    async def list_open(session):
        found = [await find_session_user(session, token=token, now=utc_now()) for token in tokens]
        return [user.user_id for user in found if user]

    tokens = operator.run_in_transaction(log_in)
    output = operator.run_command("end-sessions", str(user_ids[0]), "--yes")
    assert output == session_texts.format_ended(user_ids[0], 1)
    assert operator.run_in_transaction(list_open) == user_ids[1:]
    entry = operator.list_audit_entries(None)[0]
    assert (entry.action, entry.target) == ("sessions.end", "user")
    assert str(user_ids[0]) not in repr(entry)

    assert operator.run_command("end-sessions", "--yes") == session_texts.format_ended(None, 1)
    assert operator.run_in_transaction(list_open) == []
    assert operator.run_command("end-sessions", "--yes") == session_texts.format_ended(None, 0)


def test_admin_finds_and_changes_servers(operator):
    found = operator.run_json_command("admin", "servers", "gard")
    assert [(item["id"], item["tier"]) for item in found["items"]] == [(str(GARDEN), "free")]
    details = operator.run_json_command(
        "admin", "grant", "The Garden", "premium", "--days", "7", "--trial", "--reason", "Try it"
    )
    assert (details["tier"], details["subscriptions"][0]["source"]) == ("premium", "trial")
    first_end = details["tier_ends"]
    assert (
        operator.run_json_command("admin", "extend", "The Garden", "3", "--reason", "Outage")["tier_ends"] > first_end
    )
    details = operator.run_json_command("admin", "limit", "The Garden", "api_keys", "20", "--reason", "Agency")
    override = details["overrides"][0]
    assert (override["limit"], override["value"]) == ("api_keys", 20)
    operator.run_json_command("admin", "feature", "The Garden", "voice.stats", "--days", "2", "--reason", "Test")
    details = operator.run_json_command(
        "admin", "revoke-override", "The Garden", str(override["id"]), "--reason", "Test ended"
    )
    assert [item["revoked_at"] is None for item in details["overrides"]] == [True, False]
    assert operator.run_json_command("admin", "note", "The Garden", "asked")["notes"][0]["text"] == "asked"
    assert operator.run_json_command("admin", "revoke", "The Garden", "--reason", "over")["tier"] == "free"
    assert operator.run_json_command("admin", "server", "The Garden")["id"] == str(GARDEN)
    assert "Give a reason" in operator.run_refused_command("admin", "revoke", "The Garden", "--reason", " ")
    acts = [entry["action"] for entry in operator.run_json_command("admin", "audit") if entry["target"] == str(GARDEN)]
    assert acts[:4] == ["server.revoke", "server.note", "server.override_revoke", "server.feature"]
    assert "The Garden" in operator.run_command("admin", "servers", "gard")


def test_admin_changes_tiers_after_a_dry_run(operator):
    arguments = ("admin", "tier", "free", "--limit", "widgets=5", "--remove", "voice.stats", "--reason", "Prices")
    effects = operator.run_json_command(*arguments, "--dry-run")
    assert {(effect["key"], effect["gaining"] > 0, effect["losing"] > 0) for effect in effects} == {
        ("widgets", True, False),
        ("voice.stats", False, True),
    }
    assert operator.run_in_transaction(load_global_policy).tiers["free"].limits["widgets"] == 1
    operator.run_json_command("admin", "tier", "free", "--limit", "widgets=5", "--reason", "Prices")
    assert operator.run_in_transaction(load_global_policy).tiers["free"].limits["widgets"] == 5
    operator.run_json_command("admin", "tier", "free", "--limit", "widgets=1", "--reason", "Prices")
    sku = ("admin", "tier", "premium", "--reason", "Prices", "--sku")
    assert operator.run_json_command(*sku, "123456789012345678") == []
    tiers = {tier["key"]: tier for tier in operator.run_json_command("tiers")["tiers"]}
    assert tiers["premium"]["sku_id"] == "123456789012345678"
    assert operator.run_refused_command(*sku, "12345")
    operator.run_json_command(*sku, "none")
    tiers = operator.run_json_command(
        "admin", "create-tier", "starter", "Starter", "--above", "free", "--reason", "New"
    )
    assert [tier["key"] for tier in tiers][:2] == ["free", "starter"]
    tiers = operator.run_json_command("admin", "delete-tier", "starter", "--reason", "Not needed")
    assert "starter" not in [tier["key"] for tier in tiers]
    arguments = ("admin", "lowest-tier", "voice.stats", "premium", "--reason", "Prices", "--dry-run")
    assert operator.run_json_command(*arguments)[0]["losing"] > 0
    assert "free, premium" in operator.run_refused_command("admin", "tier", "gold", "--reason", "Prices")


def test_admin_shows_the_numbers_of_each_day(operator):
    numbers = {"servers": 3, "members": 15, "events": 40, "commands": 7, "refused": 2, "added": 1, "removed": 0}
    now = utc_now()

    async def replace_days(session):
        await session.execute(delete(OperatorDay))
        session.add(OperatorDay(day=now.date(), refreshed_at=now, **numbers))

    operator.run_in_transaction(replace_days)
    overview = operator.run_json_command("admin", "overview")
    assert overview["days"] == [{"day": now.date().isoformat(), **numbers}]
    assert overview["refreshed_at"] == now.isoformat()


def test_admin_announces_and_switches(operator):
    [item] = operator.run_json_command("admin", "announce", "Offline on Sunday", "--hours", "48")
    assert item["text"] == "Offline on Sunday"
    [item] = operator.run_json_command("admin", "end-announcement", str(item["id"]))
    assert item["ended_at"] is not None
    reason = "Being repaired."
    [switch] = operator.run_json_command("admin", "kill-switch", "voice.stats", "on", "--reason", reason)
    assert (switch["feature"], switch["reason"]) == ("voice.stats", reason)
    assert operator.run_json_command("admin", "kill-switch", "voice.stats", "off") == []
    result = CliRunner().invoke(app, ("admin", "health", "--json"), env=operator.copy.environment)
    assert result.exit_code == 1
    subjects = {problem["subject"] for problem in json.loads(result.stdout)["problems"]}
    assert {"bot", "worker", "api", "web"} <= subjects


def test_every_admin_command_has_json():
    commands = typer.main.get_command(admin_app).commands
    assert len(commands) >= 18
    for name, command in commands.items():
        assert "--json" in {option for parameter in command.params for option in parameter.opts}, name
