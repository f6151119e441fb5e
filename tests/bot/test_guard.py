"""The guard of the bot: settings and rules take effect on commands and buttons."""

import asyncio
from functools import partial

import httpx
import pytest
from sqlalchemy import text

from herwa_bot.texts import buttons, errors
from herwa_bot.texts import help as help_texts
from herwa_bot.texts.refusals import format_retry
from herwa_shared.catalog import FeatureKey
from herwa_shared.guardrail.policy import PlaceKind, SubjectKind, TargetKind
from herwa_shared.guardrail.refusal_texts import build_toggle_refusal
from herwa_shared.policy_cache.notifications import publish_policy_change
from herwa_shared.services import channel_lists
from herwa_shared.services.features import set_feature, set_module
from herwa_shared.services.texts import UNKNOWN_SERVER
from tests.bot.expected_refusals import (
    expect_audience_refusal,
    expect_channel_refusal,
    expect_rule_refusal,
    format_expected,
)
from tests.support.db_assertions import fetch_rows, wait_until_stored
from tests.support.member_client import MANAGER, get_button_ids
from tests.support.waiting import wait_until

STATS = (TargetKind.COMMAND, "server-stats")
EVERYTHING = (TargetKind.EVERYTHING, "")
MANAGE_MESSAGES = 1 << 13
MANAGE_SERVER = 1 << 5
ADMINISTRATOR = 1 << 3

INSERT_SLOW_TIER = (
    "INSERT INTO tier (key, title, rank, inherits) VALUES ('slow', 'Slow', 5, 'free') ON CONFLICT DO NOTHING"
)
INSERT_SLOW_LIMIT = """
INSERT INTO tier_limit (tier_key, limit_key, value) VALUES ('slow', 'member_commands_a_minute', 2) ON CONFLICT DO NOTHING
"""
INSERT_SLOW_SUBSCRIPTION = """
INSERT INTO subscription (guild_id, tier_key, source, starts_at, reason, granted_by, created_at)
VALUES (:guild_id, 'slow', 'manual', now(), 'a test', 'a test', now())
"""


async def apply_slow_tier(session, *, guild_id):
    """Give the guild a tier that allows a member two commands a minute."""
    for statement in (INSERT_SLOW_TIER, INSERT_SLOW_LIMIT):
        await session.execute(text(statement))
    await session.execute(text(INSERT_SLOW_SUBSCRIPTION), {"guild_id": guild_id})
    await publish_policy_change(session, guild_id=None)


def set_feature_enabled(members, feature, enabled):
    return members.run_in_transaction(
        partial(set_feature, guild_id=members.server.id, feature=feature, enabled=enabled, actor=MANAGER)
    )


async def test_server_without_settings_can_use_free_features(members):
    message = await members.run("server-stats")
    assert not message.ephemeral
    assert len(message.attachments) == 1


async def test_disabled_feature_gets_an_ephemeral_refusal(members):
    await set_feature_enabled(members, FeatureKey.SERVER_STATS, False)
    await members.wait_for_verdict("No", "server-stats")
    refusal = await members.run("server-stats")
    assert refusal.ephemeral
    assert refusal.content == format_expected(build_toggle_refusal("Server stats"))
    await set_feature_enabled(members, FeatureKey.SERVER_STATS, True)
    await members.wait_for_verdict("Yes", "server-stats")
    assert not (await members.run("server-stats")).ephemeral


async def test_disabled_module_refuses_its_commands(members):
    server = members.server
    await members.run_in_transaction(
        partial(set_module, guild_id=server.id, module="activity", enabled=False, actor=MANAGER)
    )
    await members.wait_for_verdict("No", "server-stats")
    assert (await members.run("server-stats")).content == format_expected(
        build_toggle_refusal("Server stats", "Activity")
    )


