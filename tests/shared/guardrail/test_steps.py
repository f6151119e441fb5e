"""What each step promises, one server at a time."""

import itertools
from dataclasses import replace

import pytest

from herwa_shared.catalog import SurfaceKind
from herwa_shared.discord.constants import ADMINISTRATOR, MANAGE_GUILD
from herwa_shared.guardrail.explain import ORDER
from herwa_shared.guardrail.invocation import Invocation
from herwa_shared.guardrail.permissions import PERMISSIONS
from herwa_shared.guardrail.policy import ChannelList, GuildPolicy, PlaceKind, SubjectKind, TargetKind, Term
from herwa_shared.guardrail.verdict import Reason, Said
from tests.shared.guardrail.stage import (
    ALLOW,
    GUILD,
    HELP,
    LOUNGE,
    MEMBER,
    NEWCOMER,
    NOW,
    OFFICE,
    OVERVIEW,
    POLICY,
    STAFF,
    STATISTICS,
    SUPPORT,
    TICKETS,
    VOICE,
    answer,
    asked,
    by_member,
    rule,
    ruled,
)

PREMIUM = replace(POLICY, terms=(Term("premium", NOW - 10, NOW + 10),))
KILLED = replace(POLICY, offer=replace(POLICY.offer, kill_switches={"voice.stats": "It counts twice."}))
MEMBERS, ROLE, EVERYONE = SubjectKind.MEMBER, SubjectKind.ROLE, SubjectKind.EVERYONE
TICKET_STATS, VOICE_MODULE = (TargetKind.FEATURE, "ticket.stats"), (TargetKind.MODULE, "voice")


def test_a_kill_switch_stops_even_the_owner():
    assert answer(by_member(is_owner=True), KILLED) == (False, Reason.KILL_SWITCH)


def test_a_feature_of_a_better_tier_is_refused_until_the_tier_begins_and_from_the_second_it_ends():
    assert answer(by_member(TICKETS)) == (False, Reason.TIER)
    assert answer(by_member(TICKETS), PREMIUM) == (True, Reason.DEFAULT_AUDIENCE)
    assert answer(by_member(TICKETS, at=NOW + 9.999), PREMIUM) == (True, Reason.DEFAULT_AUDIENCE)
    assert answer(by_member(TICKETS, at=NOW + 10), PREMIUM) == (False, Reason.TIER)
    assert answer(by_member(TICKETS, at=NOW - 11), PREMIUM) == (False, Reason.TIER)


def test_a_module_that_is_off_wins_over_its_feature_that_is_on():
    off = replace(POLICY, feature_toggles={"voice.stats": True}, module_toggles={"voice": False})

    assert answer(by_member(), off) == (False, Reason.TOGGLE)


def test_neither_the_owner_nor_administrators_can_be_locked_out():
    walled = replace(ruled(rule(False), rule(False, (MEMBERS, MEMBER))), lists=(everything_in(STAFF),))

    for locked_in in ({"is_owner": True}, {"permissions": ADMINISTRATOR}):
        assert answer(by_member(channel=LOUNGE, left=0, **locked_in), walled) == (True, Reason.ADMINISTRATOR)
    assert answer(by_member(permissions=MANAGE_GUILD), walled) == (False, Reason.ACCESS_RULE)


def test_only_support_can_view_ticket_stats_in_two_rules():
    policy = ruled(rule(False, what=TICKET_STATS), rule(True, (ROLE, SUPPORT), TICKET_STATS), policy=PREMIUM)

    assert answer(by_member(TICKETS, roles=[SUPPORT]), policy) == (True, Reason.ACCESS_RULE)
    assert answer(by_member(TICKETS, roles=[NEWCOMER]), policy) == (False, Reason.ACCESS_RULE)
    assert answer(by_member(VOICE, roles=[NEWCOMER]), policy) == (True, Reason.DEFAULT_AUDIENCE)


