"""Microseconds of one decision of the guardrail, against a dict look-up and against engines that do the same job.

Eight guilds with 20 rules each and 64 questions of members with 10 roles each: some refused by each step, most decided
by rules and audience. Every engine's answers are held against one reference that reads the rows. The floor is one
look-up in a dict by (guild, command), in the same loop. Goals: at most 6 times the floor, and at least 12 times faster
than the fastest of GrowthBook's SDK, Red's `Requires.verify` and pycasbin.
"""

import time
from collections.abc import Callable

from benchmarks import peers
from benchmarks.governed import NOW, SURFACES, as_json, guild, questions, reference
from benchmarks.report import remark, result
from herwa_shared.catalog import Surfaces
from herwa_shared.guardrail.compiler import CompiledPolicy, compile_policy
from herwa_shared.guardrail.decide import decide
from herwa_shared.guardrail.explain import explain
from herwa_shared.guardrail.invocation import Invocation

GUILDS, ROUNDS, PEER_ROUNDS = 8, 4000, 200
GOAL, FASTER = 6.0, 12.0
PEERS = ("growthbook", "red", "pycasbin")

Questions = list[tuple[Invocation, CompiledPolicy]]


def main() -> None:
    """Measure and print."""
    governed = [guild(number) for number in range(GUILDS)]
    asked = [questions(*one) for one in governed]
    expected = [reference(one, policy) for (policy, _), many in zip(governed, asked, strict=True) for one in many]
    remark(f"{len(expected)} questions, {sum(expected)} of them to be allowed")
    ours = _ready(governed, asked)
    _agree("decide", [decide(*one).allowed for one in ours], expected)
    _agree("explain", [explain(one, compiled.policy).verdict.allowed for one, compiled in ours], expected)
    floor, decided = _measure(ours)
    remark(f"one dict look-up {floor:.3f} µs, decide {decided:.3f} µs")
    job = {
        "guilds": [as_json(policy, many) for (policy, _), many in zip(governed, asked, strict=True)],
        "rounds": PEER_ROUNDS,
    }
    faster = {peer: _peer(peer, job, expected) / decided for peer in PEERS}
    result(
        "guardrail",
        value=decided / floor,
        goal=GOAL,
        at_most=True,
        also=min(faster.values()) >= FASTER,
        times_faster_than_the_fastest_peer=min(faster.values()),
        peer_goal=FASTER,
        us=decided,
    )


def _ready(governed: list, asked: list[list[Invocation]]) -> Questions:  # type: ignore[type-arg]
    surfaces = Surfaces(SURFACES)
    compiled = [compile_policy(policy, surfaces, NOW) for policy, _ in governed]
    return [(one, policy) for policy, many in zip(compiled, asked, strict=True) for one in many]


def _agree(engine: str, answers: list[bool | None], expected: list[bool]) -> None:
    """Whoever answers otherwise than the reference has no business in a race."""
    wrong = sum(answer is not None and answer != right for answer, right in zip(answers, expected, strict=True))
    if wrong:
        raise SystemExit(f"{engine} disagrees with the reference on {wrong} of {len(expected)} questions")


def _measure(asked: Questions) -> tuple[float, float]:
    """Microseconds of a look-up and of a decision: the best of many short rounds, taken in turns."""
    looked_up = {(one.guild_id, one.surface.key): True for one, _ in asked}
    keys = [(one.guild_id, one.surface.key) for one, _ in asked]

    def look_up() -> None:
        for guild_id, command in keys:
            looked_up[(guild_id, command)]

    def decide_all() -> None:
        for invocation, compiled in asked:
            decide(invocation, compiled)

    floor = decided = float("inf")
    for _ in range(ROUNDS):
        floor, decided = min(floor, _seconds(look_up)), min(decided, _seconds(decide_all))
    return floor / len(asked) * 1e6, decided / len(asked) * 1e6


def _seconds(work: Callable[[], None]) -> float:
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def _peer(peer: str, job: dict, expected: list[bool]) -> float:  # type: ignore[type-arg]
    told = peers.ask(peer, job)
    _agree(peer, list(told.answers), expected)
    said = sum(answer is not None for answer in told.answers)
    remark(f"{peer} {told.us:.1f} µs; it can express {said} of {len(expected)} questions, and agrees")
    return told.us


if __name__ == "__main__":
    main()
