"""`/permissions` as those who manage a server use it, and what members may afterwards."""

import asyncio
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import text

from herwa_bot.ui.pagination import MAX_PAGE_CHARACTERS
from herwa_shared.clock import utc_now
from herwa_shared.guardrail.policy import SubjectKind, TargetKind
from herwa_shared.services import access_requests, audit
from herwa_shared.services.access_rules import NewRule, add_rule, list_rules
from herwa_shared.services.guilds import set_timezone
from tests.support.db_assertions import wait_until_true
from tests.support.member_client import MANAGER, MemberClient, get_button_ids, is_last_page

STATS = (TargetKind.COMMAND, "server-stats")


class RuleCommandClient:
    """The owner at work, and the rules that are stored."""

    def __init__(self, members: MemberClient) -> None:
        self.members, self.server = members, members.server

    async def run(self, command: str, **options: object):
        values = {name: str(value) for name, value in options.items()}
        return await self.members.run(f"permissions {command}", values, user=self.server.owner)

    async def press(self, message, label: str):
        """The last message is what is new."""
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


@pytest.fixture
def rule_client(members) -> RuleCommandClient:
    return RuleCommandClient(members)


@pytest.fixture
def support_role(sim, server) -> int:
    role = sim.client.create_role(server.id, "Support")
    sim.client.set_roles(server.id, server.bob, [role])
    return role


def deny_everyone(*target: object) -> tuple:
    return (False, SubjectKind.EVERYONE, 0, *target)


async def test_only_support_is_two_rules_in_one_press(rule_client, members, support_role):
    confirmation = await rule_client.run("allow", what="command:server-stats", who=support_role)
    assert confirmation.ephemeral
    assert confirmation.content.startswith("**Save this rule?**\n> ")
    assert f"<@&{support_role}> may use /server-stats" in confirmation.content
    assert "Everyone may use `/server-stats`, so this rule keeps nobody out." in confirmation.content
    assert await rule_client.load_stored_rules() == []
    saved_reply = await rule_client.press(confirmation, "Only @Support")
    assert "Nobody else may use /server-stats" in saved_reply.content
    assert "could use `/server-stats`. Afterwards: not any more." in saved_reply.content
    assert await rule_client.load_stored_rules() == [
        (True, SubjectKind.ROLE, support_role, *STATS),
        deny_everyone(*STATS),
    ]
    await members.wait_for_verdict("No", "server-stats", user=members.server.ada)
    await members.wait_for_verdict("Yes", "server-stats", user=members.server.bob)


async def test_undo_takes_both_rules_back(rule_client, members, support_role):
    confirmation = await rule_client.run("allow", what="/server-stats", who=support_role)
    saved_reply = await rule_client.press(confirmation, "Only @Support")
    undo_reply = await rule_client.press(saved_reply, "Undo")
    assert "**Taken back.**" in undo_reply.content
    assert get_button_ids(undo_reply) == {}
    assert await rule_client.load_stored_rules() == []
    assert len(await rule_client.list_audit_entries()) == 4
    await members.wait_for_verdict("Yes", "server-stats", user=members.server.ada)


async def test_what_has_changed_again_since_is_not_undone(rule_client, support_role):
    saved_reply = await rule_client.run("deny", what="/server-stats", who=support_role)
    await rule_client.run("deny", what="/server-stats", who=support_role, note="on trial")
    reply = await rule_client.press(saved_reply, "Undo")
    assert "has been changed again since" in reply.content
    assert await rule_client.load_stored_rules() == [(False, SubjectKind.ROLE, support_role, *STATS)]


async def test_denying_everyone_needs_confirmation(rule_client, members):
    confirmation = await rule_client.run("deny", what="everything")
    assert "Before: everyone (" in confirmation.content
    assert "Members with Manage Server could no longer use" in confirmation.content
    assert "`/permissions list|allow|deny|remove`" in confirmation.content
    assert "The owner and administrators may always" in confirmation.content
    cancelled_reply = await rule_client.press(confirmation, "Cancel")
    assert cancelled_reply.content == "Nothing has changed."
    assert get_button_ids(cancelled_reply) == {}
    assert await rule_client.load_stored_rules() == []
    saved_reply = await rule_client.press(await rule_client.run("deny", what="everything"), "Save this rule")
    assert "Saved as rule `#" in saved_reply.content
    assert await rule_client.load_stored_rules() == [deny_everyone(TargetKind.EVERYTHING, "")]
    await members.wait_for_verdict("No", "server-stats")
    assert (await rule_client.run("list")).ephemeral


