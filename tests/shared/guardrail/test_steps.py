"""The eight steps of the guardrail, one example per promise."""

import itertools
from dataclasses import replace

import pytest

from herwa_shared.catalog import SurfaceKind
from herwa_shared.discord.constants import ADMINISTRATOR, MANAGE_GUILD, PERMISSIONS
from herwa_shared.guardrail.explain import STEP_ORDER
from herwa_shared.guardrail.invocation import Invocation
from herwa_shared.guardrail.policy import (
    ChannelList,
    GuildPolicy,
    PlaceKind,
    SubjectKind,
    SubscriptionPeriod,
    TargetKind,
)
from herwa_shared.guardrail.verdict import Reason, StepOutcome
from tests.shared.guardrail.policy_factories import (
    ALLOW_COMMAND,
    GUILD_ID,
    HELP_COMMAND,
    LOUNGE_CHANNEL,
    MEMBER_ID,
    NEWCOMER_ROLE,
    NOW,
    OFFICE_CATEGORY,
    OVERVIEW_PAGE,
    POLICY,
    STAFF_CHANNEL,
    STATISTICS_ROUTE,
    SUPPORT_ROLE,
    TICKETS_COMMAND,
    VOICE_COMMAND,
    build_invocation,
    build_policy,
    build_rule,
    explain_checked,
    get_verdict,
)

PREMIUM_POLICY = replace(POLICY, periods=(SubscriptionPeriod("premium", NOW - 10, NOW + 10),))
KILL_SWITCH_POLICY = replace(
    POLICY, global_policy=replace(POLICY.global_policy, kill_switches={"voice.stats": "It counts twice."})
)
MEMBER_KIND, ROLE_KIND, EVERYONE_KIND = SubjectKind.MEMBER, SubjectKind.ROLE, SubjectKind.EVERYONE
TICKET_STATS_FEATURE, VOICE_MODULE = (TargetKind.FEATURE, "ticket.stats"), (TargetKind.MODULE, "voice")


def test_kill_switch_refuses_even_the_owner():
    assert get_verdict(build_invocation(is_owner=True), KILL_SWITCH_POLICY) == (False, Reason.KILL_SWITCH)


def test_premium_feature_is_allowed_exactly_during_the_premium_period():
    assert get_verdict(build_invocation(TICKETS_COMMAND)) == (False, Reason.TIER)
    assert get_verdict(build_invocation(TICKETS_COMMAND), PREMIUM_POLICY) == (True, Reason.DEFAULT_AUDIENCE)
    assert get_verdict(build_invocation(TICKETS_COMMAND, at=NOW + 9.999), PREMIUM_POLICY) == (
        True,
        Reason.DEFAULT_AUDIENCE,
    )
    assert get_verdict(build_invocation(TICKETS_COMMAND, at=NOW + 10), PREMIUM_POLICY) == (False, Reason.TIER)
    assert get_verdict(build_invocation(TICKETS_COMMAND, at=NOW - 11), PREMIUM_POLICY) == (False, Reason.TIER)


def test_disabled_module_disables_its_enabled_feature():
    policy = replace(POLICY, feature_toggles={"voice.stats": True}, module_toggles={"voice": False})

    assert get_verdict(build_invocation(), policy) == (False, Reason.TOGGLE)


def test_owner_and_administrators_cannot_be_locked_out():
    restricted_policy = replace(
        build_policy(build_rule(False), build_rule(False, (MEMBER_KIND, MEMBER_ID))),
        channel_lists=(build_channel_list(STAFF_CHANNEL),),
    )

    for member_fields in ({"is_owner": True}, {"permissions": ADMINISTRATOR}):
        assert get_verdict(
            build_invocation(channel_id=LOUNGE_CHANNEL, remaining=0, **member_fields), restricted_policy
        ) == (True, Reason.ADMINISTRATOR)
    assert get_verdict(build_invocation(permissions=MANAGE_GUILD), restricted_policy) == (False, Reason.ACCESS_RULE)


def test_two_rules_limit_ticket_stats_to_support():
    policy = build_policy(
        build_rule(False, target=TICKET_STATS_FEATURE),
        build_rule(True, (ROLE_KIND, SUPPORT_ROLE), TICKET_STATS_FEATURE),
        base_policy=PREMIUM_POLICY,
    )

    assert get_verdict(build_invocation(TICKETS_COMMAND, role_ids=[SUPPORT_ROLE]), policy) == (True, Reason.ACCESS_RULE)
    assert get_verdict(build_invocation(TICKETS_COMMAND, role_ids=[NEWCOMER_ROLE]), policy) == (
        False,
        Reason.ACCESS_RULE,
    )
    assert get_verdict(build_invocation(VOICE_COMMAND, role_ids=[NEWCOMER_ROLE]), policy) == (
        True,
        Reason.DEFAULT_AUDIENCE,
    )


