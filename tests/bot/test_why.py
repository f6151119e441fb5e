"""`/why` shows the verdict, the decisive step, Discord's own step and the eight steps of the guardrail."""

import pytest

from herwa_bot.texts import why as texts
from herwa_bot.texts.errors import format_no_match
from herwa_bot.texts.stats import SERVER_STATS
from herwa_bot.ui.names import MESSAGE_NAMES
from herwa_shared.discord.command_permissions import DiscordBlock
from herwa_shared.discord.constants import USE_APPLICATION_COMMANDS
from herwa_shared.guardrail.policy import AccessRule, SubjectKind, TargetKind
from herwa_shared.guardrail.refusal_texts import build_rule_refusal
from herwa_shared.guardrail.texts import STEP_TITLES, format_discord_step
from herwa_shared.guardrail.verdict import Reason
from tests.bot.expected_refusals import get_surface
from tests.support.member_client import get_button_ids

STATS = (TargetKind.COMMAND, "server-stats")
MANAGE_SERVER = 1 << 5


def format_heading(member, channel, *, allowed):
    """Format the first line of a reply about `/server-stats`; `member` is None for the caller."""
    name = None if member is None else MESSAGE_NAMES.format_member(member)
    return texts.format_verdict("/server-stats", name, MESSAGE_NAMES.format_channel(channel), allowed=allowed)


async def test_why_shows_every_step(members):
    reply = await members.run("why", {"command": "server-stats"})
    assert reply.ephemeral
    heading, _, *steps = reply.content.splitlines()
    assert heading == format_heading(None, members.server.channel, allowed=True)
    assert [line.strip("-#* ")[0] for line in steps] == list("012345678")


async def test_decisive_step_is_bold_and_names_who_can_change_it(members):
    await members.add_rule(allow=False, target=STATS, note="later")
    await members.wait_for_verdict("No", "server-stats")
    lines = (await members.run("why", {"command": "/server-stats"})).content.splitlines()
    rule = AccessRule(1, False, SubjectKind.EVERYONE, 0, *STATS)
    assert lines[1] == build_rule_refusal(get_surface("server-stats"), rule, MESSAGE_NAMES).remedy
    [decisive_line] = [line for line in lines[2:] if line.startswith("**")]
    assert STEP_TITLES[Reason.ACCESS_RULE] in decisive_line
    assert decisive_line.endswith(": later**")
    assert sum(line.startswith("-# ") for line in lines) == 3


async def test_other_members_are_explained_only_to_managers(members, sim):
    server = members.server
    options = {"command": "server-stats", "member": str(server.bob)}
    refusal = await members.run("why", options)
    assert refusal.content == texts.MANAGERS_ONLY
    staff = sim.client.create_role(server.id, "Staff", permissions=MANAGE_SERVER)
    sim.client.set_roles(server.id, server.ada, [staff])
    heading, *_ = (await members.run("why", options)).content.splitlines()
    assert heading == format_heading(server.bob, server.channel, allowed=True)


async def test_explanation_uses_the_roles_of_the_chosen_member(members, sim):
    server = members.server
    role = sim.client.create_role(server.id, "Newcomers")
    sim.client.set_roles(server.id, server.bob, [role])
    await members.add_rule(allow=False, subject=(SubjectKind.ROLE, role), target=STATS)
    await members.wait_for_verdict("No", "server-stats", user=server.bob)
    reply = await members.run("why", {"command": "server-stats", "member": str(server.bob)}, user=server.owner)
    assert reply.content.startswith(format_heading(server.bob, server.channel, allowed=False))
    own_reply = await members.run("why", {"command": "server-stats"}, user=server.owner)
    assert own_reply.content.startswith(format_heading(None, server.channel, allowed=True))


async def test_why_explains_another_channel(members, sim):
    desk = sim.client.create_channel(members.server.id, "desk")
    reply = await members.run("why", {"command": "server-stats", "channel": str(desk)})
    assert reply.content.startswith(format_heading(None, desk, allowed=True))


async def test_command_that_discord_hides_is_never_called_allowed(members, sim):
    server = members.server
    hidden = {"id": str(server.id), "type": 1, "permission": False}
    sim.client.call("command/permissions", guild_id=str(server.id), command="server-stats", permissions=[hidden])
    await members.wait_for_verdict("No", "server-stats")
    heading, _, discord_line, *steps = (await members.run("why", {"command": "server-stats"})).content.splitlines()
    assert heading == format_heading(None, server.channel, allowed=False)
    assert discord_line == f"**{format_discord_step(DiscordBlock.INTEGRATIONS)}**"
    assert [line for line in steps if line.startswith("**")] == []
    of_owner = await members.run("why", {"command": "server-stats"}, user=server.owner)
    assert of_owner.content.startswith(format_heading(None, server.channel, allowed=True))
    quiet = sim.client.create_channel(server.id, "quiet")
    overwrite = {"id": str(server.id), "type": 0, "allow": "0", "deny": str(USE_APPLICATION_COMMANDS)}
    sim.client.call("channel/overwrites", channel_id=str(quiet), overwrites=[overwrite])
    reply = await members.run("why", {"command": "voice-stats", "channel": str(quiet)})
    assert format_discord_step(DiscordBlock.USE_APPLICATION_COMMANDS) in reply.content


async def test_unknown_command_gets_an_explanation(members):
    reply = await members.run("why", {"command": "dance"})
    assert reply.content == format_no_match("dance", [])
    assert get_button_ids(reply) == {}


@pytest.mark.parametrize("typed", ["serv", "/serv", "message"])
async def test_commands_are_suggested_while_typing(members, typed):
    assert texts.format_choice("/server-stats", SERVER_STATS) in await members.autocomplete(
        "why", {"command": typed}, "command"
    )


async def test_it_runs_though_everything_is_forbidden(members):
    await members.add_rule(allow=False, target=(TargetKind.EVERYTHING, ""))
    await members.wait_for_verdict("No", "server-stats")
    heading, *_ = (await members.run("why", {"command": "why"})).content.splitlines()
    assert heading == texts.format_verdict("/why", None, f"<#{members.server.channel}>", allowed=True)