def test_a_member_wins_over_a_role_over_a_permission_over_everyone():
    kinds = [
        (EVERYONE, 0),
        (SubjectKind.PERMISSION, PERMISSIONS["manage_messages"]),
        (ROLE, SUPPORT),
        (MEMBERS, MEMBER),
    ]
    me = by_member(roles=[SUPPORT], permissions=PERMISSIONS["manage_messages"])

    for strength in range(1, 4):
        policy = ruled(
            rule(False, kinds[strength - 1], (TargetKind.COMMAND, "voice-stats")), rule(True, kinds[strength])
        )
        assert answer(me, policy) == (True, Reason.ACCESS_RULE)


def test_a_command_wins_over_its_feature_over_its_module_over_everything_and_a_channel_over_its_category():
    what = [
        (TargetKind.EVERYTHING, ""),
        VOICE_MODULE,
        (TargetKind.FEATURE, "voice.stats"),
        (TargetKind.COMMAND, "voice-stats"),
    ]
    where = [(PlaceKind.EVERYWHERE, 0), (PlaceKind.CATEGORY, OFFICE), (PlaceKind.CHANNEL, STAFF)]
    here = by_member(channel=STAFF)

    for wide, narrow in itertools.pairwise(what):
        in_channel = rule(False, what=wide, place_kind=PlaceKind.CHANNEL, place_id=STAFF)
        assert answer(here, ruled(in_channel, rule(True, what=narrow))) == (True, Reason.ACCESS_RULE)
    for wide, narrow in itertools.pairwise(where):
        rules = (rule(place != wide, place_kind=place[0], place_id=place[1]) for place in (wide, narrow))
        assert answer(here, ruled(*rules)) == (True, Reason.ACCESS_RULE)


def test_on_a_full_tie_deny_wins_and_the_older_rule_is_named():
    policy = ruled(
        rule(True, (ROLE, SUPPORT)), rule(False, (ROLE, NEWCOMER)), rule(False, (ROLE, NEWCOMER), note="again")
    )

    assert asked(by_member(roles=[SUPPORT, NEWCOMER]), policy).rule == policy.rules[1]


def test_a_permission_matches_only_who_holds_all_of_it():
    both = PERMISSIONS["manage_messages"] | PERMISSIONS["kick_members"]
    policy = ruled(rule(False, (SubjectKind.PERMISSION, both)))

    assert answer(by_member(permissions=both), policy) == (False, Reason.ACCESS_RULE)
    assert answer(by_member(permissions=PERMISSIONS["kick_members"]), policy) == (True, Reason.DEFAULT_AUDIENCE)


def test_a_rule_for_a_group_covers_its_commands_and_the_longer_name_wins():
    group, own = (TargetKind.COMMAND, "permissions"), (TargetKind.COMMAND, "permissions allow")
    manager = by_member(ALLOW, permissions=MANAGE_GUILD)

    assert answer(manager, ruled(rule(False, what=group))) == (False, Reason.ACCESS_RULE)
    assert answer(manager, ruled(rule(False, what=group), rule(True, what=own))) == (True, Reason.ACCESS_RULE)
    assert answer(manager, ruled(rule(False, what=(TargetKind.COMMAND, "perm")))) == (True, Reason.DEFAULT_AUDIENCE)


def test_a_rule_ends_at_its_second():
    policy = ruled(rule(False, until=NOW + 60))

    assert answer(by_member(at=NOW + 59.999), policy) == (False, Reason.ACCESS_RULE)
    assert answer(by_member(at=NOW + 60), policy) == (True, Reason.DEFAULT_AUDIENCE)


def test_where_no_rule_matches_managers_surfaces_are_for_manage_server():
    assert answer(by_member(ALLOW)) == (False, Reason.DEFAULT_AUDIENCE)
    assert answer(by_member(ALLOW, permissions=MANAGE_GUILD)) == (True, Reason.DEFAULT_AUDIENCE)


def test_a_channel_list_holds_also_whom_a_rule_allows_and_takes_a_category_for_its_channels():
    policy = replace(ruled(rule(True)), lists=(everything_in(OFFICE),))

    assert answer(by_member(channel=LOUNGE), policy) == (False, Reason.CHANNEL_LIST)
    assert answer(by_member(channel=STAFF), policy) == (True, Reason.ACCESS_RULE)


