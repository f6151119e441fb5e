"""Basic components of every page: avatars, icons, buttons, links, popovers, sparklines."""

from typing import Any

import reflex as rx

from herwa_web import texts

Text = str | rx.Var[str]


def icon(tag: str, size: int = 18) -> rx.Component:
    """Render an icon. It is hidden from screen readers: the text next to it names it."""
    return rx.icon(tag, size=size, stroke_width=1.9, aria_hidden="true")


def avatar(picture: Any, hue: Any, initial: Any, *, size: int = 24, is_round: bool = False) -> rx.Component:
    """Render the picture of a server or user; without one, their initial on their color."""
    return rx.el.span(
        rx.cond(picture != "", rx.el.img(src=picture, alt="", width=size, height=size), initial),
        class_name="face round" if is_round else "face",
        style={"--size": f"{size}px", "--hue": hue},
        aria_hidden="true",
    )


def letter_avatar(hue: Any, initial: Any, *, size: int = 24) -> rx.Component:
    """Render an avatar that is always an initial on a color."""
    return rx.el.span(initial, class_name="face round", style={"--size": f"{size}px", "--hue": hue}, aria_hidden="true")


def delta(text: Any, tone: Any) -> rx.Component:
    """Render a relative change, such as `▲ 12%`, in the color of its tone (`good`, `bad`, none)."""
    return rx.el.span(text, class_name="change numbers " + tone)


def key_hint(letter: str) -> rx.Component:
    """Render the name of a keyboard key."""
    return rx.el.kbd(letter, class_name="key", aria_hidden="true")


def popover(name: str, title: str, *children: rx.Component, **props: Any) -> rx.Component:
    """Render the popover that `popover_trigger(name)` opens.

    It is a menu on large screens and fills the screen on phones. Escape closes it (HTML popover).
    """
    return rx.el.div(
        rx.el.div(
            title,
            rx.el.button(
                icon("x", 20),
                type="button",
                aria_label=texts.CLOSE,
                class_name="button plain square",
                custom_attrs={"popoverTarget": name, "popoverTargetAction": "hide", "data-offline-ok": ""},
            ),
            class_name="sheet-head",
        ),
        *children,
        id=name,
        role="dialog",
        aria_label=title,
        class_name="sheet",
        custom_attrs={"popover": "auto"},
        **props,
    )


def search_box(name: str, label: str, **props: Any) -> rx.Component:
    """Render a search field in the popover `name` that hides the choices without the typed text."""
    return rx.el.div(
        icon("search", 16),
        rx.el.input(
            placeholder=label,
            aria_label=label,
            auto_complete="off",
            custom_attrs={"data-search": f"#{name} .choice"},
            **props,
        ),
        class_name="search",
        style={"margin": "4px"},
    )


def popover_trigger(
    name: str, *children: Any, class_name: str = "button", attrs: dict[str, str] | None = None, **props: Any
) -> rx.Component:
    """Render a button that opens the popover `name`."""
    return rx.el.button(
        *children, type="button", class_name=class_name, custom_attrs={"popoverTarget": name, **(attrs or {})}, **props
    )


def link(
    *children: Any, href: Any, letter: str = "", tip: Text = "", attrs: dict[str, Any] | None = None, **props: Any
) -> rx.Component:
    """Render a link inside the dashboard that keeps the scroll position.

    `letter` is its keyboard shortcut, `tip` its tooltip.
    """
    data_attrs = {
        **(attrs or {}),
        **({"data-key": letter} if letter else {}),
        **({} if isinstance(tip, str) and not tip else {"data-tip": tip}),
    }
    return rx.el.a(*children, to=href, prevent_scroll_reset=True, custom_attrs=data_attrs, **props)


def icon_button(tag: str, label: str, **props: Any) -> rx.Component:
    """Render a small button with only an icon; `label` is its tooltip and accessible name."""
    attrs = {"data-tip": label, **props.pop("attrs", {})}
    return rx.el.button(
        icon(tag, 16),
        type="button",
        aria_label=label,
        class_name="button plain small square",
        custom_attrs=attrs,
        **props,
    )


def info_button(label: Text, text: Text) -> rx.Component:
    """Render a small button that shows an explanation on hover, on focus and when it is pressed."""
    return icon_button("info", label, attrs={"data-tip": text, "data-info": ""})


def sparkline(line: Any, area: Any, *, height: int = 32) -> rx.Component:
    """Render a sparkline in a view box of 100 by `height`, stretched to its container."""
    return rx.el.svg(
        rx.el.path(d=area, class_name="area"),
        rx.el.path(d=line, class_name="line"),
        view_box=f"0 -2 100 {height + 3}",
        custom_attrs={"preserveAspectRatio": "none"},
        class_name="spark",
        aria_hidden="true",
    )


def format_grouped(number: Any) -> rx.Var[str]:
    """Format a number with thousands separators, in the browser."""
    return rx.Var(_js_expr=f"({number!s}).toLocaleString('en-US')", _var_data=number._get_all_var_data()).to(str)  # noqa: SLF001
