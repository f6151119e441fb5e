"""Texts of the privacy page."""

from herwa_shared.charts.formatting import format_int

LEAD = "Herwa counts activity. What people write is stored nowhere."
KEPT = "What is kept, and how long"
DATA, PERIOD = "Data", "Kept"
OPENED = "Who opened data about members"
OPENED_HINT = "One line for each person, view and hour; kept for 90 days."
NOT_OPENED = "Data about members has not been opened yet."
VIEWS = {
    "overview": "rankings on the overview",
    "download": "download of a ranking",
    "api": "rankings through the API",
    "responders": "who answered tickets, in Discord",
}
ERASED_USER = "someone whose data was erased"
OPT_OUTS = "Opt-outs"
OPT_OUTS_HINT = (
    "Members opt out with /privacy opt-out: they are counted without their name. "
    "Choices for all servers aren't counted here."
)
ERASE = "Erase a member"
ERASE_HINT = "Removes everything stored about one member of this server. Totals stay the same. It can't be undone."
ERASE_ADMINS_ONLY = "Only administrators of this server can erase a member."
MEMBER = "Member"
CHOOSE_MEMBER = "Choose a member…"
MEMBER_ID, MEMBER_ID_PLACEHOLDER = "or their Discord id", "81384788765712384"
CONTINUE, ERASE_NOW = "Continue", "Erase for good"
INVALID_MEMBER = "Choose a member, or enter a Discord id."


def format_opt_outs(count: int) -> str:
    """Format the number of members who opted out of this server."""
    return "1 member has opted out" if count == 1 else f"{format_int(count)} members have opted out"


def format_question(name: str) -> str:
    """Ask whether a member should be erased."""
    return f"Erase everything stored about {name} in this server? It can't be undone."


def format_erased(name: str) -> str:
    """Say that a member was erased."""
    return f"{name} is erased. The statistics follow within seconds."
