"""From a manager's or the operator's decision to what a member sees, in Discord alone: who may use what, where, when."""

import asyncio
import os
import subprocess
from collections.abc import AsyncIterator
from datetime import timedelta

import pytest
from sqlalchemy import text

from herwa_shared.catalog import FeatureKey, TierKey
from herwa_shared.clock import utc_now
from herwa_shared.config import Settings
from herwa_shared.guardrail.policy import SubjectKind, TargetKind
from herwa_shared.services import subscriptions, tiers
from herwa_shared.services.access_rules import NewRule, add_rule
from herwa_shared.stores import Stores
from herwa_sim.client.types import Shown
from tests.bot.members import MANAGER, Members, buttons
from tests.bot.stored import comes_true
from tests.running_copy import HERWA

CUT = """
SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'herwa policies' AND pid <> pg_backend_pid()
"""
SILENT_TOUCH = """
INSERT INTO policy_change (guild_id, version) VALUES (:guild, nextval('policy_version'))
ON CONFLICT (guild_id) DO UPDATE SET version = nextval('policy_version'), changed_in = pg_current_xact_id()
"""
RULE = """
INSERT INTO access_rule
    (guild_id, allow, subject_kind, subject_id, target_kind, target_key, place_kind, place_id, note, created_at)
VALUES (:guild, false, 'everyone', 0, 'command', 'server-stats', 'everywhere', 0, 'nobody was told', now())
"""


class Manager:
    """The owner of the server, who decides by commands."""

    def __init__(self, members: Members) -> None:
        self.members, self.owner = members, members.place.owner

    async def run(self, command: str, **options: object) -> Shown:
        given = {name: str(value) for name, value in options.items()}
        return await self.members.run(command, given, who=self.owner)

    async def press(self, message: Shown, label: str, *, channel: int = 0) -> Shown:
        """What the button's message has become."""
        return (await self.members.press(message, label, who=self.owner, channel=channel)).messages[-1]

    async def decide(self, label: str, command: str, **options: object) -> Shown:
        """Run a command that asks first, and press a button of the question."""
        return await self.press(await self.run(command, **options), label)


@pytest.fixture
def manager(members: Members) -> Manager:
    return Manager(members)


@pytest.fixture
async def voice_in_premium(stores: Stores) -> AsyncIterator[None]:
    """The operator has moved a feature from Free to Premium."""
    await _move(stores, TierKey.FREE, TierKey.PREMIUM)
    yield
    await _move(stores, TierKey.PREMIUM, TierKey.FREE)


async def _move(stores: Stores, taken_from: TierKey, put_into: TierKey) -> None:
    """In this order: a tier that still inherits a feature has it already."""
    async with stores.database.transaction() as session:
        for tier, included in ((taken_from, False), (put_into, True)):
            await tiers.set_tier_feature(
                session, tier=tier, feature=FeatureKey.VOICE_STATS, included=included, actor=MANAGER
            )


