"""View models of the channel lists page: lists with their channels, the editor's choices, effects."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from herwa_shared.auth.guild_access import UserGuildInfo
from herwa_shared.catalog import SurfaceRegistry
from herwa_shared.guardrail.place_impact import compute_place_impacts
from herwa_shared.guardrail.policy import ChannelList, GuildPolicy, TargetKind
from herwa_shared.guardrail.texts import format_command, format_target
from herwa_shared.services.channel_lists import parse_list_target
from herwa_shared.services.channels import PlaceInfo
from herwa_shared.services.setting_changes import SettingChange, SettingType
from herwa_web.page_names import PageNames
from herwa_web.pages.channel_lists import texts


@dataclass(frozen=True, slots=True)
class ListCard:
    """A channel list. `key` is its target as the audit log stores it."""

    key: str
    label: str
    places: list[str]
    state: str
    tone: str
    is_deleted: bool


@dataclass(frozen=True, slots=True)
class PlaceChoice:
    """A channel or category in the editor."""

    field: str
    label: str
    is_category: bool
    checked: bool


@dataclass(frozen=True, slots=True)
class ListsData:
    """The data of the page. `lists` are the ids of channels and categories, by target."""

    guild: UserGuildInfo
    policy: GuildPolicy
    commands: SurfaceRegistry
    places: tuple[PlaceInfo, ...]
    lists: Mapping[str, tuple[int, ...]]
    names: PageNames
    now: datetime


Draft = Mapping[str, SettingChange]


def build_cards(data: ListsData, draft: Draft) -> list[ListCard]:
    """Build the cards of all lists with the unsaved changes, sorted by target."""
    changes = {change.target: change for change in draft.values()}
    targets = sorted({*data.lists, *changes}, key=lambda target: format_list_name(target).casefold())
    return [_build_card(target, data, changes.get(target)) for target in targets]


def build_choices(data: ListsData, checked: Sequence[int]) -> list[PlaceChoice]:
    """Build the choices of the editor: categories and channels; deleted ones only if they are on the list."""
    return [
        PlaceChoice(f"place:{place.id}", place.name, place.is_category, place.id in checked)
        for place in sorted(data.places, key=lambda place: not place.is_category)
        if not place.is_deleted or place.id in checked
    ]


def describe_list_effects(data: ListsData, changes: Sequence[SettingChange]) -> list[str]:
    """Describe where commands work with the unsaved changes, if that differs."""
    after = apply_list_changes(data.policy, changes)
    commands_by_places: dict[tuple[int, ...], list[str]] = {}
    for impact in compute_place_impacts(data.policy, after, data.commands, at=data.now.timestamp()):
        commands_by_places.setdefault(impact.after, []).append(format_command(impact.surface.key))
    lines = [
        texts.format_limited(commands, [data.names.format_channel(place_id) for place_id in places])
        if places
        else texts.format_free(commands)
        for places, commands in commands_by_places.items()
    ]
    return lines or [texts.OTHER_LIST_DECIDES]


def apply_list_changes(policy: GuildPolicy, changes: Sequence[SettingChange]) -> GuildPolicy:
    """Return the policy with the changed channel lists."""
    lists = {(item.target_kind, item.target_key): item for item in policy.channel_lists}
    for change in changes:
        parts = parse_list_target(change.target)
        kind, key = TargetKind(parts["target_kind"]), parts["target_key"]
        lists.pop((kind, key), None)
        if change.after is not None:
            lists[kind, key] = ChannelList(kind, key, frozenset(map(int, change.after["places"])))
    return replace(policy, channel_lists=tuple(lists.values()))


def build_list_change(target: str, place_ids: Sequence[int], data: ListsData) -> SettingChange:
    """Build the change that sets a list; without places it removes the list."""
    before = data.lists.get(target)
    return SettingChange(
        SettingType.CHANNEL_LIST,
        target,
        None if before is None else {"places": [str(place_id) for place_id in before]},
        {"places": [str(place_id) for place_id in sorted(place_ids)]} if place_ids else None,
    )


def format_list_name(target: str) -> str:
    """Name the target of a list."""
    parts = parse_list_target(target)
    name = format_target(TargetKind(parts["target_kind"]), parts["target_key"])
    return f"{name[:1].upper()}{name[1:]}"


def _build_card(target: str, data: ListsData, change: SettingChange | None) -> ListCard:
    place_ids = list(data.lists.get(target, ()))
    state, tone = "", ""
    if change is not None:
        state = texts.IS_DELETED if change.after is None else texts.IS_CHANGED if change.before else texts.IS_NEW
        tone = "red" if change.after is None else "green"
        place_ids = place_ids if change.after is None else [int(place_id) for place_id in change.after["places"]]
    places = [data.names.format_channel(place_id) for place_id in place_ids]
    return ListCard(target, format_list_name(target), places, state, tone, change is not None and change.after is None)
