"""The settings of a widget: what it shows, how it looks, which sites may embed it. Parsing is strict and pure."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, replace
from enum import StrEnum
from typing import Any, TypeVar
from urllib.parse import urlsplit

from herwa_shared.errors import BadRequest
from herwa_shared.services import texts as service_texts
from herwa_shared.services import widget_texts as texts

MAX_NAME_LENGTH = 60
MAX_METRICS = 4
MAX_CHANNELS = 10
MAX_SITES = 20
MAX_RADIUS = 32
WINDOW_DAYS = (7, 30, 90)
TRANSPARENT = "transparent"

_COLOR = re.compile(r"#[0-9a-f]{6}")
_HOST = re.compile(r"(\*\.)?([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)*[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?(:[0-9]{1,5})?")
_INVITE_CODE = re.compile(r"[A-Za-z0-9-]{2,32}")
_INVITE_PREFIXES = ("discord.gg/", "discord.com/invite/")


class WidgetTemplate(StrEnum):
    """The shapes of a widget."""

    CARD = "card"
    SPARKLINE = "sparkline"
    BADGE = "badge"
    CHART = "chart"
    CHANNELS = "channels"


class WidgetMetric(StrEnum):
    """The metrics that strangers may see: those of which it is known how many people are behind a number."""

    MESSAGES = "messages"
    ACTIVE_MEMBERS = "active_members"
    VOICE_MINUTES = "voice_minutes"
    VOICE_MEMBERS = "voice_members"
    JOINS = "joins"
    MEMBERS = "members"


class ColorScheme(StrEnum):
    """Light or dark; AUTO follows the visitor's browser."""

    AUTO = "auto"
    LIGHT = "light"
    DARK = "dark"


class WidgetSize(StrEnum):
    """The size of a widget."""

    SMALL = "small"
    MEDIUM = "medium"
    LARGE = "large"


class NumberFormat(StrEnum):
    """How numbers are written: `1,204`, `1.204`, `1 204`, `1.2k`."""

    COMMA = "comma"
    DOT = "dot"
    SPACE = "space"
    SHORT = "short"


@dataclass(frozen=True, slots=True)
class WidgetSettings:
    """The settings of a widget or of a public page.

    `name` is for the managers alone. An empty color is that of the theme; colors are `#rrggbb`, `background` can also
    be `TRANSPARENT`. `radius` is in pixels. `sites` are the origins that may embed the widget, such as
    `https://example.com` and `https://*.example.com`; without any, every site may. `channel_ids` are the channels of
    the channel list. `invite` is the code of an invite of Discord, to which the widget links.
    """

    name: str
    is_on: bool = False
    template: WidgetTemplate = WidgetTemplate.SPARKLINE
    metrics: tuple[WidgetMetric, ...] = (WidgetMetric.ACTIVE_MEMBERS, WidgetMetric.MESSAGES)
    channel_ids: tuple[int, ...] = ()
    days: int = 30
    accent: str = ""
    background: str = ""
    radius: int = 12
    size: WidgetSize = WidgetSize.MEDIUM
    number_format: NumberFormat = NumberFormat.COMMA
    color_scheme: ColorScheme = ColorScheme.AUTO
    sites: tuple[str, ...] = ()
    invite: str = ""

    def to_value(self) -> dict[str, Any]:
        """Return the settings as plain JSON, as they are stored and audited. Ids are texts."""
        value = {field.name: getattr(self, field.name) for field in fields(self)}
        return {
            **value,
            **{name: str(value[name]) for name in ("template", "size", "number_format", "color_scheme")},
            "metrics": [str(metric) for metric in self.metrics],
            "channel_ids": [str(channel_id) for channel_id in self.channel_ids],
            "sites": list(self.sites),
        }


FIELD_NAMES = tuple(field.name for field in fields(WidgetSettings))


def parse_widget_settings(value: Mapping[str, Any]) -> WidgetSettings:
    """Parse settings as a client sends them or as they are stored; missing ones have their defaults.

    Raises BadRequest for an unknown setting and for an invalid value, with its name as `field`.
    """
    for name in value:
        if name not in FIELD_NAMES:
            raise BadRequest(texts.format_unknown_widget_setting(str(name)[:40], FIELD_NAMES), field=str(name)[:40])
    settings = replace(
        WidgetSettings(_parse_name(value.get("name"))),
        **{name: _PARSERS[name](value[name]) for name in value if name != "name"},
    )
    if settings.template is WidgetTemplate.CHANNELS and not settings.channel_ids and settings.is_on:
        raise BadRequest(texts.WIDGET_NEEDS_CHANNELS, field="channel_ids")
    return settings


def read_widget_settings(value: Mapping[str, Any]) -> WidgetSettings:
    """Read stored settings; those that a newer version stored are ignored."""
    return parse_widget_settings({name: value[name] for name in FIELD_NAMES if name in value})


