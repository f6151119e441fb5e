"""Rendering of message and modal components: one render function per component type."""

from collections.abc import Callable, Iterable

from herwa_sim.entities import Json, SimChannel, SimGuild, SimMessage
from herwa_sim.pages.login_page import get_display_name
from herwa_sim.pages.markdown import render_markdown
from herwa_sim.pages.markup import Markup, join_markup, tag
from herwa_sim.pages.message_content import render_image
from herwa_sim.texts import channel as texts
from herwa_sim.world import World

_BUTTON_STYLES = {1: "primary", 2: "secondary", 3: "success", 4: "danger", 5: "secondary", 6: "primary"}
PREMIUM_STYLE = 6
_MAX_LISTED_USERS = 200

SelectOption = tuple[str, str, str | None, bool]  # value, label, description, is default
ComponentRenderer = Callable[[World, SimGuild, Json], Markup]


def render_components(world: World, guild: SimGuild, message: SimMessage) -> Markup | None:
    """Render all components of the message."""
    if not message.components:
        return None
    return tag(
        "div", _render_components(world, guild, message.components), class_="components", data_message=message.id
    )


def render_modal(world: World, guild: SimGuild, modal: Json, *, interaction_id: str) -> Markup:
    """Render the modal that the bot responded with."""
    buttons = (
        tag("button", texts.CANCEL, type="button", class_="button plain", data_do="close"),
        tag("button", texts.SUBMIT, class_="button"),
    )
    return tag(
        "form",
        tag("h2", modal.get("title", "")),
        _render_components(world, guild, modal.get("components") or ()),
        tag("p", buttons, class_="actions"),
        class_="modal",
        data_interaction=interaction_id,
    )


def _render_components(world: World, guild: SimGuild, components: Iterable[Json]) -> Markup:
    return join_markup(
        _RENDERERS.get(component["type"], _render_unknown)(world, guild, component) for component in components
    )


def _render_row(world: World, guild: SimGuild, component: Json) -> Markup:
    return tag("div", _render_components(world, guild, component.get("components") or ()), class_="row")


def _render_button(world: World, guild: SimGuild, component: Json) -> Markup:
    emoji = (component.get("emoji") or {}).get("name")
    label = join_markup(emoji, " " if emoji and component.get("label") else None, component.get("label"))
    style = f"component {_BUTTON_STYLES.get(component.get('style', 2), 'secondary')}"
    if component.get("style") == 5:
        url = str(component.get("url") or "")
        safe = url if url.startswith(("http://", "https://")) else "#"
        return tag("a", label, " ↗", href=safe, target="_blank", rel="noreferrer noopener", class_=style)
    if component.get("style") == PREMIUM_STYLE:
        sku = world.skus.get(int(component["sku_id"]))
        href = f"/application-directory/{world.application.id}/store/{component['sku_id']}?guild_id={guild.id}"
        return tag("a", "◆ ", sku.name if sku else texts.UNKNOWN_SKU, href=href, class_=style)
    disabled = bool(component.get("disabled"))
    return tag("button", label, class_=style, data_click=component.get("custom_id"), disabled=disabled, type="button")


def _render_select(world: World, guild: SimGuild, component: Json) -> Markup:
    max_values = component.get("max_values") or 1
    select_options = _OPTION_LISTS[component["type"]](world, guild, component)
    placeholder = tag(
        "option", component.get("placeholder") or texts.MAKE_SELECTION, value="", disabled=True, selected=True
    )
    options = [
        tag("option", label, value=value, selected=is_default, title=description)
        for value, label, description, is_default in select_options
    ]
    has_no_default = not any(is_default for *_, is_default in select_options)
    return tag(
        "select",
        placeholder if max_values == 1 and has_no_default else None,
        options,
        class_="component select",
        multiple=max_values > 1,
        data_select=component["custom_id"],
        name=component["custom_id"],
        disabled=bool(component.get("disabled")),
        aria_label=component.get("placeholder") or texts.MAKE_SELECTION,
    )


