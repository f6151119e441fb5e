"""Commands need channels that the bot knows only from GUILD_CREATE: threads, refusals, other channels, categories."""

import pytest

from herwa_bot.collector.channel_directory import ChannelDirectory
from herwa_bot.collector.payload_fields import InvalidPayload
from herwa_bot.texts import why as texts
from herwa_shared.guardrail.policy import PlaceKind, TargetKind
from tests.support.member_client import MemberClient

GUILD, VIEW_CHANNEL = 1_000, 1 << 10
STATS = (TargetKind.COMMAND, "server-stats")


def build_payload(channel_id: int, **fields: object) -> dict[str, object]:
    return {
        "id": str(channel_id),
        "type": 0,
        "name": f"channel-{channel_id}",
        "position": 0,
        "parent_id": None,
        **fields,
    }


async def test_commands_run_in_a_thread(members: MemberClient):
    thread = members.sim.client.create_thread(members.server.channel, "side talk")
    assert "/server-stats" in (await members.run("help", channel=thread)).content
    verdict = await members.run("why", {"command": "server-stats"}, channel=thread)
    assert verdict.content.startswith(f"**{texts.ALLOWED_MARK}")
    assert not (await members.run("server-stats", channel=thread)).ephemeral


async def test_commands_run_in_a_forum_post(members: MemberClient):
    forum = members.sim.client.create_channel(members.server.id, "questions", type_=15)
    post = members.sim.client.create_thread(forum, "How do I prune roses?")
    verdict = await members.run("why", {"command": "server-stats"}, channel=post)
    assert verdict.content.startswith(f"**{texts.ALLOWED_MARK}")


async def test_a_rule_for_the_category_applies_in_a_thread(members: MemberClient):
    client, server = members.sim.client, members.server
    category = client.create_channel(server.id, "Staff", type_=4)
    thread = client.create_thread(client.create_channel(server.id, "office", parent_id=category), "plans")
    await members.add_rule(allow=False, target=STATS, place=(PlaceKind.CATEGORY, category))
    await members.wait_for_verdict("No", "server-stats", channel=thread)
    await members.wait_for_verdict("Yes", "server-stats")


async def test_refusal_names_the_channel_in_which_the_command_works(members: MemberClient):
    commands_channel = members.sim.client.create_channel(members.server.id, "commands")
    await members.add_rule(allow=False, target=STATS)
    await members.add_rule(allow=True, target=STATS, place=(PlaceKind.CHANNEL, commands_channel))
    await members.wait_for_verdict("No", "server-stats")
    assert f"<#{commands_channel}>" in (await members.run("server-stats")).content


async def test_refusal_names_the_channel_that_was_there_before_the_bot(members: MemberClient):
    await members.add_rule(allow=False, target=STATS)
    await members.add_rule(allow=True, target=STATS, place=(PlaceKind.CHANNEL, members.server.channel))
    elsewhere = members.sim.client.create_channel(members.server.id, "elsewhere")
    await members.wait_for_verdict("No", "server-stats", channel=elsewhere)
    assert f"<#{members.server.channel}>" in (await members.run("server-stats", channel=elsewhere)).content


async def test_why_explains_another_channel(members: MemberClient):
    client, server = members.sim.client, members.server
    office = client.create_channel(server.id, "office")
    await members.add_rule(allow=False, target=STATS, place=(PlaceKind.CHANNEL, server.channel))
    await members.wait_for_verdict("No", "server-stats")
    verdict = await members.run("why", {"command": "server-stats", "channel": str(server.channel)}, channel=office)
    assert verdict.content.startswith(f"**{texts.BLOCKED_MARK}")
    assert f"<#{server.channel}>" in verdict.content


def test_directory_returns_what_it_was_given():
    directory = ChannelDirectory()
    overwrite = {"id": "7", "type": 0, "allow": "0", "deny": str(VIEW_CHANNEL)}
    directory.set_guild(
        GUILD,
        [
            build_payload(2, position=2, parent_id="1", name="caf\u00e9 \U0001f31e", permission_overwrites=[overwrite]),
            build_payload(1, type=4, position=1),
            build_payload(3, type=11, parent_id="2"),
        ],
    )
    category, channel = directory.list_channels(GUILD)
    assert (category.id, category.type, category.parent_id) == (1, 4, 0)
    assert (channel.name, channel.parent_id) == ("caf\u00e9 \U0001f31e", 1)
    assert channel.to_payload()["permission_overwrites"] == [overwrite]
    assert directory.find(GUILD, 3) is None, "threads are not kept"


def test_directory_follows_updates_and_deletions():
    directory = ChannelDirectory()
    directory.set_guild(GUILD, [build_payload(1), build_payload(2)])
    directory.update(GUILD, build_payload(1, name="renamed", parent_id="9"))
    directory.update(GUILD, build_payload(4))
    directory.remove(GUILD, 2)
    assert {record.id: (record.name, record.parent_id) for record in directory.list_channels(GUILD)} == {
        1: ("renamed", 9),
        4: ("channel-4", 0),
    }
    directory.retain_guilds({5})
    assert directory.list_channels(GUILD) == []


def test_an_invalid_channel_of_a_guild_does_not_hide_the_others():
    directory = ChannelDirectory()
    invalid_overwrites = [{"id": "7", "type": 9, "allow": "0", "deny": "0"}, "x", {}]
    invalid = [build_payload(2, permission_overwrites=[overwrite]) for overwrite in invalid_overwrites]
    directory.set_guild(GUILD, [build_payload(1), *invalid, build_payload(3)])
    assert [record.id for record in directory.list_channels(GUILD)] == [1, 3]


@pytest.mark.parametrize(
    "fields",
    [
        {"permission_overwrites": [{"id": "7", "type": 3, "allow": "0", "deny": "0"}]},
        {"permission_overwrites": [{"id": "7", "type": 0, "allow": "-1", "deny": "0"}]},
        {"permission_overwrites": [{"id": "7", "type": 0, "allow": 8, "deny": "0"}]},
        {"type": 300},
    ],
)
def test_an_invalid_channel_changes_nothing(fields):
    directory = ChannelDirectory()
    directory.set_guild(GUILD, [build_payload(1)])
    with pytest.raises(InvalidPayload):
        directory.update(GUILD, build_payload(1, **fields))
    assert directory.find(GUILD, 1).name == "channel-1"
