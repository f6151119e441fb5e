"""`/why` shows the verdict, the decisive step and all eight steps."""

import pytest

from herwa_shared.guardrail.policy import SubjectKind, TargetKind
from tests.support.member_client import get_button_ids

STATS = (TargetKind.COMMAND, "server-stats")
MANAGE_SERVER = 1 << 5
VIEW_CHANNEL = 1 << 10


async def test_why_shows_every_step(members):
    reply = await members.run("why", {"command": "server-stats"})
    assert reply.ephemeral
    heading, _, *steps = reply.content.splitlines()
    assert heading == f"**Yes: /server-stats runs** for you in <#{members.server.channel}>."
    assert [line.strip("-#* ")[0] for line in steps] == list("12345678")


async def test_decisive_step_is_bold_and_names_who_can_change_it(members):
    await members.add_rule(allow=False, target=STATS, note="later")
    await members.wait_for_verdict("No", "server-stats")
    lines = (await members.run("why", {"command": "/server-stats"})).content.splitlines()
    assert lines[1] == "Members with Manage Server can change it with /permissions."
    [decisive_line] = [line for line in lines[2:] if line.startswith("**")]
    assert "Access rule" in decisive_line
    assert decisive_line.endswith(": later**")
    assert sum(line.startswith("-# ") for line in lines) == 3


async def test_other_members_are_explained_only_to_managers(members, sim):
    server = members.server
    options = {"command": "server-stats", "member": str(server.bob)}
    refusal = await members.run("why", options)
    assert refusal.content.startswith("What others may do is shown to those who manage this server.")
    staff = sim.client.create_role(server.id, "Staff", permissions=MANAGE_SERVER)
    sim.client.set_roles(server.id, server.ada, [staff])
    assert f"for <@{server.bob}> in" in (await members.run("why", options)).content


async def test_explanation_uses_the_roles_of_the_chosen_member(members, sim):
    server = members.server
    role = sim.client.create_role(server.id, "Newcomers")
    sim.client.set_roles(server.id, server.bob, [role])
    await members.add_rule(allow=False, subject=(SubjectKind.ROLE, role), target=STATS)
    await members.wait_for_verdict("No", "server-stats", user=server.bob)
    reply = await members.run("why", {"command": "server-stats", "member": str(server.bob)}, user=server.owner)
    assert reply.content.startswith("**No: ")
    assert (await members.run("why", {"command": "server-stats"}, user=server.owner)).content.startswith("**Yes: ")


async def test_why_explains_another_channel(members, sim):
    desk = sim.client.create_channel(members.server.id, "desk")
    reply = await members.run("why", {"command": "server-stats", "channel": str(desk)})
    assert f"for you in <#{desk}>." in reply.content


async def test_unknown_command_gets_an_explanation(members):
    reply = await members.run("why", {"command": "dance"})
    assert reply.content == "There is no such command. Choose one from the list that comes up while you type."
    assert get_button_ids(reply) == {}


@pytest.mark.parametrize("typed", ["serv", "/serv", "messages"])
async def test_commands_are_suggested_while_typing(members, typed):
    assert "/server-stats: Chart the messages of this server" in await members.autocomplete(
        "why", {"command": typed}, "command"
    )


async def test_it_runs_though_everything_is_forbidden(members):
    await members.add_rule(allow=False, target=(TargetKind.EVERYTHING, ""))
    await members.wait_for_verdict("No", "server-stats")
    assert (await members.run("why", {"command": "why"})).content.startswith("**Yes: /why runs**")
