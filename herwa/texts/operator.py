"""Texts of the operator commands: tiers, kill switches, keys, audit log, discovery."""

from collections.abc import Mapping
from datetime import datetime

from herwa.texts.counts import format_count

OFF_EVERYWHERE = "off everywhere"
FEATURE_COLUMN = "Feature or limit"
UNLIMITED = "unlimited"
LIMIT_TITLES: Mapping[str, str] = {
    "history_days": "History days",
    "widgets": "Widgets",
    "api_keys": "API keys",
    "requests_a_minute": "Requests per minute",
    "export_rows": "Export rows",
    "member_commands_a_minute": "Member commands per minute",
    "guild_commands_a_minute": "Server commands per minute",
}
NO_VALUE = "nothing"
NO_CHANGE = " It already was."
NO_SERVERS = "The bot isn't in any server yet. Add it to one first."
SCHEMA_OUTDATED = "The database schema is outdated. Run `herwa migrate` or `herwa up`."
SCHEMA_UP_TO_DATE = "Both databases are up to date."


def format_tier(guild_name: str, guild_id: int, tier: str, ends: datetime | None) -> str:
    """Format the current tier of a server."""
    until = f" until {ends:%Y-%m-%d %H:%M} UTC" if ends else ""
    return f"{guild_name} ({guild_id}) has {tier}{until}."


def format_nothing_granted(guild_name: str, tier: str) -> str:
    """Format that a server was given no tier; `tier` is the sentence about its current one."""
    return f"Nothing to revoke for {guild_name}. {tier}"


def format_kill_switch_on(title: str, reason: str) -> str:
    """Format that a feature is off in all servers."""
    return f"{title} is off in all servers: {reason}"


def format_kill_switch_off(feature: str) -> str:
    """Format that a feature has no kill switch."""
    return f"{feature} has no kill switch: each server's tier and settings apply."


def format_ambiguous_guild(query: str, count: int, guilds: str) -> str:
    """Format that several servers have this name."""
    return f'{count} servers are named "{query}". Use an id: {guilds}.'


def format_unknown_guild(query: str, known: str) -> str:
    """Format that no server has this id or name, and which servers exist."""
    return f'Unknown server "{query}". Known servers: {known}.'


def format_similar_guilds(query: str, similar: str) -> str:
    """Format that no server has this id or name, and which have a similar one."""
    return f'Unknown server "{query}". Did you mean {similar}?'


def format_discovered(changes: int, unchanged: int) -> str:
    """Format how many surfaces differ from the registered ones."""
    return f"{format_count(changes, 'change')}, {unchanged:,} unchanged."


def format_declaration_failed(module: str, code: int, output: str) -> str:
    """Format that a package could not list its surfaces."""
    return f"{module} failed to list its surfaces (exit code {code}):\n{output}"
