"""`/permissions` as a manager uses it, and what members may do afterwards."""

import asyncio
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import text

from herwa_bot.texts import buttons, errors, names
from herwa_bot.texts import permissions as texts
from herwa_bot.texts import requests as request_texts
from herwa_bot.texts.phrases import format_capitalized, format_page_number
from herwa_bot.ui.names import MESSAGE_NAMES
from herwa_bot.ui.pagination import MAX_PAGE_CHARACTERS
from herwa_shared.clock import utc_now
from herwa_shared.guardrail.policy import AccessRule, SubjectKind, TargetKind
from herwa_shared.guardrail.texts import format_rule
from herwa_shared.services import access_requests, audit
from herwa_shared.services.access_rules import NewRule, list_rules
from herwa_shared.services.guilds import set_timezone
from herwa_shared.services.rule_tests import add_rule_test
from herwa_shared.services.texts import (
    format_broken_tests,
    format_changed_since,
    format_rule_title,
    format_too_many_rules,
)
from tests.bot.expected_refusals import expect_audience_refusal
from tests.support.access_rules import add_rule
from tests.support.db_assertions import wait_until_stored
from tests.support.governance_client import TEST_ACTOR
from tests.support.member_client import MANAGER, MemberClient, get_button_ids, is_last_page
from tests.support.waiting import wait_until

STATS = (TargetKind.COMMAND, "server-stats")
COMMAND = "`/server-stats`"
RULE_COMMANDS = "`/permissions list|allow|deny|remove`"
SAVED = texts.format_saved(0, "", is_new=True).split("0")[0]
DELETED = texts.format_deleted(0, "").split("0")[0]


class RuleCommandClient:
    """Runs `/permissions` as the owner and reads the stored rules and audit entries."""

    def __init__(self, members: MemberClient) -> None:
        self.members, self.server = members, members.server

    async def run(self, command: str, **options: object):
        values = {name: str(value) for name, value in options.items()}
        return await self.members.run(f"permissions {command}", values, user=self.server.owner)

    async def press(self, message, label: str):
        """Press a button; return the last message, which is the new one."""
        return (await self.members.press(message, label, user=self.server.owner)).messages[-1]

    async def list_suggestions(self, command: str, focused: str, typed: str = "", **options: object) -> list[str]:
        values = {**options, focused: typed}
        return await self.members.autocomplete(f"permissions {command}", values, focused, user=self.server.owner)

    async def load_stored_rules(self) -> list[tuple]:
        async with self.members.stores.database.transaction() as session:
            rules = await list_rules(session, guild_id=self.server.id, now=utc_now())
        return [(rule.allow, rule.subject_kind, rule.subject_id, rule.target_kind, rule.target_key) for rule in rules]

    async def list_audit_entries(self) -> list:
        async with self.members.stores.database.transaction() as session:
            return list(await audit.list_entries(session, guild_id=self.server.id))


def build_rule(allow, subject=(SubjectKind.EVERYONE, 0)):
    """Build a rule about `/server-stats`, by default about everyone."""
    return AccessRule(1, allow, *subject, *STATS)


def format_stats_rule(role, *, allow):
    """Format a rule about a role and `/server-stats` as the bot does."""
    return format_rule(build_rule(allow, (SubjectKind.ROLE, role)), MESSAGE_NAMES)


@pytest.fixture
def rule_client(members) -> RuleCommandClient:
    return RuleCommandClient(members)


@pytest.fixture
def support_role(sim, server) -> int:
    """A role that Bob has."""
    role = sim.client.create_role(server.id, "Support")
    sim.client.set_roles(server.id, server.bob, [role])
    return role


def deny_everyone(*target: object) -> tuple:
    """Build the stored form of a rule that denies everyone the target."""
    return (False, SubjectKind.EVERYONE, 0, *target)


