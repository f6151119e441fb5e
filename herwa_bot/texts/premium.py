"""Texts of `/premium`."""

from collections.abc import Mapping, Sequence

from herwa_bot.texts.phrases import format_count
from herwa_shared.catalog import FeatureKey, Limit

DESCRIPTION = "This server's tier and what it includes"
NO_FEATURES = "No features"

FEATURE_TITLES: Mapping[str, str] = {FeatureKey.OVERVIEW: "Dashboard"}
"""Titles that differ from those of the catalog."""


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


def format_data_limits(history_days: int | None, api_keys: int | None, requests: int | None) -> str:
    """Format history, API keys and API requests of a tier. None is unlimited."""
    limits = {
        Limit.HISTORY_DAYS: history_days,
        Limit.API_KEYS: api_keys,
        Limit.REQUESTS_PER_MINUTE: requests,
    }
    return f"- {', '.join(format_extra_limit(limit, value) for limit, value in limits.items())}"


def format_extra_limit(limit: Limit, value: int | None) -> str:
    """Format the value of a limit, as in the list of what was granted to the server."""
    match limit:
        case Limit.HISTORY_DAYS:
            return "full history" if value is None else f"{format_count(value, 'day')} of history"
        case Limit.API_KEYS:
            return format_count(value, "API key")
        case Limit.REQUESTS_PER_MINUTE:
            return f"{format_count(value, 'API request')} per key and minute"
        case Limit.MEMBER_COMMANDS_PER_MINUTE:
            return f"{format_count(value, 'command')} per member and minute"
        case _:
            return f"{format_count(value, 'command')} per server and minute"
