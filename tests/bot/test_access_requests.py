"""Access requests: managers receive and decide them, and the member is notified."""

import asyncio
from functools import partial

import pytest
from sqlalchemy import text

from herwa_bot.access.access_requests import MAX_NOTIFIED_PER_GUILD, MAX_NOTIFIED_PER_MEMBER
from herwa_bot.access.notices import POLL_SECONDS
from herwa_bot.texts import buttons
from herwa_bot.texts import exports as export_texts
from herwa_bot.texts import privacy as privacy_texts
from herwa_bot.texts import requests as texts
from herwa_bot.texts.names import PRIVATE_CHANNEL
from herwa_bot.texts.permissions import RULE_CONTROL_WARNING
from herwa_bot.ui.names import MESSAGE_NAMES
from herwa_shared.discord.constants import MANAGE_GUILD
from herwa_shared.guardrail.policy import SubjectKind, TargetKind
from herwa_shared.privacy.guild_deletion import delete_requested_guilds, request_deletion
from herwa_shared.services.access_requests import (
    allow_request,
    create_request,
    dismiss_request,
    list_open_requests,
)
from herwa_shared.services.audit import SYSTEM, list_entries
from herwa_shared.services.features import set_feature
from herwa_shared.services.guild_settings import GuildSetting, set_guild_setting
from herwa_shared.services.message_subscribers import MessageTopic, set_subscription
from herwa_shared.services.texts import REQUEST_ALREADY_DECLINED
from herwa_shared.stores import Stores
from tests.support.bot_process import wait_until
from tests.support.db_assertions import fetch_rows
from tests.support.export_factory import add_finished_export
from tests.support.member_client import MANAGER, get_button_ids

STATS = (TargetKind.COMMAND, "server-stats")
OPTIONS = {"permissions allow": {"what": "everything"}, "features enable": {"what": "server.stats"}}


@pytest.fixture(autouse=True)
async def subscribed_owner(members, stores):
    """The owner has switched on direct messages about requests."""
    await subscribe(stores, members.server.id, members.server.owner)


async def subscribe(stores, guild_id, user_id):
    async with stores.database.transaction() as session:
        await set_subscription(
            session, guild_id=guild_id, topic=MessageTopic.REQUESTS, user_id=user_id, subscribed=True
        )


@pytest.fixture
async def refusal(members):
    """The refusal that Ada gets because a rule denies her the command."""
    await members.add_rule(allow=False, target=STATS)
    await members.wait_for_verdict("No", "server-stats")
    return await members.run("server-stats")


def list_direct_messages(sim, user_id):
    return sim.client.list_direct_messages(user_id)


async def wait_for_direct_message(sim, user_id, text):
    """Wait for a direct message that contains the text; return the newest one."""
    await wait_until(lambda: any(text in message.content for message in list_direct_messages(sim, user_id)))
    return [message for message in list_direct_messages(sim, user_id) if text in message.content][-1]


async def request_access(members, sim, refusal):
    """Request access as Ada; return the owner's direct message."""
    await members.press(refusal, buttons.ASK_FOR_ACCESS)
    return await wait_for_direct_message(sim, members.server.owner, f"**{get_guild_name(sim, members)}**")


def get_guild_name(sim, members):
    return sim.client.get_guild(members.server.id)["name"]


def get_member_name(sim, members, user_id):
    members_by_id = {member["id"]: member["name"] for member in sim.client.get_guild(members.server.id)["member_list"]}
    return members_by_id[str(user_id)]


async def press_as(members, sim, message, label, user):
    """Press a button in the user's direct messages."""
    return await members.press(message, label, user=user, channel=sim.client.open_direct_channel(user))


async def test_owner_receives_the_request_and_can_allow_it(members, sim, refusal):
    request_message = await request_access(members, sim, refusal)
    name = get_member_name(sim, members, members.server.ada)
    guild_name = get_guild_name(sim, members)
    assert request_message.content == texts.format_request_message(f"@{name}", "server-stats", guild_name, "#general")
    assert set(get_button_ids(request_message)) == {
        buttons.ALLOW_REQUEST,
        buttons.DECLINE_REQUEST,
        buttons.STOP_MESSAGES,
    }
    await press_as(members, sim, request_message, buttons.ALLOW_REQUEST, members.server.owner)
    notice = await wait_for_direct_message(sim, members.server.ada, f"**{guild_name}**")
    assert notice.content.startswith(texts.format_allowed_message("server-stats", guild_name, "<t:")[:-1])
    await members.wait_for_verdict("Yes", "server-stats")
    assert not (await members.run("server-stats")).ephemeral
    assert (await members.run("server-stats", user=members.server.bob)).ephemeral
    decided_request = await wait_for_direct_message(sim, members.server.owner, f"**{get_guild_name(sim, members)}**")
    decision = texts.format_decision(f"@{name}", "server-stats", "<t:", is_notified=True)
    assert decision.split("<t:")[0] in decided_request.content
    assert decision.split("<t:.")[1] in decided_request.content
    assert decided_request.components == []


