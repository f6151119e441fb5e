"""`/permissions` as those who manage a server use it, and what members may afterwards."""

from zoneinfo import ZoneInfo

import pytest

from herwa_bot.paging import MOST
from herwa_shared.clock import utc_now
from herwa_shared.guardrail.policy import SubjectKind, TargetKind
from herwa_shared.services import access_requests, audit
from herwa_shared.services.access_rules import list_rules
from herwa_shared.services.guilds import choose_zone
from tests.bot.members import Members, buttons

STATS = (TargetKind.COMMAND, "server-stats")


class Rules:
    """The owner at work, and the rules that are stored."""

    def __init__(self, members: Members) -> None:
        self.members, self.place = members, members.place

    async def run(self, command: str, **options: object):
        wanted = {name: str(value) for name, value in options.items()}
        return await self.members.run(f"permissions {command}", wanted, who=self.place.owner)

    async def press(self, message, label: str):
        """The last message is what is new."""
        return (await self.members.press(message, label, who=self.place.owner)).messages[-1]

    async def offered(self, command: str, focused: str, typed: str = "", **options: object) -> list[str]:
        given = {**options, focused: typed}
        return await self.members.type(f"permissions {command}", given, focused, who=self.place.owner)

    async def stored(self) -> list[tuple]:
        async with self.members.stores.database.transaction() as session:
            rules = await list_rules(session, guild_id=self.place.guild, now=utc_now())
        return [(rule.allow, rule.subject_kind, rule.subject_id, rule.target_kind, rule.target_key) for rule in rules]

    async def audited(self) -> list:
        async with self.members.stores.database.transaction() as session:
            return list(await audit.entries(session, guild_id=self.place.guild))


@pytest.fixture
def rules(members) -> Rules:
    return Rules(members)


@pytest.fixture
def support(sim, place) -> int:
    role = sim.client.create_role(place.guild, "Support")
    sim.client.set_roles(place.guild, place.bob, [role])
    return role


def shut(*target: object) -> tuple:
    return (False, SubjectKind.EVERYONE, 0, *target)


async def test_only_support_is_two_rules_in_one_press(rules, members, support):
    asked = await rules.run("allow", what="command:server-stats", who=support)
    assert asked.ephemeral
    assert asked.content.startswith("**Save this rule?**\n> ")
    assert f"<@&{support}> may use /server-stats" in asked.content
    assert "Everyone may use `/server-stats`, so this rule keeps nobody out." in asked.content
    assert await rules.stored() == []
    saved = await rules.press(asked, "Only @Support")
    assert "Nobody else may use /server-stats" in saved.content
    assert "could use `/server-stats`. Afterwards: not any more." in saved.content
    assert await rules.stored() == [(True, SubjectKind.ROLE, support, *STATS), shut(*STATS)]
    await members.become("No", "server-stats", who=members.place.ada)
    await members.become("Yes", "server-stats", who=members.place.bob)


async def test_undo_takes_both_rules_back(rules, members, support):
    asked = await rules.run("allow", what="/server-stats", who=support)
    saved = await rules.press(asked, "Only @Support")
    undone = await rules.press(saved, "Undo")
    assert "**Taken back.**" in undone.content
    assert buttons(undone) == {}
    assert await rules.stored() == []
    assert len(await rules.audited()) == 4
    await members.become("Yes", "server-stats", who=members.place.ada)


async def test_what_has_changed_again_since_is_not_undone(rules, support):
    saved = await rules.run("deny", what="/server-stats", who=support)
    await rules.run("deny", what="/server-stats", who=support, note="on trial")
    told = await rules.press(saved, "Undo")
    assert "has been changed again since" in told.content
    assert await rules.stored() == [(False, SubjectKind.ROLE, support, *STATS)]


