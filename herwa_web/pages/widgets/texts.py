"""Texts of the page Widgets, also of its changes in the save bar and in the audit log."""

from collections.abc import Mapping

from herwa_shared.charts.formatting import format_int

LEAD = "Live cards with this server's numbers for your own site. Visitors see totals only, never names of members."
NEW_WIDGET = "New widget"
NO_WIDGETS = "No widgets yet"
NO_WIDGETS_HINT = (
    "Create one, choose how it looks, and paste its code into your site. It is off until you switch it on."
)
WIDGETS = "Widgets"
REVOKED_WIDGETS = "Revoked widgets"
PUBLIC_PAGE = "Public page"
PUBLIC_PAGE_HINT = "A page that everyone with its link can open: the card, a chart and a link to join."
SET_UP_PAGE = "Set up the page"
OPEN_PAGE = "Open the page"
EDIT = "Edit"
REVOKE = "Revoke"
REVOKE_QUESTION = "Revoke this widget? It disappears from all sites at once and can't be restored."
REVOKED = "Widget revoked. It is gone from all sites within a minute."
CREATED = "Widget created. It is off until you switch it on and save."
PAGE_CREATED = "Public page created. It is off until you switch it on and save."
UNAVAILABLE_NUMBERS = "The numbers are temporarily unavailable. The preview shows them as soon as they are back."
STATES = {
    "on": ("On", "green"),
    "off": ("Off", ""),
    "limit": ("Hidden: more widgets than the tier includes", "amber"),
    "revoked": ("Revoked", ""),
}
TITLE = "Builder"
PREVIEW = "Preview"
LIGHT, DARK, PHONE = "Light page", "Dark page", "Phone"
VISIBLE = "What visitors can see"
VISIBLE_ALWAYS = "Never part of it: names of members, messages, private channels, numbers of fewer than five people."
VISIBLE_NAME = "The server's name"
EVERY_SITE = "Every site can embed it."
IMAGES_ANYWHERE = (
    "The images (SVG, PNG) show on any page that knows their address. Browsers enforce the sites for the rest."
)
CODE = "Code for your site"
COPY, COPIED = "Copy", "Copied"
SNIPPETS: Mapping[str, tuple[str, str]] = {
    "script": ("Script", "Fits any layout and keeps the numbers up to date"),
    "iframe": ("iframe", "For site builders that don't allow scripts"),
    "svg": ("SVG image", "Sharp at every size, dark on dark pages by itself"),
    "png": ("PNG image", "For forums, e-mails and readmes without SVG"),
    "json": ("JSON", "For your own design"),
}
SNIPPETS_HINT = "Switch the widget on and save, then paste one of these."
FIELDS: Mapping[str, str] = {
    "name": "Name",
    "is_on": "Visible to visitors",
    "template": "Template",
    "metrics": "Numbers",
    "channel_ids": "Channels",
    "days": "Period",
    "accent": "Accent",
    "background": "Background",
    "radius": "Corners",
    "size": "Size",
    "number_format": "Numbers look like",
    "color_scheme": "Colors",
    "sites": "Allowed sites",
    "invite": "Join link",
}
NAME_HINT = "For managers only"
METRICS_HINT = "Up to four, in this order. Badge and chart show the first."
CHANNELS_HINT = "Their names become visible to everyone. Channels with fewer than five active members are left out."
SITES_HINT = "Sites that may embed it. Without any, every site may."
INVITE_HINT = "Where a click leads"
INVITE_PLACEHOLDER = "https://discord.gg/abc123"
SITE_PLACEHOLDER = "example.com"
ADD_SITE, REMOVE_SITE = "Add", "Remove"
ADD_CHANNEL, REMOVE_CHANNEL = "Add a channel…", "Remove"
THEME_COLOR = "Theme"
TRANSPARENT_COLOR = "Transparent"
OWN_COLOR = "Own color"
TEMPLATES = {
    "card": ("Card", "layout-grid"),
    "sparkline": ("With trend", "chart-no-axes-column"),
    "badge": ("Badge", "rectangle-horizontal"),
    "chart": ("Chart", "chart-area"),
    "channels": ("Channels", "hash"),
}
METRICS = {
    "active_members": "Active members",
    "messages": "Messages",
    "members": "Members",
    "joins": "Joins",
    "voice_members": "Members in voice",
    "voice_minutes": "Minutes in voice",
}
DAYS = {"7": "7 days", "30": "30 days", "90": "90 days"}
SIZES = {"small": "Small", "medium": "Medium", "large": "Large"}
SCHEMES = {"auto": "Like the visitor's", "light": "Light", "dark": "Dark"}
NUMBER_FORMATS = {"comma": "48,201", "dot": "48.201", "space": "48 201", "short": "48.2k"}
BACKGROUNDS = {"": THEME_COLOR, "transparent": TRANSPARENT_COLOR, "own": OWN_COLOR}
VALUE_LABELS: Mapping[str, Mapping[str, str]] = {
    "template": {key: label for key, (label, _) in TEMPLATES.items()},
    "metrics": METRICS,
    "days": DAYS,
    "size": SIZES,
    "color_scheme": SCHEMES,
    "number_format": NUMBER_FORMATS,
    "accent": {"": THEME_COLOR},
    "background": {"": THEME_COLOR, "transparent": TRANSPARENT_COLOR},
    "is_on": {"True": "on", "False": "off"},
}
NONE = "none"
UNDONE = "Undone. Visitors see it within a minute."