async def test_allowed_request_is_audited_with_the_owner_as_actor(members, sim, stores, refusal):
    request_message = await request_access(members, sim, refusal)
    await press_as(members, sim, request_message, buttons.ALLOW_REQUEST, members.server.owner)
    await members.wait_for_verdict("Yes", "server-stats")
    async with stores.database.transaction() as session:
        newest, *_ = await list_entries(session, guild_id=members.server.id)
    assert (newest.action, newest.actor.user_id, newest.actor.via) == ("rule.add", members.server.owner, "discord")


async def test_denied_request_changes_nothing_and_notifies_the_member(members, sim, refusal):
    request_message = await request_access(members, sim, refusal)
    await press_as(members, sim, request_message, buttons.DECLINE_REQUEST, members.server.owner)
    notice = texts.format_declined_message("server-stats", get_guild_name(sim, members))
    await wait_for_direct_message(sim, members.server.ada, notice)
    second_refusal = await members.run("server-stats")
    assert second_refusal.ephemeral
    [reply] = (await members.press(second_refusal, buttons.ASK_FOR_ACCESS)).messages
    assert texts.format_declined_recently("<t:")[:-1] in reply.content


async def test_repeated_request_is_not_sent_twice(members, sim, stores, refusal):
    await request_access(members, sim, refusal)
    message_count = len(list_direct_messages(sim, members.server.owner))
    [reply] = (await members.press(await members.run("server-stats"), buttons.ASK_FOR_ACCESS)).messages
    assert reply.content.endswith(f"{texts.ALREADY_REQUESTED} {texts.DECISION_BY_DM}")
    assert len(list_direct_messages(sim, members.server.owner)) == message_count
    async with stores.database.transaction() as session:
        assert len(await list_open_requests(session, guild_id=members.server.id)) == 1


async def test_member_who_has_gained_access_gets_a_notice_instead_of_a_request(members, sim, refusal):
    await members.add_rule(allow=True, subject=(SubjectKind.MEMBER, members.server.ada), target=STATS)
    await members.wait_for_verdict("Yes", "server-stats")
    [reply] = (await members.press(refusal, buttons.ASK_FOR_ACCESS)).messages
    assert reply.content.endswith(texts.ALREADY_ALLOWED)
    assert reply.components == []


async def test_former_owner_cannot_decide_the_request(members, sim, refusal):
    request_message = await request_access(members, sim, refusal)
    sim.client.update_guild(members.server.id, owner_id=members.server.bob)
    await members.wait_for_verdict("Yes", "server-stats", user=members.server.bob)
    *_, reply = (await press_as(members, sim, request_message, buttons.ALLOW_REQUEST, members.server.owner)).messages
    assert reply.ephemeral
    assert reply.content == texts.format_managers_only(get_guild_name(sim, members))
    assert (await members.run("server-stats")).ephemeral


async def test_first_of_two_decisions_wins(members, sim, stores, refusal):
    server = members.server
    request_message = await request_access(members, sim, refusal)
    async with stores.database.transaction() as session:
        [request] = await list_open_requests(session, guild_id=server.id)
        await dismiss_request(session, guild_id=server.id, request_id=request.id, actor=MANAGER)
    await press_as(members, sim, request_message, buttons.ALLOW_REQUEST, server.owner)
    decided_request = await wait_for_direct_message(sim, server.owner, REQUEST_ALREADY_DECLINED)
    assert decided_request.components == []
    assert (await members.run("server-stats")).ephemeral


async def test_request_to_an_unreachable_owner_points_to_the_permissions_list(members, sim, refusal):
    sim.client.set_reachable(members.server.owner, False)
    try:
        [reply] = (await members.press(refusal, buttons.ASK_FOR_ACCESS)).messages
    finally:
        sim.client.set_reachable(members.server.owner, True)
    assert reply.content.endswith(f"{texts.REQUEST_LISTED} {texts.DECISION_BY_DM}")