async def test_denying_everyone_is_asked_about_first(rules, members):
    asked = await rules.run("deny", what="everything")
    assert "Before: everyone (" in asked.content
    assert "Members with Manage Server could no longer use" in asked.content
    assert "`/permissions list|allow|deny|remove`" in asked.content
    assert "The owner and administrators may always" in asked.content
    left = await rules.press(asked, "Cancel")
    assert left.content == "Nothing has changed."
    assert buttons(left) == {}
    assert await rules.stored() == []
    saved = await rules.press(await rules.run("deny", what="everything"), "Save this rule")
    assert "Saved as rule `#" in saved.content
    assert await rules.stored() == [shut(TargetKind.EVERYTHING, "")]
    await members.become("No", "server-stats")
    assert (await rules.run("list")).ephemeral


async def test_a_rule_for_one_role_is_saved_at_once_and_says_what_it_changes(rules, support):
    saved = await rules.run("deny", what="server.stats", who=support, note="**quiet** @everyone")
    assert saved.content.startswith("Saved as rule `#")
    assert "could use `/server-stats`. Afterwards: not any more." in saved.content
    assert "\\*\\*quiet\\*\\*" in saved.content
    assert "@everyone" not in saved.content
    assert list(buttons(saved)) == ["Undo"]
    assert await rules.stored() == [(False, SubjectKind.ROLE, support, TargetKind.FEATURE, "server.stats")]


async def test_the_opposite_rule_gives_way(rules, support):
    await rules.run("deny", what="/server-stats", who=support)
    asked = await rules.run("allow", what="/server-stats", who=support)
    saved = await rules.press(asked, "Save this rule")
    assert "It takes the place of `#" in saved.content
    assert await rules.stored() == [(True, SubjectKind.ROLE, support, *STATS)]


async def test_the_same_rule_again_changes_its_end_and_says_what_it_was(rules, support):
    await rules.run("deny", what="/server-stats", who=support)
    again = await rules.run("deny", what="/server-stats", who=support)
    assert again.content.endswith("Nothing has changed.")
    assert buttons(again) == {}
    changed = await rules.run("deny", what="/server-stats", who=support, until="2h")
    assert changed.content.startswith("Changed rule `#")
    assert "Before, it said: " in changed.content
    assert len(await rules.stored()) == 1


async def test_a_more_specific_rule_that_decides_is_named(rules, support):
    await rules.run("deny", what="/server-stats", who=support)
    asked = await rules.run("allow", what="module:activity", who=support)
    assert "It does not reach `/server-stats`, where a more specific rule decides:\n- `#" in asked.content
    asked = await rules.run("allow", what="everything")
    assert "These more specific rules go on to hold:\n- `#" in asked.content


async def test_a_rule_about_an_administrator_says_that_it_binds_nobody(rules, sim):
    role = sim.client.create_role(rules.place.guild, "Boss", permissions=1 << 3)
    saved = await rules.run("deny", what="/server-stats", who=role)
    assert "This changes nothing: @\u200bBoss" in saved.content or "This changes nothing: @Boss" in saved.content


async def test_at_everyone_is_everyone_and_a_permission_is_chosen_by_name(rules):
    asked = await rules.run("deny", what="/server-stats", who=rules.place.guild)
    assert "> Nobody may use /server-stats" in asked.content
    asked = await rules.run("allow", what="/permissions", holding="manage_messages")
    assert "> Members with Manage Messages may use /permissions" in asked.content
    saved = await rules.press(asked, "Save this rule")
    assert "Before: members with Manage Messages could not use `/permissions list|allow|deny|remove`" in saved.content
    assert (await rules.offered("allow", "holding", "manage m"))[0] == "Manage Messages"


async def test_who_and_holding_together_are_refused_in_words(rules, support):
    told = await rules.run("allow", what="everything", who=support, holding="manage_messages")
    assert told.content.startswith("Choose either who or holding")


async def test_whoever_would_shut_themselves_out_is_told(rules, members, sim):
    place = members.place
    managing = sim.client.create_role(place.guild, "Managers", permissions=1 << 5)
    sim.client.set_roles(place.guild, place.ada, [managing])
    await members.become("Yes", "permissions deny", who=place.ada)
    asked = await members.run("permissions deny", {"what": "/permissions", "who": str(managing)}, who=place.ada)
    assert "You yourself could no longer use `/permissions list|allow|deny|remove`" in asked.content


