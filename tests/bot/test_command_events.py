"""Commands that members use are counted once: by command, surface, outcome and duration, or with the reason of a refusal."""

import asyncio
from functools import partial

from herwa_shared.catalog import FeatureKey
from herwa_shared.guardrail.policy import TargetKind
from herwa_shared.services.features import set_feature
from tests.support.command_events import list_commands
from tests.support.db_assertions import move_buffer, wait_until_stored
from tests.support.member_client import MANAGER

SUMMARY_SQL = """
SELECT toString(kind), command, command_surface, command_outcome, channel_id, sum(events), sum(total_ms) > 0
FROM command_hourly WHERE guild_id = {guild:UInt64} AND command != 'why' GROUP BY ALL ORDER BY ALL
"""


async def list_other_commands(stores, bot, server):
    """List the commands without `/why`, which the fixtures run until the policy is loaded."""
    await wait_until_stored(stores, bot)
    return [row for row in await list_commands(stores, server.id) if row.command != "why"]


async def test_command_that_ran_is_counted_with_its_duration(members, stores, bot, server):
    await members.run("server-stats")
    [command] = await list_other_commands(stores, bot, server)
    assert command[:6] == ("command", server.channel, server.ada, "server-stats", "command", "ok")
    assert 0 < command.value < 60_000


async def test_button_of_a_reply_is_counted_as_a_component(members, stores, bot, server):
    await members.press(await members.run("server-stats"), "7d")
    assert [row[3:6] for row in await list_other_commands(stores, bot, server)] == [
        ("server-stats", "command", "ok"),
        ("server-stats", "component", "ok"),
    ]


async def test_unusable_input_is_no_failure(members, stores, bot, server):
    await members.run("channels clear", {"what": "nothing like this"}, user=server.owner)
    assert [row[3:6] for row in await list_other_commands(stores, bot, server)] == [
        ("channels clear", "command", "invalid")
    ]


async def test_refused_command_is_counted_with_the_step_that_refused(members, stores, bot, server):
    await members.run_in_transaction(
        partial(set_feature, guild_id=server.id, feature=FeatureKey.SERVER_STATS, enabled=False, actor=MANAGER)
    )
    await members.add_rule(allow=False, target=(TargetKind.COMMAND, "voice-stats"))
    await members.wait_for_verdict("No", "server-stats")
    await members.wait_for_verdict("No", "voice-stats")
    for command in ("server-stats", "voice-stats", "features list"):
        await members.run(command)
    assert [row[0:7] for row in await list_other_commands(stores, bot, server)] == [
        ("command_denied", server.channel, server.ada, command, "command", reason, None)
        for command, reason in (
            ("server-stats", "toggle"),
            ("voice-stats", "access_rule"),
            ("features list", "default_audience"),
        )
    ]


async def test_essential_command_is_counted_and_autocomplete_is_not(members, stores, bot, server):
    await members.autocomplete("why", {"command": "serv"}, "command")
    await members.run("help")
    assert [row.command for row in await list_other_commands(stores, bot, server)] == ["help"]


async def test_command_in_a_thread_counts_for_its_channel(members, stores, bot, server, sim):
    thread = sim.client.create_thread(server.channel, "a question")
    await wait_until_stored(stores, bot)
    await members.run("help", channel=thread)
    [command] = await list_other_commands(stores, bot, server)
    assert (command.channel, command.thread) == (server.channel, thread)


async def test_repeated_interaction_is_counted_once(members, stores, bot, server, sim):
    sim.client.enable_faults(double=1.0)
    try:
        await asyncio.to_thread(sim.client.run_command, server.channel, server.ada, "help")
    finally:
        sim.client.disable_faults()
    assert [row.command for row in await list_other_commands(stores, bot, server)] == ["help"]


async def test_member_who_opted_out_is_counted_without_them(members, stores, bot, server):
    await members.run("privacy opt-out")
    await members.run("help")
    commands = await list_other_commands(stores, bot, server)
    assert [(row.command, row.user) for row in commands if row.command == "help"] == [("help", 0)]


async def test_commands_are_summarized_by_hour_without_the_member(members, stores, bot, server):
    for _ in range(2):
        await members.run("server-stats")
    await members.run("features list")
    await wait_until_stored(stores, bot)
    await move_buffer(stores)
    rows = (await stores.clickhouse.query(SUMMARY_SQL, parameters={"guild": server.id})).result_rows
    assert rows == [
        ("command", "server-stats", "command", "ok", server.channel, 2, 1),
        ("command_denied", "features list", "command", "default_audience", server.channel, 1, 0),
    ]
