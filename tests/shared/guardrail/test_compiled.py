import math
import random
import tracemalloc
from dataclasses import replace

from herwa_shared.guardrail.compiler import CompiledPolicy, compile_policy
from herwa_shared.guardrail.decide import decide
from herwa_shared.guardrail.explain import explain
from herwa_shared.guardrail.invocation import Invocation
from herwa_shared.guardrail.policy import AccessRule, PlaceKind, SubjectKind, TargetKind, Term
from herwa_shared.guardrail.verdict import Reason
from tests.shared.guardrail.guilds import SURFACES as MANY
from tests.shared.guardrail.guilds import random_policy
from tests.shared.guardrail.stage import MEMBER, NOW, POLICY, SURFACES, TICKETS, VOICE, by_member, rule, ruled


def test_it_holds_until_the_next_moment_at_which_anything_begins_or_ends():
    policy = replace(ruled(rule(False, until=NOW + 30)), terms=(Term("premium", NOW + 10, NOW + 20),))

    moments = [compile_policy(policy, SURFACES, NOW + later).until - NOW for later in (0, 10, 20, 30)]
    assert moments == [10, 20, 30, math.inf]
    assert compile_policy(POLICY, SURFACES, NOW).until == math.inf


def test_it_decides_rightly_for_moments_for_which_it_was_not_compiled():
    policy = replace(POLICY, terms=(Term("premium", NOW + 10, NOW + 20),))

    for compiled_at in (0, 10, 20):
        compiled = compile_policy(policy, SURFACES, NOW + compiled_at)
        allowed = [decide(by_member(TICKETS, at=NOW + later), compiled).allowed for later in (0, 9.9, 10, 19.9, 20)]
        assert allowed == [False, False, True, True, False]


def test_it_gives_back_the_policy_that_it_was_made_from():
    for seed in range(300):
        policy = random_policy(random.Random(seed))
        assert compile_policy(policy, MANY, 15.0).policy == policy


def test_more_rules_than_a_byte_can_count_are_all_heard():
    others = [rule(False, (SubjectKind.ROLE, 1000 + number)) for number in range(300)]
    policy = ruled(*others, rule(True, (SubjectKind.ROLE, 77)), rule(False))
    compiled = compile_policy(policy, SURFACES, NOW)

    for roles, allowed in (([77], True), ([1299], False), ([], False)):
        asked = by_member(VOICE, roles=roles)
        assert decide(asked, compiled) == explain(asked, policy).verdict
        assert decide(asked, compiled).allowed is allowed


def test_a_verdict_is_the_same_object_for_every_guild():
    one, other = (decide(by_member(), compile_policy(replace(POLICY, guild_id=id_), SURFACES, NOW)) for id_ in (1, 2))

    assert one is other
    assert one.reason == Reason.DEFAULT_AUDIENCE


def test_a_guild_with_twenty_rules_takes_at_most_six_kibibytes_its_policy_included():
    compiled_anew(0)
    tracemalloc.start()
    try:
        before, _ = tracemalloc.get_traced_memory()
        kept = [compiled_anew(number) for number in range(1, 201)]
        after, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()

    assert (after - before) / len(kept) <= 6 * 1024


def test_of_another_server_a_member_is_decided_on_by_their_own_roles():
    policy = ruled(rule(False, (SubjectKind.MEMBER, MEMBER + 1)))
    stranger = Invocation.by_member(
        guild_id=policy.guild_id, surface=VOICE, at=NOW, member_id=MEMBER + 1, role_ids=(), permissions=0
    )

    compiled = compile_policy(policy, SURFACES, NOW)
    assert [decide(one, compiled).allowed for one in (by_member(), stranger)] == [True, False]


def compiled_anew(number: int) -> CompiledPolicy:
    """Nothing in it is shared with another guild, as when it comes from the database."""
    chance, first = random.Random(number), (1 << 60) + number * 1000
    rules = [
        AccessRule(
            first + id_,
            chance.random() < 0.5,
            SubjectKind.ROLE,
            first + chance.randrange(100, 900),
            *chance.choice(((TargetKind.EVERYTHING, ""), (TargetKind.MODULE, "talk"), (TargetKind.COMMAND, "top"))),
            PlaceKind.CHANNEL if id_ % 3 == 0 else PlaceKind.EVERYWHERE,
            first + 900 + id_ if id_ % 3 == 0 else 0,
            until=NOW + id_ if id_ % 4 == 0 else None,
            note=f"note {id_} of {number}" if id_ % 2 == 0 else "",
        )
        for id_ in range(20)
    ]
    return compile_policy(replace(POLICY, guild_id=first, rules=tuple(rules)), MANY, NOW)
