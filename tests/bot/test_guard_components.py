"""Selects, forms and context menus are guarded as commands are, and a database that is away opens no door."""

import asyncio
import os
import signal

import pytest

from herwa_shared.embedded import lease_engines
from herwa_shared.embedded.engine_process import read_record
from herwa_shared.guardrail.policy import TargetKind
from tests.support.bot_process import run_bot_process
from tests.support.db_assertions import wait_until_stored
from tests.support.member_client import MemberClient, get_button_ids
from tests.support.sample_server import SampleServer

TICKETS = (TargetKind.FEATURE, "ticket.stats")


@pytest.fixture(scope="module")
async def bot(stores, settings, sim):
    with run_bot_process(settings, sim, "-m", "tests.bot.modal_cogs") as process:
        await process.wait_until_ready()
        yield process


@pytest.fixture
async def message(members):
    """A message with components, sent while all was allowed."""
    await members.wait_for_verdict("Yes", "forms")
    return await members.run("forms")


async def forbid(members):
    await members.add_rule(allow=False, target=TICKETS)
    await members.wait_for_verdict("No", "forms")


def choose_option(members, message, user=0):
    return asyncio.to_thread(
        members.sim.client.click,
        members.server.channel,
        user or members.server.ada,
        message.id,
        "select",
        values=["tea"],
    )


def submit_modal(members, form):
    return asyncio.to_thread(
        members.sim.client.submit, members.server.channel, members.server.ada, form.id, {"note": "green"}
    )


def run_context_menu(members):
    server = members.server
    return asyncio.to_thread(
        members.sim.client.call,
        "interaction/command",
        channel_id=str(server.channel),
        user_id=str(server.ada),
        command="Greet them",
        target_id=str(server.bob),
    )


async def test_what_is_allowed_works(members, message):
    assert (await choose_option(members, message)).messages[-1].content == "chosen: tea"
    form = await members.press(message, "Form")
    assert (await submit_modal(members, form)).messages[-1].content == "written: green"
    assert (await run_context_menu(members))["messages"][-1]["content"] == f"greeted: {members.server.bob}"


async def test_a_select_is_refused_once_a_rule_says_so(members, message):
    await forbid(members)
    refusal = (await choose_option(members, message)).messages[-1]
    assert refusal.ephemeral
    assert refusal.content.startswith("**A rule of this server says: ")


async def test_a_form_that_was_opened_before_is_refused_when_it_is_sent(members, message):
    form = await members.press(message, "Form")
    await forbid(members)
    refusal = (await submit_modal(members, form)).messages[-1]
    assert refusal.content.startswith("**A rule of this server says: ")


async def test_an_entry_of_a_context_menu_is_refused_likewise(members, message):
    await forbid(members)
    refusal = (await run_context_menu(members))["messages"][-1]
    assert refusal["content"].startswith("**A rule of this server says: ")


async def test_components_belong_to_who_ran_the_command(members, message):
    refusal = (await members.press(message, "Form", user=members.server.bob)).messages[-1]
    assert refusal.ephemeral
    assert refusal.content.startswith("These buttons belong to whoever ran the command.")


async def test_a_button_that_fails_says_so(members, message):
    reply = (await members.press(message, "Fail")).messages[-1]
    assert reply.ephemeral
    assert reply.content.startswith("Something went wrong on our side.")


async def test_without_the_database_what_was_read_goes_on_and_nothing_else_opens(
    stores, settings, folder, sim, bot, members
):
    strangers = MemberClient(sim, stores, SampleServer(sim.client))
    await wait_until_stored(stores, bot)
    assert (await members.run("premium")).content.startswith("**This server is on Free**")
    os.kill(read_record(folder, "postgres").pid, signal.SIGKILL)
    try:
        assert (await members.run("premium")).content.startswith("**This server is on Free**")
        refusal = await strangers.run("premium")
        assert refusal.ephemeral
        assert refusal.content.startswith("**Herwa cannot read this server's settings at the moment")
        assert get_button_ids(refusal) == {}
        assert await strangers.autocomplete("why", {"command": "serv"}, "command")
        assert (await strangers.run("help")).content == refusal.content
    finally:
        with lease_engines(settings, folder):
            pass
    await strangers.wait_for_verdict("Yes", "premium")