async def test_only_button_saves_an_allow_and_a_deny_rule(rule_client, members, support_role):
    confirmation = await rule_client.run("allow", what="command:server-stats", who=support_role)
    assert confirmation.ephemeral
    assert confirmation.content.startswith(
        f"**{texts.SAVE_QUESTION}**\n> {format_stats_rule(support_role, allow=True)}"
    )
    assert texts.format_open_to_everyone(COMMAND, "@Support") in confirmation.content
    assert await rule_client.load_stored_rules() == []
    saved_reply = await rule_client.press(confirmation, buttons.format_only("@Support"))
    assert format_capitalized(format_rule(build_rule(False), MESSAGE_NAMES, has_exceptions=True)) in saved_reply.content
    assert texts.format_loss("", COMMAND, is_done=True) in saved_reply.content
    assert await rule_client.load_stored_rules() == [
        (True, SubjectKind.ROLE, support_role, *STATS),
        deny_everyone(*STATS),
    ]
    await members.wait_for_verdict("No", "server-stats", user=members.server.ada)
    await members.wait_for_verdict("Yes", "server-stats", user=members.server.bob)


async def test_undo_removes_both_rules(rule_client, members, support_role):
    confirmation = await rule_client.run("allow", what="/server-stats", who=support_role)
    saved_reply = await rule_client.press(confirmation, buttons.format_only("@Support"))
    undo_reply = await rule_client.press(saved_reply, buttons.UNDO)
    assert undo_reply.content.startswith(buttons.format_undone(saved_reply.content, []))
    assert get_button_ids(undo_reply) == {}
    assert await rule_client.load_stored_rules() == []
    assert len(await rule_client.list_audit_entries()) == 4
    await members.wait_for_verdict("Yes", "server-stats", user=members.server.ada)


async def test_undo_is_refused_after_a_later_change(rule_client, support_role):
    saved_reply = await rule_client.run("deny", what="/server-stats", who=support_role)
    await rule_client.run("deny", what="/server-stats", who=support_role, note="on trial")
    reply = await rule_client.press(saved_reply, buttons.UNDO)
    assert reply.content == format_changed_since(format_rule_title("/server-stats"))
    assert await rule_client.load_stored_rules() == [(False, SubjectKind.ROLE, support_role, *STATS)]


async def test_change_that_breaks_a_test_is_not_saved(rule_client, members, support_role):
    async with members.stores.database.transaction() as session:
        await add_rule_test(
            session,
            guild_id=members.server.id,
            name="Support sees the chart",
            role_id=support_role,
            command="server-stats",
            is_allowed=True,
            actor=TEST_ACTOR,
        )
    refusal = format_broken_tests(["Support sees the chart"])
    assert (await rule_client.run("deny", what="/server-stats", who=support_role)).content == refusal
    assert await rule_client.load_stored_rules() == []
    confirmation = await rule_client.run("allow", what="/server-stats", who=support_role)
    await rule_client.press(confirmation, buttons.format_only("@Support"))
    allow_rule, *_ = await rule_client.list_suggestions("remove", "rule")
    assert (await rule_client.run("remove", rule=allow_rule.split()[0])).content == refusal
    assert len(await rule_client.load_stored_rules()) == 2


async def test_denying_everyone_needs_confirmation(rule_client, members):
    confirmation = await rule_client.run("deny", what="everything")
    assert texts.format_loss_warning(texts.MANAGERS, "", is_done=False)[:-1] in confirmation.content
    assert RULE_COMMANDS in confirmation.content
    assert confirmation.content.endswith(texts.ADMINS_NEVER_BLOCKED)
    cancelled_reply = await rule_client.press(confirmation, buttons.CANCEL)
    assert cancelled_reply.content == errors.NO_CHANGE
    assert get_button_ids(cancelled_reply) == {}
    assert await rule_client.load_stored_rules() == []
    saved_reply = await rule_client.press(await rule_client.run("deny", what="everything"), buttons.SAVE_RULE)
    assert saved_reply.content.startswith(SAVED)
    assert await rule_client.load_stored_rules() == [deny_everyone(TargetKind.EVERYTHING, "")]
    await members.wait_for_verdict("No", "server-stats")
    assert (await rule_client.run("list")).ephemeral


async def test_role_rule_is_saved_immediately_and_reports_its_impact(rule_client, support_role):
    saved_reply = await rule_client.run("deny", what="server.stats", who=support_role, note="**quiet** @everyone")
    assert saved_reply.content.startswith(SAVED)
    role = MESSAGE_NAMES.format_role(support_role)
    assert texts.format_loss(role, COMMAND, is_done=True) in saved_reply.content
    assert "\\*\\*quiet\\*\\*" in saved_reply.content
    assert "@everyone" not in saved_reply.content
    assert list(get_button_ids(saved_reply)) == [buttons.UNDO]
    assert await rule_client.load_stored_rules() == [
        (False, SubjectKind.ROLE, support_role, TargetKind.FEATURE, "server.stats")
    ]


