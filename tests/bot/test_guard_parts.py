"""Selects, forms and context menus are guarded as commands are, and a database that is away opens no door."""

import asyncio
import os
import signal

import pytest

from herwa_shared.embedded import lease_engines
from herwa_shared.embedded.engine_process import read_record
from herwa_shared.guardrail.policy import TargetKind
from tests.bot.members import Members, buttons
from tests.bot.place import Place
from tests.bot.process import bot_process
from tests.bot.stored import settled

TICKETS = (TargetKind.FEATURE, "ticket.stats")


@pytest.fixture(scope="module")
async def bot(stores, settings, sim):
    with bot_process(settings, sim, "-m", "tests.bot.with_forms") as process:
        await process.listens()
        yield process


@pytest.fixture
async def shown(members):
    """A message with components, sent while all was allowed."""
    await members.become("Yes", "forms")
    return await members.run("forms")


async def forbid(members):
    await members.rule(allow=False, target=TICKETS)
    await members.become("No", "forms")


def choose(members, message, who=0):
    return asyncio.to_thread(
        members.sim.client.click, members.place.channel, who or members.place.ada, message.id, "select", values=["tea"]
    )


def submit(members, form):
    return asyncio.to_thread(
        members.sim.client.submit, members.place.channel, members.place.ada, form.id, {"note": "green"}
    )


def menu(members):
    place = members.place
    return asyncio.to_thread(
        members.sim.client.call,
        "interaction/command",
        channel_id=str(place.channel),
        user_id=str(place.ada),
        command="Greet them",
        target_id=str(place.bob),
    )


async def test_what_is_allowed_works(members, shown):
    assert (await choose(members, shown)).messages[-1].content == "chosen: tea"
    form = await members.press(shown, "Form")
    assert (await submit(members, form)).messages[-1].content == "written: green"
    assert (await menu(members))["messages"][-1]["content"] == f"greeted: {members.place.bob}"


async def test_a_select_is_refused_once_a_rule_says_so(members, shown):
    await forbid(members)
    refused = (await choose(members, shown)).messages[-1]
    assert refused.ephemeral
    assert refused.content.startswith("**A rule of this server says: ")


async def test_a_form_that_was_opened_before_is_refused_when_it_is_sent(members, shown):
    form = await members.press(shown, "Form")
    await forbid(members)
    refused = (await submit(members, form)).messages[-1]
    assert refused.content.startswith("**A rule of this server says: ")


async def test_an_entry_of_a_context_menu_is_refused_likewise(members, shown):
    await forbid(members)
    refused = (await menu(members))["messages"][-1]
    assert refused["content"].startswith("**A rule of this server says: ")


async def test_components_belong_to_whoever_ran_the_command(members, shown):
    refused = (await members.press(shown, "Form", who=members.place.bob)).messages[-1]
    assert refused.ephemeral
    assert refused.content.startswith("These buttons belong to whoever ran the command.")


async def test_a_button_that_fails_says_so(members, shown):
    failed = (await members.press(shown, "Fail")).messages[-1]
    assert failed.ephemeral
    assert failed.content.startswith("Something went wrong on our side.")


async def test_without_the_database_what_was_read_goes_on_and_nothing_else_opens(
    stores, settings, folder, sim, bot, members
):
    strangers = Members(sim, stores, Place(sim.client))
    await settled(stores, bot)
    assert (await members.run("premium")).content.startswith("**This server is on Free**")
    os.kill(read_record(folder, "postgres").pid, signal.SIGKILL)
    try:
        assert (await members.run("premium")).content.startswith("**This server is on Free**")
        refused = await strangers.run("premium")
        assert refused.ephemeral
        assert refused.content.startswith("**Herwa cannot read this server's settings at the moment")
        assert buttons(refused) == {}
        assert await strangers.type("why", {"command": "serv"}, "command")
        assert (await strangers.run("help")).content == refused.content
    finally:
        with lease_engines(settings, folder):
            pass
    await strangers.become("Yes", "premium")
