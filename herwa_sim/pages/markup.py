"""HTML builder that escapes all text, so that content cannot break out of its element."""

from collections.abc import Iterable
from html import escape
from typing import TypeAlias

_VOID_ELEMENTS = frozenset({"br", "hr", "img", "input", "link", "meta"})


class Markup(str):
    """A string that is HTML already and is not escaped."""

    __slots__ = ()


Child: TypeAlias = "str | int | Iterable[Child] | None"


def tag(name: str, /, *children: Child, **attributes: str | int | bool | None) -> Markup:
    """Build one element.

    Attribute names lose a trailing underscore (`class_`, `for_`); other underscores become dashes. False and None omit
    the attribute, True sets it without a value.
    """
    attribute_text = "".join(_format_attribute(*attribute) for attribute in attributes.items())
    if name in _VOID_ELEMENTS:
        return Markup(f"<{name}{attribute_text}>")
    return Markup(f"<{name}{attribute_text}>{join_markup(*children)}</{name}>")


def join_markup(*children: Child) -> Markup:
    """Join children: Markup unchanged, text escaped, None skipped."""
    return Markup("".join(map(_escape_child, children)))


def _escape_child(child: Child) -> str:
    if child is None:
        return ""
    if isinstance(child, Markup):
        return child
    if isinstance(child, str | int):
        return escape(str(child))
    return "".join(map(_escape_child, child))


def _format_attribute(name: str, value: str | int | bool | None) -> str:
    if value is None or value is False:
        return ""
    name = name.rstrip("_").replace("_", "-")
    return f" {name}" if value is True else f' {name}="{escape(str(value))}"'