async def test_opposite_rule_is_replaced(rule_client, support_role):
    await rule_client.run("deny", what="/server-stats", who=support_role)
    confirmation = await rule_client.run("allow", what="/server-stats", who=support_role)
    saved_reply = await rule_client.press(confirmation, buttons.SAVE_RULE)
    assert texts.format_replaced(0, "").split("#")[0] in saved_reply.content
    assert await rule_client.load_stored_rules() == [(True, SubjectKind.ROLE, support_role, *STATS)]


async def test_repeated_rule_updates_its_expiry_and_reports_the_old_one(rule_client, support_role):
    await rule_client.run("deny", what="/server-stats", who=support_role)
    repeated_reply = await rule_client.run("deny", what="/server-stats", who=support_role)
    assert repeated_reply.content.endswith(errors.NO_CHANGE)
    assert get_button_ids(repeated_reply) == {}
    changed_reply = await rule_client.run("deny", what="/server-stats", who=support_role, until="2h")
    assert changed_reply.content.startswith(texts.format_saved(0, "", is_new=False).split("0")[0])
    assert changed_reply.content.endswith(texts.format_previous_version(format_stats_rule(support_role, allow=False)))
    assert len(await rule_client.load_stored_rules()) == 1


async def test_more_specific_rule_is_named(rule_client, support_role):
    await rule_client.run("deny", what="/server-stats", who=support_role)
    confirmation = await rule_client.run("allow", what="module:activity", who=support_role)
    assert f"{texts.format_overridden(COMMAND)}\n- `#" in confirmation.content
    confirmation = await rule_client.run("allow", what="everything")
    assert f"{texts.EXCEPTIONS_HEADING}\n- `#" in confirmation.content


async def test_rule_about_an_administrator_reports_no_impact(rule_client, sim):
    role = sim.client.create_role(rule_client.server.id, "Boss", permissions=1 << 3)
    saved_reply = await rule_client.run("deny", what="/server-stats", who=role)
    assert texts.format_admin_unaffected(MESSAGE_NAMES.format_role(role)) in saved_reply.content


async def test_everyone_role_means_everyone_and_permissions_are_chosen_by_name(rule_client):
    confirmation = await rule_client.run("deny", what="/server-stats", who=rule_client.server.id)
    assert f"> {format_capitalized(format_rule(build_rule(False), MESSAGE_NAMES))}" in confirmation.content
    confirmation = await rule_client.run("allow", what="/permissions", holding="manage_messages")
    saved_reply = await rule_client.press(confirmation, buttons.SAVE_RULE)
    assert texts.format_gain("Members with Manage Messages", RULE_COMMANDS, is_done=True) in saved_reply.content
    assert (await rule_client.list_suggestions("allow", "holding", "manage m"))[0] == "Manage Messages"


async def test_who_and_holding_together_are_refused_with_an_explanation(rule_client, support_role):
    reply = await rule_client.run("allow", what="everything", who=support_role, holding="manage_messages")
    assert reply.content == texts.WHO_OR_HOLDING


async def test_rule_that_locks_out_its_author_warns(rule_client, members, sim):
    server = members.server
    manager_role = sim.client.create_role(server.id, "Managers", permissions=1 << 5)
    sim.client.set_roles(server.id, server.ada, [manager_role])
    await members.wait_for_verdict("Yes", "permissions deny", user=server.ada)
    confirmation = await members.run(
        "permissions deny", {"what": "/permissions", "who": str(manager_role)}, user=server.ada
    )
    assert texts.format_loss_warning(texts.YOU, RULE_COMMANDS, is_done=False) in confirmation.content


async def test_rule_sentence_contains_channel_and_expiry(rule_client, members, support_role, sim):
    async with members.stores.database.transaction() as session:
        await set_timezone(session, guild_id=members.server.id, zone=ZoneInfo("Europe/Berlin"))
    saved_reply = await rule_client.run(
        "deny", what="/server-stats", who=support_role, where=members.server.channel, until="2027-12-24 18:00"
    )
    assert f"in <#{members.server.channel}> until <t:1829667600:f>" in saved_reply.content
    assert await rule_client.list_suggestions("deny", "until", "2027-12-24", what="x") == [
        errors.format_expiry_choice("Fri, Dec 24, 2027, 00:00")
    ]


