"""Asking for access: the question reaches those who decide, their answer reaches the member, whatever restarts."""

from functools import partial

import pytest

from herwa_bot.access.access_requests import MAX_NOTIFIED_PER_GUILD, MAX_NOTIFIED_PER_MEMBER
from herwa_bot.access.targets import RULE_CONTROL_WARNING
from herwa_shared.clock import utc_now
from herwa_shared.discord.constants import MANAGE_GUILD
from herwa_shared.guardrail.policy import SubjectKind, TargetKind
from herwa_shared.models import User, UserGuild
from herwa_shared.services.access_requests import create_request, dismiss_request, list_open_requests
from herwa_shared.services.audit import list_entries
from herwa_shared.services.features import set_feature
from tests.support.bot_process import wait_until
from tests.support.member_client import MANAGER, get_button_ids

STATS = (TargetKind.COMMAND, "server-stats")
YES = "Allow for 24 hours"
OPTIONS = {"permissions allow": {"what": "everything"}, "features enable": {"what": "server.stats"}}


@pytest.fixture
async def refusal(members):
    """What Ada is shown where a rule keeps the command to others."""
    await members.add_rule(allow=False, target=STATS)
    await members.wait_for_verdict("No", "server-stats")
    return await members.run("server-stats")


def list_direct_messages(sim, user_id):
    return sim.client.list_direct_messages(user_id)


async def wait_for_direct_message(sim, user_id, text):
    """The direct message in which these words stand, once it is there."""
    await wait_until(lambda: any(text in message.content for message in list_direct_messages(sim, user_id)))
    return [message for message in list_direct_messages(sim, user_id) if text in message.content][-1]


async def request_access(members, sim, refusal):
    """Ada asks; the owner's direct message."""
    await members.press(refusal, "Ask for access")
    return await wait_for_direct_message(sim, members.server.owner, f"**{get_guild_name(sim, members)}**")


def get_guild_name(sim, members):
    return sim.client.get_guild(members.server.id)["name"]


async def press_as(members, sim, message, label, user):
    return await members.press(message, label, user=user, channel=sim.client.open_direct_channel(user))


async def test_the_owner_gets_the_request_and_what_they_allow_holds(members, sim, refusal):
    question = await request_access(members, sim, refusal)
    assert "asks to use `/server-stats`" in question.content
    assert "**#general**" in question.content
    assert set(get_button_ids(question)) == {YES, "No"}
    await press_as(members, sim, question, YES, members.server.owner)
    notice = await wait_for_direct_message(sim, members.server.ada, "You may use `/server-stats`")
    assert get_guild_name(sim, members) in notice.content
    await members.wait_for_verdict("Yes", "server-stats")
    assert not (await members.run("server-stats")).ephemeral
    assert (await members.run("server-stats", user=members.server.bob)).ephemeral
    answered_question = await wait_for_direct_message(sim, members.server.owner, f"**{get_guild_name(sim, members)}**")
    assert "**Yes**" in answered_question.content
    assert answered_question.components == []


async def test_what_is_allowed_is_in_the_audit_log_under_the_name_of_who_allowed_it(members, sim, stores, refusal):
    question = await request_access(members, sim, refusal)
    await press_as(members, sim, question, YES, members.server.owner)
    await members.wait_for_verdict("Yes", "server-stats")
    async with stores.database.transaction() as session:
        newest, *_ = await list_entries(session, guild_id=members.server.id)
    assert (newest.action, newest.actor.user_id, newest.actor.via) == ("rule.add", members.server.owner, "discord")


async def test_a_no_changes_nothing_and_the_member_is_notified(members, sim, refusal):
    question = await request_access(members, sim, refusal)
    await press_as(members, sim, question, "No", members.server.owner)
    await wait_for_direct_message(sim, members.server.ada, "said no to `/server-stats`")
    second_refusal = await members.run("server-stats")
    assert second_refusal.ephemeral
    [reply] = (await members.press(second_refusal, "Ask for access")).messages
    assert "the answer was no. You may ask again <t:" in reply.content