def type_(settings: Settings, *arguments: str) -> str:
    """A command typed by whoever runs this copy; what it printed."""
    elsewhere = dict.fromkeys(("DATABASE_URL", "CLICKHOUSE_URL", "DISCORD_TOKEN", "HERWA_DISCORD_URL"), "")
    environment = {**os.environ, **elsewhere, "HERWA_DATA_DIR": str(settings.data_dir), "COLUMNS": "200"}
    done = subprocess.run([*HERWA, *arguments], env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def is_chart(message: Shown) -> bool:
    return not message.ephemeral and len(message.attachments) == 1


async def test_only_support_can_view_ticket_stats(members, manager, discord):
    place = members.place
    support = discord.client.create_role(place.guild, "Support")
    discord.client.set_roles(place.guild, place.bob, [support])
    assert is_chart(await members.run("ticket-stats"))
    saved = await manager.decide("Only @Support", "permissions allow", what="feature:ticket.stats", who=support)
    assert "Saved as rule" in saved.content

    await members.become("No", "ticket-stats")
    refused = await members.run("ticket-stats")
    assert refused.ephemeral
    assert refused.content.startswith("**A rule of this server says: nobody may use Ticket stats**\n")
    assert "Members with Manage Server can change it with /permissions." in refused.content
    assert is_chart(await members.run("ticket-stats", who=place.bob))
    assert is_chart(await members.run("ticket-stats", who=place.owner))
    assert "`/ticket-stats`" not in (await members.run("help")).content
    assert "`/ticket-stats`" in (await members.run("help", who=place.bob)).content

    await manager.press(saved, "Undo")
    await members.become("Yes", "ticket-stats")
    assert is_chart(await members.run("ticket-stats"))


async def test_new_members_are_blocked_from_voice_commands(members, manager, discord):
    place = members.place
    new = discord.client.create_role(place.guild, "New Members")
    discord.client.set_roles(place.guild, place.ada, [new])
    await manager.decide("Save this rule", "permissions deny", what="module:voice", who=new, note="a week to settle in")

    await members.become("No", "voice-stats")
    refused = await members.run("voice-stats")
    assert refused.ephemeral
    assert f"<@&{new}> may not use the Voice module: a week to settle in" in refused.content
    assert is_chart(await members.run("server-stats")), "other modules are as before"
    assert is_chart(await members.run("voice-stats", who=place.bob))
    discord.client.set_roles(place.guild, place.ada, [])
    assert is_chart(await members.run("voice-stats")), "roles come with every command"


async def test_a_channel_list_keeps_a_command_to_a_channel_its_threads_and_a_category(members, manager, discord):
    place = members.place
    desk = discord.client.create_channel(place.guild, "bot-commands")
    thread = discord.client.create_thread(desk, "long answers")
    category = discord.client.create_channel(place.guild, "Office", type_=4)
    office = discord.client.create_channel(place.guild, "office", parent_id=category)
    await manager.run("channels allow", what="feature:server.stats", where=desk)

    await members.become("No", "server-stats")
    refused = await members.run("server-stats")
    assert refused.ephemeral
    assert "keeps Server stats to certain channels" in refused.content
    assert f"You may use it in <#{desk}>." in refused.content
    for channel in (desk, thread):
        assert is_chart(await members.run("server-stats", channel=channel))
    assert (await members.run("server-stats", channel=office)).ephemeral

    await manager.run("channels allow", what="feature:server.stats", where=category)
    await members.become("Yes", "server-stats", channel=office)
    later = discord.client.create_channel(place.guild, "made later", parent_id=category)
    for channel in (office, later, thread):
        assert is_chart(await members.run("server-stats", channel=channel))
    assert is_chart(await members.run("ticket-stats")), "what has no list runs everywhere"
    await manager.run("channels clear", what="feature:server.stats")
    await members.become("Yes", "server-stats")


@pytest.mark.usefixtures("voice_in_premium")
async def test_a_downgrade_is_in_force_at_its_second_and_nobody_does_anything(members):
    guild = members.place.guild
    await members.become("No", "voice-stats")
    refused = await members.run("voice-stats")
    assert refused.ephemeral
    assert refused.content.startswith("**Voice stats is part of Premium; this server is on Free.**")

    await members.decide(
        lambda session: subscriptions.grant(
            session, guild_id=guild, tier=TierKey.PREMIUM, reason="a test", actor=MANAGER
        )
    )
    await members.become("Yes", "voice-stats")
    assert is_chart(await members.run("voice-stats"))

    async def end_soon(session):
        await subscriptions.revoke(session, guild_id=guild, reason="a test", actor=MANAGER)
        end = utc_now() + timedelta(seconds=4)
        await subscriptions.grant(
            session, guild_id=guild, tier=TierKey.PREMIUM, ends=end, reason="a test", actor=MANAGER
        )

    await members.decide(end_soon)
    await members.become("No", "voice-stats")
    assert "this server is on Free" in (await members.run("voice-stats")).content


async def test_a_rule_changed_while_commands_run_leaves_no_answer_between(members, manager, discord):
    place = members.place
    people = [discord.client.join(place.guild, f"crowd {place.guild} {n}") for n in range(6)]

    async def everybody(times: int) -> list[Shown]:
        return [one for _ in range(times) for one in await asyncio.gather(*(_one(who) for who in people))]

    async def _one(who: int) -> Shown:
        return await members.run("server-stats", who=who)

    def is_refusal(message: Shown) -> bool:
        return message.ephemeral and "nobody may use Server stats" in message.content

    running = asyncio.create_task(everybody(3))
    saved = await manager.decide("Save this rule", "permissions deny", what="feature:server.stats")
    assert all(is_chart(one) or is_refusal(one) for one in await running)
    await members.become("No", "server-stats")
    assert all(map(is_refusal, await everybody(1))), "nobody is answered by the old rules any more"

    running = asyncio.create_task(everybody(2))
    await manager.press(saved, "Undo")
    assert all(is_chart(one) or is_refusal(one) for one in await running)
    await members.become("Yes", "server-stats")
    assert all(map(is_chart, await everybody(1)))


async def test_a_kill_switch_says_its_reason_to_everybody_and_is_taken_back(members, settings):
    place = members.place
    thrown = await asyncio.to_thread(
        type_, settings, "kill-switch", "ticket.stats", "on", "--reason", "Numbers are being repaired."
    )
    try:
        assert "off in every server" in thrown
        for who in (place.ada, place.owner):
            await members.become("No", "ticket-stats", who=who)
            refused = await members.run("ticket-stats", who=who)
            assert refused.ephemeral
            assert refused.content.startswith(
                "**Ticket stats is switched off everywhere by Herwa's operator: Numbers are being repaired.**"
            )
            assert "Ask for access" not in buttons(refused)
    finally:
        await asyncio.to_thread(type_, settings, "kill-switch", "ticket.stats", "off", "--reason", "Repaired.")
    await members.become("Yes", "ticket-stats")
    assert is_chart(await members.run("ticket-stats"))


async def test_a_change_whose_message_was_lost_arrives_all_the_same(members, stores):
    guild = members.place.guild
    async with stores.database.transaction() as session:
        await session.execute(text(RULE), {"guild": guild})
        await session.execute(text(SILENT_TOUCH), {"guild": guild})
    await members.become("No", "server-stats")
    assert "nobody was told" in (await members.run("server-stats")).content


async def test_a_connection_that_is_cut_costs_no_change(members, stores):
    rule = NewRule(False, SubjectKind.EVERYONE, 0, TargetKind.COMMAND, "server-stats", note="heard of later")
    async with stores.database.transaction() as session:
        assert (await session.scalars(text(CUT))).all(), "the bot listens by a connection of its own"
        await add_rule(session, guild_id=members.place.guild, rule=rule, actor=MANAGER)
    await members.become("No", "server-stats")
    assert "heard of later" in (await members.run("server-stats")).content


async def test_who_asks_for_access_is_let_in_by_a_direct_message_to_the_owner(members, manager, discord):
    place, client = members.place, discord.client
    before = len(client.direct_messages(place.owner))
    await manager.decide("Save this rule", "permissions deny", what="feature:ticket.stats")
    await members.become("No", "ticket-stats")
    refused = await members.run("ticket-stats")
    [told] = (await members.press(refused, "Ask for access")).messages
    assert "I tell you when one of them answers." in told.content
    assert buttons(told) == {}

    question = client.direct_messages(place.owner)[before]
    assert "asks to use `/ticket-stats`" in question.content
    answered = await manager.press(question, "Allow for 24 hours", channel=question.channel_id)
    assert "**Yes**" in answered.content
    assert buttons(answered) == {}

    async def is_told() -> bool:
        return any("You may use `/ticket-stats`" in one.content for one in client.direct_messages(place.ada))

    await comes_true(is_told)
    await members.become("Yes", "ticket-stats")
    assert is_chart(await members.run("ticket-stats"))
    assert (await members.run("ticket-stats", who=place.bob)).ephemeral, "only who has asked is let in"


async def test_nobody_is_locked_out_by_a_rule_against_everything(members, manager):
    place = members.place
    saved = await manager.decide("Save this rule", "permissions deny", what="everything")
    await members.become("No", "server-stats")
    assert (await members.run("server-stats")).ephemeral
    assert (await members.run("help")).content.startswith("**What you may use here**")
    why = await members.run("why", {"command": "server-stats"})
    assert why.content.startswith("**No: /server-stats does not run** for you")
    assert "nobody may use anything" in why.content
    assert is_chart(await members.run("server-stats", who=place.owner))
    assert "nobody may use anything" in (await manager.run("permissions list")).content.casefold()
    await manager.press(saved, "Undo")
    await members.become("Yes", "server-stats")
