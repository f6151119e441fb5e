"""The guard checks selects, forms and context menus; a database outage grants no access."""

import asyncio

import pytest

from herwa_bot.access.guard import POLICY_UNAVAILABLE
from herwa_bot.texts import buttons, errors
from herwa_bot.texts.premium import format_current_tier
from herwa_shared.embedded import lease_engines
from herwa_shared.guardrail.policy import TargetKind
from tests.support.bot_process import run_bot_process
from tests.support.command_events import list_commands
from tests.support.db_assertions import wait_until_stored
from tests.support.embedded_engines import kill_postgres
from tests.support.member_client import MemberClient, get_button_ids
from tests.support.sample_server import SampleServer

TICKETS = (TargetKind.FEATURE, "ticket.stats")


@pytest.fixture(scope="module")
async def bot(stores, settings, sim):
    """The bot with the cog of tests/bot/modal_cogs.py."""
    with run_bot_process(settings, sim, "-m", "tests.bot.modal_cogs") as process:
        await process.wait_until_ready()
        yield process


@pytest.fixture
async def message(members):
    """A message with components that was sent while the command was allowed."""
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


async def test_allowed_components_and_context_menu_work(members, message):
    assert (await choose_option(members, message)).messages[-1].content == "chosen: tea"
    form = await members.press(message, "Form")
    assert (await submit_modal(members, form)).messages[-1].content == "written: green"
    assert (await run_context_menu(members))["messages"][-1]["content"] == f"greeted: {members.server.bob}"


async def test_components_forms_and_menus_are_counted_by_surface_and_outcome(members, message, stores, bot):
    await choose_option(members, message)
    await submit_modal(members, await members.press(message, "Form"))
    await run_context_menu(members)
    await members.press(message, "Fail")
    await members.press(message, "Fail", user=members.server.bob)  # not counted: the button is not Bob's
    await forbid(members)
    await choose_option(members, message)
    await wait_until_stored(stores, bot)
    commands = [row for row in await list_commands(stores, members.server.id) if row.command != "why"]
    assert [(row.command, row.surface, row.outcome) for row in commands] == [
        ("forms", "command", "ok"),
        ("forms", "component", "ok"),
        ("forms", "component", "ok"),
        ("forms", "form", "ok"),
        ("Greet them", "menu", "ok"),
        ("forms", "component", "failed"),
        ("forms", "component", "access_rule"),
    ]


async def test_select_is_refused_by_a_new_rule(members, message):
    await forbid(members)
    refusal = (await choose_option(members, message)).messages[-1]
    assert refusal.ephemeral
    assert refusal.content.startswith("**You can't use /forms: ")


async def test_open_form_is_refused_by_a_new_rule(members, message):
    form = await members.press(message, "Form")
    await forbid(members)
    refusal = (await submit_modal(members, form)).messages[-1]
    assert refusal.content.startswith("**You can't use /forms: ")


async def test_context_menu_is_refused_by_a_rule(members, message):
    await forbid(members)
    refusal = (await run_context_menu(members))["messages"][-1]
    assert refusal["content"].startswith("**You can't use “Greet them”: ")


async def test_other_members_cannot_use_the_components(members, message):
    refusal = (await members.press(message, "Form", user=members.server.bob)).messages[-1]
    assert refusal.ephemeral
    assert refusal.content == buttons.WRONG_USER


async def test_failing_button_reports_an_error(members, message):
    reply = (await members.press(message, "Fail")).messages[-1]
    assert reply.ephemeral
    assert reply.content == errors.INTERNAL_ERROR


async def test_database_outage_keeps_cached_policies_and_refuses_unknown_servers(
    stores, settings, folder, sim, bot, members
):
    other_members = MemberClient(sim, stores, SampleServer(sim.client))
    await wait_until_stored(stores, bot)
    assert (await members.run("premium")).content.startswith(format_current_tier("Free"))
    kill_postgres(folder)
    try:
        assert (await members.run("premium")).content.startswith(format_current_tier("Free"))
        refusal = await other_members.run("premium")
        assert refusal.ephemeral
        assert refusal.content == POLICY_UNAVAILABLE
        assert get_button_ids(refusal) == {}
        assert await other_members.autocomplete("why", {"command": "serv"}, "command")
        assert (await other_members.run("help")).content == refusal.content
    finally:
        with lease_engines(settings, folder):
            pass
    await other_members.wait_for_verdict("Yes", "premium")