def parse_site(text: str) -> str:
    """Parse the address of a site, such as `example.com`, to its origin. Raises BadRequest."""
    text = text.strip()
    try:
        parts = urlsplit(text if "://" in text else f"https://{text}")
        is_wild = parts.netloc.startswith("*.")
        host = (parts.netloc[2:] if is_wild else parts.netloc).lower()
        host = host if host.isascii() else host.encode("idna").decode()
        port = parts.port
    except (ValueError, UnicodeError):
        raise BadRequest(texts.format_invalid_site(text[:80]), field="sites") from None
    host = f"*.{host}" if is_wild else host
    if parts.scheme not in ("http", "https") or not _HOST.fullmatch(host) or len(host) > 253 or port == 0:
        raise BadRequest(texts.format_invalid_site(text[:80]), field="sites")
    default_port = ":443" if parts.scheme == "https" else ":80"
    return f"{parts.scheme}://{host.removesuffix(default_port)}"


def is_allowed_origin(sites: Sequence[str], origin: str) -> bool:
    """Return whether a page of this origin may embed a widget with these sites."""
    return not sites or any(_matches_site(site, origin) for site in sites)


def _matches_site(site: str, origin: str) -> bool:
    scheme, _, host = site.partition("://")
    if not host.startswith("*."):
        return site == origin
    return origin.startswith(f"{scheme}://") and origin.endswith(host[1:])


def _parse_name(value: Any) -> str:
    name = value.strip() if isinstance(value, str) else ""
    if not name or len(name) > MAX_NAME_LENGTH or not name.isprintable():
        raise BadRequest(texts.format_invalid_widget_name(MAX_NAME_LENGTH), field="name")
    return name


def _parse_flag(value: Any) -> bool:
    if not isinstance(value, bool):
        raise BadRequest(texts.format_invalid_widget_setting("is_on", ("true", "false")), field="is_on")
    return value


EnumT = TypeVar("EnumT", bound=StrEnum)


def _parse_enum(enum_type: type[EnumT], field: str, value: Any) -> EnumT:
    try:
        return enum_type(value)
    except ValueError:
        allowed = tuple(item.value for item in enum_type)
        raise BadRequest(texts.format_invalid_widget_setting(field, allowed), field=field) from None


def _parse_metrics(value: Any) -> tuple[WidgetMetric, ...]:
    items = value if isinstance(value, list | tuple) else ()
    metrics = tuple(_parse_enum(WidgetMetric, "metrics", item) for item in items)
    if not 1 <= len(metrics) <= MAX_METRICS or len(set(metrics)) < len(metrics):
        raise BadRequest(texts.format_invalid_widget_count("metrics", 1, MAX_METRICS), field="metrics")
    return metrics


def _parse_channels(value: Any) -> tuple[int, ...]:
    items = [str(item) for item in value] if isinstance(value, list | tuple) else ["?"]
    if any(not item.isascii() or not item.isdigit() or len(item) > 19 for item in items):
        raise BadRequest(service_texts.INVALID_PLACE, field="channel_ids")
    if len(items) > MAX_CHANNELS:
        raise BadRequest(texts.format_invalid_widget_count("channel_ids", 0, MAX_CHANNELS), field="channel_ids")
    return tuple(dict.fromkeys(map(int, items)))


def _parse_days(value: Any) -> int:
    if isinstance(value, bool) or value not in WINDOW_DAYS:
        raise BadRequest(texts.format_invalid_widget_setting("days", tuple(map(str, WINDOW_DAYS))), field="days")
    return int(value)


def _parse_color(field: str, value: Any, *, extra: tuple[str, ...]) -> str:
    color = value.strip().lower() if isinstance(value, str) else "?"
    if color not in ("", *extra) and not _COLOR.fullmatch(color):
        raise BadRequest(texts.format_invalid_color(field), field=field)
    return color


def _parse_radius(value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= MAX_RADIUS:
        raise BadRequest(texts.format_invalid_radius(MAX_RADIUS), field="radius")
    return value


def _parse_sites(value: Any) -> tuple[str, ...]:
    items = value if isinstance(value, list | tuple) and all(isinstance(item, str) for item in value) else None
    if items is None or len(items) > MAX_SITES:
        raise BadRequest(texts.format_invalid_widget_count("sites", 0, MAX_SITES), field="sites")
    return tuple(dict.fromkeys(parse_site(item) for item in items))


def _parse_invite(value: Any) -> str:
    text = value.strip() if isinstance(value, str) else "?"
    text = text.removeprefix("https://").removeprefix("www.")
    for prefix in _INVITE_PREFIXES:
        text = text.removeprefix(prefix)
    if text and not _INVITE_CODE.fullmatch(text):
        raise BadRequest(texts.INVALID_INVITE, field="invite")
    return text


_PARSERS: Mapping[str, Any] = {
    "is_on": _parse_flag,
    "template": lambda value: _parse_enum(WidgetTemplate, "template", value),
    "metrics": _parse_metrics,
    "channel_ids": _parse_channels,
    "days": _parse_days,
    "accent": lambda value: _parse_color("accent", value, extra=()),
    "background": lambda value: _parse_color("background", value, extra=(TRANSPARENT,)),
    "radius": _parse_radius,
    "size": lambda value: _parse_enum(WidgetSize, "size", value),
    "number_format": lambda value: _parse_enum(NumberFormat, "number_format", value),
    "color_scheme": lambda value: _parse_enum(ColorScheme, "color_scheme", value),
    "sites": _parse_sites,
    "invite": _parse_invite,
}