async def test_unknown_target_suggests_similar_names(rule_client):
    reply = await rule_client.run("deny", what="/server-stat")
    assert reply.content.startswith(errors.format_no_match("/server-stat", ["/server-stats"])[:-1])
    assert (await rule_client.run("deny", what="/server-stats", until="soon")).content == errors.EXPIRY_UNREADABLE


async def test_every_target_of_a_rule_is_suggested(rule_client):
    suggestions = await rule_client.list_suggestions("allow", "what")
    assert suggestions[0] == "Everything"
    assert "Server stats (feature)" in suggestions
    assert "/server-stats" in await rule_client.list_suggestions("allow", "what", "/server")
    assert "/help" not in await rule_client.list_suggestions("allow", "what", "/help")
    assert (await rule_client.list_suggestions("allow", "what", "/perm"))[:2] == ["/permissions", "/permissions allow"]


async def test_list_groups_rules_by_target(rule_client, support_role):
    assert texts.NO_RULES in (await rule_client.run("list")).content
    await rule_client.run("deny", what="/server-stats", who=support_role, note="quiet")
    await rule_client.run("deny", what="server.stats", who=rule_client.server.bob)
    content = (await rule_client.run("list")).content
    assert content.index("**Server stats**") < content.index("**/server-stats**")
    assert f"{format_stats_rule(support_role, allow=False)}: quiet" in content
    assert texts.PRECEDENCE in content
    narrowed = (await rule_client.run("list", who=support_role)).content
    assert f"<@{rule_client.server.bob}>" not in narrowed
    assert texts.NO_MATCHING_RULES in (await rule_client.run("list", what="/permissions")).content


async def test_rule_is_removed_by_its_suggestion(rule_client, members, stores, bot):
    await rule_client.press(await rule_client.run("deny", what="/server-stats"), buttons.SAVE_RULE)
    await rule_client.run("deny", what="server.stats", who=members.server.bob)
    await wait_until_stored(stores, bot)  # the name of Bob, who has never written, comes with that command
    [first_suggestion, second_suggestion] = await rule_client.list_suggestions("remove", "rule")
    assert first_suggestion.endswith(format_capitalized(format_rule(build_rule(False), MESSAGE_NAMES)))
    assert second_suggestion.split(" ", 1)[1].startswith("@bob")
    confirmation = await rule_client.run("remove", rule=first_suggestion.split()[0])
    assert texts.format_gain("", COMMAND, is_done=False) in confirmation.content
    await rule_client.press(confirmation, buttons.DELETE_RULE)
    removed_reply = await rule_client.run("remove", rule=second_suggestion.split()[0])
    assert removed_reply.content.startswith(DELETED)
    assert await rule_client.load_stored_rules() == []
    await rule_client.press(removed_reply, buttons.UNDO)
    assert len(await rule_client.load_stored_rules()) == 1


async def test_long_list_is_paginated(rule_client, members):
    for number in range(40):
        await members.add_rule(allow=False, subject=(SubjectKind.ROLE, 1000 + number), target=STATS, note="n" * 60)
    first_page = await rule_client.run("list")
    assert len(first_page.content) <= MAX_PAGE_CHARACTERS + 40
    assert format_page_number(1, 0)[:-1] in first_page.content
    second_page = await rule_client.press(first_page, buttons.NEXT_PAGE)
    assert format_page_number(2, 0)[:-1] in second_page.content
    assert second_page.content != first_page.content


async def test_open_access_requests_are_listed_first_and_can_be_decided(rule_client, members):
    await members.run_in_transaction(
        lambda session: access_requests.create_request(
            session,
            guild_id=members.server.id,
            user_id=members.server.ada,
            user_name="Ada",
            command="permissions list",
            channel_id=members.server.channel,
        )
    )
    rule_list = await rule_client.run("list")
    ada = MESSAGE_NAMES.format_member(members.server.ada)
    channel = MESSAGE_NAMES.format_channel(members.server.channel)
    entry = request_texts.format_request_entry(1, ada, "permissions list", channel, "<t:")
    assert entry.removesuffix(")") in rule_list.content
    await rule_client.press(rule_list, buttons.format_numbered(1, buttons.ALLOW_REQUEST))
    assert await rule_client.load_stored_rules() == [
        (True, SubjectKind.MEMBER, members.server.ada, TargetKind.COMMAND, "permissions list")
    ]
    await members.wait_for_verdict("Yes", "permissions list", user=members.server.ada)