def test_precedence_of_subjects_is_member_role_permission_everyone():
    subjects = [
        (EVERYONE_KIND, 0),
        (SubjectKind.PERMISSION, PERMISSIONS["manage_messages"]),
        (ROLE_KIND, SUPPORT_ROLE),
        (MEMBER_KIND, MEMBER_ID),
    ]
    invocation = build_invocation(role_ids=[SUPPORT_ROLE], permissions=PERMISSIONS["manage_messages"])

    for strength in range(1, 4):
        policy = build_policy(
            build_rule(False, subjects[strength - 1], (TargetKind.COMMAND, "voice-stats")),
            build_rule(True, subjects[strength]),
        )
        assert get_verdict(invocation, policy) == (True, Reason.ACCESS_RULE)


def test_narrower_target_or_place_takes_precedence():
    targets = [
        (TargetKind.EVERYTHING, ""),
        VOICE_MODULE,
        (TargetKind.FEATURE, "voice.stats"),
        (TargetKind.COMMAND, "voice-stats"),
    ]
    places = [(PlaceKind.EVERYWHERE, 0), (PlaceKind.CATEGORY, OFFICE_CATEGORY), (PlaceKind.CHANNEL, STAFF_CHANNEL)]
    invocation = build_invocation(channel_id=STAFF_CHANNEL)

    for wide, narrow in itertools.pairwise(targets):
        in_channel = build_rule(False, target=wide, place_kind=PlaceKind.CHANNEL, place_id=STAFF_CHANNEL)
        assert get_verdict(invocation, build_policy(in_channel, build_rule(True, target=narrow))) == (
            True,
            Reason.ACCESS_RULE,
        )
    for wide, narrow in itertools.pairwise(places):
        rules = (build_rule(place != wide, place_kind=place[0], place_id=place[1]) for place in (wide, narrow))
        assert get_verdict(invocation, build_policy(*rules)) == (True, Reason.ACCESS_RULE)


def test_deny_wins_a_tie_and_the_older_rule_is_named():
    policy = build_policy(
        build_rule(True, (ROLE_KIND, SUPPORT_ROLE)),
        build_rule(False, (ROLE_KIND, NEWCOMER_ROLE)),
        build_rule(False, (ROLE_KIND, NEWCOMER_ROLE), note="again"),
    )

    assert explain_checked(build_invocation(role_ids=[SUPPORT_ROLE, NEWCOMER_ROLE]), policy).rule == policy.rules[1]


def test_permission_rule_requires_all_its_permissions():
    permissions = PERMISSIONS["manage_messages"] | PERMISSIONS["kick_members"]
    policy = build_policy(build_rule(False, (SubjectKind.PERMISSION, permissions)))

    assert get_verdict(build_invocation(permissions=permissions), policy) == (False, Reason.ACCESS_RULE)
    assert get_verdict(build_invocation(permissions=PERMISSIONS["kick_members"]), policy) == (
        True,
        Reason.DEFAULT_AUDIENCE,
    )


def test_group_rule_covers_its_commands_and_the_longer_name_wins():
    group_target, command_target = (TargetKind.COMMAND, "permissions"), (TargetKind.COMMAND, "permissions allow")
    manager_invocation = build_invocation(ALLOW_COMMAND, permissions=MANAGE_GUILD)

    assert get_verdict(manager_invocation, build_policy(build_rule(False, target=group_target))) == (
        False,
        Reason.ACCESS_RULE,
    )
    assert get_verdict(
        manager_invocation,
        build_policy(build_rule(False, target=group_target), build_rule(True, target=command_target)),
    ) == (True, Reason.ACCESS_RULE)
    assert get_verdict(manager_invocation, build_policy(build_rule(False, target=(TargetKind.COMMAND, "perm")))) == (
        True,
        Reason.DEFAULT_AUDIENCE,
    )


def test_rule_ends_exactly_at_its_end_time():
    policy = build_policy(build_rule(False, until=NOW + 60))

    assert get_verdict(build_invocation(at=NOW + 59.999), policy) == (False, Reason.ACCESS_RULE)
    assert get_verdict(build_invocation(at=NOW + 60), policy) == (True, Reason.DEFAULT_AUDIENCE)


def test_manager_surface_requires_manage_server_without_a_rule():
    assert get_verdict(build_invocation(ALLOW_COMMAND)) == (False, Reason.DEFAULT_AUDIENCE)
    assert get_verdict(build_invocation(ALLOW_COMMAND, permissions=MANAGE_GUILD)) == (True, Reason.DEFAULT_AUDIENCE)


def test_channel_list_applies_despite_an_allow_rule_and_includes_channels_of_a_category():
    policy = replace(build_policy(build_rule(True)), channel_lists=(build_channel_list(OFFICE_CATEGORY),))

    assert get_verdict(build_invocation(channel_id=LOUNGE_CHANNEL), policy) == (False, Reason.CHANNEL_LIST)
    assert get_verdict(build_invocation(channel_id=STAFF_CHANNEL), policy) == (True, Reason.ACCESS_RULE)


