"""Confirmation and undo buttons: restart, outage, double press, other members."""

import asyncio
import re
from functools import partial

import pytest

from herwa_bot.texts import buttons, errors
from herwa_bot.ui.confirmation import UNDO_PERIOD, UndoButton
from herwa_shared.clock import utc_now
from herwa_shared.embedded import lease_engines
from herwa_shared.errors import NotFound
from herwa_shared.guardrail.policy import SubjectKind, TargetKind
from herwa_shared.services import access_requests, channel_lists, texts
from herwa_shared.services import texts as service_texts
from herwa_shared.services.access_rules import list_rules
from herwa_shared.services.audit import list_entries
from tests.bot.expected_refusals import expect_audience_refusal
from tests.support.bot_process import run_bot_process
from tests.support.db_assertions import wait_until_stored
from tests.support.embedded_engines import kill_postgres
from tests.support.member_client import MemberClient, get_button_ids

STATS = (TargetKind.COMMAND, "server-stats")


@pytest.mark.slow
async def test_undo_works_after_a_restart(sim, stores, settings, server):
    members = MemberClient(sim, stores, server)
    with run_bot_process(settings, sim) as first_bot:
        await first_bot.wait_until_ready()
        await wait_until_stored(stores, first_bot)
        await members.wait_for_verdict("Yes", "server-stats")
        disabled_reply = await members.run("features disable", {"what": "server.stats"}, user=server.owner)
        await members.wait_for_verdict("No", "server-stats")
        await first_bot.stop()
    with run_bot_process(settings, sim) as second_bot:
        await second_bot.wait_until_ready()
        undo_reply = (await members.press(disabled_reply, buttons.UNDO, user=server.owner)).messages[-1]
        result = texts.format_undo_toggled("Server stats", enabled=True)
        assert undo_reply.content == buttons.format_undone(disabled_reply.content, [result])
        assert get_button_ids(undo_reply) == {}
        await members.wait_for_verdict("Yes", "server-stats")


async def test_member_who_lost_manage_server_cannot_undo(sim, members):
    server = members.server
    manager_role = sim.client.create_role(server.id, "Managers", permissions=1 << 5)
    sim.client.set_roles(server.id, server.ada, [manager_role])
    staff = sim.client.create_channel(server.id, "staff")
    list_reply = await members.run("channels allow", {"what": "/server-stats", "where": str(staff)}, user=server.ada)
    sim.client.set_roles(server.id, server.ada, [])
    refusal = (await members.press(list_reply, buttons.UNDO, user=server.ada)).messages[-1]
    assert refusal.content == expect_audience_refusal("channels allow")
    async with members.stores.database.transaction() as session:
        assert len(await channel_lists.list_channel_lists(session, guild_id=server.id)) == 1


def test_undo_button_id_fits_discords_limit_and_contains_its_expiry():
    button = UndoButton.build("permissions", (2**62, 2**62 + 1))
    assert len(button.custom_id) <= 100
    [expiry] = re.findall(r":(\d{10}):", button.custom_id)
    assert int(expiry) <= (utc_now() + UNDO_PERIOD).timestamp()
    assert button.command == "permissions allow"


async def test_database_outage_leaves_no_partial_change_and_buttons_work_afterwards(
    stores, settings, folder, sim, members
):
    server = members.server
    role = sim.client.create_role(server.id, "Support")
    undoable_reply = await members.run(
        "permissions deny", {"what": "/server-stats", "who": str(role)}, user=server.owner
    )
    confirmation = await members.run("permissions deny", {"what": "everything"}, user=server.owner)
    kill_postgres(folder)
    try:
        for message, label in ((confirmation, buttons.SAVE_RULE), (undoable_reply, buttons.UNDO)):
            reply = (await members.press(message, label, user=server.owner)).messages[-1]
            assert reply.ephemeral
            assert reply.content == service_texts.NOT_SAVED
        for command, options in (("permissions list", {}), ("features disable", {"what": "server.stats"})):
            reply = await members.run(command, options, user=server.owner)
            assert reply.content in (service_texts.NOT_SAVED, errors.DATA_UNAVAILABLE)
    finally:
        with lease_engines(settings, folder):
            pass
    async with members.stores.database.transaction() as session:
        assert len(await list_rules(session, guild_id=server.id, now=utc_now())) == 1
    await members.press(confirmation, buttons.SAVE_RULE, user=server.owner)
    await members.press(undoable_reply, buttons.UNDO, user=server.owner)
    async with members.stores.database.transaction() as session:
        [rule] = await list_rules(session, guild_id=server.id, now=utc_now())
    assert (rule.subject_kind, rule.target_kind) == (SubjectKind.EVERYONE, TargetKind.EVERYTHING)


