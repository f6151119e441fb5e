"""Compiled policies: validity period, decisions equal to the policy's, memory, and shared verdict objects."""

import math
import random
import tracemalloc
from dataclasses import replace

from herwa_shared.guardrail.compiler import CompiledPolicy, compile_policy
from herwa_shared.guardrail.decide import decide
from herwa_shared.guardrail.explain import explain
from herwa_shared.guardrail.invocation import Invocation
from herwa_shared.guardrail.policy import AccessRule, PlaceKind, SubjectKind, SubscriptionPeriod, TargetKind
from herwa_shared.guardrail.verdict import Reason
from tests.shared.guardrail.policy_factories import (
    MEMBER_ID,
    NOW,
    POLICY,
    SURFACES,
    TICKETS_COMMAND,
    VOICE_COMMAND,
    build_invocation,
    build_policy,
    build_rule,
)
from tests.support.random_policies import SURFACES as RANDOM_SURFACES
from tests.support.random_policies import build_random_policy


def test_compiled_policy_is_valid_until_the_next_start_or_end():
    policy = replace(
        build_policy(build_rule(False, until=NOW + 30)), periods=(SubscriptionPeriod("premium", NOW + 10, NOW + 20),)
    )

    durations = [
        compile_policy(policy, SURFACES, NOW + offset_seconds).until - NOW for offset_seconds in (0, 10, 20, 30)
    ]
    assert durations == [10, 20, 30, math.inf]
    assert compile_policy(POLICY, SURFACES, NOW).until == math.inf


def test_compiled_policy_decides_correctly_outside_its_validity_period():
    policy = replace(POLICY, periods=(SubscriptionPeriod("premium", NOW + 10, NOW + 20),))

    for compiled_at in (0, 10, 20):
        compiled = compile_policy(policy, SURFACES, NOW + compiled_at)
        allowed = [
            decide(build_invocation(TICKETS_COMMAND, at=NOW + offset_seconds), compiled).allowed
            for offset_seconds in (0, 9.9, 10, 19.9, 20)
        ]
        assert allowed == [False, False, True, True, False]


def test_compiled_policy_restores_the_original_policy():
    for seed in range(300):
        policy = build_random_policy(random.Random(seed))
        assert compile_policy(policy, RANDOM_SURFACES, 15.0).policy == policy


def test_more_than_255_rules_are_all_evaluated():
    role_rules = [build_rule(False, (SubjectKind.ROLE, 1000 + number)) for number in range(300)]
    policy = build_policy(*role_rules, build_rule(True, (SubjectKind.ROLE, 77)), build_rule(False))
    compiled = compile_policy(policy, SURFACES, NOW)

    for role_ids, allowed in (([77], True), ([1299], False), ([], False)):
        invocation = build_invocation(VOICE_COMMAND, role_ids=role_ids)
        assert decide(invocation, compiled) == explain(invocation, policy).verdict
        assert decide(invocation, compiled).allowed is allowed


def test_verdict_objects_are_shared_between_guilds():
    verdict, other_verdict = (
        decide(build_invocation(), compile_policy(replace(POLICY, guild_id=guild_id), SURFACES, NOW))
        for guild_id in (1, 2)
    )

    assert verdict is other_verdict
    assert verdict.reason == Reason.DEFAULT_AUDIENCE


def test_compiled_guild_with_twenty_rules_takes_at_most_six_kibibytes():
    compile_unshared_policy(0)
    tracemalloc.start()
    try:
        memory_before, _ = tracemalloc.get_traced_memory()
        compiled_policies = [compile_unshared_policy(number) for number in range(1, 201)]
        memory_after, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()

    assert (memory_after - memory_before) / len(compiled_policies) <= 6 * 1024


def test_rule_about_a_member_does_not_affect_other_members():
    policy = build_policy(build_rule(False, (SubjectKind.MEMBER, MEMBER_ID + 1)))
    other_invocation = Invocation.from_member(
        guild_id=policy.guild_id, surface=VOICE_COMMAND, at=NOW, member_id=MEMBER_ID + 1, role_ids=(), permissions=0
    )

    compiled = compile_policy(policy, SURFACES, NOW)
    assert [decide(invocation, compiled).allowed for invocation in (build_invocation(), other_invocation)] == [
        True,
        False,
    ]


def compile_unshared_policy(number: int) -> CompiledPolicy:
    """Compile a policy that shares no objects with other guilds, as if it was loaded from the database."""
    rng, first_id = random.Random(number), (1 << 60) + number * 1000
    rules = [
        AccessRule(
            first_id + index,
            rng.random() < 0.5,
            SubjectKind.ROLE,
            first_id + rng.randrange(100, 900),
            *rng.choice(((TargetKind.EVERYTHING, ""), (TargetKind.MODULE, "talk"), (TargetKind.COMMAND, "top"))),
            PlaceKind.CHANNEL if index % 3 == 0 else PlaceKind.EVERYWHERE,
            first_id + 900 + index if index % 3 == 0 else 0,
            until=NOW + index if index % 4 == 0 else None,
            note=f"note {index} of {number}" if index % 2 == 0 else "",
        )
        for index in range(20)
    ]
    return compile_policy(replace(POLICY, guild_id=first_id, rules=tuple(rules)), RANDOM_SURFACES, NOW)
