"""What all guilds share of a decision: which surfaces a rule or list concerns, and what holds where none does."""

from collections.abc import Mapping
from dataclasses import dataclass
from weakref import WeakKeyDictionary

from herwa_shared.catalog import Audience, FeatureKey, FeatureSpec, Surface, Surfaces
from herwa_shared.guardrail.precedence import Target, targets_of
from herwa_shared.guardrail.verdict import Reason, Verdict

FOR_EVERYONE = Verdict(True, Reason.DEFAULT_AUDIENCE)
FOR_MANAGERS = Verdict(True, Reason.DEFAULT_AUDIENCE)
"""Another object: it stands only for members with Manage Server."""


@dataclass(frozen=True, slots=True, eq=False)
class Plan:
    """Of one process. `numbers` are its surfaces' places in all tuples, by their names; `concerned` by target."""

    features: Mapping[FeatureKey, FeatureSpec]
    surfaces: tuple[Surface, ...]
    numbers: dict[str, int]
    concerned: dict[Target, tuple[int, ...]]
    defaults: tuple[Verdict, ...]
    no_lists: tuple[None, ...]


_PLANS: WeakKeyDictionary[Surfaces, Plan] = WeakKeyDictionary()


def plan_of(surfaces: Surfaces, features: Mapping[FeatureKey, FeatureSpec]) -> Plan:
    """Made once for the surfaces of a process."""
    plan = _PLANS.get(surfaces)
    if plan is None or plan.features is not features:
        plan = _PLANS[surfaces] = Plan(
            features=features,
            surfaces=surfaces.all,
            numbers={surface.name: number for number, surface in enumerate(surfaces.all)},
            concerned=_concerned(surfaces, features),
            defaults=tuple(FOR_EVERYONE if one.audience == Audience.EVERYONE else FOR_MANAGERS for one in surfaces.all),
            no_lists=(None,) * len(surfaces.all),
        )
    return plan


def _concerned(surfaces: Surfaces, features: Mapping[FeatureKey, FeatureSpec]) -> dict[Target, tuple[int, ...]]:
    found: dict[Target, list[int]] = {}
    for number, surface in enumerate(surfaces.all):
        for target in targets_of(surface, features):
            found.setdefault(target, []).append(number)
    return {target: tuple(numbers) for target, numbers in found.items()}
