"""KiB per guild of compiled policies, at 10,000 guilds with 20 rules each, and guilds compiled per CPU second.

Everything that belongs to one guild is counted, including the data that explains a refusal; tiers and catalog are
shared between guilds and not counted. For comparison the same rules are measured as ORM rows and as pycasbin lines.
Goals: at most 6 KiB per guild, and at least 5,000 guilds compiled per CPU second.
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
    """Run the benchmark and print its result."""
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
        f"per guild: {compiled_kib:.2f} KiB compiled, {orm_kib:.2f} KiB as ORM rows, "
        f"{pycasbin_kib:.2f} KiB as pycasbin lines"
    )
    print_progress(f"{rate:,.0f} guilds compiled per CPU second")
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
    """Average KiB that each of `count` created items keeps in memory, without its inputs, which are freed."""
    create(0)  # objects that all items share are created before the measurement
    gc.collect()
    tracemalloc.start()
    items = [create(number) for number in range(count)]
    gc.collect()
    traced_bytes, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    return traced_bytes / len(items) / 1024


def build_rule_row(guild_number: int, rule: AccessRule) -> AccessRuleRow:
    """Build the row of a rule as the ORM loads it."""
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
    """Guilds compiled per CPU second, in the best of several rounds."""
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
