"""Microseconds per guardrail decision, relative to a dict lookup and to other engines for the same job.

The workload has eight guilds with 20 rules each, and 64 invocations per guild by members with 10 roles each. Each step
of the guardrail refuses some of them; rules and audience decide most. The decisions of every engine are compared with
one reference implementation that reads the rows. Floor: one lookup in a dict by (guild, command) in the same loop.
Goals: at most 6 times the floor, and at least 12 times faster than the fastest peer. Peers: GrowthBook's SDK, Red's
`Requires.verify` and pycasbin.
"""

import time
from collections.abc import Callable

from benchmarks import peers
from benchmarks.guardrail_workload import NOW, SURFACES, build_guild, build_invocations, decide_by_reference, to_json
from benchmarks.report import print_progress, print_result
from herwa_shared.catalog import SurfaceRegistry
from herwa_shared.guardrail.compiler import CompiledPolicy, compile_policy
from herwa_shared.guardrail.decide import decide
from herwa_shared.guardrail.explain import explain
from herwa_shared.guardrail.invocation import Invocation

GUILD_COUNT, ROUND_COUNT, PEER_ROUND_COUNT = 8, 4000, 200
MAX_LOOKUP_RATIO, MIN_SPEEDUP = 6.0, 12.0
PEERS = ("growthbook", "red", "pycasbin")

Workload = list[tuple[Invocation, CompiledPolicy]]


def main() -> None:
    """Run the benchmark and print its result."""
    guilds = [build_guild(number) for number in range(GUILD_COUNT)]
    invocation_lists = [build_invocations(*guild_pair) for guild_pair in guilds]
    expected = [
        decide_by_reference(invocation, policy)
        for (policy, _), invocations in zip(guilds, invocation_lists, strict=True)
        for invocation in invocations
    ]
    print_progress(f"{len(expected)} invocations, of which {sum(expected)} are allowed")
    workload = _compile_workload(guilds, invocation_lists)
    _require_agreement("decide", [decide(*decision_input).allowed for decision_input in workload], expected)
    _require_agreement(
        "explain", [explain(invocation, compiled.policy).verdict.allowed for invocation, compiled in workload], expected
    )
    lookup_us, decision_us = _measure(workload)
    print_progress(f"dict lookup {lookup_us:.3f} µs, decide {decision_us:.3f} µs")
    job = {
        "guilds": [
            to_json(policy, invocations) for (policy, _), invocations in zip(guilds, invocation_lists, strict=True)
        ],
        "rounds": PEER_ROUND_COUNT,
    }
    speedups = {peer: _measure_peer(peer, job, expected) / decision_us for peer in PEERS}
    print_result(
        "guardrail",
        value=decision_us / lookup_us,
        goal=MAX_LOOKUP_RATIO,
        is_upper_bound=True,
        extra_condition=min(speedups.values()) >= MIN_SPEEDUP,
        times_faster_than_the_fastest_peer=min(speedups.values()),
        peer_goal=MIN_SPEEDUP,
        us=decision_us,
    )


def _compile_workload(guilds: list, invocation_lists: list[list[Invocation]]) -> Workload:  # type: ignore[type-arg]
    surfaces = SurfaceRegistry(SURFACES)
    compiled = [compile_policy(policy, surfaces, NOW) for policy, _ in guilds]
    return [
        (invocation, policy)
        for policy, invocations in zip(compiled, invocation_lists, strict=True)
        for invocation in invocations
    ]


def _require_agreement(engine: str, decisions: list[bool | None], expected: list[bool]) -> None:
    """Exit with an error when an engine decides differently from the reference: its time would mean nothing.

    None is a decision that the engine cannot express; it is not compared.
    """
    mismatch_count = sum(
        decision is not None and decision != expected_decision
        for decision, expected_decision in zip(decisions, expected, strict=True)
    )
    if mismatch_count:
        raise SystemExit(f"{engine} disagrees with the reference on {mismatch_count} of {len(expected)} invocations")


def _measure(workload: Workload) -> tuple[float, float]:
    """Microseconds per lookup and per decision: the best of many short rounds, which alternate."""
    table = {(invocation.guild_id, invocation.surface.key): True for invocation, _ in workload}
    keys = [(invocation.guild_id, invocation.surface.key) for invocation, _ in workload]

    def look_up() -> None:
        for guild_id, command in keys:
            table[(guild_id, command)]

    def decide_all() -> None:
        for invocation, compiled in workload:
            decide(invocation, compiled)

    lookup_seconds = decision_seconds = float("inf")
    for _ in range(ROUND_COUNT):
        lookup_seconds, decision_seconds = (
            min(lookup_seconds, _measure_seconds(look_up)),
            min(decision_seconds, _measure_seconds(decide_all)),
        )
    return lookup_seconds / len(workload) * 1e6, decision_seconds / len(workload) * 1e6


def _measure_seconds(function: Callable[[], None]) -> float:
    started_at = time.perf_counter()
    function()
    return time.perf_counter() - started_at


def _measure_peer(peer: str, job: dict, expected: list[bool]) -> float:  # type: ignore[type-arg]
    peer_result = peers.run_peer(peer, job)
    _require_agreement(peer, list(peer_result.decisions), expected)
    expressible_count = sum(decision is not None for decision in peer_result.decisions)
    print_progress(
        f"{peer} {peer_result.microseconds:.1f} µs; it can express {expressible_count} of {len(expected)} "
        "invocations and agrees on these"
    )
    return peer_result.microseconds


if __name__ == "__main__":
    main()