async def test_request_can_be_decided_in_the_permissions_list(members, sim, refusal):
    await request_access(members, sim, refusal)
    rule_list = await members.run("permissions list", user=members.server.owner)
    [label] = [text for text, id_ in get_button_ids(rule_list).items() if id_.endswith(":allow")]
    reply = (await members.press(rule_list, label, user=members.server.owner)).messages[-1]
    assert reply.ephemeral
    member = MESSAGE_NAMES.format_member(members.server.ada)
    assert reply.content.startswith(
        texts.format_decision(member, "server-stats", "<t:", is_notified=True).split("<t:")[0]
    )
    await wait_for_direct_message(sim, members.server.ada, f"in **{get_guild_name(sim, members)}** until")
    await members.wait_for_verdict("Yes", "server-stats")


async def test_owner_is_not_flooded_by_many_open_requests(members, sim, stores, refusal):
    server = members.server
    await request_access(members, sim, refusal)
    async with stores.database.transaction() as session:
        for number in range(MAX_NOTIFIED_PER_GUILD):
            await create_request(
                session,
                guild_id=server.id,
                user_id=server.ada + 1 + number,
                user_name="member",
                command="server-stats",
                channel_id=server.channel,
            )
    message_count = len(list_direct_messages(sim, server.owner))
    bob_refusal = await members.run("server-stats", user=server.bob)
    [reply] = (await members.press(bob_refusal, buttons.ASK_FOR_ACCESS, user=server.bob)).messages
    assert reply.content.endswith(f"{texts.REQUEST_LISTED} {texts.DECISION_BY_DM}")
    assert len(list_direct_messages(sim, server.owner)) == message_count


async def test_disabled_feature_offers_no_access_request(members, sim):
    server = members.server
    await members.run_in_transaction(
        partial(set_feature, guild_id=server.id, feature="server.stats", enabled=False, actor=MANAGER)
    )
    await members.wait_for_verdict("No", "server-stats")
    assert get_button_ids(await members.run("server-stats")) == {}


async def test_one_member_cannot_use_up_the_requests_of_others(members, sim, stores, refusal):
    server = members.server
    ada_name, bob_name = (f"@{get_member_name(sim, members, id_)}" for id_ in (server.ada, server.bob))
    for command in ("permissions list", "permissions allow", "features list", "channels list", "features enable"):
        [reply] = (
            await members.press(await members.run(command, OPTIONS.get(command)), buttons.ASK_FOR_ACCESS)
        ).messages
    assert reply.content.endswith(f"{texts.REQUEST_LISTED} {texts.DECISION_BY_DM}")
    assert (
        sum(ada_name in message.content for message in list_direct_messages(sim, server.owner))
        == MAX_NOTIFIED_PER_MEMBER
    )
    bob_refusal = await members.run("server-stats", user=server.bob)
    await members.press(bob_refusal, buttons.ASK_FOR_ACCESS, user=server.bob)
    await wait_for_direct_message(sim, server.owner, bob_name)


async def test_request_for_rule_control_carries_a_warning(members, sim):
    await members.press(await members.run("permissions allow", {"what": "everything"}), buttons.ASK_FOR_ACCESS)
    request_message = await wait_for_direct_message(sim, members.server.owner, f"**{get_guild_name(sim, members)}**")
    assert "`/permissions allow`" in request_message.content
    assert RULE_CONTROL_WARNING in request_message.content


async def test_member_name_creates_no_link_in_a_request(members, sim, refusal):
    server = members.server
    sim.client.set_nickname(server.id, server.ada, "discord.gg/evil [x](y)")
    refusal = await members.run("server-stats")
    await members.press(refusal, buttons.ASK_FOR_ACCESS)
    request_message = await wait_for_direct_message(sim, server.owner, f"**{get_guild_name(sim, members)}**")
    assert f"({get_member_name(sim, members, server.ada)})" in request_message.content
    assert "discord.gg/evil" not in request_message.content
    assert "[x](y)" not in request_message.content


async def test_request_does_not_name_a_private_channel(members, sim, refusal):
    server = members.server
    secret = sim.client.create_channel(server.id, "layoffs")
    view = str(1 << 10)
    overwrites = [
        {"id": str(server.id), "type": 0, "allow": "0", "deny": view},
        {"id": str(server.ada), "type": 1, "allow": view, "deny": "0"},
    ]
    sim.client.call("channel/overwrites", channel_id=str(secret), overwrites=overwrites)
    refusal_in_secret = await members.run("server-stats", channel=secret)
    await members.press(refusal_in_secret, buttons.ASK_FOR_ACCESS, channel=secret)
    request_message = await wait_for_direct_message(sim, server.owner, f"**{get_guild_name(sim, members)}**")
    assert "layoffs" not in request_message.content
    assert PRIVATE_CHANNEL in request_message.content


