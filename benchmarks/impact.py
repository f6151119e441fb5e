"""CPU of the access rules page: the matrix of 60 commands and 200 roles, and the effect of rules on 10,000 members.

The goal is an absolute bound: each takes at most 150 ms of CPU, also in a guild with the highest number of rules.
"""

import random
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from statistics import median

from benchmarks.report import print_progress, print_result
from herwa_shared.catalog import FEATURES, Surface, SurfaceKind, SurfaceRegistry
from herwa_shared.discord.constants import MANAGE_GUILD
from herwa_shared.guardrail.impact import HypotheticalMember
from herwa_shared.guardrail.member_impact import compute_access_matrix, compute_member_impacts
from herwa_shared.guardrail.policy import AccessRule, GlobalPolicy, GuildPolicy, SubjectKind, TargetKind
from herwa_shared.services.access_rules import MAX_RULES

SURFACE_COUNT, ROLE_COUNT, MEMBER_COUNT = 60, 200, 10_000
ROLES_PER_MEMBER, RULED_ROLES = 5, 20
MAX_CPU_MS = 150.0
ROUND_COUNT = 5
NOW = 1_760_000_000.0


def main() -> None:
    """Run the benchmark and print its result."""
    chooser = random.Random(13)
    surfaces = build_surfaces()
    policy = build_policy(chooser, surfaces)
    roles = [HypotheticalMember(role_ids=frozenset([role])) for role in range(1, ROLE_COUNT + 1)]
    members = build_members(chooser)
    changed = replace(policy, rules=(*policy.rules[1:], build_rule(MAX_RULES, chooser, surfaces)))
    matrix_ms = measure_cpu_ms(lambda: compute_access_matrix(policy, surfaces, roles, at=NOW))
    registry = SurfaceRegistry(surfaces)
    effect_ms = measure_cpu_ms(lambda: compute_member_impacts(policy, changed, registry, members, at=NOW))
    print_progress(f"matrix {matrix_ms:.1f} ms, effect on {MEMBER_COUNT:,} members {effect_ms:.1f} ms")
    print_result(
        "impact",
        value=max(matrix_ms, effect_ms),
        goal=MAX_CPU_MS,
        is_upper_bound=True,
        matrix_ms=matrix_ms,
        effect_ms=effect_ms,
    )


def build_surfaces() -> list[Surface]:
    """Build commands of all features in turn."""
    features = [key for key, spec in FEATURES.items() if spec.essential == "no"]
    return [
        Surface(SurfaceKind.COMMAND, f"command-{number}", features[number % len(features)], "")
        for number in range(SURFACE_COUNT)
    ]


def build_policy(chooser: random.Random, surfaces: Sequence[Surface]) -> GuildPolicy:
    """Build a guild with the highest number of rules."""
    rules = tuple(build_rule(number, chooser, surfaces) for number in range(MAX_RULES))
    return GuildPolicy(1, 1, GlobalPolicy({}, {}), rules=rules)


def build_rule(number: int, chooser: random.Random, surfaces: Sequence[Surface]) -> AccessRule:
    """Build a rule about a role and a command, a feature or everything."""
    surface = chooser.choice(surfaces)
    targets = (
        (TargetKind.COMMAND, surface.key),
        (TargetKind.FEATURE, str(surface.feature)),
        (TargetKind.EVERYTHING, ""),
    )
    kind, key = targets[number % 10 // 5] if number % 50 else targets[2]
    return AccessRule(number + 1, chooser.random() < 0.5, SubjectKind.ROLE, chooser.randint(1, RULED_ROLES), kind, key)


def build_members(chooser: random.Random) -> list[HypotheticalMember]:
    """Build members with random roles; every hundredth manages the guild."""
    return [
        HypotheticalMember(
            1_000 + number,
            frozenset(chooser.sample(range(1, ROLE_COUNT + 1), ROLES_PER_MEMBER)),
            0 if number % 100 else MANAGE_GUILD,
        )
        for number in range(MEMBER_COUNT)
    ]


def measure_cpu_ms(function: Callable[[], object]) -> float:
    """Return the median of the CPU time of several calls in milliseconds."""
    function()
    times = []
    for _ in range(ROUND_COUNT):
        started_at = time.process_time()
        function()
        times.append((time.process_time() - started_at) * 1_000)
    return median(times)


if __name__ == "__main__":
    main()