async def test_a_place_and_an_end_stand_in_the_sentence(rules, members, support, sim):
    async with members.stores.database.transaction() as session:
        await choose_zone(session, guild_id=members.place.guild, zone=ZoneInfo("Europe/Berlin"))
    saved = await rules.run(
        "deny", what="/server-stats", who=support, where=members.place.channel, until="2027-12-24 18:00"
    )
    assert f"in <#{members.place.channel}> until <t:1829667600:f>" in saved.content
    assert await rules.offered("deny", "until", "2027-12-24", what="x") == ["Until Fri 24 Dec 2027, 00:00"]


async def test_what_is_not_known_is_answered_with_near_names(rules):
    assert "Did you mean /server-stats" in (await rules.run("deny", what="/server-stat")).content
    assert (await rules.run("deny", what="/server-stats", until="soon")).content.endswith("2026-12-24 18:00.")


async def test_everything_that_can_be_ruled_is_offered(rules):
    offered = await rules.offered("allow", "what")
    assert offered[0] == "Everything"
    assert "Server stats (feature)" in offered
    assert "/server-stats" in offered
    assert "/help" not in offered
    assert (await rules.offered("allow", "what", "/perm"))[:2] == ["/permissions", "/permissions allow"]


async def test_the_list_groups_rules_by_what_they_are_about(rules, support):
    assert "No rule yet" in (await rules.run("list")).content
    await rules.run("deny", what="/server-stats", who=support, note="quiet")
    await rules.run("deny", what="server.stats", who=rules.place.bob)
    content = (await rules.run("list")).content
    assert content.index("**Server stats**") < content.index("**/server-stats**")
    assert f"<@&{support}> may not use /server-stats: quiet" in content
    assert "member over role over permission over everyone" in content
    narrowed = (await rules.run("list", who=support)).content
    assert f"<@{rules.place.bob}>" not in narrowed
    assert "No rule is about this." in (await rules.run("list", what="/permissions")).content


async def test_a_rule_is_removed_by_its_sentence(rules, members):
    await rules.press(await rules.run("deny", what="/server-stats"), "Save this rule")
    await rules.run("deny", what="server.stats", who=members.place.bob)
    [first, second] = await rules.offered("remove", "rule")
    assert first.endswith("Nobody may use /server-stats")
    assert second.split(" ", 1)[1].startswith("@bob")
    asked = await rules.run("remove", rule=first.split()[0])
    assert "Afterwards: allowed." in asked.content
    await rules.press(asked, "Remove this rule")
    removed = await rules.run("remove", rule=second.split()[0])
    assert removed.content.startswith("Removed rule `#")
    assert await rules.stored() == []
    await rules.press(removed, "Undo")
    assert len(await rules.stored()) == 1


async def test_a_long_list_is_turned_page_by_page(rules, members):
    for number in range(40):
        await members.rule(allow=False, subject=(SubjectKind.ROLE, 1000 + number), target=STATS, note="n" * 60)
    first = await rules.run("list")
    assert len(first.content) <= MOST + 40
    assert "Page 1 of " in first.content
    second = await rules.press(first, "Next")
    assert "Page 2 of " in second.content
    assert second.content != first.content


async def test_who_waits_for_an_answer_stands_on_top_and_is_answered_there(rules, members):
    await members.decide(
        lambda session: access_requests.ask(
            session,
            guild_id=members.place.guild,
            user_id=members.place.ada,
            user_name="Ada",
            command="permissions list",
            channel_id=members.place.channel,
        )
    )
    listed = await rules.run("list")
    assert f"1. <@{members.place.ada}> (Ada) asks for `/permissions list`" in listed.content
    await rules.press(listed, "1: Allow for 24 hours")
    assert await rules.stored() == [
        (True, SubjectKind.MEMBER, members.place.ada, TargetKind.COMMAND, "permissions list")
    ]
    await members.become("Yes", "permissions list", who=members.place.ada)


async def test_a_member_without_manage_server_is_refused(members):
    assert "Manage Server" in (await members.run("permissions list")).content
    assert await members.type("permissions allow", {"what": ""}, "what") == []
