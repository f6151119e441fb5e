"""Buttons, selects and laid-out texts of a message or a form, each kind drawn by a function of its own."""

from collections.abc import Callable, Iterable

from herwa_sim.entities import Channel, Guild, Json, Message
from herwa_sim.pages.login_page import name_of
from herwa_sim.pages.markdown import markdown
from herwa_sim.pages.markup import Markup, joined, tag
from herwa_sim.pages.message_content import picture
from herwa_sim.world import World

_STYLES = {1: "primary", 2: "secondary", 3: "success", 4: "danger", 5: "secondary", 6: "primary"}
_SOME_PEOPLE = 200

Draw = Callable[[World, Guild, Json], Markup]


def component_rows(world: World, guild: Guild, message: Message) -> Markup | None:
    """All components of the message."""
    if not message.components:
        return None
    return tag("div", _each(world, guild, message.components), class_="components", data_message=message.id)


def modal_form(world: World, guild: Guild, modal: Json, *, interaction_id: str) -> Markup:
    """The form that a bot answers with."""
    buttons = (
        tag("button", "Cancel", type="button", class_="button plain", data_do="close"),
        tag("button", "Submit", class_="button"),
    )
    return tag(
        "form",
        tag("h2", modal.get("title", "")),
        _each(world, guild, modal.get("components") or ()),
        tag("p", buttons, class_="actions"),
        class_="modal",
        data_interaction=interaction_id,
    )


def _each(world: World, guild: Guild, components: Iterable[Json]) -> Markup:
    return joined(_DRAWN.get(one["type"], _unknown)(world, guild, one) for one in components)


def _row(world: World, guild: Guild, one: Json) -> Markup:
    return tag("div", _each(world, guild, one.get("components") or ()), class_="row")


def _button(_: World, __: Guild, one: Json) -> Markup:
    emoji = (one.get("emoji") or {}).get("name")
    label = joined(emoji, " " if emoji and one.get("label") else None, one.get("label"))
    style = f"component {_STYLES.get(one.get('style', 2), 'secondary')}"
    if one.get("style") == 5:
        url = str(one.get("url") or "")
        safe = url if url.startswith(("http://", "https://")) else "#"
        return tag("a", label, " ↗", href=safe, target="_blank", rel="noreferrer noopener", class_=style)
    disabled = bool(one.get("disabled"))
    return tag("button", label, class_=style, data_click=one.get("custom_id"), disabled=disabled, type="button")


def _select(world: World, guild: Guild, one: Json) -> Markup:
    most = one.get("max_values") or 1
    offered = _OFFERED[one["type"]](world, guild, one)
    first = tag("option", one.get("placeholder") or "Make a selection", value="", disabled=True, selected=True)
    options = [
        tag("option", label, value=value, selected=chosen, title=description)
        for value, label, description, chosen in offered
    ]
    none_chosen = not any(chosen for *_, chosen in offered)
    return tag(
        "select",
        first if most == 1 and none_chosen else None,
        options,
        class_="component select",
        multiple=most > 1,
        data_select=one["custom_id"],
        name=one["custom_id"],
        disabled=bool(one.get("disabled")),
        aria_label=one.get("placeholder") or "Make a selection",
    )


Option = tuple[str, str, str | None, bool]


def _texts(_: World, __: Guild, one: Json) -> list[Option]:
    return [
        (part["value"], part["label"], part.get("description"), bool(part.get("default")))
        for part in one.get("options") or ()
    ]


def _users(world: World, guild: Guild, _: Json) -> list[Option]:
    people = [world.user(id_) for id_ in list(guild.members)[:_SOME_PEOPLE]]
    return [(str(one.id), name_of(one), None, False) for one in people]


def _roles(_: World, guild: Guild, __: Json) -> list[Option]:
    return [(str(one.id), f"@{one.name.removeprefix('@')}", None, False) for one in guild.roles.values()]


def _channels(_: World, guild: Guild, one: Json) -> list[Option]:
    kinds = one.get("channel_types")
    fitting: list[Channel] = [each for each in guild.channels.values() if not kinds or each.type in kinds]
    return [(str(each.id), f"#{each.name}", None, False) for each in fitting]


_OFFERED: dict[int, Callable[[World, Guild, Json], list[Option]]] = {
    3: _texts,
    5: _users,
    6: _roles,
    7: lambda world, guild, one: _users(world, guild, one) + _roles(world, guild, one),
    8: _channels,
}


def _text_input(_: World, __: Guild, one: Json) -> Markup:
    given = {
        "name": one["custom_id"],
        "placeholder": one.get("placeholder"),
        "required": one.get("required") is not False,
        "minlength": one.get("min_length"),
        "maxlength": one.get("max_length"),
    }
    long = one.get("style") == 2
    value = one.get("value") or ""
    field = tag("textarea", value, rows=4, **given) if long else tag("input", value=value, **given)
    return tag("label", one.get("label"), field, class_="field")


def _section(world: World, guild: Guild, one: Json) -> Markup:
    words = tag("div", _each(world, guild, one.get("components") or ()))
    beside = [one["accessory"]] if one.get("accessory") else []
    return tag("div", words, _each(world, guild, beside), class_="section")


def _text(world: World, guild: Guild, one: Json) -> Markup:
    return tag("div", markdown(world, guild, one.get("content") or ""), class_="text")


def _media(_: World, __: Guild, one: Json) -> Markup:
    return picture(str((one.get("media") or one.get("file") or {}).get("url") or ""), alt=one.get("description") or "")


def _gallery(world: World, guild: Guild, one: Json) -> Markup:
    return tag("div", [_media(world, guild, item) for item in one.get("items") or ()], class_="attachments")


def _container(world: World, guild: Guild, one: Json) -> Markup:
    return tag("div", _each(world, guild, one.get("components") or ()), class_="embed wide")


def _label(world: World, guild: Guild, one: Json) -> Markup:
    words = (tag("b", one.get("label")), tag("small", one.get("description")) if one.get("description") else None)
    return tag("label", words, _each(world, guild, [one["component"]]), class_="field")


def _separator(_: World, __: Guild, ___: Json) -> Markup:
    return tag("hr")


def _unknown(_: World, __: Guild, one: Json) -> Markup:
    return tag("small", f"A component of kind {one['type']}, which this page cannot draw.", class_="hint")


_DRAWN: dict[int, Draw] = {
    1: _row,
    2: _button,
    **dict.fromkeys((3, 5, 6, 7, 8), _select),
    4: _text_input,
    9: _section,
    10: _text,
    11: _media,
    12: _gallery,
    13: _media,
    14: _separator,
    17: _container,
    18: _label,
}
