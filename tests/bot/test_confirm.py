"""The button that takes a change back: after a restart, too late, and for whom it is."""

import asyncio
import os
import re
import signal
from functools import partial

import pytest

from herwa_bot.ui.confirmation import NOT_SAVED, UNDO_FOR, UndoButton
from herwa_bot.ui.replies import STORE_AWAY
from herwa_shared.clock import utc_now
from herwa_shared.embedded import lease_engines
from herwa_shared.embedded.engine_process import read_record
from herwa_shared.guardrail.policy import SubjectKind, TargetKind
from herwa_shared.services import access_requests, channel_lists
from herwa_shared.services.access_rules import list_rules
from herwa_shared.services.audit import entries
from tests.bot.members import Members, buttons
from tests.bot.process import bot_process
from tests.bot.stored import settled

STATS = (TargetKind.COMMAND, "server-stats")


@pytest.mark.slow
async def test_undo_works_after_a_restart(sim, stores, settings, place):
    members = Members(sim, stores, place)
    with bot_process(settings, sim) as first:
        await first.listens()
        await settled(stores, first)
        await members.become("Yes", "server-stats")
        off = await members.run("features disable", {"what": "server.stats"}, who=place.owner)
        await members.become("No", "server-stats")
        await first.stop()
    with bot_process(settings, sim) as second:
        await second.listens()
        undone = (await members.press(off, "Undo", who=place.owner)).messages[-1]
        assert "**Taken back.** Server stats is on again." in undone.content
        assert buttons(undone) == {}
        await members.become("Yes", "server-stats")


async def test_whoever_may_no_longer_change_anything_may_not_undo_either(sim, members):
    place = members.place
    managing = sim.client.create_role(place.guild, "Managers", permissions=1 << 5)
    sim.client.set_roles(place.guild, place.ada, [managing])
    staff = sim.client.create_channel(place.guild, "staff")
    listed = await members.run("channels allow", {"what": "/server-stats", "where": str(staff)}, who=place.ada)
    sim.client.set_roles(place.guild, place.ada, [])
    refused = (await members.press(listed, "Undo", who=place.ada)).messages[-1]
    assert "Manage Server" in refused.content
    async with members.stores.database.transaction() as session:
        assert len(await channel_lists.lists(session, guild_id=place.guild)) == 1


def test_the_button_fits_into_discords_bounds_and_names_its_end():
    button = UndoButton.make("permissions", (2**62, 2**62 + 1))
    assert len(button.custom_id) <= 100
    [until] = re.findall(r":(\d{10}):", button.custom_id)
    assert int(until) <= (utc_now() + UNDO_FOR).timestamp()
    assert button.command == "permissions allow"


async def test_without_the_database_nothing_is_half_done_and_the_buttons_go_on(stores, settings, folder, sim, members):
    place = members.place
    role = sim.client.create_role(place.guild, "Support")
    undoable = await members.run("permissions deny", {"what": "/server-stats", "who": str(role)}, who=place.owner)
    asked = await members.run("permissions deny", {"what": "everything"}, who=place.owner)
    os.kill(read_record(folder, "postgres").pid, signal.SIGKILL)
    try:
        for message, label in ((asked, "Save this rule"), (undoable, "Undo")):
            told = (await members.press(message, label, who=place.owner)).messages[-1]
            assert told.ephemeral
            assert told.content == NOT_SAVED
        for command, options in (("permissions list", {}), ("features disable", {"what": "server.stats"})):
            told = await members.run(command, options, who=place.owner)
            assert told.content in (NOT_SAVED, STORE_AWAY)
    finally:
        with lease_engines(settings, folder):
            pass
    async with members.stores.database.transaction() as session:
        assert len(await list_rules(session, guild_id=place.guild, now=utc_now())) == 1
    saved = (await members.press(asked, "Save this rule", who=place.owner)).messages[-1]
    assert saved.content.startswith("Saved as rule `#")
    undone = (await members.press(undoable, "Undo", who=place.owner)).messages[-1]
    assert "**Taken back.**" in undone.content


async def test_nobody_else_can_press_what_a_manager_was_shown(sim, members):
    place = members.place
    for number in range(30):
        await members.rule(allow=False, subject=(SubjectKind.ROLE, 1000 + number), target=STATS, note="n" * 90)
    asking = partial(
        access_requests.ask,
        guild_id=place.guild,
        user_id=place.bob,
        user_name="Bob",
        command="permissions list",
        channel_id=place.channel,
    )
    await members.decide(asking)
    shown = [
        await members.run("permissions list", who=place.owner),
        await members.run("permissions deny", {"what": "everything"}, who=place.owner),
        await members.run("features disable", {"what": "voice.stats"}, who=place.owner),
    ]
    before = len(await audited(members))
    for message in shown:
        for label in buttons(message):
            if label == "Previous":
                continue  # of the first page
            told = (await members.press(message, label, who=place.bob)).messages[-1]
            assert told.ephemeral
            assert told.content.startswith(("These buttons belong to", "**/permissions", "**/features"))
    assert await members.type("permissions remove", {"rule": ""}, "rule", who=place.bob) == []
    assert len(await audited(members)) == before


async def test_whoever_loses_their_rights_before_they_press_changes_nothing(sim, members):
    place = members.place
    managing = sim.client.create_role(place.guild, "Managers", permissions=1 << 5)
    sim.client.set_roles(place.guild, place.ada, [managing])
    asked = await members.run("permissions deny", {"what": "everything"}, who=place.ada)
    sim.client.set_roles(place.guild, place.ada, [])
    told = (await members.press(asked, "Save this rule", who=place.ada)).messages[-1]
    assert told.content.startswith("**/permissions deny is for members with Manage Server")
    assert await audited(members) == ()


async def test_of_save_and_cancel_at_once_what_is_told_is_what_is_so(members):
    place = members.place
    for first, second in (("Save this rule", "Cancel"), ("Cancel", "Save this rule")):
        asked = await members.run("permissions deny", {"what": "everything"}, who=place.owner)
        entries_before = len(await audited(members))
        answers = await asyncio.gather(*(members.press(asked, label, who=place.owner) for label in (first, second)))
        told = [one.content for answer in answers for one in answer.messages if one.id == asked.id]
        was_saved = len(await audited(members)) > entries_before
        assert ("Nothing has changed." in told) is not was_saved
        if was_saved:
            saved = (await members.run("permissions list", who=place.owner)).content
            number = saved.split("`#")[1].split("`")[0]
            removing = await members.run("permissions remove", {"rule": number}, who=place.owner)
            await members.press(removing, "Remove this rule", who=place.owner)


async def test_undo_pressed_twice_takes_it_back_once(members):
    done = await members.run("features disable", {"what": "voice.stats"}, who=members.place.owner)
    await asyncio.gather(*(members.press(done, "Undo", who=members.place.owner) for _ in "ab"))
    newest, first = await audited(members)
    assert newest.undoes == first.id


async def audited(members):
    async with members.stores.database.transaction() as session:
        return await entries(session, guild_id=members.place.guild)