async def test_a_rule_for_one_role_is_saved_at_once_and_says_what_it_changes(rule_client, support_role):
    saved_reply = await rule_client.run("deny", what="server.stats", who=support_role, note="**quiet** @everyone")
    assert saved_reply.content.startswith("Saved as rule `#")
    assert "could use `/server-stats`. Afterwards: not any more." in saved_reply.content
    assert "\\*\\*quiet\\*\\*" in saved_reply.content
    assert "@everyone" not in saved_reply.content
    assert list(get_button_ids(saved_reply)) == ["Undo"]
    assert await rule_client.load_stored_rules() == [
        (False, SubjectKind.ROLE, support_role, TargetKind.FEATURE, "server.stats")
    ]


async def test_the_opposite_rule_gives_way(rule_client, support_role):
    await rule_client.run("deny", what="/server-stats", who=support_role)
    confirmation = await rule_client.run("allow", what="/server-stats", who=support_role)
    saved_reply = await rule_client.press(confirmation, "Save this rule")
    assert "It takes the place of `#" in saved_reply.content
    assert await rule_client.load_stored_rules() == [(True, SubjectKind.ROLE, support_role, *STATS)]


async def test_the_same_rule_again_changes_its_end_and_says_what_it_was(rule_client, support_role):
    await rule_client.run("deny", what="/server-stats", who=support_role)
    repeated_reply = await rule_client.run("deny", what="/server-stats", who=support_role)
    assert repeated_reply.content.endswith("Nothing has changed.")
    assert get_button_ids(repeated_reply) == {}
    changed_reply = await rule_client.run("deny", what="/server-stats", who=support_role, until="2h")
    assert changed_reply.content.startswith("Changed rule `#")
    assert "Before, it said: " in changed_reply.content
    assert len(await rule_client.load_stored_rules()) == 1


async def test_a_more_specific_rule_that_decides_is_named(rule_client, support_role):
    await rule_client.run("deny", what="/server-stats", who=support_role)
    confirmation = await rule_client.run("allow", what="module:activity", who=support_role)
    assert "It does not reach `/server-stats`, where a more specific rule decides:\n- `#" in confirmation.content
    confirmation = await rule_client.run("allow", what="everything")
    assert "These more specific rules go on to hold:\n- `#" in confirmation.content


async def test_a_rule_about_an_administrator_says_that_it_changes_nothing(rule_client, sim):
    role = sim.client.create_role(rule_client.server.id, "Boss", permissions=1 << 3)
    saved_reply = await rule_client.run("deny", what="/server-stats", who=role)
    assert (
        "This changes nothing: @\u200bBoss" in saved_reply.content
        or "This changes nothing: @Boss" in saved_reply.content
    )


async def test_at_everyone_is_everyone_and_a_permission_is_chosen_by_name(rule_client):
    confirmation = await rule_client.run("deny", what="/server-stats", who=rule_client.server.id)
    assert "> Nobody may use /server-stats" in confirmation.content
    confirmation = await rule_client.run("allow", what="/permissions", holding="manage_messages")
    assert "> Members with Manage Messages may use /permissions" in confirmation.content
    saved_reply = await rule_client.press(confirmation, "Save this rule")
    assert (
        "Before: members with Manage Messages could not use `/permissions list|allow|deny|remove`"
        in saved_reply.content
    )
    assert (await rule_client.list_suggestions("allow", "holding", "manage m"))[0] == "Manage Messages"


async def test_who_and_holding_together_are_refused_with_an_explanation(rule_client, support_role):
    reply = await rule_client.run("allow", what="everything", who=support_role, holding="manage_messages")
    assert reply.content.startswith("Choose either who or holding")


