"""Options of selects for what a rule or channel list is about, and where it applies."""

from collections.abc import Sequence
from dataclasses import dataclass

from herwa_shared.catalog import SurfaceKind, SurfaceRegistry
from herwa_shared.guardrail.policy import PlaceKind, TargetKind
from herwa_shared.guardrail.targets import list_command_targets, list_feature_targets, list_module_targets
from herwa_shared.guardrail.texts import format_command
from herwa_shared.services.channels import PlaceInfo


@dataclass(frozen=True, slots=True)
class Option:
    """An option of a select."""

    value: str
    label: str


def select_commands(surfaces: SurfaceRegistry) -> SurfaceRegistry:
    """Select the commands and menus of the bot."""
    kinds = (SurfaceKind.COMMAND, SurfaceKind.MENU)
    return SurfaceRegistry(surface for surface in surfaces.all if surface.kind in kinds)


def build_what_options(commands: SurfaceRegistry) -> tuple[list[Option], list[Option], list[Option]]:
    """Build the options for modules, features and commands."""
    modules = [Option(f"{TargetKind.MODULE}:{target.key}", target.name) for target in list_module_targets()]
    features = [Option(f"{TargetKind.FEATURE}:{target.key}", target.name) for target in list_feature_targets()]
    targets = sorted(list_command_targets(commands), key=lambda target: target.key)
    return modules, features, [Option(f"{TargetKind.COMMAND}:{item.key}", format_command(item.key)) for item in targets]


def build_where_options(places: Sequence[PlaceInfo]) -> tuple[list[Option], list[Option]]:
    """Build the options for channels and categories, without deleted ones."""
    present = [place for place in places if not place.is_deleted]
    channels = [Option(f"{PlaceKind.CHANNEL}:{place.id}", place.name) for place in present if not place.is_category]
    categories = [Option(f"{PlaceKind.CATEGORY}:{place.id}", place.name) for place in present if place.is_category]
    return channels, categories
