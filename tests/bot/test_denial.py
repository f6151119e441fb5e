"""A refusal tells at a glance what objected, who can change it and where the command does work."""

from functools import partial

import pytest

from herwa_shared.catalog import FeatureKey
from herwa_shared.guardrail.policy import PlaceKind, SubjectKind, TargetKind
from herwa_shared.services import channel_lists
from herwa_shared.services.kill_switches import switch
from tests.bot.members import MANAGER, buttons

STATS = (TargetKind.COMMAND, "server-stats")


async def forbid_but_in(members, *channels):
    await members.rule(allow=False, target=STATS)
    for channel in channels:
        await members.rule(allow=True, target=STATS, place=(PlaceKind.CHANNEL, channel))
    await members.become("No", "server-stats")
    return await members.run("server-stats")


@pytest.mark.parametrize(("count", "named"), [(0, 0), (1, 1), (3, 3), (5, 3)])
async def test_it_names_up_to_three_channels_where_it_works(members, sim, count, named):
    channels = [sim.client.create_channel(members.place.guild, f"desk-{number}") for number in range(count)]
    refused = await forbid_but_in(members, *channels)
    assert sum(f"<#{channel}>" in refused.content for channel in channels) == named
    assert ("and others" in refused.content) == (count > named)
    assert ("You may use it in" in refused.content) == (count > 0)


async def test_a_place_where_the_channel_list_says_no_is_not_named(members, sim):
    place = members.place
    desk, hall = (sim.client.create_channel(place.guild, name) for name in ("desk", "hall"))
    await members.decide(
        partial(
            channel_lists.allow,
            guild_id=place.guild,
            target_kind=TargetKind.EVERYTHING,
            target_key="",
            place_ids=[hall, place.channel],
            actor=MANAGER,
        )
    )
    refused = await forbid_but_in(members, desk, hall)
    assert f"You may use it in <#{hall}>." in refused.content


async def test_what_a_rule_refuses_can_be_asked_for(members):
    refused = await forbid_but_in(members)
    assert refused.content.startswith("**A rule of this server says: ")
    assert "Members with Manage Server can change it with /permissions." in refused.content
    assert set(buttons(refused)) == {"Ask for access"}


async def test_what_is_for_managers_can_be_asked_for(members):
    refused = await members.run("permissions list")
    assert refused.ephemeral
    assert refused.content.startswith("**/permissions list is for members with Manage Server")
    assert set(buttons(refused)) == {"Ask for access"}


async def test_a_kill_switch_tells_its_reason_and_cannot_be_asked_for(members):
    feature = FeatureKey.VOICE_STATS
    await members.decide(partial(switch, feature=feature, on=True, reason="The numbers are mended", actor=MANAGER))
    try:
        await members.become("No", "voice-stats", who=members.place.owner)
        refused = await members.run("voice-stats", who=members.place.owner)
    finally:
        await members.decide(partial(switch, feature=feature, on=False, reason="", actor=MANAGER))
    assert "The numbers are mended" in refused.content
    assert "Only the operator can switch it on again." in refused.content
    assert buttons(refused) == {}


async def test_a_note_cannot_speak_for_herwa(members):
    await members.rule(allow=False, target=STATS, note="[free](https://x.org) @everyone **now**")
    await members.become("No", "server-stats")
    refused = await members.run("server-stats")
    assert "https://" not in refused.content
    assert "@everyone" not in refused.content
    assert "\\*\\*now\\*\\*" in refused.content


async def test_of_who_may_not_use_an_option_nothing_is_offered(members):
    offered = await members.type("permissions allow", {"what": "s"}, "what", who=members.place.owner)
    assert offered
    assert await members.type("permissions allow", {"what": "s"}, "what") == []


async def test_a_rule_about_one_member_is_told_to_them(members):
    place = members.place
    await members.rule(allow=False, subject=(SubjectKind.MEMBER, place.bob), target=STATS)
    await members.become("No", "server-stats", who=place.bob)
    assert f"<@{place.bob}> may not use /server-stats" in (await members.run("server-stats", who=place.bob)).content


async def test_a_channel_that_the_member_does_not_see_is_not_named(members, sim):
    place = members.place
    secret, desk = (sim.client.create_channel(place.guild, name) for name in ("layoffs", "desk"))
    hidden = {"id": str(place.guild), "type": 0, "allow": "0", "deny": str(1 << 10)}
    sim.client.call("channel/overwrites", channel_id=str(secret), overwrites=[hidden])
    refused = await forbid_but_in(members, secret, desk)
    assert f"You may use it in <#{desk}>." in refused.content
    said = await members.run("why", {"command": "server-stats", "channel": str(secret)})
    assert said.content == "You do not see that channel, so it is not explained to you."
