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
    "top": "rankings in Discord",
    "public_top": "a ranking posted in a channel, for everyone there",
}
ERASED_USER = "someone whose data was erased"
OPT_OUTS = "Opt-outs"
OPT_OUTS_HINT = (
    "Members opt out with /privacy opt-out: they are counted without their name, and no ranking shows them."
    " Choices for all servers aren't counted here."
)
ERASE = "Erase a member"
ERASE_HINT = "Removes everything stored about one member of this server. Totals stay the same. It can't be undone."
ERASE_ADMINS_ONLY = "Only administrators of this server can erase a member."
MEMBER = "Member"
CHOOSE_MEMBER = "Choose a member…"
MEMBER_ID, MEMBER_ID_PLACEHOLDER = "or their Discord id", "81384788765712384"
DELETE_SERVER = "Delete this server's data"
DELETE_SERVER_HINT = (
    "Deletes everything about this server, for everyone: activity, settings, API keys, exports, the audit log. The bot"
    " leaves the server. You can undo it for an hour; after that it can't be undone."
)
DELETE_SERVER_OWNER_ONLY = (
    "Only the owner of this server can do that. 30 days after the bot was removed, it happens by itself; the owner can"
    " delete it earlier on the page “Your data” in the account menu."
)
SERVER_NAME = "Type the name of the server"
REQUEST_DELETION, UNDO_DELETION = "Delete everything", "Undo"
DELETION_CANCELED = "The server is not deleted."
DELETION_BEGUN = "The deletion has begun and can't be undone any more."
CONTINUE, ERASE_NOW = "Continue", "Erase for good"
INVALID_MEMBER = "Choose a member, or enter a Discord id."


def format_opt_outs(count: int) -> str:
    """Format the number of members who opted out of this server."""
    return "1 member has opted out" if count == 1 else f"{format_int(count)} members have opted out"


def format_deletion(time: str) -> str:
    """Say when the deletion of the server begins."""
    return f"Everything about this server will be deleted at {time}. Then the bot leaves."


def format_question(name: str) -> str:
    """Ask whether a member should be erased."""
    return f"Erase everything stored about {name} in this server? It can't be undone."


def format_erased(name: str) -> str:
    """Say that a member was erased."""
    return f"{name} is erased. The statistics follow within seconds."
