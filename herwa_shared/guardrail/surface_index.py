"""What all guilds share of a decision: which surfaces a rule or list concerns, and what holds where none does."""

from collections.abc import Mapping
from dataclasses import dataclass
from weakref import WeakKeyDictionary

from herwa_shared.catalog import Audience, FeatureKey, FeatureSpec, Surface, SurfaceRegistry
from herwa_shared.guardrail.precedence import TargetKey, list_targets
from herwa_shared.guardrail.verdict import Reason, Verdict

ALLOWED_FOR_EVERYONE = Verdict(True, Reason.DEFAULT_AUDIENCE)
ALLOWED_FOR_MANAGERS = Verdict(True, Reason.DEFAULT_AUDIENCE)
"""Another object: it stands only for members with Manage Server."""


@dataclass(frozen=True, slots=True, eq=False)
class SurfaceIndex:
    """Of one process. `numbers` are its surfaces' places in all tuples, by their names; `concerned` by target."""

    features: Mapping[FeatureKey, FeatureSpec]
    surfaces: tuple[Surface, ...]
    indexes: dict[str, int]
    surfaces_by_target: dict[TargetKey, tuple[int, ...]]
    default_verdicts: tuple[Verdict, ...]
    no_channel_lists: tuple[None, ...]


_INDEX_CACHE: WeakKeyDictionary[SurfaceRegistry, SurfaceIndex] = WeakKeyDictionary()


def get_surface_index(surfaces: SurfaceRegistry, features: Mapping[FeatureKey, FeatureSpec]) -> SurfaceIndex:
    """Made once for the surfaces of a process."""
    surface_index = _INDEX_CACHE.get(surfaces)
    if surface_index is None or surface_index.features is not features:
        surface_index = _INDEX_CACHE[surfaces] = SurfaceIndex(
            features=features,
            surfaces=surfaces.all,
            indexes={surface.name: index for index, surface in enumerate(surfaces.all)},
            surfaces_by_target=_group_by_target(surfaces, features),
            default_verdicts=tuple(
                ALLOWED_FOR_EVERYONE if surface.audience == Audience.EVERYONE else ALLOWED_FOR_MANAGERS
                for surface in surfaces.all
            ),
            no_channel_lists=(None,) * len(surfaces.all),
        )
    return surface_index


def _group_by_target(
    surfaces: SurfaceRegistry, features: Mapping[FeatureKey, FeatureSpec]
) -> dict[TargetKey, tuple[int, ...]]:
    surfaces_by_target: dict[TargetKey, list[int]] = {}
    for index, surface in enumerate(surfaces.all):
        for target in list_targets(surface, features):
            surfaces_by_target.setdefault(target, []).append(index)
    return {target: tuple(indexes) for target, indexes in surfaces_by_target.items()}
