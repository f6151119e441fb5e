"""The part of a compiled policy that all guilds share: surfaces by target, default audiences."""

from collections.abc import Mapping
from dataclasses import dataclass
from weakref import WeakKeyDictionary

from herwa_shared.catalog import Audience, FeatureKey, FeatureSpec, Surface, SurfaceRegistry
from herwa_shared.guardrail.precedence import TargetKey, list_targets


@dataclass(frozen=True, slots=True, eq=False)
class SurfaceIndex:
    """Lookup tables for the surfaces of one process.

    `indexes` maps a surface's name to its index in all per-surface tuples. `surfaces_by_target` lists the indexes of
    the surfaces that a rule or channel list with this target applies to. `manager_flags` are set for surfaces whose
    default audience is members with Manage Server.
    """

    features: Mapping[FeatureKey, FeatureSpec]
    surfaces: tuple[Surface, ...]
    indexes: dict[str, int]
    surfaces_by_target: dict[TargetKey, tuple[int, ...]]
    manager_flags: tuple[bool, ...]
    no_channel_lists: tuple[None, ...]


_INDEX_CACHE: WeakKeyDictionary[SurfaceRegistry, SurfaceIndex] = WeakKeyDictionary()


def get_surface_index(surfaces: SurfaceRegistry, features: Mapping[FeatureKey, FeatureSpec]) -> SurfaceIndex:
    """Get the cached index of a surface registry. Builds it if missing or if `features` changed."""
    surface_index = _INDEX_CACHE.get(surfaces)
    if surface_index is None or surface_index.features is not features:
        surface_index = _INDEX_CACHE[surfaces] = SurfaceIndex(
            features=features,
            surfaces=surfaces.all,
            indexes={surface.name: index for index, surface in enumerate(surfaces.all)},
            surfaces_by_target=_group_by_target(surfaces, features),
            manager_flags=tuple(surface.audience != Audience.EVERYONE for surface in surfaces.all),
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
