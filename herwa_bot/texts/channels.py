"""Texts of `/channels`."""

from herwa_bot.texts.phrases import format_capitalized

DESCRIPTION = "Limit commands to channels"
LIST_DESCRIPTION = "List channel restrictions"
ALLOW_DESCRIPTION = "Limit a command to a channel"
CLEAR_DESCRIPTION = "Remove a channel restriction"
OPTION_TARGET = "Everything, a module, a feature or a command"
OPTION_PLACE = "Channel with its threads, or category with its channels"
OPTION_RESTRICTED_TARGET = "What to allow in every channel again"

NO_RESTRICTIONS = "No restrictions yet. Add one with `/channels allow`."
EVERYWHERE = "everywhere"
BROADER_MAY_APPLY = "-# A broader restriction may still apply."


def format_list_heading(server: str) -> str:
    """Format the heading of the list."""
    return (
        f"**Channel restrictions in {server}**\n-# Most specific restriction wins:"
        " command > feature > module > everything. Threads follow their channel."
    )


def format_entry(target: str, channels: str, *, is_continued: bool) -> str:
    """Format one restriction of the list; a long one takes several entries."""
    return f"{format_capitalized(target)}{' (continued)' if is_continued else ''}: {channels}"


def format_more_channels(channels: str, count: int) -> str:
    """Format a shortened list of channels and the number of the others."""
    return f"{channels} and {count} more"


def format_no_commands(target: str) -> str:
    """Format the reply for a target that has no commands."""
    return f"{format_capitalized(target)} has no commands in Discord, so channels don't matter for it."


def format_question(target: str, channel: str, commands: str, manager_commands: str) -> str:
    """Format the confirmation of a new restriction and its effect. `manager_commands` is empty without any."""
    warning = f"⚠️ Members with Manage Server could use {manager_commands} only there."
    return "\n".join(
        [
            f"**Limit {target} to {channel}?**",
            f"{commands} will stop working in all other channels, unless a more specific restriction applies.",
            *([warning] if manager_commands else []),
            "-# The owner and admins are not limited. Add more channels with `/channels allow`.",
        ]
    )


def format_already_allowed(target: str, channel: str) -> str:
    """Format the result for a channel that is on the list already."""
    return f"{format_capitalized(target)} already works in {channel}."


def format_limited(target: str, channels: str, previous_channels: str) -> str:
    """Format the result of adding a channel."""
    return f"{format_capitalized(target)} now only works in {channels} (was: {previous_channels or EVERYWHERE})."


def format_unlimited(target: str, previous_channels: str) -> str:
    """Format the result of removing a restriction."""
    return f"{format_capitalized(target)} works in every channel again (was: {previous_channels})."


def format_no_restriction(target: str) -> str:
    """Format the reply for a target without a restriction."""
    return f"{format_capitalized(target)} has no channel restriction."
