"""Texts of the features page."""

from collections.abc import Sequence

from herwa_shared.charts.formatting import format_int

LEAD = "Turn off what your server doesn't need. Changes apply to everyone, admins included."
ALWAYS_ON = "Always on"
OFF_WITH_MODULE = "Off with its module"
KILLED = "Off for all servers"
PAGE = "Dashboard page"
API = "API"
SEE_PREMIUM = "Run /premium in Discord to see the tiers."


def format_needs_tier(tier: str) -> str:
    """Say which tier includes a feature."""
    return f"Needs {tier}"


def format_kill_switch(reason: str) -> str:
    """Say why the operator turned a feature off."""
    return f"Herwa's operator turned this off: {reason}" if reason else "Herwa's operator turned this off."


def format_module_label(title: str) -> str:
    """Label the switch of a module."""
    return f"{title} (whole module)"


def format_usage(count: int) -> str:
    """Say how often the commands of a feature were used."""
    if not count:
        return "not used in 30 days"
    return "used once in 30 days" if count == 1 else f"used {format_int(count)} times in 30 days"


def format_stops(uses: Sequence[str], member_count: int) -> str:
    """Say what stops working, and for how many."""
    return f"Stops for {_format_members(member_count)}: {', '.join(uses)}"


def format_starts(uses: Sequence[str], member_count: int) -> str:
    """Say what works again, and for how many."""
    return f"Available to {_format_members(member_count)} who have access: {', '.join(uses)}"


def _format_members(count: int) -> str:
    return f"all {format_int(count)} members" if count > 1 else "everyone"


NO_EFFECT = "Nothing stops or starts: it is off for another reason."
