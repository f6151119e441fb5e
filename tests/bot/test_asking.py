"""Asking for access: the question reaches those who decide, their answer reaches the member, whatever restarts."""

from functools import partial

import pytest

from herwa_bot.access.access_requests import TOLD_AT_MOST, TOLD_OF_ONE
from herwa_bot.access.targets import HANDS_OVER
from herwa_shared.clock import utc_now
from herwa_shared.discord.constants import MANAGE_GUILD
from herwa_shared.guardrail.policy import SubjectKind, TargetKind
from herwa_shared.models import User, UserGuild
from herwa_shared.services.access_requests import ask, dismiss, open_requests
from herwa_shared.services.audit import entries
from herwa_shared.services.features import set_feature
from tests.bot.members import MANAGER, buttons
from tests.bot.process import until

STATS = (TargetKind.COMMAND, "server-stats")
YES = "Allow for 24 hours"
OPTIONS = {"permissions allow": {"what": "everything"}, "features enable": {"what": "server.stats"}}


@pytest.fixture
async def refused(members):
    """What Ada is shown where a rule keeps the command to others."""
    await members.rule(allow=False, target=STATS)
    await members.become("No", "server-stats")
    return await members.run("server-stats")


def letters(sim, user_id):
    return sim.client.direct_messages(user_id)


async def letter(sim, user_id, words):
    """The direct message in which these words stand, once it is there."""
    await until(lambda: any(words in one.content for one in letters(sim, user_id)))
    return [one for one in letters(sim, user_id) if words in one.content][-1]


async def asked(members, sim, refused):
    """Ada asks; the owner's direct message."""
    await members.press(refused, "Ask for access")
    return await letter(sim, members.place.owner, f"**{guild_name(sim, members)}**")


def guild_name(sim, members):
    return sim.client.guild(members.place.guild)["name"]


async def answer(members, sim, message, label, who):
    return await members.press(message, label, who=who, channel=sim.client.direct_channel(who))


async def test_the_owner_is_asked_and_what_they_allow_holds(members, sim, refused):
    question = await asked(members, sim, refused)
    assert "asks to use `/server-stats`" in question.content
    assert "**#general**" in question.content
    assert set(buttons(question)) == {YES, "No"}
    await answer(members, sim, question, YES, members.place.owner)
    told = await letter(sim, members.place.ada, "You may use `/server-stats`")
    assert guild_name(sim, members) in told.content
    await members.become("Yes", "server-stats")
    assert not (await members.run("server-stats")).ephemeral
    assert (await members.run("server-stats", who=members.place.bob)).ephemeral
    answered = await letter(sim, members.place.owner, f"**{guild_name(sim, members)}**")
    assert "**Yes**" in answered.content
    assert answered.components == []


async def test_what_is_allowed_is_in_the_audit_log_under_the_name_of_who_allowed_it(members, sim, stores, refused):
    question = await asked(members, sim, refused)
    await answer(members, sim, question, YES, members.place.owner)
    await members.become("Yes", "server-stats")
    async with stores.database.transaction() as session:
        newest, *_ = await entries(session, guild_id=members.place.guild)
    assert (newest.action, newest.actor.user_id, newest.actor.via) == ("rule.add", members.place.owner, "discord")


async def test_a_no_changes_nothing_and_is_told(members, sim, refused):
    question = await asked(members, sim, refused)
    await answer(members, sim, question, "No", members.place.owner)
    await letter(sim, members.place.ada, "said no to `/server-stats`")
    again = await members.run("server-stats")
    assert again.ephemeral
    [shown] = (await members.press(again, "Ask for access")).messages
    assert "the answer was no. You may ask again <t:" in shown.content


async def test_who_has_asked_is_not_passed_on_twice(members, sim, stores, refused):
    await asked(members, sim, refused)
    before = len(letters(sim, members.place.owner))
    [shown] = (await members.press(await members.run("server-stats"), "Ask for access")).messages
    assert shown.content.endswith(
        "-# You have asked already. I tell you when somebody who manages this server answers."
    )
    assert len(letters(sim, members.place.owner)) == before
    async with stores.database.transaction() as session:
        assert len(await open_requests(session, guild_id=members.place.guild)) == 1


async def test_who_may_use_it_meanwhile_is_told_so_instead(members, sim, refused):
    await members.rule(allow=True, subject=(SubjectKind.MEMBER, members.place.ada), target=STATS)
    await members.become("Yes", "server-stats")
    [shown] = (await members.press(refused, "Ask for access")).messages
    assert shown.content.endswith("-# You may use it now.")
    assert shown.components == []


async def test_who_does_not_decide_in_that_server_cannot_answer(members, sim, refused):
    question = await asked(members, sim, refused)
    sim.client.update_guild(members.place.guild, owner_id=members.place.bob)
    await members.become("Yes", "server-stats", who=members.place.bob)
    *_, shown = (await answer(members, sim, question, YES, members.place.owner)).messages
    assert shown.ephemeral
    assert shown.content.startswith(("You may not answer this", "You are not in that server any more"))
    assert (await members.run("server-stats")).ephemeral


async def test_of_two_answers_the_first_holds(members, sim, stores, refused):
    place = members.place
    question = await asked(members, sim, refused)
    async with stores.database.transaction() as session:
        [request] = await open_requests(session, guild_id=place.guild)
        await dismiss(session, guild_id=place.guild, request_id=request.id, actor=MANAGER)
    await answer(members, sim, question, YES, place.owner)
    answered = await letter(sim, place.owner, "This has been answered with no already.")
    assert answered.components == []
    assert (await members.run("server-stats")).ephemeral


