"""Texts of `/premium`."""

from collections.abc import Mapping, Sequence

from herwa_bot.texts.phrases import format_count
from herwa_shared.catalog import FeatureKey, Limit

DESCRIPTION = "This server's tier and what it includes"
NO_FEATURES = "No features"

FEATURE_TITLES: Mapping[str, str] = {FeatureKey.OVERVIEW: "Dashboard"}
"""Titles that differ from those of the catalog."""

LIMIT_UNITS: Mapping[Limit, tuple[str, str]] = {
    Limit.WIDGETS: ("widget", ""),
    Limit.API_KEYS: ("API key", ""),
    Limit.REQUESTS_PER_MINUTE: ("API request", " per key and minute"),
    Limit.EXPORT_ROWS: ("row", " per history export"),
    Limit.MEMBER_COMMANDS_PER_MINUTE: ("command", " per member and minute"),
    Limit.GUILD_COMMANDS_PER_MINUTE: ("command", " per server and minute"),
}
"""What each limit counts, and for what; days of history have a text of their own."""


def format_current_tier(tier: str, end: str = "") -> str:
    """Format the first line. `end` is the time at which the tier ends; empty without an end."""
    return f"**This server is on {tier}{f' until {end}' if end else ''}.**"


def format_extras(extras: Sequence[str]) -> str:
    """Format what the server has besides its tier."""
    return f"-# Extras: {', '.join(extras)}."


def format_tier_heading(tier: str, *, is_current: bool) -> str:
    """Format the heading of a tier."""
    return f"\n**{tier}**{' (this server)' if is_current else ''}"


def format_features(features: Sequence[str], included_tier: str = "") -> str:
    """Format the features of a tier. If it includes a lower tier, `features` are those that it adds."""
    titles = ", ".join(features)
    if not included_tier:
        return f"- {titles or NO_FEATURES}"
    return f"- Everything in {included_tier}{f', plus {titles}' if features else ''}"


def format_rates(member_commands: int | None, server_commands: int | None) -> str:
    """Format the commands per minute of a tier. None is unlimited."""
    per_server = "unlimited" if server_commands is None else f"{server_commands:,}"
    return f"- Per minute: {format_count(member_commands, 'command')} per member ({per_server} per server)"


def format_data_limits(limits: Mapping[Limit, int | None]) -> str:
    """Format the limits of a tier that are no rates of commands. None is unlimited.

    History exports without rows are left out: the tier has no history exports.
    """
    listed = [(limit, value) for limit, value in limits.items() if (limit, value) != (Limit.EXPORT_ROWS, 0)]
    return f"- {', '.join(format_extra_limit(limit, value) for limit, value in listed)}"


def format_extra_limit(limit: Limit, value: int | None) -> str:
    """Format the value of a limit, as in the list of what was granted to the server."""
    if limit is Limit.HISTORY_DAYS:
        return "full history" if value is None else f"{format_count(value, 'day')} of history"
    noun, scope = LIMIT_UNITS[limit]
    return f"{format_count(value, noun)}{scope}"