def test_only_the_most_specific_channel_list_applies():
    voice_list = ChannelList(TargetKind.FEATURE, "voice.stats", frozenset({LOUNGE_CHANNEL}))
    policy = replace(PREMIUM_POLICY, channel_lists=(build_channel_list(STAFF_CHANNEL), voice_list))

    assert get_verdict(build_invocation(VOICE_COMMAND, channel_id=LOUNGE_CHANNEL), policy) == (
        True,
        Reason.DEFAULT_AUDIENCE,
    )
    assert get_verdict(build_invocation(VOICE_COMMAND, channel_id=STAFF_CHANNEL), policy) == (
        False,
        Reason.CHANNEL_LIST,
    )
    assert get_verdict(build_invocation(TICKETS_COMMAND, channel_id=STAFF_CHANNEL), policy) == (
        True,
        Reason.DEFAULT_AUDIENCE,
    )


def test_channel_rules_and_lists_do_not_apply_to_pages():
    category_rule = build_rule(False, place_kind=PlaceKind.CATEGORY, place_id=OFFICE_CATEGORY)
    policy = replace(build_policy(category_rule), channel_lists=(build_channel_list(STAFF_CHANNEL),))

    assert get_verdict(build_invocation(OVERVIEW_PAGE, permissions=MANAGE_GUILD, channel_id=0), policy) == (
        True,
        Reason.DEFAULT_AUDIENCE,
    )


def test_cooldown_refuses_everyone_but_administrators():
    assert get_verdict(build_invocation(remaining=0)) == (False, Reason.COOLDOWN)
    assert get_verdict(build_invocation(remaining=0, permissions=ADMINISTRATOR)) == (True, Reason.ADMINISTRATOR)


@pytest.mark.parametrize(
    "policy",
    [
        POLICY,
        KILL_SWITCH_POLICY,
        build_policy(build_rule(False)),
        replace(POLICY, module_toggles={"essentials": False}),
    ],
)
def test_help_is_always_allowed_and_every_step_is_neutral(policy: GuildPolicy):
    trace = explain_checked(build_invocation(HELP_COMMAND, remaining=0), policy)

    assert (trace.verdict.allowed, trace.verdict.reason) == (True, Reason.ESSENTIAL)
    assert {step.outcome for step in trace.steps} == {StepOutcome.NEUTRAL}


def test_permissions_command_cannot_be_switched_off_but_can_be_denied():
    global_policy = replace(POLICY.global_policy, tiers={}, kill_switches={"governance.permissions": "No."})
    policy = replace(POLICY, global_policy=global_policy, module_toggles={"governance": False})
    manager_invocation = build_invocation(ALLOW_COMMAND, permissions=MANAGE_GUILD)

    assert get_verdict(manager_invocation, policy) == (True, Reason.DEFAULT_AUDIENCE)
    assert get_verdict(manager_invocation, build_policy(build_rule(False), base_policy=policy)) == (
        False,
        Reason.ACCESS_RULE,
    )


def test_api_key_is_checked_for_feature_then_scope_then_rate():
    def get_key_verdict(
        policy: GuildPolicy = POLICY, *, in_scope: bool = True, remaining: int = 1
    ) -> tuple[bool, Reason]:
        return get_verdict(
            Invocation.from_key(
                guild_id=GUILD_ID, surface=STATISTICS_ROUTE, at=NOW, in_scope=in_scope, remaining=remaining
            ),
            policy,
        )

    policy_without_api = replace(POLICY, module_toggles={"api": False})
    assert get_key_verdict(build_policy(build_rule(False))) == (True, Reason.SCOPE)
    assert get_key_verdict(policy_without_api, in_scope=False) == (False, Reason.TOGGLE)
    assert get_key_verdict(in_scope=False, remaining=0) == (False, Reason.SCOPE)
    assert get_key_verdict(remaining=0) == (False, Reason.COOLDOWN)


def test_widget_is_checked_only_by_the_first_three_steps():
    invocation = Invocation.from_widget(guild_id=GUILD_ID, surface=VOICE_COMMAND, at=NOW)

    assert get_verdict(invocation, build_policy(build_rule(False))) == (True, Reason.PUBLIC)
    assert get_verdict(invocation, KILL_SWITCH_POLICY) == (False, Reason.KILL_SWITCH)


def test_trace_contains_all_eight_steps_including_skipped_ones():
    trace = explain_checked(
        build_invocation(role_ids=[NEWCOMER_ROLE]),
        build_policy(build_rule(False, (ROLE_KIND, NEWCOMER_ROLE), VOICE_MODULE)),
    )

    assert tuple(step.step for step in trace.steps) == STEP_ORDER
    assert [step.outcome for step in trace.steps] == [StepOutcome.NEUTRAL] * 4 + [StepOutcome.REFUSES] + [
        StepOutcome.SKIPPED
    ] * 3


def test_feature_missing_from_the_catalog_is_refused():
    unknown_surface = replace(VOICE_COMMAND, kind=SurfaceKind.COMMAND, key="new", feature="not.known")

    assert get_verdict(build_invocation(unknown_surface)) == (False, Reason.TIER)


def build_channel_list(*place_ids: int) -> ChannelList:
    return ChannelList(TargetKind.EVERYTHING, "", frozenset(place_ids))