async def test_a_repeated_request_is_not_sent_twice(members, sim, stores, refusal):
    await request_access(members, sim, refusal)
    before = len(list_direct_messages(sim, members.server.owner))
    [reply] = (await members.press(await members.run("server-stats"), "Ask for access")).messages
    assert reply.content.endswith(
        "-# You have asked already. I tell you when somebody who manages this server answers."
    )
    assert len(list_direct_messages(sim, members.server.owner)) == before
    async with stores.database.transaction() as session:
        assert len(await list_open_requests(session, guild_id=members.server.id)) == 1


async def test_a_member_who_may_use_it_by_now_gets_a_notice_instead(members, sim, refusal):
    await members.add_rule(allow=True, subject=(SubjectKind.MEMBER, members.server.ada), target=STATS)
    await members.wait_for_verdict("Yes", "server-stats")
    [reply] = (await members.press(refusal, "Ask for access")).messages
    assert reply.content.endswith("-# You may use it now.")
    assert reply.components == []


async def test_who_does_not_manage_that_server_cannot_decide(members, sim, refusal):
    question = await request_access(members, sim, refusal)
    sim.client.update_guild(members.server.id, owner_id=members.server.bob)
    await members.wait_for_verdict("Yes", "server-stats", user=members.server.bob)
    *_, reply = (await press_as(members, sim, question, YES, members.server.owner)).messages
    assert reply.ephemeral
    assert reply.content.startswith(("You may not answer this", "You are not in that server any more"))
    assert (await members.run("server-stats")).ephemeral


async def test_of_two_decisions_the_first_holds(members, sim, stores, refusal):
    server = members.server
    question = await request_access(members, sim, refusal)
    async with stores.database.transaction() as session:
        [request] = await list_open_requests(session, guild_id=server.id)
        await dismiss_request(session, guild_id=server.id, request_id=request.id, actor=MANAGER)
    await press_as(members, sim, question, YES, server.owner)
    answered_question = await wait_for_direct_message(sim, server.owner, "This has been answered with no already.")
    assert answered_question.components == []
    assert (await members.run("server-stats")).ephemeral


async def test_an_owner_who_takes_no_messages_finds_it_in_the_list(members, sim, refusal):
    sim.client.set_reachable(members.server.owner, False)
    try:
        [reply] = (await members.press(refusal, "Ask for access")).messages
    finally:
        sim.client.set_reachable(members.server.owner, True)
    assert "find it in `/permissions list`" in reply.content


async def test_it_can_be_answered_in_the_list_of_the_server(members, sim, refusal):
    await request_access(members, sim, refusal)
    rule_list = await members.run("permissions list", user=members.server.owner)
    [label] = [text for text, id_ in get_button_ids(rule_list).items() if id_.endswith(":allow")]
    reply = (await members.press(rule_list, label, user=members.server.owner)).messages[-1]
    assert reply.ephemeral
    assert reply.content.startswith("**Yes**: ")
    await wait_for_direct_message(sim, members.server.ada, f"in **{get_guild_name(sim, members)}** until")
    await members.wait_for_verdict("Yes", "server-stats")


async def test_a_server_with_many_open_questions_is_not_flooded_with_messages(members, sim, stores, refusal):
    server = members.server
    await request_access(members, sim, refusal)
    async with stores.database.transaction() as session:
        for number in range(MAX_NOTIFIED_PER_GUILD):
            await create_request(
                session,
                guild_id=server.id,
                user_id=server.ada + 1 + number,
                user_name="somebody",
                command="server-stats",
                channel_id=server.channel,
            )
    before = len(list_direct_messages(sim, server.owner))
    bob_refusal = await members.run("server-stats", user=server.bob)
    [reply] = (await members.press(bob_refusal, "Ask for access", user=server.bob)).messages
    assert "find it in `/permissions list`" in reply.content
    assert len(list_direct_messages(sim, server.owner)) == before


