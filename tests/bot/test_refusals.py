"""A refusal names the reason, who can change it, and in which channels the command works."""

from functools import partial

import pytest

from herwa_bot.texts import buttons
from herwa_bot.texts.why import CHANNEL_HIDDEN
from herwa_shared.catalog import FeatureKey
from herwa_shared.guardrail.policy import PlaceKind, SubjectKind, TargetKind
from herwa_shared.guardrail.refusal_texts import build_kill_switch_refusal
from herwa_shared.services import channel_lists
from herwa_shared.services.kill_switches import set_kill_switch
from tests.bot.expected_refusals import expect_audience_refusal, expect_rule_refusal, format_expected
from tests.support.member_client import MANAGER, get_button_ids

STATS = (TargetKind.COMMAND, "server-stats")


async def forbid_except_in(members, *channels):
    """Deny the command except in these channels; return the refusal."""
    await members.add_rule(allow=False, target=STATS)
    for channel in channels:
        await members.add_rule(allow=True, target=STATS, place=(PlaceKind.CHANNEL, channel))
    await members.wait_for_verdict("No", "server-stats")
    return await members.run("server-stats")


@pytest.mark.parametrize(("count", "mention_count"), [(0, 0), (1, 1), (3, 3), (5, 3)])
async def test_refusal_names_up_to_three_allowed_channels(members, sim, count, mention_count):
    channels = [sim.client.create_channel(members.server.id, f"desk-{number}") for number in range(count)]
    refusal = await forbid_except_in(members, *channels)
    assert sum(f"<#{channel}>" in refusal.content for channel in channels) == mention_count
    expected = expect_rule_refusal("server-stats", STATS, channels=channels[:mention_count], has_more=count > 3)
    assert refusal.content == expected


async def test_refusal_does_not_name_a_channel_outside_the_channel_list(members, sim):
    server = members.server
    desk, hall = (sim.client.create_channel(server.id, name) for name in ("desk", "hall"))
    await members.run_in_transaction(
        partial(
            channel_lists.add_places,
            guild_id=server.id,
            target_kind=TargetKind.EVERYTHING,
            target_key="",
            place_ids=[hall, server.channel],
            actor=MANAGER,
        )
    )
    refusal = await forbid_except_in(members, desk, hall)
    assert refusal.content == expect_rule_refusal("server-stats", STATS, channels=[hall])


async def test_refusal_by_a_rule_offers_an_access_request(members):
    refusal = await forbid_except_in(members)
    assert refusal.content == expect_rule_refusal("server-stats", STATS)
    assert set(get_button_ids(refusal)) == {buttons.ASK_FOR_ACCESS}


async def test_refusal_of_a_manager_command_offers_an_access_request(members):
    refusal = await members.run("permissions list")
    assert refusal.ephemeral
    assert refusal.content == expect_audience_refusal("permissions list")
    assert set(get_button_ids(refusal)) == {buttons.ASK_FOR_ACCESS}


async def test_refusal_by_a_kill_switch_shows_its_reason_without_an_access_request(members):
    feature = FeatureKey.VOICE_STATS
    await members.run_in_transaction(
        partial(set_kill_switch, feature=feature, active=True, reason="The numbers are repaired", actor=MANAGER)
    )
    try:
        await members.wait_for_verdict("No", "voice-stats", user=members.server.owner)
        refusal = await members.run("voice-stats", user=members.server.owner)
    finally:
        await members.run_in_transaction(
            partial(set_kill_switch, feature=feature, active=False, reason="", actor=MANAGER)
        )
    assert refusal.content == format_expected(build_kill_switch_refusal("Voice stats", "The numbers are repaired"))
    assert get_button_ids(refusal) == {}


async def test_rule_note_is_escaped(members):
    await members.add_rule(allow=False, target=STATS, note="[free](https://x.org) @everyone **now**")
    await members.wait_for_verdict("No", "server-stats")
    refusal = await members.run("server-stats")
    assert "https://" not in refusal.content
    assert "@everyone" not in refusal.content
    assert "\\*\\*now\\*\\*" in refusal.content


async def test_member_who_may_not_run_a_command_gets_no_suggestions(members):
    suggestions = await members.autocomplete("permissions allow", {"what": "s"}, "what", user=members.server.owner)
    assert suggestions
    assert await members.autocomplete("permissions allow", {"what": "s"}, "what") == []


async def test_member_rule_is_shown_to_the_member(members):
    server = members.server
    await members.add_rule(allow=False, subject=(SubjectKind.MEMBER, server.bob), target=STATS)
    await members.wait_for_verdict("No", "server-stats", user=server.bob)
    refusal = await members.run("server-stats", user=server.bob)
    assert refusal.content == expect_rule_refusal("server-stats", STATS)


async def test_refusal_does_not_name_a_channel_hidden_from_the_member(members, sim):
    server = members.server
    secret, desk = (sim.client.create_channel(server.id, name) for name in ("layoffs", "desk"))
    hidden = {"id": str(server.id), "type": 0, "allow": "0", "deny": str(1 << 10)}
    sim.client.call("channel/overwrites", channel_id=str(secret), overwrites=[hidden])
    refusal = await forbid_except_in(members, secret, desk)
    assert refusal.content == expect_rule_refusal("server-stats", STATS, channels=[desk])
    explanation = await members.run("why", {"command": "server-stats", "channel": str(secret)})
    assert explanation.content == CHANNEL_HIDDEN