async def test_former_managers_receive_no_request(members, sim, stores, refusal):
    server = members.server
    for user_id in (server.bob, server.robot):
        await subscribe(stores, server.id, user_id)
    sim.client.leave(server.id, server.robot)
    await request_access(members, sim, refusal)
    assert list_direct_messages(sim, server.bob) == ()
    manager_role = sim.client.create_role(server.id, "Managers", permissions=MANAGE_GUILD)
    sim.client.set_roles(server.id, server.bob, [manager_role])
    listing = await members.run("permissions list")
    await members.press(listing, buttons.ASK_FOR_ACCESS)
    await wait_for_direct_message(sim, server.bob, "`/permissions list`")


async def test_request_is_posted_in_the_chosen_channel_and_decided_there(members, sim, refusal):
    server = members.server
    team = sim.client.create_channel(server.id, "team")
    await members.run_in_transaction(
        partial(
            set_guild_setting,
            guild_id=server.id,
            setting=GuildSetting.REQUEST_CHANNEL,
            value={"value": str(team)},
            actor=MANAGER,
        )
    )
    await members.press(refusal, buttons.ASK_FOR_ACCESS)
    await wait_until(lambda: sim.client.list_messages(team))
    [post] = sim.client.list_messages(team)
    name = get_member_name(sim, members, server.ada)
    assert post.content == texts.format_posted_request(f"@{name}", "server-stats", "#general")
    [denial] = (await members.press(post, buttons.ALLOW_REQUEST, user=server.bob, channel=team)).messages
    assert denial.ephemeral
    await members.press(post, buttons.ALLOW_REQUEST, user=server.owner, channel=team)
    await members.wait_for_verdict("Yes", "server-stats")
    [decided_post] = sim.client.list_messages(team)
    assert decided_post.content.startswith(post.content)
    assert decided_post.components == []


async def test_without_a_channel_and_subscribers_the_request_is_listed(members, stores, refusal):
    async with stores.database.transaction() as session:
        await set_subscription(
            session,
            guild_id=members.server.id,
            topic=MessageTopic.REQUESTS,
            user_id=members.server.owner,
            subscribed=False,
        )
    [reply] = (await members.press(refusal, buttons.ASK_FOR_ACCESS)).messages
    assert reply.content.endswith(f"{texts.REQUEST_LISTED} {texts.DECISION_BY_DM}")


async def test_member_gets_one_message_about_a_decision_on_the_web(members, sim, stores, refusal):
    server = members.server
    await members.press(refusal, buttons.ASK_FOR_ACCESS)
    async with stores.database.transaction() as session:
        [request] = await list_open_requests(session, guild_id=server.id)
        await allow_request(session, guild_id=server.id, request_id=request.id, actor=MANAGER)
    guild_name = get_guild_name(sim, members)
    notice = await wait_for_direct_message(sim, server.ada, f"**{guild_name}** until")
    assert notice.content.startswith(texts.format_allowed_message("server-stats", guild_name, "<t:")[:-1])
    await asyncio.sleep(2 * POLL_SECONDS)
    assert sum(guild_name in message.content for message in list_direct_messages(sim, server.ada)) == 1


async def test_only_managers_who_want_them_get_messages_about_their_exports(members, sim, stores):
    server, guild_name = members.server, get_guild_name(sim, members)
    async with stores.database.transaction() as session:
        for user_id in (server.owner, server.ada):
            await set_subscription(
                session, guild_id=server.id, topic=MessageTopic.EXPORTS, user_id=user_id, subscribed=True
            )
    for user_id, state in ((server.ada, "ready"), (server.bob, "ready"), (server.owner, "failed")):
        await add_finished_export(stores, server.id, user_id=user_id, state=state)
    failed = await wait_for_direct_message(sim, server.owner, f"export of **{guild_name}** failed")
    assert failed.content.startswith(export_texts.format_failed(guild_name, "disk_full", "").partition("\n")[0])
    await add_finished_export(stores, server.id, user_id=server.owner)
    ready = await wait_for_direct_message(sim, server.owner, f"export of **{guild_name}** is ready")
    assert "<t:" in ready.content
    assert not [message for user in (server.ada, server.bob) for message in list_direct_messages(sim, user)], (
        "one may not open the page, the other has not switched messages on"
    )