async def test_member_without_manage_server_is_refused(members):
    assert (await members.run("permissions list")).content == expect_audience_refusal("permissions list")
    assert await members.autocomplete("permissions allow", {"what": ""}, "what") == []


@pytest.fixture
async def manager_role(rule_client, members, sim) -> int:
    """A role that gives Ada only Manage Server."""
    server = members.server
    role = sim.client.create_role(server.id, "Managers", permissions=1 << 5)
    sim.client.set_roles(server.id, server.ada, [role])
    await members.wait_for_verdict("Yes", "permissions remove", user=server.ada)
    return role


@pytest.mark.parametrize("what", ["everything", "module:governance", "/permissions", "/permissions remove"])
async def test_granting_control_of_the_rules_warns(rule_client, support_role, what):
    confirmation = await rule_client.run("allow", what=what, who=support_role)
    assert texts.RULE_CONTROL_WARNING in confirmation.content
    assert await rule_client.load_stored_rules() == []


async def test_granting_read_access_to_rules_gives_no_warning(rule_client, support_role):
    saved_reply = await rule_client.run("allow", what="/permissions list", who=support_role)
    assert saved_reply.content.startswith(SAVED)
    assert texts.RULE_CONTROL_WARNING not in saved_reply.content


async def test_rule_removal_that_locks_out_its_author_warns(rule_client, members, support_role):
    server = members.server
    await members.add_rule(
        allow=True, subject=(SubjectKind.ROLE, support_role), target=(TargetKind.COMMAND, "permissions")
    )
    await members.wait_for_verdict("Yes", "permissions remove", user=server.bob)
    [rule] = await members.autocomplete("permissions remove", {"rule": ""}, "rule", user=server.bob)
    confirmation = await members.run("permissions remove", {"rule": rule.split()[0]}, user=server.bob)
    assert confirmation.content.startswith(f"**{texts.DELETE_QUESTION}**")
    assert texts.format_loss_warning(texts.YOU, RULE_COMMANDS, is_done=False) in confirmation.content
    assert len(await rule_client.load_stored_rules()) == 1


async def test_suggestions_hide_channels_that_the_manager_cannot_see(rule_client, members, sim, manager_role):
    server = members.server
    secret = sim.client.create_channel(server.id, "layoffs")
    hidden = {"id": str(server.id), "type": 0, "allow": "0", "deny": str(1 << 10)}
    sim.client.call("channel/overwrites", channel_id=str(secret), overwrites=[hidden])
    await rule_client.run("deny", what="/server-stats", who=manager_role, where=secret)
    [suggestion] = await members.autocomplete("permissions remove", {"rule": ""}, "rule", user=server.ada)
    assert "layoffs" not in suggestion
    assert "@Managers" in suggestion
    assert suggestion.endswith(f" in {names.HIDDEN_CHANNEL}")
    assert (await rule_client.list_suggestions("remove", "rule"))[0].endswith("in #layoffs")


@pytest.mark.slow
async def test_button_pressed_twice_saves_once_and_keeps_undo(rule_client):
    confirmation = await rule_client.run("deny", what="/server-stats")
    results = await asyncio.gather(
        *(rule_client.members.press(confirmation, buttons.SAVE_RULE, user=rule_client.server.owner) for _ in "ab")
    )
    assert len(await rule_client.list_audit_entries()) == 1
    messages = [message for result in results for message in result.messages if message.id == confirmation.id]
    assert [list(get_button_ids(message)) for message in messages if SAVED in message.content][-1] == [buttons.UNDO]
    assert not any(errors.NO_CHANGE in message.content for message in messages)


async def test_concurrent_opposite_rules_leave_one_rule_per_subject(rule_client, support_role):
    for _ in range(4):
        confirmations = await asyncio.gather(
            rule_client.run("allow", what="/server-stats", who=support_role),
            rule_client.run("deny", what="/server-stats", holding="manage_messages"),
            rule_client.run("allow", what="/server-stats", holding="manage_messages"),
        )
        await asyncio.gather(*(rule_client.press(confirmation, buttons.SAVE_RULE) for confirmation in confirmations))
        subjects = [(kind, id_) for _, kind, id_, *_ in await rule_client.load_stored_rules()]
        assert len(subjects) == len(set(subjects)) == 2