async def test_where_no_manager_could_change_it_no_request_is_offered(members, sim):
    server = members.server
    await members.run_in_transaction(
        partial(set_feature, guild_id=server.id, feature="server.stats", enabled=False, actor=MANAGER)
    )
    await members.wait_for_verdict("No", "server-stats")
    assert get_button_ids(await members.run("server-stats")) == {}


async def test_one_member_cannot_block_the_requests_of_others(members, sim, stores, refusal):
    server = members.server
    for command in ("permissions list", "permissions allow", "features list", "channels list", "features enable"):
        [reply] = (await members.press(await members.run(command, OPTIONS.get(command)), "Ask for access")).messages
    assert "find it in `/permissions list`" in reply.content
    assert (
        sum("<@" + str(server.ada) in message.content for message in list_direct_messages(sim, server.owner))
        == MAX_NOTIFIED_PER_MEMBER
    )
    bob_refusal = await members.run("server-stats", user=server.bob)
    await members.press(bob_refusal, "Ask for access", user=server.bob)
    await wait_for_direct_message(sim, server.owner, f"<@{server.bob}>")


async def test_who_asks_for_the_rules_themselves_is_announced_with_what_that_means(members, sim):
    await members.press(await members.run("permissions allow", {"what": "everything"}), "Ask for access")
    question = await wait_for_direct_message(sim, members.server.owner, f"**{get_guild_name(sim, members)}**")
    assert "asks to use `/permissions allow`" in question.content
    assert RULE_CONTROL_WARNING in question.content


async def test_what_members_call_themselves_links_nowhere_in_a_managers_letters(members, sim, refusal):
    server = members.server
    sim.client.set_nickname(server.id, server.ada, "discord.gg/evil [x](y)")
    refusal = await members.run("server-stats")
    await members.press(refusal, "Ask for access")
    question = await wait_for_direct_message(sim, server.owner, f"<@{server.ada}>")
    assert "discord.gg/evil" not in question.content
    assert "[x](y)" not in question.content


async def test_a_channel_that_not_everyone_sees_is_not_named_to_managers(members, sim, refusal):
    server = members.server
    secret = sim.client.create_channel(server.id, "layoffs")
    view = str(1 << 10)
    overwrites = [
        {"id": str(server.id), "type": 0, "allow": "0", "deny": view},
        {"id": str(server.ada), "type": 1, "allow": view, "deny": "0"},
    ]
    sim.client.call("channel/overwrites", channel_id=str(secret), overwrites=overwrites)
    refusal_in_secret = await members.run("server-stats", channel=secret)
    await members.press(refusal_in_secret, "Ask for access", channel=secret)
    question = await wait_for_direct_message(sim, server.owner, f"<@{server.ada}>")
    assert "layoffs" not in question.content
    assert "They tried it in **a channel that not everyone sees**." in question.content


async def test_who_no_longer_manages_the_server_does_not_learn_who_asks(members, sim, stores, refusal):
    server = members.server
    async with stores.database.transaction() as session:
        for user_id in (server.bob, server.robot):
            session.add(User(id=user_id, name="U", logged_in_at=utc_now()))
        await session.flush()
        for user_id in (server.bob, server.robot):
            session.add(UserGuild(user_id=user_id, guild_id=server.id, name="T", owner=False, permissions=MANAGE_GUILD))
    sim.client.leave(server.id, server.robot)
    await request_access(members, sim, refusal)
    assert list_direct_messages(sim, server.bob) == ()
    manager_role = sim.client.create_role(server.id, "Managers", permissions=MANAGE_GUILD)
    sim.client.set_roles(server.id, server.bob, [manager_role])
    listing = await members.run("permissions list")
    await members.press(listing, "Ask for access")
    await wait_for_direct_message(sim, server.bob, "asks to use `/permissions list`")
