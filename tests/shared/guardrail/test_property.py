"""Property-based tests: `explain`, `decide` and the reference implementation agree for random policies."""

import os
import random
import secrets
from collections.abc import Iterable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from herwa_shared.guardrail.compiler import compile_policy
from herwa_shared.guardrail.decide import decide
from herwa_shared.guardrail.explain import explain
from herwa_shared.guardrail.invocation import Invocation
from herwa_shared.guardrail.policy import GuildPolicy
from herwa_shared.guardrail.verdict import Reason, Verdict
from tests.shared.guardrail.reference_guardrail import compute_reference_verdict
from tests.support.random_policies import INVOCATION_TIMES, SURFACES, build_random_invocation, build_random_policy

GUILD_COUNT, SLOW_GUILD_COUNT, PART_COUNT, INVOCATIONS_PER_GUILD = 20_000, 100_000, 2, 1
SEED = int(os.environ.get("GUARDRAIL_SEED") or secrets.randbits(32))


@pytest.mark.parametrize("part", range(PART_COUNT))
def test_all_three_implementations_agree_for_random_guilds(part: int):
    compare_for_guilds(range(part, GUILD_COUNT, PART_COUNT))


@pytest.mark.slow
@pytest.mark.parametrize("part", range(PART_COUNT))
def test_all_three_implementations_agree_for_100_000_random_guilds(part: int):
    compare_for_guilds(range(part, SLOW_GUILD_COUNT, PART_COUNT))


def compare_for_guilds(guild_numbers: Iterable[int]) -> None:
    """Compare the implementations for these random guilds; together they show every reason of a verdict."""
    reasons: set[tuple[bool, Reason]] = set()
    for guild_number in guild_numbers:
        rng = random.Random(SEED + guild_number)
        policy = build_random_policy(rng)
        invocations = [build_random_invocation(rng) for _ in range(INVOCATIONS_PER_GUILD)]
        compiled_at = invocations[0].at if rng.random() < 0.8 else rng.choice(INVOCATION_TIMES)
        verdicts = compare_implementations(policy, invocations, compiled_at)
        assert isinstance(verdicts, list), f"GUARDRAIL_SEED={SEED}, guild {guild_number}: {verdicts}"
        reasons.update((verdict.allowed, verdict.reason) for verdict in verdicts)

    refusals = {reason for allowed, reason in reasons if not allowed}
    assert set(Reason) - refusals == {Reason.ADMINISTRATOR, Reason.ESSENTIAL, Reason.PUBLIC, Reason.NO_POLICY}
    assert len({reason for allowed, reason in reasons if allowed}) == 6


@settings(max_examples=500, deadline=None)
@given(st.randoms(use_true_random=False))
def test_hypothesis_finds_no_difference_between_the_implementations(rng: random.Random):
    """Checks fewer guilds than the test above, but hypothesis reduces a difference to a minimal example."""
    policy, invocation = build_random_policy(rng), build_random_invocation(rng)

    assert isinstance(compare_implementations(policy, [invocation], rng.choice(INVOCATION_TIMES)), list), (
        invocation,
        policy,
    )


def compare_implementations(
    policy: GuildPolicy, invocations: list[Invocation], compiled_at: float
) -> list[Verdict] | str:
    """Return the verdicts, or a description of the first difference between the three implementations."""
    compiled = compile_policy(policy, SURFACES, compiled_at)
    verdicts = []
    for invocation in invocations:
        trace = explain(invocation, policy)
        explained_result = (trace.verdict.allowed, trace.verdict.reason, trace.rule)
        if explained_result != (reference_result := compute_reference_verdict(invocation, policy)):
            return f"explain {explained_result}, reference {reference_result}, {invocation}, {policy}"
        if trace.verdict != (decided_verdict := decide(invocation, compiled)):
            return f"explain {explained_result}, decide {decided_verdict}, compiled at {compiled_at}, {invocation}, {policy}"
        verdicts.append(decided_verdict)
    return verdicts
