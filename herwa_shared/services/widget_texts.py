"""Messages of the services about widgets."""

from collections.abc import Sequence

PUBLIC_PAGE = "Public page"
UNKNOWN_WIDGET = "This widget doesn't exist in this server."
PAGE_NOT_SET_UP = "This server has no public page."
WIDGET_REVOKED = "This widget is revoked. Create a new one."
WIDGET_NEEDS_CHANNELS = "Choose at least one channel before you switch the channel list on."
INVALID_INVITE = "Use an invite link such as https://discord.gg/abc123."


def format_widget_title(name: str) -> str:
    """Name a widget within a sentence."""
    return f"the widget “{name}”"


def format_widget_limit(limit: int) -> str:
    """Say that the tier's number of widgets is reached."""
    widgets = "1 widget" if limit == 1 else f"{limit:,} widgets"
    return f"This server's tier includes {widgets}. Revoke one, or use Premium."


def format_invalid_widget_name(length: int) -> str:
    """Say which names a widget can have."""
    return f"A name needs 1 to {length} characters."


def format_unknown_widget_setting(name: str, known: Sequence[str]) -> str:
    """Say which settings a widget has."""
    return f"A widget has no setting '{name}'. Known: {', '.join(known)}."


def format_invalid_widget_setting(name: str, allowed: Sequence[str]) -> str:
    """Say which values a setting can have."""
    return f"'{name}' must be one of: {', '.join(allowed)}."


def format_invalid_widget_count(name: str, least: int, most: int) -> str:
    """Say how many items a setting can have."""
    return f"'{name}' must be a list of {least} to {most} different items."


def format_invalid_site(text: str) -> str:
    """Say what the address of a site looks like."""
    return f"'{text}' is not the address of a site. Use for example https://example.com."


def format_invalid_color(name: str) -> str:
    """Say what a color looks like."""
    return f"'{name}' must be a color such as #5865f2, or empty for the theme's color."


def format_invalid_radius(most: int) -> str:
    """Say which radius corners can have."""
    return f"'radius' must be a number from 0 to {most}."
