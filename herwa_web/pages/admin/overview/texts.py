"""Texts of the overview of the operator's panel."""

from collections.abc import Mapping

from herwa_shared.charts.formatting import format_int
from herwa_shared.operators.days import DISCORD_SOURCE, PAGES_SOURCE

SERVERS, MEMBERS, EVENTS, COMMANDS, REFUSED = "Servers", "Members", "Events today", "Commands today", "Refused today"
NUMBERS = "Numbers of the last 31 days"
TIERS, TIERS_HINT = "Tiers", "Servers by their tier now."
GROWTH, GROWTH_HINT = "Growth", "Servers added in the last 90 days."
ACTS, ACTS_HINT = "Changed in 24 hours", "What operators did. The audit log has the rest."
NO_ACTS = "Nothing was changed."
NO_NUMBERS, NO_NUMBERS_HINT = "No numbers yet", "The worker counts them every minute. Check that it runs."
SOURCES: Mapping[str, str] = {PAGES_SOURCE: "From Herwa's pages", DISCORD_SOURCE: "From Discord"}
INSTALLED, WITH_NUMBERS, ACTIVE_LATER = "Added", "First number", "Active after 30 days"
NO_GROWTH = "No servers were added in the last 90 days."
NOT_OLD_ENOUGH = "no server is 30 days old"
FIRST_DAY = "counted since today"


def format_counted(moment: str) -> str:
    """Say when the numbers were counted."""
    return f"Counted {moment} UTC, every minute."


def format_added(added: int, removed: int) -> str:
    """Format the servers added and removed today."""
    return f"+{format_int(added)} −{format_int(removed)} today"  # noqa: RUF001 - a minus sign


def format_yesterday(count: int) -> str:
    """Format the same number of yesterday."""
    return f"{format_int(count)} yesterday"


def format_share(count: int, total: int) -> str:
    """Format a step of the growth: a number, and its share of all."""
    return f"{format_int(count)} of {format_int(total)}"


def format_servers(count: int) -> str:
    """Format a number of servers."""
    return "1 server" if count == 1 else f"{format_int(count)} servers"