async def test_role_rule_applies_to_the_roles_in_the_interaction(members, sim):
    server = members.server
    role = sim.client.create_role(server.id, "Newcomers")
    sim.client.set_roles(server.id, server.bob, [role])
    await members.add_rule(allow=False, subject=(SubjectKind.ROLE, role), target=STATS, note="**not** yet")
    await members.wait_for_verdict("No", "server-stats", user=server.bob)
    refusal = await members.run("server-stats", user=server.bob)
    assert refusal.content == expect_rule_refusal("server-stats", STATS, note="**not** yet")
    assert not (await members.run("server-stats")).ephemeral
    sim.client.set_roles(server.id, server.bob, [])
    assert not (await members.run("server-stats", user=server.bob)).ephemeral


async def test_permission_rule_applies_to_the_permissions_computed_by_discord(members, sim):
    server = members.server
    await members.add_rule(allow=False, target=STATS)
    await members.add_rule(allow=True, subject=(SubjectKind.PERMISSION, MANAGE_MESSAGES), target=STATS)
    await members.wait_for_verdict("No", "server-stats")
    role = sim.client.create_role(server.id, "Moderators", permissions=MANAGE_MESSAGES)
    sim.client.set_roles(server.id, server.ada, [role])
    assert not (await members.run("server-stats")).ephemeral


@pytest.mark.parametrize("permissions", [None, ADMINISTRATOR])
async def test_owner_and_administrators_cannot_be_locked_out(members, sim, permissions):
    server = members.server
    user = server.owner
    if permissions is not None:
        user = server.bob
        role = sim.client.create_role(server.id, "Admins", permissions=permissions)
        sim.client.set_roles(server.id, user, [role])
    await members.add_rule(allow=False, target=EVERYTHING)
    await members.wait_for_verdict("No", "server-stats")
    assert (await members.run("server-stats")).ephemeral
    assert not (await members.run("server-stats", user=user)).ephemeral


async def test_category_rule_applies_to_its_channels_and_their_threads(members, sim):
    server = members.server
    category = sim.client.create_channel(server.id, "Desk", type_=4)
    desk = sim.client.create_channel(server.id, "desk", parent_id=category)
    thread = sim.client.create_thread(desk, "one case")
    await members.add_rule(allow=False, target=STATS, place=(PlaceKind.CATEGORY, category))
    await members.wait_for_verdict("No", "server-stats", channel=desk)
    assert (await members.run("server-stats", channel=desk)).ephemeral
    assert (await members.run("server-stats", channel=thread)).ephemeral
    assert not (await members.run("server-stats")).ephemeral


async def test_channel_list_limits_commands_to_its_channels(members, sim):
    server = members.server
    desk = sim.client.create_channel(server.id, "desk")
    thread = sim.client.create_thread(desk, "one case")
    await members.run_in_transaction(
        partial(
            channel_lists.add_places,
            guild_id=server.id,
            target_kind=TargetKind.EVERYTHING,
            target_key="",
            place_ids=[desk],
            actor=MANAGER,
        )
    )
    await members.wait_for_verdict("No", "server-stats")
    refusal = await members.run("server-stats")
    assert refusal.ephemeral
    assert refusal.content == expect_channel_refusal("server-stats", channels=[desk])
    assert not (await members.run("server-stats", channel=desk)).ephemeral
    assert not (await members.run("server-stats", channel=thread)).ephemeral


async def test_rate_limit_of_the_tier_applies_per_member(members):
    server = members.server
    await members.run_in_transaction(partial(apply_slow_tier, guild_id=server.id))
    refusals = []

    async def is_refused():
        replies = await asyncio.gather(*(members.run("server-stats") for _ in range(4)))
        refusals.extend(reply for reply in replies if reply.ephemeral)
        return bool(refusals)

    await wait_until(is_refused)
    assert refusals[0].content.startswith(format_retry("<t:").removesuffix("."))
    assert not (await members.run("server-stats", user=server.bob)).ephemeral
    assert (await members.run("help")).content.startswith(help_texts.HEADING)


