"""KiB of a guild's compiled policy, at 10,000 guilds with 20 rules each; and how many a CPU second compiles.

Everything that a guild keeps for itself is counted, what it takes to explain a refusal included; tiers and the
catalogue are shared. Beside it, in the same run: the same rules as rows of the ORM, and as lines of pycasbin. Goals: at
most 6 KiB a guild, and at least 5,000 guilds compiled in a second of CPU.
"""

import gc
import time
import tracemalloc
from collections.abc import Callable
from typing import Any

from benchmarks import peers
from benchmarks.governed import NOW, SURFACES, as_json, guild
from benchmarks.report import remark, result
from herwa_shared.catalog import Surfaces
from herwa_shared.clock import utc_now
from herwa_shared.guardrail.compiler import compile_policy
from herwa_shared.guardrail.policy import AccessRule
from herwa_shared.models import AccessRuleRow

GUILDS, OTHERS = 10_000, 1_000
GOAL_KIB, GOAL_RATE = 6.0, 5_000.0
ROUNDS = 5

SURFACES_HERE = Surfaces(SURFACES)


def main() -> None:
    """Measure and print."""
    kib = kib_each(lambda number: compile_policy(guild(number)[0], SURFACES_HERE, NOW), GUILDS)
    rows = kib_each(lambda number: [row(number, rule) for rule in guild(number)[0].rules], OTHERS)
    lines = peers.ask("pycasbin", {"memory": True, "guilds": [as_json(guild(n)[0], ()) for n in range(OTHERS)]}).kib
    assert lines is not None
    rate = guilds_a_cpu_second()
    remark(f"a guild: {kib:.2f} KiB compiled, {rows:.2f} KiB as rows of the ORM, {lines:.2f} KiB as lines of pycasbin")
    remark(f"{rate:,.0f} guilds compiled in a second of CPU")
    result(
        "guardrail_memory",
        value=kib,
        goal=GOAL_KIB,
        at_most=True,
        also=rate >= GOAL_RATE,
        guilds_a_cpu_second=rate,
        rate_goal=GOAL_RATE,
        orm_rows_kib=rows,
        pycasbin_kib=lines,
    )


def kib_each(make: Callable[[int], Any], count: int) -> float:
    """What each of `count` keeps, when all that it was made from is gone."""
    make(0)  # what all share is not counted
    gc.collect()
    tracemalloc.start()
    kept = [make(number) for number in range(count)]
    gc.collect()
    held, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    return held / len(kept) / 1024


def row(guild_number: int, rule: AccessRule) -> AccessRuleRow:
    """The rule as the ORM loads it."""
    return AccessRuleRow(
        id=guild_number * 100 + rule.id,
        guild_id=guild_number,
        allow=rule.allow,
        subject_kind=rule.subject_kind,
        subject_id=rule.subject_id,
        target_kind=rule.target_kind,
        target_key=rule.target_key,
        place_kind=rule.place_kind,
        place_id=rule.place_id,
        until=None,
        note="",
        created_at=utc_now(),
        created_by=None,
    )


def guilds_a_cpu_second() -> float:
    """The best of some rounds."""
    policies = [guild(number)[0] for number in range(OTHERS)]
    best = float("inf")
    for _ in range(ROUNDS):
        began = time.process_time()
        for policy in policies:
            compile_policy(policy, SURFACES_HERE, NOW)
        best = min(best, time.process_time() - began)
    return len(policies) / best


if __name__ == "__main__":
    main()
