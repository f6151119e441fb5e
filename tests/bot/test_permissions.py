"""`/permissions` as those who manage a server use it, and what members may afterwards."""

import asyncio
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import text

from herwa_bot.ui.pagination import MOST
from herwa_shared.clock import utc_now
from herwa_shared.guardrail.policy import SubjectKind, TargetKind
from herwa_shared.services import access_requests, audit
from herwa_shared.services.access_rules import NewRule, add_rule, list_rules
from herwa_shared.services.guilds import choose_zone
from tests.bot.members import MANAGER, Members, buttons, is_last
from tests.bot.stored import comes_true

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


@pytest.fixture
async def manager(rules, members, sim) -> int:
    """Ada has Manage Server, and no more."""
    place = members.place
    managing = sim.client.create_role(place.guild, "Managers", permissions=1 << 5)
    sim.client.set_roles(place.guild, place.ada, [managing])
    await members.become("Yes", "permissions remove", who=place.ada)
    return managing


@pytest.mark.parametrize("what", ["everything", "module:governance", "/permissions", "/permissions remove"])
async def test_who_hands_over_the_rules_themselves_is_told_what_that_means(rules, support, what):
    asked = await rules.run("allow", what=what, who=support)
    assert asked.content.startswith("**Save this rule?**")
    assert "⚠️ Whoever may change rules can give themselves and others everything else" in asked.content
    assert await rules.stored() == []


async def test_where_no_rule_can_be_changed_by_it_nothing_is_handed_over(rules, support):
    saved = await rules.run("allow", what="/permissions list", who=support)
    assert saved.content.startswith("Saved as rule `#")
    assert "Whoever may change rules" not in saved.content


async def test_whoever_would_shut_themselves_out_by_removing_a_rule_is_told(rules, members, support):
    place = members.place
    await members.rule(allow=True, subject=(SubjectKind.ROLE, support), target=(TargetKind.COMMAND, "permissions"))
    await members.become("Yes", "permissions remove", who=place.bob)
    [rule] = await members.type("permissions remove", {"rule": ""}, "rule", who=place.bob)
    asked = await members.run("permissions remove", {"rule": rule.split()[0]}, who=place.bob)
    assert asked.content.startswith("**Remove this rule?**")
    assert "⚠️ You yourself could no longer use `/permissions list|allow|deny|remove`." in asked.content
    assert len(await rules.stored()) == 1


async def test_names_of_channels_that_a_manager_does_not_see_are_not_offered(rules, members, sim, manager):
    place = members.place
    secret = sim.client.create_channel(place.guild, "layoffs")
    hidden = {"id": str(place.guild), "type": 0, "allow": "0", "deny": str(1 << 10)}
    sim.client.call("channel/overwrites", channel_id=str(secret), overwrites=[hidden])
    await rules.run("deny", what="/server-stats", who=manager, where=secret)
    [theirs] = await members.type("permissions remove", {"rule": ""}, "rule", who=place.ada)
    assert "layoffs" not in theirs
    assert theirs.endswith("@Managers may not use /server-stats in a channel that you do not see")
    assert (await rules.offered("remove", "rule"))[0].endswith("in #layoffs")


async def test_a_button_pressed_twice_makes_the_change_once_and_leaves_the_way_back(rules):
    asked = await rules.run("deny", what="/server-stats")
    answers = await asyncio.gather(*(rules.members.press(asked, "Save this rule", who=rules.place.owner) for _ in "ab"))
    assert len(await rules.audited()) == 1
    told = [message for answer in answers for message in answer.messages if message.id == asked.id]
    assert [list(buttons(message)) for message in told if "Saved as rule" in message.content][-1] == ["Undo"]
    assert not any("already" in message.content for message in told)


async def test_of_two_managers_who_say_the_opposite_at_once_one_has_the_last_word(rules, support):
    for _ in range(4):
        asked = await asyncio.gather(
            rules.run("allow", what="/server-stats", who=support),
            rules.run("deny", what="/server-stats", holding="manage_messages"),
            rules.run("allow", what="/server-stats", holding="manage_messages"),
        )
        await asyncio.gather(*(rules.press(one, "Save this rule") for one in asked))
        subjects = [(kind, id_) for _, kind, id_, *_ in await rules.stored()]
        assert len(subjects) == len(set(subjects)) == 2