async def test_locking_oneself_out_warns(rule_client, members, sim):
    server = members.server
    manager_role = sim.client.create_role(server.id, "Managers", permissions=1 << 5)
    sim.client.set_roles(server.id, server.ada, [manager_role])
    await members.wait_for_verdict("Yes", "permissions deny", user=server.ada)
    confirmation = await members.run(
        "permissions deny", {"what": "/permissions", "who": str(manager_role)}, user=server.ada
    )
    assert "You yourself could no longer use `/permissions list|allow|deny|remove`" in confirmation.content


async def test_a_channel_and_an_expiry_are_in_the_sentence(rule_client, members, support_role, sim):
    async with members.stores.database.transaction() as session:
        await set_timezone(session, guild_id=members.server.id, zone=ZoneInfo("Europe/Berlin"))
    saved_reply = await rule_client.run(
        "deny", what="/server-stats", who=support_role, where=members.server.channel, until="2027-12-24 18:00"
    )
    assert f"in <#{members.server.channel}> until <t:1829667600:f>" in saved_reply.content
    assert await rule_client.list_suggestions("deny", "until", "2027-12-24", what="x") == [
        "Until Fri 24 Dec 2027, 00:00"
    ]


async def test_what_is_not_known_is_answered_with_near_names(rule_client):
    assert "Did you mean /server-stats" in (await rule_client.run("deny", what="/server-stat")).content
    assert (await rule_client.run("deny", what="/server-stats", until="soon")).content.endswith("2026-12-24 18:00.")


async def test_everything_that_can_be_ruled_is_offered(rule_client):
    suggestions = await rule_client.list_suggestions("allow", "what")
    assert suggestions[0] == "Everything"
    assert "Server stats (feature)" in suggestions
    assert "/server-stats" in suggestions
    assert "/help" not in suggestions
    assert (await rule_client.list_suggestions("allow", "what", "/perm"))[:2] == ["/permissions", "/permissions allow"]


async def test_the_list_groups_rules_by_what_they_are_about(rule_client, support_role):
    assert "No rule yet" in (await rule_client.run("list")).content
    await rule_client.run("deny", what="/server-stats", who=support_role, note="quiet")
    await rule_client.run("deny", what="server.stats", who=rule_client.server.bob)
    content = (await rule_client.run("list")).content
    assert content.index("**Server stats**") < content.index("**/server-stats**")
    assert f"<@&{support_role}> may not use /server-stats: quiet" in content
    assert "member over role over permission over everyone" in content
    narrowed = (await rule_client.run("list", who=support_role)).content
    assert f"<@{rule_client.server.bob}>" not in narrowed
    assert "No rule is about this." in (await rule_client.run("list", what="/permissions")).content


async def test_a_rule_is_removed_by_its_sentence(rule_client, members):
    await rule_client.press(await rule_client.run("deny", what="/server-stats"), "Save this rule")
    await rule_client.run("deny", what="server.stats", who=members.server.bob)
    [first_suggestion, second_suggestion] = await rule_client.list_suggestions("remove", "rule")
    assert first_suggestion.endswith("Nobody may use /server-stats")
    assert second_suggestion.split(" ", 1)[1].startswith("@bob")
    confirmation = await rule_client.run("remove", rule=first_suggestion.split()[0])
    assert "Afterwards: allowed." in confirmation.content
    await rule_client.press(confirmation, "Remove this rule")
    removed_reply = await rule_client.run("remove", rule=second_suggestion.split()[0])
    assert removed_reply.content.startswith("Removed rule `#")
    assert await rule_client.load_stored_rules() == []
    await rule_client.press(removed_reply, "Undo")
    assert len(await rule_client.load_stored_rules()) == 1


async def test_a_long_list_is_turned_page_by_page(rule_client, members):
    for number in range(40):
        await members.add_rule(allow=False, subject=(SubjectKind.ROLE, 1000 + number), target=STATS, note="n" * 60)
    first_page = await rule_client.run("list")
    assert len(first_page.content) <= MAX_PAGE_CHARACTERS + 40
    assert "Page 1 of " in first_page.content
    second_page = await rule_client.press(first_page, "Next")
    assert "Page 2 of " in second_page.content
    assert second_page.content != first_page.content


