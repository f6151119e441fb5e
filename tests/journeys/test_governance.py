"""Governance end to end: a manager or the operator changes a policy, and members see the effect in Discord."""

import asyncio
import os
import subprocess
from collections.abc import AsyncIterator
from datetime import timedelta

import pytest
from sqlalchemy import text

from herwa_bot.texts import buttons, errors
from herwa_bot.texts import help as help_texts
from herwa_bot.texts import requests as request_texts
from herwa_bot.texts import why as why_texts
from herwa_shared.catalog import FeatureKey, TierKey
from herwa_shared.clock import utc_now
from herwa_shared.config import Settings
from herwa_shared.guardrail.policy import SubjectKind, TargetKind
from herwa_shared.guardrail.refusal_texts import build_kill_switch_refusal, build_tier_refusal
from herwa_shared.services import subscriptions, tiers
from herwa_shared.services.access_rules import NewRule
from herwa_shared.services.message_subscribers import MessageTopic, set_subscription
from herwa_shared.stores import Stores
from herwa_sim.client.types import DisplayedMessage
from tests.bot.expected_refusals import expect_channel_refusal, expect_rule_refusal, format_expected, is_refusal
from tests.support.access_rules import add_rule
from tests.support.member_client import MANAGER, MemberClient, get_button_ids
from tests.support.running_copy import HERWA_COMMAND
from tests.support.waiting import wait_until

CUT_CONNECTIONS_QUERY = """
SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'herwa policies' AND pid <> pg_backend_pid()
"""
CHANGE_WITHOUT_NOTIFY_QUERY = """
INSERT INTO policy_change (guild_id, version) VALUES (:guild, nextval('policy_version'))
ON CONFLICT (guild_id) DO UPDATE SET version = nextval('policy_version'), changed_in = pg_current_xact_id()
"""
INSERT_RULE_QUERY = """
INSERT INTO access_rule
    (guild_id, allow, subject_kind, subject_id, target_kind, target_key, place_kind, place_id, note, created_at)
VALUES (:guild, false, 'everyone', 0, 'command', 'server-stats', 'everywhere', 0, 'no notification sent', now())
"""
SERVER_STATS = (TargetKind.FEATURE, "server.stats")


class ManagerClient:
    """Runs governance commands as the owner of the server."""

    def __init__(self, members: MemberClient) -> None:
        self.members, self.owner = members, members.server.owner

    async def run(self, command: str, **options: object) -> DisplayedMessage:
        arguments = {name: str(value) for name, value in options.items()}
        return await self.members.run(command, arguments, user=self.owner)

    async def press(self, message: DisplayedMessage, label: str, *, channel: int = 0) -> DisplayedMessage:
        """Press a button and return the message that replaces the one with the button.

        On a busy machine it first says that saving takes longer.
        """
        reply = (await self.members.press(message, label, user=self.owner, channel=channel)).messages[-1]

        def is_saved() -> bool:
            nonlocal reply
            if errors.SAVING in reply.content:
                listed = self.members.sim.client.list_messages(reply.channel_id, user_id=self.owner)
                [reply] = [message for message in listed if message.id == reply.id]
            return errors.SAVING not in reply.content

        await wait_until(is_saved)
        return reply

    async def run_and_confirm(self, label: str, command: str, **options: object) -> DisplayedMessage:
        """Run a command that asks for confirmation, and press a button of that confirmation."""
        return await self.press(await self.run(command, **options), label)


@pytest.fixture
def manager(members: MemberClient) -> ManagerClient:
    return ManagerClient(members)


@pytest.fixture
async def voice_in_premium(stores: Stores) -> AsyncIterator[None]:
    """Move the feature voice.stats from the tier Free to Premium for one test."""
    await _move_feature(stores, TierKey.FREE, TierKey.PREMIUM)
    yield
    await _move_feature(stores, TierKey.PREMIUM, TierKey.FREE)