async def test_an_owner_who_takes_no_messages_finds_it_in_the_list(members, sim, refused):
    sim.client.set_reachable(members.place.owner, False)
    try:
        [shown] = (await members.press(refused, "Ask for access")).messages
    finally:
        sim.client.set_reachable(members.place.owner, True)
    assert "find it in `/permissions list`" in shown.content


async def test_it_can_be_answered_in_the_list_of_the_server(members, sim, refused):
    await asked(members, sim, refused)
    listed = await members.run("permissions list", who=members.place.owner)
    [label] = [one for one, id_ in buttons(listed).items() if id_.endswith(":allow")]
    told = (await members.press(listed, label, who=members.place.owner)).messages[-1]
    assert told.ephemeral
    assert told.content.startswith("**Yes**: ")
    await letter(sim, members.place.ada, f"in **{guild_name(sim, members)}** until")
    await members.become("Yes", "server-stats")


async def test_a_server_with_many_open_questions_is_not_flooded_with_messages(members, sim, stores, refused):
    place = members.place
    await asked(members, sim, refused)
    async with stores.database.transaction() as session:
        for number in range(TOLD_AT_MOST):
            await ask(
                session,
                guild_id=place.guild,
                user_id=place.ada + 1 + number,
                user_name="somebody",
                command="server-stats",
                channel_id=place.channel,
            )
    before = len(letters(sim, place.owner))
    theirs = await members.run("server-stats", who=place.bob)
    [shown] = (await members.press(theirs, "Ask for access", who=place.bob)).messages
    assert "find it in `/permissions list`" in shown.content
    assert len(letters(sim, place.owner)) == before


async def test_where_nobody_could_change_it_nobody_is_asked(members, sim):
    place = members.place
    await members.decide(
        partial(set_feature, guild_id=place.guild, feature="server.stats", enabled=False, actor=MANAGER)
    )
    await members.become("No", "server-stats")
    assert buttons(await members.run("server-stats")) == {}


async def test_one_member_cannot_keep_the_others_questions_from_being_told(members, sim, stores, refused):
    place = members.place
    for command in ("permissions list", "permissions allow", "features list", "channels list", "features enable"):
        [shown] = (await members.press(await members.run(command, OPTIONS.get(command)), "Ask for access")).messages
    assert "find it in `/permissions list`" in shown.content
    assert sum("<@" + str(place.ada) in one.content for one in letters(sim, place.owner)) == TOLD_OF_ONE
    theirs = await members.run("server-stats", who=place.bob)
    await members.press(theirs, "Ask for access", who=place.bob)
    await letter(sim, place.owner, f"<@{place.bob}>")


async def test_who_asks_for_the_rules_themselves_is_announced_with_what_that_means(members, sim):
    await members.press(await members.run("permissions allow", {"what": "everything"}), "Ask for access")
    question = await letter(sim, members.place.owner, f"**{guild_name(sim, members)}**")
    assert "asks to use `/permissions allow`" in question.content
    assert HANDS_OVER in question.content


async def test_what_members_call_themselves_links_nowhere_in_a_managers_letters(members, sim, refused):
    place = members.place
    sim.client.rename(place.guild, place.ada, "discord.gg/evil [x](y)")
    refused = await members.run("server-stats")
    await members.press(refused, "Ask for access")
    question = await letter(sim, place.owner, f"<@{place.ada}>")
    assert "discord.gg/evil" not in question.content
    assert "[x](y)" not in question.content


async def test_a_channel_that_not_everyone_sees_is_not_named_to_those_who_are_asked(members, sim, refused):
    place = members.place
    secret = sim.client.create_channel(place.guild, "layoffs")
    view = str(1 << 10)
    overwrites = [
        {"id": str(place.guild), "type": 0, "allow": "0", "deny": view},
        {"id": str(place.ada), "type": 1, "allow": view, "deny": "0"},
    ]
    sim.client.call("channel/overwrites", channel_id=str(secret), overwrites=overwrites)
    there = await members.run("server-stats", channel=secret)
    await members.press(there, "Ask for access", channel=secret)
    question = await letter(sim, place.owner, f"<@{place.ada}>")
    assert "layoffs" not in question.content
    assert "They tried it in **a channel that not everyone sees**." in question.content


async def test_who_no_longer_manages_the_server_is_not_told_who_asks(members, sim, stores, refused):
    place = members.place
    async with stores.database.transaction() as session:
        for user_id in (place.bob, place.robot):
            session.add(User(id=user_id, name="U", logged_in_at=utc_now()))
        await session.flush()
        for user_id in (place.bob, place.robot):
            session.add(
                UserGuild(user_id=user_id, guild_id=place.guild, name="T", owner=False, permissions=MANAGE_GUILD)
            )
    sim.client.leave(place.guild, place.robot)
    await asked(members, sim, refused)
    assert letters(sim, place.bob) == ()
    managing = sim.client.create_role(place.guild, "Managers", permissions=MANAGE_GUILD)
    sim.client.set_roles(place.guild, place.bob, [managing])
    listing = await members.run("permissions list")
    await members.press(listing, "Ask for access")
    await letter(sim, place.bob, "asks to use `/permissions list`")