async def test_new_server_is_welcomed_once_in_its_system_channel(sim, stores):
    guild_id = sim.client.create_guild("Newcomers", bot=False)
    channel = sim.client.create_channel(guild_id, "welcome")
    sim.client.update_guild(guild_id, system_channel_id=channel)
    sim.client.add_bot(guild_id)
    await wait_until(lambda: sim.client.list_messages(channel))
    await asyncio.sleep(2 * POLL_SECONDS)
    [welcome] = sim.client.list_messages(channel)
    assert "/privacy show" in welcome.content


async def test_bot_leaves_a_server_whose_owner_requested_its_deletion(members, sim, stores):
    guild_id = sim.client.create_guild("To be deleted")
    await wait_until(lambda: has_row(stores, "SELECT 1 FROM guild WHERE id = :guild AND left_at IS NULL", guild_id))
    async with stores.database.transaction() as session:
        await request_deletion(session, guild_id=guild_id, actor=SYSTEM)
        await session.execute(
            text("UPDATE guild_deletion SET requested_at = now() - interval '2 hours' WHERE guild_id = :guild"),
            {"guild": guild_id},
        )
    await wait_until(lambda: has_row(stores, "SELECT 1 FROM guild WHERE id = :guild AND left_at IS NOT NULL", guild_id))
    assert await delete_requested_guilds(stores.database) == 1
    assert not await has_row(stores, "SELECT 1 FROM guild WHERE id = :guild", guild_id)
    assert await has_row(stores, "SELECT 1 FROM guild WHERE id = :guild AND left_at IS NULL", members.server.id)


async def has_row(stores: Stores, query: str, guild_id: int) -> bool:
    return bool(await fetch_rows(stores, query, guild=guild_id))


async def test_stopped_messages_are_sent_by_no_sender_until_they_are_switched_on(members, sim, stores, refusal):
    server, guild_name = members.server, get_guild_name(sim, members)
    request_message = await request_access(members, sim, refusal)
    stopped = (await press_as(members, sim, request_message, buttons.STOP_MESSAGES, server.owner)).messages[-1]
    assert (stopped.ephemeral, stopped.content) == (True, privacy_texts.MESSAGES_OFF)
    reply = await members.run("privacy direct-messages", {"state": "off"})
    assert (reply.ephemeral, reply.content) == (True, privacy_texts.MESSAGES_OFF)
    assert privacy_texts.MESSAGES_ARE_OFF in (await members.run("privacy show")).content
    counts = {user: len(list_direct_messages(sim, user)) for user in (server.owner, server.ada)}

    bob_refusal = await members.run("server-stats", user=server.bob)
    [listed] = (await members.press(bob_refusal, buttons.ASK_FOR_ACCESS, user=server.bob)).messages
    assert listed.content.endswith(f"{texts.REQUEST_LISTED} {texts.DECISION_BY_DM}")
    [repeated] = (await members.press(await members.run("server-stats"), buttons.ASK_FOR_ACCESS)).messages
    assert repeated.content.endswith(f"{texts.ALREADY_REQUESTED} {texts.DECISION_NOT_SENT}")
    rule_list = await members.run("permissions list", user=server.owner)
    label = next(text for text, id_ in get_button_ids(rule_list).items() if id_.endswith(":allow"))
    decided = (await members.press(rule_list, label, user=server.owner)).messages[-1]
    member = MESSAGE_NAMES.format_member(server.ada)
    not_notified = texts.format_decision(member, "server-stats", "<t:", is_notified=False).split("<t:.")[1]
    assert decided.content.endswith(not_notified)
    async with stores.database.transaction() as session:
        await set_subscription(
            session, guild_id=server.id, topic=MessageTopic.EXPORTS, user_id=server.owner, subscribed=True
        )
    await add_finished_export(stores, server.id, user_id=server.owner)
    await asyncio.sleep(2 * POLL_SECONDS)
    assert {user: len(list_direct_messages(sim, user)) for user in counts} == counts

    resumed = (await press_as(members, sim, stopped, buttons.RESUME_MESSAGES, server.owner)).messages[-1]
    assert (resumed.ephemeral, resumed.content) == (True, privacy_texts.MESSAGES_ON)
    await add_finished_export(stores, server.id, user_id=server.owner, state="failed")
    await wait_for_direct_message(sim, server.owner, f"export of **{guild_name}** failed")