async def test_other_members_cannot_press_a_managers_buttons(sim, members):
    server = members.server
    for number in range(30):
        await members.add_rule(allow=False, subject=(SubjectKind.ROLE, 1000 + number), target=STATS, note="n" * 90)
    create_request = partial(
        access_requests.create_request,
        guild_id=server.id,
        user_id=server.bob,
        user_name="Bob",
        command="permissions list",
        channel_id=server.channel,
    )
    await members.run_in_transaction(create_request)
    replies = [
        await members.run("permissions list", user=server.owner),
        await members.run("permissions deny", {"what": "everything"}, user=server.owner),
        await members.run("features disable", {"what": "voice.stats"}, user=server.owner),
    ]
    refusals = {buttons.WRONG_USER, *map(expect_audience_refusal, ("permissions allow", "features enable"))}
    entry_count = len(await list_audit_entries(members))
    for message in replies:
        for label in get_button_ids(message):
            if label == buttons.PREVIOUS_PAGE:
                continue  # disabled on the first page
            reply = (await members.press(message, label, user=server.bob)).messages[-1]
            assert reply.ephemeral
            assert reply.content in refusals
    assert await members.autocomplete("permissions remove", {"rule": ""}, "rule", user=server.bob) == []
    assert len(await list_audit_entries(members)) == entry_count


async def test_member_who_lost_manage_server_cannot_confirm(sim, members):
    server = members.server
    manager_role = sim.client.create_role(server.id, "Managers", permissions=1 << 5)
    sim.client.set_roles(server.id, server.ada, [manager_role])
    confirmation = await members.run("permissions deny", {"what": "everything"}, user=server.ada)
    sim.client.set_roles(server.id, server.ada, [])
    reply = (await members.press(confirmation, buttons.SAVE_RULE, user=server.ada)).messages[-1]
    assert reply.content == expect_audience_refusal("permissions deny")
    assert await list_audit_entries(members) == ()


@pytest.mark.slow
async def test_concurrent_save_and_cancel_report_the_stored_result(members):
    server = members.server
    for first_label, second_label in ((buttons.SAVE_RULE, buttons.CANCEL), (buttons.CANCEL, buttons.SAVE_RULE)):
        confirmation = await members.run("permissions deny", {"what": "everything"}, user=server.owner)
        entry_count = len(await list_audit_entries(members))
        results = await press_concurrently(members, confirmation, first_label, second_label)
        contents = [
            message.content for result in results for message in result.messages if message.id == confirmation.id
        ]
        was_saved = len(await list_audit_entries(members)) > entry_count
        assert (errors.NO_CHANGE in contents) is not was_saved
        if was_saved:
            async with members.stores.database.transaction() as session:
                [rule] = await list_rules(session, guild_id=server.id, now=utc_now())
            confirmation_to_remove = await members.run("permissions remove", {"rule": str(rule.id)}, user=server.owner)
            await members.press(confirmation_to_remove, buttons.DELETE_RULE, user=server.owner)


async def test_undo_pressed_twice_reverts_once(members):
    reply = await members.run("features disable", {"what": "voice.stats"}, user=members.server.owner)
    await press_concurrently(members, reply, buttons.UNDO, buttons.UNDO)
    newest_entry, first_entry = await list_audit_entries(members)
    assert newest_entry.undoes == first_entry.id


async def press_concurrently(members, message, *labels):
    """Press buttons at the same time as the owner; return the results.

    A press that arrives after the bot has removed the buttons has no result: Discord refuses it.
    """
    presses = (members.press(message, label, user=members.server.owner) for label in labels)
    results = await asyncio.gather(*presses, return_exceptions=True)
    failures = [result for result in results if isinstance(result, Exception) and not isinstance(result, NotFound)]
    assert failures == []
    successes = [result for result in results if not isinstance(result, Exception)]
    assert successes, "the first press is never too late"
    return successes


async def list_audit_entries(members):
    async with members.stores.database.transaction() as session:
        return await list_entries(session, guild_id=members.server.id)