async def test_a_rule_whose_time_is_over_is_neither_listed_nor_there_to_be_removed(rules, members):
    asked = await rules.run("deny", what="/server-stats", until="2h")
    saved = await rules.press(asked, "Save this rule")
    number = saved.content.split("`")[1].removeprefix("#")
    await members.decide(
        lambda session: session.execute(
            text("UPDATE access_rule SET until = now() WHERE id = :id"), {"id": int(number)}
        )
    )
    assert "No rule yet" in (await rules.run("list")).content
    assert await rules.offered("remove", "rule") == []
    told = await rules.run("remove", rule=number)
    assert told.content.startswith("There is no such rule here any more")


async def test_two_hundred_rules_with_the_longest_notes_are_within_discords_bounds(rules, members, sim):
    hostile = ("@everyone **[x](https://evil.example)** \u202e" + "*_~|`<>" * 40)[:200]
    role = sim.client.create_role(rules.place.guild, hostile[:100])

    async def fill(session):
        for number in range(199):
            rule = NewRule(False, SubjectKind.ROLE, 1000 + number, *STATS, note=hostile)
            await add_rule(session, guild_id=members.place.guild, rule=rule, actor=MANAGER)

    await members.decide(fill)
    await rules.run("deny", what="server.stats", who=role, note=hostile)
    offered = await rules.offered("remove", "rule")
    assert len(offered) == 25
    assert all(0 < len(one) <= 100 for one in offered)
    shown = await rules.run("list")
    for _ in range(60):
        assert len(shown.content) <= 2000
        assert "@everyone" not in shown.content
        assert "https://" not in shown.content
        if is_last(shown):
            break
        shown = await rules.press(shown, "Next")
    assert "`#" in shown.content
    one_more = await rules.run("deny", what="/voice-stats", who=role)
    assert one_more.content == "A server has at most 200 rules: remove one that is no longer needed."
    sim.client.set_roles(members.place.guild, members.place.bob, [role])
    await members.become("No", "server-stats", who=members.place.bob)
    for said in (
        await members.run("server-stats", who=members.place.bob),
        await members.run("why", {"command": "server-stats"}, who=members.place.bob),
    ):
        assert len(said.content) <= 2000
        assert "@everyone" not in said.content


async def test_ids_that_are_no_more_are_shown_as_discord_shows_them(rules, members, sim, support):
    gone = sim.client.create_channel(rules.place.guild, "gone")
    await rules.run("deny", what="/server-stats", who=support, where=gone)
    sim.client.delete_role(rules.place.guild, support)
    sim.client.delete_channel(gone)
    assert f"<@&{support}> may not use /server-stats in <#{gone}>" in (await rules.run("list")).content

    async def known():
        [offered] = await rules.offered("remove", "rule")
        return offered.endswith("A deleted role may not use /server-stats in a deleted channel")

    await comes_true(known)
    [offered] = await rules.offered("remove", "rule")
    assert (await rules.run("remove", rule=offered.split()[0])).content.startswith("Removed rule `#")


@pytest.mark.parametrize("number", ["0", "-1", str(2**63), "9" * 40, "#", "\uff11", "@everyone"])
async def test_a_number_that_is_no_rules_is_answered_in_words(rules, number):
    assert (await rules.run("remove", rule=number)).content.startswith("There is no such rule here any more")


async def test_what_is_used_outside_discord_is_named_and_not_taken_for_nothing(rules, support):
    saved = await rules.run("allow", what="dashboard.overview", who=support)
    assert saved.content.splitlines()[1:] == ["It is about Overview, which is used outside Discord."]
    asked = await rules.run("allow", what="everything", who=support)
    assert "It is also about Overview, Statistics API, which are used outside Discord." in asked.content
