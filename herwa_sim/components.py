"""Interaction data for buttons, selects and modals, validated as Discord's client does."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from herwa_shared.errors import BadRequest, NotFound
from herwa_sim.entities import Json, SimChannel
from herwa_sim.serialize.interactions import serialize_resolved
from herwa_sim.texts import actions as texts
from herwa_sim.world import World

BUTTON, TEXT_SELECT, TEXT_INPUT, USER_SELECT, ROLE_SELECT, MENTIONABLE_SELECT, CHANNEL_SELECT = 2, 3, 4, 5, 6, 7, 8
_SELECT_TYPES = frozenset({TEXT_SELECT, USER_SELECT, ROLE_SELECT, MENTIONABLE_SELECT, CHANNEL_SELECT})
_ENTITY_SELECT_TYPES = _SELECT_TYPES - {TEXT_SELECT}


def build_click_data(
    world: World, channel: SimChannel, components: Sequence[Json], custom_id: str, values: Sequence[str] | None
) -> Json:
    """Build the interaction data for a button click or a selection.

    `values` are option values or ids of users, roles or channels, depending on the type of select. Raises NotFound for
    an unknown `custom_id`, BadRequest for a disabled component or an invalid selection.
    """
    component = next(
        (candidate for candidate in walk_components(components) if candidate.get("custom_id") == custom_id), None
    )
    if component is None:
        raise NotFound(texts.COMPONENT_MISSING)
    if component.get("disabled"):
        raise BadRequest(texts.COMPONENT_DISABLED)
    data: Json = {"custom_id": custom_id, "component_type": component["type"], "id": component["id"]}
    if component["type"] not in _SELECT_TYPES:
        return data
    selected_values = _validate_selection(component, values or ())
    return data | {"values": selected_values} | _build_resolved(world, channel, [(component["type"], selected_values)])


def build_modal_data(world: World, channel: SimChannel, modal: Json, values: Mapping[str, Any]) -> Json:
    """Build the interaction data for a submitted modal.

    `values` maps the `custom_id` of a field to its text or its selected values. Raises BadRequest for unknown fields
    and invalid values.
    """
    fields = {
        field["custom_id"]: field for field in walk_components(modal.get("components") or ()) if "custom_id" in field
    }
    unknown = sorted(set(values) - set(fields))
    if unknown:
        raise BadRequest(texts.format_unknown_field(unknown[0], list(fields)))
    field_values = {name: _parse_field_value(field, values.get(name)) for name, field in fields.items()}
    selections = [
        (field["type"], field_values[name]["values"])
        for name, field in fields.items()
        if field["type"] in _SELECT_TYPES
    ]
    data = {
        "custom_id": modal["custom_id"],
        "components": _build_submitted_components(modal.get("components") or (), field_values),
    }
    return data | _build_resolved(world, channel, selections)


def walk_components(components: Sequence[Json]) -> Iterator[Json]:
    """Yield every component, including nested ones, depth first."""
    for component in components:
        yield component
        nested = (component.get("accessory"), component.get("component"))
        yield from walk_components([*component.get("components", ()), *(child for child in nested if child)])


def _validate_selection(component: Json, values: Sequence[str]) -> list[str]:
    """Return the selected values as strings. Raises BadRequest for a wrong count or option."""
    min_values, max_values = component.get("min_values"), component.get("max_values")
    min_values = 1 if min_values is None else min_values
    if component.get("required") is False and not values:
        min_values = 0
    if not min_values <= len(values) <= (1 if max_values is None else max_values):
        raise BadRequest(texts.format_selection_size(component["custom_id"], min_values, max_values or 1))
    allowed_values = [option["value"] for option in component.get("options") or ()]
    invalid_values = [value for value in values if allowed_values and value not in allowed_values]
    if invalid_values:
        raise BadRequest(texts.format_invalid_selection(invalid_values[0], allowed_values))
    return [str(value) for value in values]


def _parse_field_value(field: Json, value: Any) -> Json:
    """Return the `value` or `values` of one modal field. Raises BadRequest if it is invalid."""
    if field["type"] in _SELECT_TYPES:
        return {"values": _validate_selection(field, value or ())}
    if isinstance(value, list):
        return {"values": value}
    if field["type"] != TEXT_INPUT:
        return {"value": value}
    text = str(value if value is not None else field.get("value") or "")
    if not text and field.get("required") is not False:
        raise BadRequest(texts.format_field_required(field["custom_id"]))
    if text and not (field.get("min_length") or 0) <= len(text) <= (field.get("max_length") or 4000):
        raise BadRequest(texts.format_field_length(field["custom_id"]))
    return {"value": text}


def _build_submitted_components(
    components: Sequence[Json], field_values: Mapping[str, Json], start: int = 1
) -> list[Json]:
    """Build the modal's components in the submitted form: type, id and entered value."""
    submitted: list[Json] = []
    for number, component in enumerate(components, start):
        data: Json = {"type": component["type"], "id": component.get("id") or number}
        if "custom_id" in component:
            data |= {"custom_id": component["custom_id"]} | field_values[component["custom_id"]]
        if "components" in component:
            data["components"] = _build_submitted_components(component["components"], field_values, number * 10)
        if "component" in component:
            data["component"] = _build_submitted_components([component["component"]], field_values, number * 10)[0]
        submitted.append(data)
    return submitted


def _build_resolved(world: World, channel: SimChannel, selections: Sequence[tuple[int, Sequence[str]]]) -> Json:
    """Build `resolved` for the selected entities, or {} if there are none.

    Raises EntityNotFound for an unknown id.
    """
    ids: dict[int, set[int]] = {kind: set() for kind in _ENTITY_SELECT_TYPES}
    for kind, values in selections:
        for value in values if kind in _ENTITY_SELECT_TYPES else ():
            select_type = (
                kind if kind != MENTIONABLE_SELECT else USER_SELECT if int(value) in world.users else ROLE_SELECT
            )
            ids[select_type].add(int(value))
    if not any(ids.values()):
        return {}
    resolved = serialize_resolved(
        world, guild_id=channel.guild_id, users=ids[USER_SELECT], channels=ids[CHANNEL_SELECT], roles=ids[ROLE_SELECT]
    )
    return {"resolved": resolved}