async def test_open_access_requests_are_on_top_and_decided_there(rule_client, members):
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
    assert f"1. <@{members.server.ada}> (Ada) asks for `/permissions list`" in rule_list.content
    await rule_client.press(rule_list, "1: Allow for 24 hours")
    assert await rule_client.load_stored_rules() == [
        (True, SubjectKind.MEMBER, members.server.ada, TargetKind.COMMAND, "permissions list")
    ]
    await members.wait_for_verdict("Yes", "permissions list", user=members.server.ada)


async def test_a_member_without_manage_server_is_refused(members):
    assert "Manage Server" in (await members.run("permissions list")).content
    assert await members.autocomplete("permissions allow", {"what": ""}, "what") == []


@pytest.fixture
async def manager_role(rule_client, members, sim) -> int:
    """Ada has Manage Server, and no more."""
    server = members.server
    role = sim.client.create_role(server.id, "Managers", permissions=1 << 5)
    sim.client.set_roles(server.id, server.ada, [role])
    await members.wait_for_verdict("Yes", "permissions remove", user=server.ada)
    return role


@pytest.mark.parametrize("what", ["everything", "module:governance", "/permissions", "/permissions remove"])
async def test_granting_control_of_the_rules_warns(rule_client, support_role, what):
    confirmation = await rule_client.run("allow", what=what, who=support_role)
    assert confirmation.content.startswith("**Save this rule?**")
    assert "⚠️ Whoever may change rules can give themselves and others everything else" in confirmation.content
    assert await rule_client.load_stored_rules() == []


async def test_where_no_rule_can_be_changed_by_it_nothing_is_handed_over(rule_client, support_role):
    saved_reply = await rule_client.run("allow", what="/permissions list", who=support_role)
    assert saved_reply.content.startswith("Saved as rule `#")
    assert "Whoever may change rules" not in saved_reply.content


async def test_locking_oneself_out_by_removing_a_rule_warns(rule_client, members, support_role):
    server = members.server
    await members.add_rule(
        allow=True, subject=(SubjectKind.ROLE, support_role), target=(TargetKind.COMMAND, "permissions")
    )
    await members.wait_for_verdict("Yes", "permissions remove", user=server.bob)
    [rule] = await members.autocomplete("permissions remove", {"rule": ""}, "rule", user=server.bob)
    confirmation = await members.run("permissions remove", {"rule": rule.split()[0]}, user=server.bob)
    assert confirmation.content.startswith("**Remove this rule?**")
    assert "⚠️ You yourself could no longer use `/permissions list|allow|deny|remove`." in confirmation.content
    assert len(await rule_client.load_stored_rules()) == 1


async def test_names_of_channels_that_a_manager_does_not_see_are_not_offered(rule_client, members, sim, manager_role):
    server = members.server
    secret = sim.client.create_channel(server.id, "layoffs")
    hidden = {"id": str(server.id), "type": 0, "allow": "0", "deny": str(1 << 10)}
    sim.client.call("channel/overwrites", channel_id=str(secret), overwrites=[hidden])
    await rule_client.run("deny", what="/server-stats", who=manager_role, where=secret)
    [suggestion] = await members.autocomplete("permissions remove", {"rule": ""}, "rule", user=server.ada)
    assert "layoffs" not in suggestion
    assert suggestion.endswith("@Managers may not use /server-stats in a channel that you do not see")
    assert (await rule_client.list_suggestions("remove", "rule"))[0].endswith("in #layoffs")


async def test_a_button_pressed_twice_makes_the_change_once_and_leaves_the_way_back(rule_client):
    confirmation = await rule_client.run("deny", what="/server-stats")
    results = await asyncio.gather(
        *(rule_client.members.press(confirmation, "Save this rule", user=rule_client.server.owner) for _ in "ab")
    )
    assert len(await rule_client.list_audit_entries()) == 1
    messages = [message for result in results for message in result.messages if message.id == confirmation.id]
    assert [list(get_button_ids(message)) for message in messages if "Saved as rule" in message.content][-1] == ["Undo"]
    assert not any("already" in message.content for message in messages)


