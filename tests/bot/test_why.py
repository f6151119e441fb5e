"""`/why`: the answer, what decided, and all eight steps."""

import pytest

from herwa_shared.guardrail.policy import SubjectKind, TargetKind
from tests.bot.members import buttons

STATS = (TargetKind.COMMAND, "server-stats")
MANAGE_SERVER = 1 << 5
VIEW_CHANNEL = 1 << 10


async def test_it_shows_every_step(members):
    said = await members.run("why", {"command": "server-stats"})
    assert said.ephemeral
    heading, _, *steps = said.content.splitlines()
    assert heading == f"**Yes: /server-stats runs** for you in <#{members.place.channel}>."
    assert [line.strip("-#* ")[0] for line in steps] == list("12345678")


async def test_the_step_that_decided_stands_out_and_says_who_can_change_it(members):
    await members.rule(allow=False, target=STATS, note="later")
    await members.become("No", "server-stats")
    lines = (await members.run("why", {"command": "/server-stats"})).content.splitlines()
    assert lines[1] == "Members with Manage Server can change it with /permissions."
    [decided] = [line for line in lines[2:] if line.startswith("**")]
    assert "Access rule" in decided
    assert decided.endswith(": later**")
    assert sum(line.startswith("-# ") for line in lines) == 3


async def test_others_are_explained_to_those_who_manage_the_server_only(members, sim):
    place = members.place
    options = {"command": "server-stats", "member": str(place.bob)}
    refused = await members.run("why", options)
    assert refused.content.startswith("What others may do is shown to those who manage this server.")
    staff = sim.client.create_role(place.guild, "Staff", permissions=MANAGE_SERVER)
    sim.client.set_roles(place.guild, place.ada, [staff])
    assert f"for <@{place.bob}> in" in (await members.run("why", options)).content


async def test_the_other_one_s_roles_count_not_the_asker_s(members, sim):
    place = members.place
    role = sim.client.create_role(place.guild, "Newcomers")
    sim.client.set_roles(place.guild, place.bob, [role])
    await members.rule(allow=False, subject=(SubjectKind.ROLE, role), target=STATS)
    await members.become("No", "server-stats", who=place.bob)
    said = await members.run("why", {"command": "server-stats", "member": str(place.bob)}, who=place.owner)
    assert said.content.startswith("**No: ")
    assert (await members.run("why", {"command": "server-stats"}, who=place.owner)).content.startswith("**Yes: ")


async def test_another_channel_is_explained(members, sim):
    desk = sim.client.create_channel(members.place.guild, "desk")
    said = await members.run("why", {"command": "server-stats", "channel": str(desk)})
    assert f"for you in <#{desk}>." in said.content


async def test_a_command_that_is_not_there_is_said(members):
    said = await members.run("why", {"command": "dance"})
    assert said.content == "There is no such command. Choose one from the list that comes up while you type."
    assert buttons(said) == {}


@pytest.mark.parametrize("typed", ["serv", "/serv", "messages"])
async def test_commands_are_offered_while_one_types(members, typed):
    assert "/server-stats: Chart the messages of this server" in await members.type(
        "why", {"command": typed}, "command"
    )


async def test_it_answers_though_everything_is_forbidden(members):
    await members.rule(allow=False, target=(TargetKind.EVERYTHING, ""))
    await members.become("No", "server-stats")
    assert (await members.run("why", {"command": "why"})).content.startswith("**Yes: /why runs**")