async def _move_feature(stores: Stores, from_tier: TierKey, to_tier: TierKey) -> None:
    """Move a feature between tiers. It must be removed first: a tier that still inherits it already includes it."""
    async with stores.database.transaction() as session:
        for tier, included in ((from_tier, False), (to_tier, True)):
            await tiers.set_tier_feature(
                session, tier=tier, feature=FeatureKey.VOICE_STATS, included=included, actor=MANAGER
            )


def run_operator_command(settings: Settings, *arguments: str) -> str:
    """Run a `herwa` command of the operator against this copy and return its standard output."""
    external_settings = dict.fromkeys(
        ("DATABASE_URL", "CLICKHOUSE_URL", "REDIS_URL", "DISCORD_TOKEN", "HERWA_DISCORD_URL"), ""
    )
    environment = {**os.environ, **external_settings, "HERWA_DATA_DIR": str(settings.data_dir), "COLUMNS": "200"}
    result = subprocess.run(
        [*HERWA_COMMAND, *arguments], env=environment, capture_output=True, text=True, timeout=180, check=False
    )
    assert result.returncode == 0, result.stdout + result.stderr
    return result.stdout


def is_chart(message: DisplayedMessage) -> bool:
    return not message.ephemeral and len(message.attachments) == 1


async def test_only_support_can_view_ticket_stats(members, manager, discord):
    server = members.server
    support = discord.client.create_role(server.id, "Support")
    discord.client.set_roles(server.id, server.bob, [support])
    assert is_chart(await members.run("ticket-stats"))
    confirmation = await manager.run_and_confirm(
        buttons.format_only("@Support"), "permissions allow", what="feature:ticket.stats", who=support
    )

    await members.wait_for_verdict("No", "ticket-stats")
    refusal = await members.run("ticket-stats")
    assert refusal.ephemeral
    assert is_refusal(refusal.content, expect_rule_refusal("ticket-stats", (TargetKind.FEATURE, "ticket.stats")))
    assert is_chart(await members.run("ticket-stats", user=server.bob))
    assert is_chart(await members.run("ticket-stats", user=server.owner))
    assert "`/ticket-stats`" not in (await members.run("help")).content
    assert "`/ticket-stats`" in (await members.run("help", user=server.bob)).content

    await manager.press(confirmation, buttons.UNDO)
    await members.wait_for_verdict("Yes", "ticket-stats")
    assert is_chart(await members.run("ticket-stats"))


async def test_new_members_are_blocked_from_voice_commands(members, manager, discord):
    server = members.server
    new_role = discord.client.create_role(server.id, "New Members")
    discord.client.set_roles(server.id, server.ada, [new_role])
    await manager.run_and_confirm(
        buttons.SAVE_RULE, "permissions deny", what="module:voice", who=new_role, note="a week to settle in"
    )

    await members.wait_for_verdict("No", "voice-stats")
    refusal = await members.run("voice-stats")
    assert refusal.ephemeral
    assert is_refusal(
        refusal.content, expect_rule_refusal("voice-stats", (TargetKind.MODULE, "voice"), note="a week to settle in")
    )
    assert is_chart(await members.run("server-stats")), "the rule must not affect other modules"
    assert is_chart(await members.run("voice-stats", user=server.bob))
    discord.client.set_roles(server.id, server.ada, [])
    assert is_chart(await members.run("voice-stats")), "each interaction carries the member's current roles"


async def test_channel_list_limits_a_command_to_a_channel_with_its_threads_and_a_category(members, manager, discord):
    server = members.server
    desk = discord.client.create_channel(server.id, "bot-commands")
    thread = discord.client.create_thread(desk, "long answers")
    category = discord.client.create_channel(server.id, "Office", type_=4)
    office = discord.client.create_channel(server.id, "office", parent_id=category)
    await manager.run("channels allow", what="feature:server.stats", where=desk)

    await members.wait_for_verdict("No", "server-stats")
    refusal = await members.run("server-stats")
    assert refusal.ephemeral
    assert is_refusal(refusal.content, expect_channel_refusal("server-stats", channels=[desk]))
    for channel in (desk, thread):
        assert is_chart(await members.run("server-stats", channel=channel))
    assert (await members.run("server-stats", channel=office)).ephemeral

    await manager.run("channels allow", what="feature:server.stats", where=category)
    await members.wait_for_verdict("Yes", "server-stats", channel=office)
    new_channel = discord.client.create_channel(server.id, "made later", parent_id=category)
    for channel in (office, new_channel, thread):
        assert is_chart(await members.run("server-stats", channel=channel))
    assert is_chart(await members.run("ticket-stats")), "a feature without a channel list runs in every channel"
    await manager.run("channels clear", what="feature:server.stats")
    await members.wait_for_verdict("Yes", "server-stats")


