"""Who gains or loses what: equal to a comparison member by member, also for many members."""

import random
import time
from dataclasses import replace

from herwa_shared.discord.constants import ADMINISTRATOR, MANAGE_GUILD
from herwa_shared.guardrail.impact import HypotheticalMember, is_allowed
from herwa_shared.guardrail.member_impact import compute_member_impacts
from herwa_shared.guardrail.policy import PlaceKind, SubjectKind, TargetKind
from tests.shared.guardrail.policy_factories import (
    NEWCOMER_ROLE,
    NOW,
    OVERVIEW_PAGE,
    POLICY,
    STAFF_CHANNEL,
    SUPPORT_ROLE,
    SURFACES,
    VOICE_COMMAND,
    build_rule,
)

VOICE = (TargetKind.COMMAND, "voice-stats")
MANY_MEMBERS = 10_000
MAX_CPU_SECONDS = 0.15


def build_members(count: int) -> list[HypotheticalMember]:
    chooser = random.Random(7)
    return [
        HypotheticalMember(
            1_000 + number,
            frozenset(role for role in (SUPPORT_ROLE, NEWCOMER_ROLE, 90, 91) if chooser.random() < 0.5),
            chooser.choice((0, 0, 0, MANAGE_GUILD, ADMINISTRATOR)),
        )
        for number in range(count)
    ]


def test_impact_equals_a_comparison_member_by_member():
    members = build_members(300)
    before = replace(POLICY, rules=(build_rule(False, (SubjectKind.ROLE, NEWCOMER_ROLE), VOICE),))
    after = replace(
        POLICY,
        rules=(
            build_rule(True, (SubjectKind.MEMBER, 1_003), VOICE),
            build_rule(False, (SubjectKind.ROLE, SUPPORT_ROLE), VOICE),
            build_rule(False, (SubjectKind.PERMISSION, MANAGE_GUILD), (TargetKind.FEATURE, "dashboard.overview")),
        ),
    )
    impacts = compute_member_impacts(before, after, SURFACES, members, at=NOW)
    for surface in (VOICE_COMMAND, OVERVIEW_PAGE):
        gained = {position for impact in impacts if surface in impact.gained for position in impact.positions}
        lost = {position for impact in impacts if surface in impact.lost for position in impact.positions}
        for position, member in enumerate(members):
            was, now = (is_allowed(member.build_invocation(surface, policy, NOW), policy) for policy in (before, after))
            is_bound = not member.permissions & ADMINISTRATOR
            assert (position in gained) == (is_bound and now and not was)
            assert (position in lost) == (is_bound and was and not now)


def test_rule_for_a_channel_is_evaluated_there():
    rule = build_rule(False, target=VOICE, place_kind=PlaceKind.CHANNEL, place_id=STAFF_CHANNEL)
    [impact] = compute_member_impacts(POLICY, replace(POLICY, rules=(rule,)), SURFACES, [HypotheticalMember(5)], at=NOW)
    assert (impact.place.id, impact.lost, impact.positions) == (STAFF_CHANNEL, (VOICE_COMMAND,), (0,))


def test_note_of_a_rule_changes_no_access():
    rule = build_rule(False, target=VOICE)
    before, after = replace(POLICY, rules=(rule,)), replace(POLICY, rules=(replace(rule, id=9, note="why"),))
    assert compute_member_impacts(before, after, SURFACES, build_members(5), at=NOW) == ()


def test_many_members_cost_little():
    members = build_members(MANY_MEMBERS)
    rules = tuple(build_rule(position % 2 == 0, (SubjectKind.ROLE, 100 + position), VOICE) for position in range(200))
    after = replace(POLICY, rules=(*rules, build_rule(False, (SubjectKind.ROLE, SUPPORT_ROLE), VOICE)))
    before, started_at = replace(POLICY, rules=rules), time.process_time()
    [impact] = compute_member_impacts(before, after, SURFACES, members, at=NOW)
    assert time.process_time() - started_at < MAX_CPU_SECONDS
    assert len(impact.positions) > MANY_MEMBERS / 4