def test_of_two_channel_lists_the_more_specific_one_is_asked_alone():
    voice_in_lounge = ChannelList(TargetKind.FEATURE, "voice.stats", frozenset({LOUNGE}))
    policy = replace(PREMIUM, lists=(everything_in(STAFF), voice_in_lounge))

    assert answer(by_member(VOICE, channel=LOUNGE), policy) == (True, Reason.DEFAULT_AUDIENCE)
    assert answer(by_member(VOICE, channel=STAFF), policy) == (False, Reason.CHANNEL_LIST)
    assert answer(by_member(TICKETS, channel=STAFF), policy) == (True, Reason.DEFAULT_AUDIENCE)


def test_on_a_page_there_is_no_channel_so_places_do_not_count():
    placed = rule(False, place_kind=PlaceKind.CATEGORY, place_id=OFFICE)
    policy = replace(ruled(placed), lists=(everything_in(STAFF),))

    assert answer(by_member(OVERVIEW, permissions=MANAGE_GUILD, channel=0), policy) == (True, Reason.DEFAULT_AUDIENCE)


def test_when_the_rate_is_used_up_nothing_but_an_administrator_passes():
    assert answer(by_member(left=0)) == (False, Reason.COOLDOWN)
    assert answer(by_member(left=0, permissions=ADMINISTRATOR)) == (True, Reason.ADMINISTRATOR)


@pytest.mark.parametrize(
    "policy", [POLICY, KILLED, ruled(rule(False)), replace(POLICY, module_toggles={"essentials": False})]
)
def test_help_answers_always_and_says_so_at_every_step(policy: GuildPolicy):
    trace = asked(by_member(HELP, left=0), policy)

    assert (trace.verdict.allowed, trace.verdict.reason) == (True, Reason.ESSENTIAL)
    assert {step.said for step in trace.steps} == {Said.SILENT}


def test_permissions_cannot_be_switched_off_but_can_be_ruled():
    offer = replace(POLICY.offer, tiers={}, kill_switches={"governance.permissions": "No."})
    off = replace(POLICY, offer=offer, module_toggles={"governance": False})
    manager = by_member(ALLOW, permissions=MANAGE_GUILD)

    assert answer(manager, off) == (True, Reason.DEFAULT_AUDIENCE)
    assert answer(manager, ruled(rule(False), policy=off)) == (False, Reason.ACCESS_RULE)


def test_a_key_is_asked_what_is_on_then_for_its_scope_then_for_its_rate():
    def key(policy: GuildPolicy = POLICY, *, in_scope: bool = True, left: int = 1) -> tuple[bool, Reason]:
        return answer(
            Invocation.by_key(guild_id=GUILD, surface=STATISTICS, at=NOW, in_scope=in_scope, left=left), policy
        )

    off = replace(POLICY, module_toggles={"api": False})
    assert key(ruled(rule(False))) == (True, Reason.SCOPE)
    assert key(off, in_scope=False) == (False, Reason.TOGGLE)
    assert key(in_scope=False, left=0) == (False, Reason.SCOPE)
    assert key(left=0) == (False, Reason.COOLDOWN)


def test_a_widget_is_asked_the_first_three_steps_alone():
    widget = Invocation.by_widget(guild_id=GUILD, surface=VOICE, at=NOW)

    assert answer(widget, ruled(rule(False))) == (True, Reason.PUBLIC)
    assert answer(widget, KILLED) == (False, Reason.KILL_SWITCH)


def test_a_trace_names_all_eight_steps_also_those_behind_the_end():
    trace = asked(by_member(roles=[NEWCOMER]), ruled(rule(False, (ROLE, NEWCOMER), VOICE_MODULE)))

    assert tuple(step.step for step in trace.steps) == ORDER
    assert [step.said for step in trace.steps] == [Said.SILENT] * 4 + [Said.REFUSES] + [Said.NOT_ASKED] * 3


def test_what_the_catalogue_does_not_know_is_refused():
    unknown = replace(VOICE, kind=SurfaceKind.COMMAND, key="new", feature="not.known")

    assert answer(by_member(unknown)) == (False, Reason.TIER)


def everything_in(*places: int) -> ChannelList:
    return ChannelList(TargetKind.EVERYTHING, "", frozenset(places))