async def test_of_two_managers_with_opposite_rules_at_once_the_last_one_holds(rule_client, support_role):
    for _ in range(4):
        confirmations = await asyncio.gather(
            rule_client.run("allow", what="/server-stats", who=support_role),
            rule_client.run("deny", what="/server-stats", holding="manage_messages"),
            rule_client.run("allow", what="/server-stats", holding="manage_messages"),
        )
        await asyncio.gather(*(rule_client.press(confirmation, "Save this rule") for confirmation in confirmations))
        subjects = [(kind, id_) for _, kind, id_, *_ in await rule_client.load_stored_rules()]
        assert len(subjects) == len(set(subjects)) == 2


async def test_a_rule_whose_time_is_over_is_neither_listed_nor_there_to_be_removed(rule_client, members):
    confirmation = await rule_client.run("deny", what="/server-stats", until="2h")
    saved_reply = await rule_client.press(confirmation, "Save this rule")
    number = saved_reply.content.split("`")[1].removeprefix("#")
    await members.run_in_transaction(
        lambda session: session.execute(
            text("UPDATE access_rule SET until = now() WHERE id = :id"), {"id": int(number)}
        )
    )
    assert "No rule yet" in (await rule_client.run("list")).content
    assert await rule_client.list_suggestions("remove", "rule") == []
    reply = await rule_client.run("remove", rule=number)
    assert reply.content.startswith("There is no such rule here any more")


async def test_two_hundred_rules_with_the_longest_notes_are_within_discords_bounds(rule_client, members, sim):
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
        page = await rule_client.press(page, "Next")
    assert "`#" in page.content
    refusal = await rule_client.run("deny", what="/voice-stats", who=role)
    assert refusal.content == "A server has at most 200 rules: remove one that is no longer needed."
    sim.client.set_roles(members.server.id, members.server.bob, [role])
    await members.wait_for_verdict("No", "server-stats", user=members.server.bob)
    for reply in (
        await members.run("server-stats", user=members.server.bob),
        await members.run("why", {"command": "server-stats"}, user=members.server.bob),
    ):
        assert len(reply.content) <= 2000
        assert "@everyone" not in reply.content


async def test_ids_that_are_no_more_are_shown_as_discord_shows_them(rule_client, members, sim, support_role):
    deleted_channel = sim.client.create_channel(rule_client.server.id, "gone")
    await rule_client.run("deny", what="/server-stats", who=support_role, where=deleted_channel)
    sim.client.delete_role(rule_client.server.id, support_role)
    sim.client.delete_channel(deleted_channel)
    assert (
        f"<@&{support_role}> may not use /server-stats in <#{deleted_channel}>"
        in (await rule_client.run("list")).content
    )

    async def has_deleted_names():
        [suggestion] = await rule_client.list_suggestions("remove", "rule")
        return suggestion.endswith("A deleted role may not use /server-stats in a deleted channel")

    await wait_until_true(has_deleted_names)
    [suggestion] = await rule_client.list_suggestions("remove", "rule")
    assert (await rule_client.run("remove", rule=suggestion.split()[0])).content.startswith("Removed rule `#")


@pytest.mark.parametrize("number", ["0", "-1", str(2**63), "9" * 40, "#", "\uff11", "@everyone"])
async def test_an_unknown_rule_number_gets_an_explanation(rule_client, number):
    assert (await rule_client.run("remove", rule=number)).content.startswith("There is no such rule here any more")


async def test_what_is_used_outside_discord_is_named_and_not_taken_for_nothing(rule_client, support_role):
    saved_reply = await rule_client.run("allow", what="dashboard.overview", who=support_role)
    assert saved_reply.content.splitlines()[1:] == ["It is about Overview, which is used outside Discord."]
    confirmation = await rule_client.run("allow", what="everything", who=support_role)
    assert "It is also about Overview, Statistics API, which are used outside Discord." in confirmation.content
