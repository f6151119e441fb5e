"""Texts that the pages of the operator's panel share."""

from datetime import UTC, datetime
from typing import Any

from herwa_shared.charts.formatting import format_int

OVERVIEW, SERVERS, HEALTH, AUDIT = "Overview", "Servers", "Health", "Audit log"
TIERS, FEATURES, ANNOUNCEMENTS = "Tiers", "Features", "Announcements"
EFFECT = "What this changes"
PANEL = "Operator panel"
NEVER = "never"
NO_END = "no end"
REASON, REASON_HINT = "Reason", "Kept in the audit logs"
DAYS = "Days"
DAYS_HINT = "Empty: no end"
LOG_IN_AGAIN = "Log in again"
SAVED = "Saved."
SERVER_NOT_FOUND_HINT = "No server has this id. Search for it by name."


def format_server_tab(name: Any) -> Any:
    """Build the title of the browser tab."""
    return f"{name} · {PANEL}"


def format_moment(moment: datetime | None) -> str:
    """Format a time in UTC: `2026-11-29 12:05`."""
    return NEVER if moment is None else f"{moment.astimezone(UTC):%Y-%m-%d %H:%M}"


def format_end(moment: datetime | None) -> str:
    """Format an end in UTC."""
    return NO_END if moment is None else f"until {format_moment(moment)}"


def format_members(count: int) -> str:
    """Format a number of members."""
    return "1 member" if count == 1 else f"{format_int(count)} members"


def format_events(count: int) -> str:
    """Format the events of the last day."""
    return "1 event in 24 h" if count == 1 else f"{format_int(count)} events in 24 h"
