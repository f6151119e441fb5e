"""Texts of `/features`."""

from collections.abc import Iterable

DESCRIPTION = "Features of this server"
LIST_DESCRIPTION = "List features and their status"
ENABLE_DESCRIPTION = "Turn on a feature or module"
DISABLE_DESCRIPTION = "Turn off a feature or module"
OPTION_TARGET = "Feature, or module with all its features"

ALWAYS_ON = "always on"
ON = "on"
OFF = "off"


def format_list_heading(server: str) -> str:
    """Format the heading of the list."""
    return (
        f"**Features in {server}**\n-# Turn features or modules on or off with `/features enable` and"
        " `/features disable`."
    )


def format_module_heading(title: str, *, enabled: bool) -> str:
    """Format the heading of a module."""
    return f"**{title}**" if enabled else f"**{title}** · module is off"


def format_turned_off_everywhere(reason: str) -> str:
    """Format the status of a feature with a kill switch."""
    return f"turned off for all servers: {reason}"


def format_needs_tier(tier: str) -> str:
    """Format the status of a feature that the server's tier lacks."""
    return f"needs {tier}"


def format_entry(icon: str, title: str, status: str, commands: str) -> str:
    """Format a feature of the list with its status and commands."""
    return " · ".join(part for part in (f"{icon} {title}", status, commands) if part)


def format_disable_question(module: str, commands: str, *, has_essential: bool) -> str:
    """Format the confirmation of turning off a module. `commands` is empty if none would stop."""
    effect = f"{commands} will stop working. " if commands else ""
    lines = [
        f"**Turn off {module} for everyone, including admins?**",
        f"{effect}Individual settings are kept.",
        *(["-# Essential features stay on."] if has_essential else []),
    ]
    return "\n".join(lines)


def format_unchanged(name: str, *, enabled: bool) -> str:
    """Format the result for a target that already has the requested state."""
    return f"**{name}** is already {ON if enabled else OFF}."


def format_result(name: str, commands: str, *, enabled: bool) -> str:
    """Format the result of a change. `commands` are those that work now or no longer; empty for none."""
    state, verb = (ON, "Enabled") if enabled else (OFF, "Disabled")
    return f"**{name}** is now {state}.{f' {verb}: {commands}.' if commands else ''}"


def format_killed_blocker(title: str, reason: str) -> str:
    """Format why a feature does not run: a kill switch."""
    return f"⛔ **{title}** is turned off for all servers: {reason}"


def format_tier_blocker(title: str, tier: str) -> str:
    """Format why a feature does not run: the tier."""
    return f"💎 **{title}** needs {tier}. See `/premium`."


def format_module_blocker(module: str) -> str:
    """Format why a feature does not run: its module is off."""
    return f"⚪ Turn on its module first: **{module}**."


def format_feature_blocker(title: str) -> str:
    """Format why a feature does not run although its module was turned on."""
    return f"⚪ **{title}** stays off (it was off before)."


def format_blockers(lines: Iterable[str]) -> str:
    """Join the lines about features that do not run."""
    return "".join(f"\n{line}" for line in lines)