async def test_button_is_checked_when_it_is_pressed(members, sim):
    server = members.server
    staff = sim.client.create_role(server.id, "Staff", permissions=MANAGE_SERVER)
    sim.client.set_roles(server.id, server.ada, [staff])
    reply = await members.run("features disable", {"what": "feature:server.stats"})
    await members.wait_for_verdict("No", "server-stats", user=server.bob)
    sim.client.set_roles(server.id, server.ada, [])
    *_, refusal = (await members.press(reply, buttons.UNDO)).messages
    assert refusal.ephemeral
    assert refusal.content == expect_audience_refusal("features enable")
    assert (await members.run("server-stats", user=server.bob)).ephemeral


async def test_command_of_an_earlier_version_is_refused_with_an_explanation(members, sim):
    await asyncio.to_thread(register_stale_command, sim, "old-stats")
    refusal = await members.run("old-stats")
    assert refusal.ephemeral
    assert refusal.content == errors.COMMAND_CHANGED


def register_stale_command(sim, name):
    """Register a command at Discord that the bot does not know."""
    url = f"{sim.url}/api/v10/applications/{sim.client.get_snapshot().application_id}/commands"
    with httpx.Client(headers={"Authorization": f"Bot {sim.token}"}, trust_env=False) as discord:
        registered_commands = discord.get(url).raise_for_status().json()
        commands = [
            {part: command[part] for part in ("name", "description", "type", "options", "contexts")}
            for command in registered_commands
        ]
        discord.put(url, json=[*commands, {"name": name, "description": "As it was", "type": 1}]).raise_for_status()


async def test_heartbeat_reports_the_policy_cache(members, bot):
    async def has_policy_counts():
        [(detail,)] = await fetch_rows(members.stores, "SELECT detail FROM process WHERE pid = :pid", pid=bot.pid)
        policies = detail.get("policies")
        return policies and policies["servers"] > 0 and policies["sweep_age_seconds"] is not None

    await wait_until(has_policy_counts)


async def test_commands_are_registered_as_surfaces(members):
    rows = await fetch_rows(
        members.stores, "SELECT key, audience FROM surface WHERE kind = 'command' AND retired_at IS NULL"
    )
    assert {("server-stats", "everyone"), ("permissions allow", "managers")} <= {tuple(row) for row in rows}


async def test_server_missing_from_the_database_gets_an_explanation(members, owner):
    server = members.server
    await owner.execute("DELETE FROM guild WHERE id = $1", server.id)
    target_options, channel_options = {"what": "/server-stats"}, {"where": str(server.channel)}
    for command, options in (
        ("features disable", {"what": "server.stats"}),
        ("permissions deny", target_options | {"who": str(server.bob)}),
        ("channels allow", target_options | channel_options),
    ):
        reply = await members.run(command, options, user=server.owner)
        assert reply.ephemeral
        assert reply.content == UNKNOWN_SERVER
    for command in ("features list", "permissions list", "channels list", "premium", "help"):
        assert (await members.run(command, user=server.owner)).content.startswith("**")
    refusal = await members.run("permissions list")
    [label] = get_button_ids(refusal)
    reply = (await members.press(refusal, label)).messages[-1]
    assert reply.content == UNKNOWN_SERVER


async def test_returning_server_keeps_its_settings(members, sim, bot):
    server = members.server
    await members.add_rule(allow=False, target=STATS)
    await set_feature_enabled(members, FeatureKey.VOICE_STATS, False)
    await members.wait_for_verdict("No", "server-stats")
    sim.client.remove_guild(server.id)
    await wait_until_stored(members.stores, bot)
    sim.client.add_bot(server.id)
    await wait_until_stored(members.stores, bot)
    assert (await members.run("server-stats")).content == expect_rule_refusal("server-stats", STATS)
    assert (await members.run("voice-stats")).content == format_expected(build_toggle_refusal("Voice stats"))