async def test_expired_rule_is_not_listed_and_cannot_be_removed(rule_client, members):
    confirmation = await rule_client.run("deny", what="/server-stats", until="2h")
    saved_reply = await rule_client.press(confirmation, buttons.SAVE_RULE)
    number = saved_reply.content.split("`")[1].removeprefix("#")
    await members.run_in_transaction(
        lambda session: session.execute(
            text("UPDATE access_rule SET until = now() WHERE id = :id"), {"id": int(number)}
        )
    )
    assert texts.NO_RULES in (await rule_client.run("list")).content
    assert await rule_client.list_suggestions("remove", "rule") == []
    reply = await rule_client.run("remove", rule=number)
    assert reply.content == texts.RULE_NOT_FOUND


async def test_two_hundred_rules_with_long_notes_fit_discords_limits(rule_client, members, sim):
    hostile_name = ("@everyone **[x](https://evil.example)** \u202e" + "*_~|`<>" * 40)[:200]
    role = sim.client.create_role(rule_client.server.id, hostile_name[:100])

    async def add_many_rules(session):
        for number in range(199):
            rule = NewRule(False, SubjectKind.ROLE, 1000 + number, *STATS, note=hostile_name)
            await add_rule(session, guild_id=members.server.id, rule=rule, actor=MANAGER)

    await members.run_in_transaction(add_many_rules)
    await rule_client.run("deny", what="server.stats", who=role, note=hostile_name)
    suggestions = await rule_client.list_suggestions("remove", "rule")
    assert len(suggestions) == 25
    assert all(0 < len(suggestion) <= 100 for suggestion in suggestions)
    page = await rule_client.run("list")
    for _ in range(60):
        assert len(page.content) <= 2000
        assert "@everyone" not in page.content
        assert "https://" not in page.content
        if is_last_page(page):
            break
        page = await rule_client.press(page, buttons.NEXT_PAGE)
    assert "`#" in page.content
    refusal = await rule_client.run("deny", what="/voice-stats", who=role)
    assert refusal.content == format_too_many_rules(200)
    sim.client.set_roles(members.server.id, members.server.bob, [role])
    await members.wait_for_verdict("No", "server-stats", user=members.server.bob)
    for reply in (
        await members.run("server-stats", user=members.server.bob),
        await members.run("why", {"command": "server-stats"}, user=members.server.bob),
    ):
        assert len(reply.content) <= 2000
        assert "@everyone" not in reply.content


async def test_deleted_role_and_channel_are_shown_as_deleted(rule_client, members, sim, support_role):
    deleted_channel = sim.client.create_channel(rule_client.server.id, "gone")
    await rule_client.run("deny", what="/server-stats", who=support_role, where=deleted_channel)
    sim.client.delete_role(rule_client.server.id, support_role)
    sim.client.delete_channel(deleted_channel)
    place = MESSAGE_NAMES.format_channel(deleted_channel)
    assert f"{format_stats_rule(support_role, allow=False)} in {place}" in (await rule_client.run("list")).content

    async def has_deleted_names():
        [suggestion] = await rule_client.list_suggestions("remove", "rule")
        return names.DELETED_ROLE in suggestion.lower() and suggestion.endswith(names.DELETED_CHANNEL)

    await wait_until(has_deleted_names)
    [suggestion] = await rule_client.list_suggestions("remove", "rule")
    assert (await rule_client.run("remove", rule=suggestion.split()[0])).content.startswith(DELETED)


@pytest.mark.parametrize("number", ["0", "-1", str(2**63), "9" * 40, "#", "\uff11", "@everyone"])
async def test_unknown_rule_number_gets_an_explanation(rule_client, number):
    assert (await rule_client.run("remove", rule=number)).content == texts.RULE_NOT_FOUND


async def test_rule_names_targets_used_outside_discord(rule_client, support_role):
    saved_reply = await rule_client.run("allow", what="dashboard.overview", who=support_role)
    assert saved_reply.content.splitlines()[1:] == [texts.format_outside_discord(["Overview"], is_additional=False)]
    confirmation = await rule_client.run("allow", what="everything", who=support_role)
    titles = [
        "Overview",
        "Statistics API",
        "Settings API",
        "Summary exports",
        "History exports",
        "Widgets",
        "Audit log",
        "Settings",
    ]
    line = texts.format_outside_discord(titles, is_additional=True)
    assert line in confirmation.content