@pytest.mark.usefixtures("voice_in_premium")
async def test_subscription_end_takes_effect_without_any_action(members):
    guild_id = members.server.id
    await members.wait_for_verdict("No", "voice-stats")
    refusal = await members.run("voice-stats")
    assert refusal.ephemeral
    assert is_refusal(refusal.content, format_expected(build_tier_refusal("Voice stats", "Premium", "Free")))

    await members.run_in_transaction(
        lambda session: subscriptions.grant(
            session, guild_id=guild_id, tier=TierKey.PREMIUM, reason="a test", actor=MANAGER
        )
    )
    await members.wait_for_verdict("Yes", "voice-stats")
    assert is_chart(await members.run("voice-stats"))

    async def end_soon(session):
        await subscriptions.revoke(session, guild_id=guild_id, reason="a test", actor=MANAGER)
        ends_at = utc_now() + timedelta(seconds=4)
        await subscriptions.grant(
            session, guild_id=guild_id, tier=TierKey.PREMIUM, ends=ends_at, reason="a test", actor=MANAGER
        )

    await members.run_in_transaction(end_soon)
    await members.wait_for_verdict("No", "voice-stats")
    assert (await members.run("voice-stats")).content == refusal.content


async def test_commands_during_a_rule_change_get_either_the_old_or_the_new_result(members, manager, discord):
    server = members.server
    user_ids = [discord.client.join(server.id, f"crowd {server.id} {n}") for n in range(6)]

    async def run_for_all(times: int) -> list[DisplayedMessage]:
        return [
            message
            for _ in range(times)
            for message in await asyncio.gather(*(run_once(user_id) for user_id in user_ids))
        ]

    async def run_once(user_id: int) -> DisplayedMessage:
        return await members.run("server-stats", user=user_id)

    def is_refused(message: DisplayedMessage) -> bool:
        expected = expect_rule_refusal("server-stats", SERVER_STATS)
        return message.ephemeral and is_refusal(message.content, expected)

    commands_task = asyncio.create_task(run_for_all(3))
    confirmation = await manager.run_and_confirm(buttons.SAVE_RULE, "permissions deny", what="feature:server.stats")
    assert all(is_chart(message) or is_refused(message) for message in await commands_task)
    await members.wait_for_verdict("No", "server-stats")
    assert all(map(is_refused, await run_for_all(1))), "the old rules must not apply any more"

    commands_task = asyncio.create_task(run_for_all(2))
    await manager.press(confirmation, buttons.UNDO)
    assert all(is_chart(message) or is_refused(message) for message in await commands_task)
    await members.wait_for_verdict("Yes", "server-stats")
    assert all(map(is_chart, await run_for_all(1)))


async def test_kill_switch_shows_its_reason_to_everyone_and_can_be_switched_off(members, settings):
    server = members.server
    output = await asyncio.to_thread(
        run_operator_command, settings, "kill-switch", "ticket.stats", "on", "--reason", "Numbers are being repaired."
    )
    try:
        assert "Numbers are being repaired." in output
        for user_id in (server.ada, server.owner):
            await members.wait_for_verdict("No", "ticket-stats", user=user_id)
            refusal = await members.run("ticket-stats", user=user_id)
            assert refusal.ephemeral
            expected = build_kill_switch_refusal("Ticket stats", "Numbers are being repaired.")
            assert is_refusal(refusal.content, format_expected(expected))
            assert buttons.ASK_FOR_ACCESS not in get_button_ids(refusal)
    finally:
        await asyncio.to_thread(
            run_operator_command, settings, "kill-switch", "ticket.stats", "off", "--reason", "Repaired."
        )
    await members.wait_for_verdict("Yes", "ticket-stats")
    assert is_chart(await members.run("ticket-stats"))


