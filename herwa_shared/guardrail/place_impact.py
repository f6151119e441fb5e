"""Compute where commands work before and after a change of channel lists. Pure."""

from dataclasses import dataclass

from herwa_shared.catalog import FEATURES, Essential, Surface, SurfaceKind, SurfaceRegistry
from herwa_shared.guardrail.invocation import Invocation
from herwa_shared.guardrail.policy import GuildPolicy
from herwa_shared.guardrail.steps import find_deciding_list


@dataclass(frozen=True, slots=True)
class PlaceImpact:
    """A command that works elsewhere after a change. Channels and categories by id, sorted; empty is everywhere."""

    surface: Surface
    before: tuple[int, ...]
    after: tuple[int, ...]


def compute_place_impacts(
    before: GuildPolicy, after: GuildPolicy, surfaces: SurfaceRegistry, *, at: float
) -> tuple[PlaceImpact, ...]:
    """Compute the commands that work in other places after the change. `at` is in Unix seconds."""
    impacts = (
        PlaceImpact(surface, _list_places(surface, before, at), _list_places(surface, after, at))
        for surface in surfaces.all
        if surface.kind in (SurfaceKind.COMMAND, SurfaceKind.MENU)
        and FEATURES[surface.feature].essential is not Essential.ALWAYS
    )
    return tuple(impact for impact in impacts if impact.before != impact.after)


def _list_places(surface: Surface, policy: GuildPolicy, at: float) -> tuple[int, ...]:
    deciding = find_deciding_list(Invocation(policy.guild_id, surface, at), policy)
    return () if deciding is None else tuple(sorted(deciding.place_ids))
