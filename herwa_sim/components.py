"""What a member clicks, chooses or fills in, as the data of an interaction, checked as a client does."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from herwa_shared.errors import BadRequest, NotFound
from herwa_sim.entities import Channel, Json
from herwa_sim.serialize.interactions import resolved_json
from herwa_sim.world import World

BUTTON, TEXT_SELECT, TEXT_INPUT, USERS, ROLES, MENTIONABLES, CHANNELS = 2, 3, 4, 5, 6, 7, 8
_SELECTS = frozenset({TEXT_SELECT, USERS, ROLES, MENTIONABLES, CHANNELS})
_RESOLVED = _SELECTS - {TEXT_SELECT}


def click_data(
    world: World, channel: Channel, components: Sequence[Json], custom_id: str, values: Sequence[str] | None
) -> Json:
    """A press of a button, or a choice in a select: of texts, users, roles, users and roles, or channels."""
    component = next((one for one in every(components) if one.get("custom_id") == custom_id), None)
    if component is None:
        raise NotFound("The message has no such component.")
    if component.get("disabled"):
        raise BadRequest("That component is disabled.")
    data: Json = {"custom_id": custom_id, "component_type": component["type"], "id": component["id"]}
    if component["type"] not in _SELECTS:
        return data
    chosen = _chosen(component, values or ())
    return data | {"values": chosen} | _resolved(world, channel, [(component["type"], chosen)])


def modal_data(world: World, channel: Channel, modal: Json, values: Mapping[str, Any]) -> Json:
    """A form that is sent off; `values` are texts and choices by the `custom_id` of the field."""
    fields = {one["custom_id"]: one for one in every(modal.get("components") or ()) if "custom_id" in one}
    unknown = sorted(set(values) - set(fields))
    if unknown:
        raise BadRequest(f"The form has no field {unknown[0]}; it has {', '.join(fields)}.")
    filled = {name: _filled(one, values.get(name)) for name, one in fields.items()}
    chosen = [(one["type"], filled[name]["values"]) for name, one in fields.items() if one["type"] in _SELECTS]
    shape = {"custom_id": modal["custom_id"], "components": _sent(modal.get("components") or (), filled)}
    return shape | _resolved(world, channel, chosen)


def every(components: Sequence[Json]) -> Iterator[Json]:
    """All components, those inside others too."""
    for component in components:
        yield component
        inner = (component.get("accessory"), component.get("component"))
        yield from every([*component.get("components", ()), *(one for one in inner if one)])


def _chosen(component: Json, values: Sequence[str]) -> list[str]:
    fewest, most = component.get("min_values"), component.get("max_values")
    fewest = 1 if fewest is None else fewest
    if component.get("required") is False and not values:
        fewest = 0
    if not fewest <= len(values) <= (1 if most is None else most):
        raise BadRequest(f"Choose {fewest} to {most or 1} of {component['custom_id']}.")
    offered = [one["value"] for one in component.get("options") or ()]
    wrong = [one for one in values if offered and one not in offered]
    if wrong:
        raise BadRequest(f"{wrong[0]} cannot be chosen; there are {', '.join(offered)}.")
    return [str(one) for one in values]


def _filled(field: Json, value: Any) -> Json:
    if field["type"] in _SELECTS:
        return {"values": _chosen(field, value or ())}
    if isinstance(value, list):
        return {"values": value}
    if field["type"] != TEXT_INPUT:
        return {"value": value}
    text = str(value if value is not None else field.get("value") or "")
    if not text and field.get("required") is not False:
        raise BadRequest(f"{field['custom_id']} must be filled in.")
    if text and not (field.get("min_length") or 0) <= len(text) <= (field.get("max_length") or 4000):
        raise BadRequest(f"{field['custom_id']} is too short or too long.")
    return {"value": text}


def _sent(components: Sequence[Json], filled: Mapping[str, Json], start: int = 1) -> list[Json]:
    """The form's components as they come back: kind, number, and what was filled in."""
    sent: list[Json] = []
    for number, one in enumerate(components, start):
        shape: Json = {"type": one["type"], "id": one.get("id") or number}
        if "custom_id" in one:
            shape |= {"custom_id": one["custom_id"]} | filled[one["custom_id"]]
        if "components" in one:
            shape["components"] = _sent(one["components"], filled, number * 10)
        if "component" in one:
            shape["component"] = _sent([one["component"]], filled, number * 10)[0]
        sent.append(shape)
    return sent


def _resolved(world: World, channel: Channel, chosen: Sequence[tuple[int, Sequence[str]]]) -> Json:
    """The entities that were chosen, by kind. Raises Missing for those that are not there."""
    ids: dict[int, set[int]] = {kind: set() for kind in _RESOLVED}
    for kind, values in chosen:
        for value in values if kind in _RESOLVED else ():
            place = kind if kind != MENTIONABLES else USERS if int(value) in world.users else ROLES
            ids[place].add(int(value))
    if not any(ids.values()):
        return {}
    shape = resolved_json(world, guild_id=channel.guild_id, users=ids[USERS], channels=ids[CHANNELS], roles=ids[ROLES])
    return {"resolved": shape}