@pytest.mark.slow
async def test_change_without_notification_takes_effect(members, stores):
    guild_id = members.server.id
    async with stores.database.transaction() as session:
        await session.execute(text(INSERT_RULE_QUERY), {"guild": guild_id})
        await session.execute(text(CHANGE_WITHOUT_NOTIFY_QUERY), {"guild": guild_id})
    await members.wait_for_verdict("No", "server-stats")
    assert "no notification sent" in (await members.run("server-stats")).content


async def test_change_during_a_lost_listener_connection_takes_effect(members, stores):
    rule = NewRule(False, SubjectKind.EVERYONE, 0, TargetKind.COMMAND, "server-stats", note="found by the sweep")
    async with stores.database.transaction() as session:
        assert (await session.scalars(text(CUT_CONNECTIONS_QUERY))).all(), (
            "the bot must hold a separate connection for notifications"
        )
        await add_rule(session, guild_id=members.server.id, rule=rule, actor=MANAGER)
    await members.wait_for_verdict("No", "server-stats")
    assert "found by the sweep" in (await members.run("server-stats")).content


async def test_owner_grants_requested_access_by_direct_message(members, manager, discord):
    server, client = members.server, discord.client
    async with members.stores.database.transaction() as session:
        await set_subscription(
            session, guild_id=server.id, topic=MessageTopic.REQUESTS, user_id=server.owner, subscribed=True
        )
    previous_count = len(client.list_direct_messages(server.owner))
    await manager.run_and_confirm(buttons.SAVE_RULE, "permissions deny", what="feature:ticket.stats")
    await members.wait_for_verdict("No", "ticket-stats")
    refusal = await members.run("ticket-stats")
    [reply] = (await members.press(refusal, buttons.ASK_FOR_ACCESS)).messages
    assert reply.content.endswith(f"{request_texts.REQUEST_SENT} {request_texts.DECISION_BY_DM}")
    assert get_button_ids(reply) == {}

    request = client.list_direct_messages(server.owner)[previous_count]
    assert "`/ticket-stats`" in request.content
    decision = await manager.press(request, buttons.ALLOW_REQUEST, channel=request.channel_id)
    assert get_button_ids(decision) == {}

    async def has_notification() -> bool:
        name = client.get_guild(server.id)["name"]
        notice = request_texts.format_allowed_message("ticket-stats", name, "<t:").removesuffix(".")
        return any(notice in message.content for message in client.list_direct_messages(server.ada))

    await wait_until(has_notification)
    await members.wait_for_verdict("Yes", "ticket-stats")
    assert is_chart(await members.run("ticket-stats"))
    assert (await members.run("ticket-stats", user=server.bob)).ephemeral, (
        "only the member who requested access may use it"
    )


async def test_rule_that_denies_everything_does_not_lock_out_managers(members, manager):
    server = members.server
    confirmation = await manager.run_and_confirm(buttons.SAVE_RULE, "permissions deny", what="everything")
    await members.wait_for_verdict("No", "server-stats")
    assert (await members.run("server-stats")).ephemeral
    assert (await members.run("help")).content.startswith(help_texts.HEADING)
    explanation = await members.run("why", {"command": "server-stats"})
    assert why_texts.BLOCKED_MARK in explanation.content
    assert "Nobody can use anything" in explanation.content
    assert is_chart(await members.run("server-stats", user=server.owner))
    assert "Nobody can use anything" in (await manager.run("permissions list")).content
    await manager.press(confirmation, buttons.UNDO)
    await members.wait_for_verdict("Yes", "server-stats")