def _list_text_options(_: World, __: SimGuild, component: Json) -> list[SelectOption]:
    return [
        (option["value"], option["label"], option.get("description"), bool(option.get("default")))
        for option in component.get("options") or ()
    ]


def _list_user_options(world: World, guild: SimGuild, _: Json) -> list[SelectOption]:
    users = [world.get_user(id_) for id_ in list(guild.members)[:_MAX_LISTED_USERS]]
    return [(str(user.id), get_display_name(user), None, False) for user in users]


def _list_role_options(_: World, guild: SimGuild, __: Json) -> list[SelectOption]:
    return [(str(role.id), f"@{role.name.removeprefix('@')}", None, False) for role in guild.roles.values()]


def _list_channel_options(_: World, guild: SimGuild, component: Json) -> list[SelectOption]:
    channel_types = component.get("channel_types")
    channels: list[SimChannel] = [
        channel for channel in guild.channels.values() if not channel_types or channel.type in channel_types
    ]
    return [(str(channel.id), f"#{channel.name}", None, False) for channel in channels]


_OPTION_LISTS: dict[int, Callable[[World, SimGuild, Json], list[SelectOption]]] = {
    3: _list_text_options,
    5: _list_user_options,
    6: _list_role_options,
    7: lambda world, guild, component: (
        _list_user_options(world, guild, component) + _list_role_options(world, guild, component)
    ),
    8: _list_channel_options,
}


def _render_text_input(_: World, __: SimGuild, component: Json) -> Markup:
    attributes = {
        "name": component["custom_id"],
        "placeholder": component.get("placeholder"),
        "required": component.get("required") is not False,
        "minlength": component.get("min_length"),
        "maxlength": component.get("max_length"),
    }
    is_multiline = component.get("style") == 2
    value = component.get("value") or ""
    field = tag("textarea", value, rows=4, **attributes) if is_multiline else tag("input", value=value, **attributes)
    return tag("label", component.get("label"), field, class_="field")


def _render_section(world: World, guild: SimGuild, component: Json) -> Markup:
    body = tag("div", _render_components(world, guild, component.get("components") or ()))
    accessories = [component["accessory"]] if component.get("accessory") else []
    return tag("div", body, _render_components(world, guild, accessories), class_="section")


def _render_text(world: World, guild: SimGuild, component: Json) -> Markup:
    return tag("div", render_markdown(world, guild, component.get("content") or ""), class_="text")


def _render_media(_: World, __: SimGuild, component: Json) -> Markup:
    return render_image(
        str((component.get("media") or component.get("file") or {}).get("url") or ""),
        alt=component.get("description") or "",
    )


def _render_gallery(world: World, guild: SimGuild, component: Json) -> Markup:
    return tag(
        "div", [_render_media(world, guild, item) for item in component.get("items") or ()], class_="attachments"
    )


def _render_container(world: World, guild: SimGuild, component: Json) -> Markup:
    return tag("div", _render_components(world, guild, component.get("components") or ()), class_="embed wide")


def _render_label(world: World, guild: SimGuild, component: Json) -> Markup:
    caption = (
        tag("b", component.get("label")),
        tag("small", component.get("description")) if component.get("description") else None,
    )
    return tag("label", caption, _render_components(world, guild, [component["component"]]), class_="field")


def _render_separator(_: World, __: SimGuild, ___: Json) -> Markup:
    return tag("hr")


def _render_unknown(_: World, __: SimGuild, component: Json) -> Markup:
    return tag("small", texts.format_unknown_component(component["type"]), class_="hint")


_RENDERERS: dict[int, ComponentRenderer] = {
    1: _render_row,
    2: _render_button,
    **dict.fromkeys((3, 5, 6, 7, 8), _render_select),
    4: _render_text_input,
    9: _render_section,
    10: _render_text,
    11: _render_media,
    12: _render_gallery,
    13: _render_media,
    14: _render_separator,
    17: _render_container,
    18: _render_label,
}
