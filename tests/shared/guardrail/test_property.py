"""`explain`, `decide` and a naive reading of the tables come to the same, whatever a guild has set."""

import os
import random
import secrets

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from herwa_shared.guardrail.compiler import compile_policy
from herwa_shared.guardrail.decide import decide
from herwa_shared.guardrail.explain import explain
from herwa_shared.guardrail.invocation import Invocation
from herwa_shared.guardrail.policy import GuildPolicy
from herwa_shared.guardrail.verdict import Reason, Verdict
from tests.shared.guardrail.guilds import ASKED_AT, SURFACES, random_invocation, random_policy
from tests.shared.guardrail.naive import read

GUILDS, PARTS, QUESTIONS = 100_000, 4, 1
SEED = int(os.environ.get("GUARDRAIL_SEED") or secrets.randbits(32))


@pytest.mark.parametrize("part", range(PARTS))
def test_100_000_random_guilds_are_read_alike_by_all_three(part: int):
    reasons: set[tuple[bool, Reason]] = set()
    for number in range(part, GUILDS, PARTS):
        chance = random.Random(SEED + number)
        policy = random_policy(chance)
        questions = [random_invocation(chance) for _ in range(QUESTIONS)]
        compiled_at = questions[0].at if chance.random() < 0.8 else chance.choice(ASKED_AT)
        verdicts = differ(policy, questions, compiled_at)
        assert isinstance(verdicts, list), f"GUARDRAIL_SEED={SEED}, guild {number}: {verdicts}"
        reasons.update((one.allowed, one.reason) for one in verdicts)

    refusals = {reason for allowed, reason in reasons if not allowed}
    assert set(Reason) - refusals == {Reason.ADMINISTRATOR, Reason.ESSENTIAL, Reason.PUBLIC, Reason.NO_POLICY}
    assert len({reason for allowed, reason in reasons if allowed}) == 6


@settings(max_examples=500, deadline=None)
@given(st.randoms(use_true_random=False))
def test_whatever_is_found_is_made_small(chance: random.Random):
    """Fewer guilds than above; where these differ, hypothesis shows the smallest one that does."""
    policy, asked = random_policy(chance), random_invocation(chance)

    assert isinstance(differ(policy, [asked], chance.choice(ASKED_AT)), list), (asked, policy)


def differ(policy: GuildPolicy, questions: list[Invocation], compiled_at: float) -> list[Verdict] | str:
    """The verdicts, or how the readings differ."""
    compiled = compile_policy(policy, SURFACES, compiled_at)
    verdicts = []
    for asked in questions:
        trace = explain(asked, policy)
        explained = (trace.verdict.allowed, trace.verdict.reason, trace.rule)
        if explained != (naive := read(asked, policy)):
            return f"explain {explained}, naive {naive}, {asked}, {policy}"
        if trace.verdict != (decided := decide(asked, compiled)):
            return f"explain {explained}, decide {decided}, compiled at {compiled_at}, {asked}, {policy}"
        verdicts.append(decided)
    return verdicts
