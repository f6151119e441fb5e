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
from benchmarks.guardrail_workload import NOW, SURFACES, build_guild, to_json
from benchmarks.report import print_progress, print_result
from herwa_shared.catalog import SurfaceRegistry
from herwa_shared.clock import utc_now
from herwa_shared.guardrail.compiler import compile_policy
from herwa_shared.guardrail.policy import AccessRule
from herwa_shared.models import AccessRuleRow

GUILD_COUNT, SAMPLE_GUILD_COUNT = 10_000, 1_000
MAX_KIB_PER_GUILD, MIN_GUILDS_PER_CPU_SECOND = 6.0, 5_000.0
ROUND_COUNT = 5

SURFACE_REGISTRY = SurfaceRegistry(SURFACES)


def main() -> None:
    """Measure and print."""
    compiled_kib = measure_kib_per_item(
        lambda number: compile_policy(build_guild(number)[0], SURFACE_REGISTRY, NOW), GUILD_COUNT
    )
    orm_kib = measure_kib_per_item(
        lambda number: [build_rule_row(number, rule) for rule in build_guild(number)[0].rules], SAMPLE_GUILD_COUNT
    )
    pycasbin_kib = peers.run_peer(
        "pycasbin",
        {"memory": True, "guilds": [to_json(build_guild(number)[0], ()) for number in range(SAMPLE_GUILD_COUNT)]},
    ).kib
    assert pycasbin_kib is not None
    rate = measure_compile_rate()
    print_progress(
        f"a guild: {compiled_kib:.2f} KiB compiled, {orm_kib:.2f} KiB as rows of the ORM, {pycasbin_kib:.2f} KiB as lines of pycasbin"
    )
    print_progress(f"{rate:,.0f} guilds compiled in a second of CPU")
    print_result(
        "guardrail_memory",
        value=compiled_kib,
        goal=MAX_KIB_PER_GUILD,
        is_upper_bound=True,
        extra_condition=rate >= MIN_GUILDS_PER_CPU_SECOND,
        guilds_a_cpu_second=rate,
        rate_goal=MIN_GUILDS_PER_CPU_SECOND,
        orm_rows_kib=orm_kib,
        pycasbin_kib=pycasbin_kib,
    )


def measure_kib_per_item(create: Callable[[int], Any], count: int) -> float:
    """What each of `count` keeps, when all that it was made from is gone."""
    create(0)  # what all share is not counted
    gc.collect()
    tracemalloc.start()
    items = [create(number) for number in range(count)]
    gc.collect()
    traced_bytes, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    return traced_bytes / len(items) / 1024


def build_rule_row(guild_number: int, rule: AccessRule) -> AccessRuleRow:
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


def measure_compile_rate() -> float:
    """The best of some rounds."""
    policies = [build_guild(number)[0] for number in range(SAMPLE_GUILD_COUNT)]
    best_seconds = float("inf")
    for _ in range(ROUND_COUNT):
        started_at = time.process_time()
        for policy in policies:
            compile_policy(policy, SURFACE_REGISTRY, NOW)
        best_seconds = min(best_seconds, time.process_time() - started_at)
    return len(policies) / best_seconds


if __name__ == "__main__":
    main()