def format_saved(count: int) -> str:
    """Say that changes were saved, and when visitors see them."""
    changes = "1 change" if count == 1 else f"{format_int(count)} changes"
    return f"Saved {changes}. Visitors see it within a minute."


def format_allowance(used: int, limit: int | None) -> str:
    """Say how many widgets the server has and may have."""
    if limit is None:
        return f"{format_int(used)} widgets"
    return f"{format_int(used)} of {format_int(limit)} {'widget' if limit == 1 else 'widgets'}"


def format_limit_hint(limit: int) -> str:
    """Say why no widget can be created."""
    widgets = "1 widget" if limit == 1 else f"{format_int(limit)} widgets"
    return f"This server's tier includes {widgets}. Revoke one to create another, or use Premium."


def format_new_name(number: int) -> str:
    """Name a new widget."""
    return f"Card {number}"


def format_widget_title(name: str) -> str:
    """Name a widget among other settings."""
    return f"Widget “{name}”"


def format_uses(views: int, clicks: int, days: int) -> str:
    """Say how often a widget was seen and clicked."""
    seen = "1 view" if views == 1 else f"{format_int(views)} views"
    clicked = "1 click" if clicks == 1 else f"{format_int(clicks)} clicks"
    return f"{seen} and {clicked} in {days} days"


def format_contrast(scheme: str, contrast: float, needed: float) -> str:
    """Warn that the accent is hard to see."""
    return f"The accent is hard to see on the {scheme} card: contrast {contrast:.1f}, at least {needed:g} is needed."


def format_own_site_effect(name: str) -> str:
    """Say what a change of the widget does."""
    return f"Everyone who sees the widget “{name}” sees the change within a minute."


def format_switched_on(name: str) -> str:
    """Say what switching a widget on does."""
    return f"The widget “{name}” becomes visible to everyone who knows its address."


def format_switched_off(name: str) -> str:
    """Say what switching a widget off does."""
    return f"The widget “{name}” disappears from all sites."


def format_sites(sites: list[str]) -> str:
    """Say which sites may embed a widget."""
    return f"Only these sites can embed it: {', '.join(sites)}." if sites else EVERY_SITE


def format_action_label(action: str, name: str) -> str:
    """Name a button for screen readers."""
    return f"{action} {name}"


def format_window_fact(window: str, fact: str) -> str:
    """Name a number with its window."""
    return f"{window}: {fact}"
